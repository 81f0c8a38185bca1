#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/block_reader.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/file_dataset.hpp>
#include <xtape/data/kernels/text.hpp>
#include <xtape/data/open_blocks.hpp>

namespace xtape::data {
namespace {

using Numbers = std::vector<std::int64_t>;

/// Row numbers that there are. Throws as FileDataset does.
Numbers checked_rows(const char* op, const Tensor& indices, std::int64_t rows) {
  const std::string text = op;
  if (indices.rank() != 1)
    throw ShapeError(text + ": indices must be [n]; got " + indices.describe());
  if (indices.dtype() != Dtype::int64)
    throw DtypeError(text + ": indices must be int64; got " + indices.describe());
  Numbers numbers = indices.detach().to_vector<std::int64_t>();
  for (std::int64_t& row : numbers) {
    if (row < -rows || row >= rows) {
      throw IndexError(text + ": index must lie in [-" + std::to_string(rows) + ", " +
                       std::to_string(rows) + "); got " + std::to_string(row));
    }
    if (row < 0) row += rows;
  }
  return numbers;
}

}  // namespace

FileDataset open_blocks(std::shared_ptr<const detail::BlockReader> reader, bool in_order) {
  FileDataset dataset;
  dataset.in_order_ = in_order;
  dataset.first_rows_ = reader->blocks().first_rows;
  dataset.reader_ = std::move(reader);
  return dataset;
}

std::int64_t FileDataset::size() const {
  return chosen_ ? std::ssize(*chosen_) : reader_ ? reader_->blocks().rows : 0;
}

std::vector<std::int64_t> FileDataset::blocks() && { return first_rows_; }

std::vector<std::string> FileDataset::names() const {
  std::vector<std::string> names;
  if (!reader_) return names;
  for (const detail::FileColumn& column : reader_->columns()) names.push_back(column.name);
  return names;
}

std::int64_t FileDataset::window() const { return reader_ ? reader_->blocks().window : 1; }

TensorList FileDataset::read(const Tensor& indices) const {
  Numbers numbers = checked_rows("file dataset", indices, size());
  if (!reader_) throw ValueError("file dataset: there are no files");
  if (chosen_) {
    for (std::int64_t& row : numbers) row = (*chosen_)[static_cast<std::size_t>(row)];
  }
  return reader_->read(numbers);
}

NamedDataset FileDataset::operator()(const Tensor& indices) const {
  TensorList list = read(indices);
  NamedTensors tensors;
  for (std::size_t i = 0; i < list.size(); ++i)
    tensors.emplace_back(reader_->columns()[i].name, std::move(list[i]));
  return tensors;
}

template <class Batch, class F>
BatchSource<Batch> FileDataset::source(F of) const {
  return {size(), [self = *this, of](const Tensor& indices) { return of(self, indices); },
          first_rows_, window()};
}

FileDataset::operator BatchSource<Dataset>() const {
  if (names().size() != 2) {
    throw ValueError("file dataset: a Loader needs 2 arrays, inputs and targets; got " +
                     std::to_string(names().size()) + ", for which there is NamedLoader");
  }
  if (!in_order_ && names() != std::vector<std::string>{"x", "y"}) {
    throw ValueError(
        "file dataset: which arrays are inputs and targets of a Loader must be said; got " +
        kernels::listed(names()) + " from shards");
  }
  return source<Dataset>([](const FileDataset& self, const Tensor& indices) {
    TensorList list = self.read(indices);
    return Dataset{std::move(list[0]), std::move(list[1])};
  });
}

FileDataset::operator BatchSource<TensorList>() const {
  return source<TensorList>(
      [](const FileDataset& self, const Tensor& indices) { return self.read(indices); });
}

FileDataset::operator BatchSource<NamedDataset>() const {
  return source<NamedDataset>(
      [](const FileDataset& self, const Tensor& indices) { return self(indices); });
}

FileDataset rows(const FileDataset& dataset, const Tensor& indices) {
  Numbers numbers = checked_rows("rows", indices, dataset.size());
  if (numbers.empty()) throw ValueError("rows: a file dataset needs rows; got no indices");
  FileDataset part = dataset;
  part.first_rows_.clear();
  std::size_t before = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && numbers[i] <= numbers[i - 1]) {
      throw ValueError("rows: those of a file dataset must ascend; got " +
                       std::to_string(numbers[i]) + " behind " + std::to_string(numbers[i - 1]));
    }
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (dataset.chosen_) numbers[i] = (*dataset.chosen_)[static_cast<std::size_t>(numbers[i])];
    const std::size_t block = dataset.reader_->block_of(numbers[i]);
    if (i == 0 || block != before) part.first_rows_.push_back(static_cast<std::int64_t>(i));
    before = block;
  }
  part.chosen_ = std::make_shared<const Numbers>(std::move(numbers));
  return part;
}

std::vector<std::string> glob(const std::string& pattern) {
  glob_t found{};
  const std::unique_ptr<glob_t, decltype(&globfree)> freed(&found, &globfree);
  // A folder that is not there has no files; one that cannot be read may have some.
  const auto stops = [](const char*, int error) {
    return error != ENOENT && error != ENOTDIR ? 1 : 0;
  };
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, stops, &found);
  if (status == GLOB_NOSPACE) throw std::bad_alloc();
  if (status == GLOB_ABORTED) throw IoError(pattern + ": a folder cannot be read");
  if (found.gl_pathc == 0)
    throw IoError(pattern + ": there must be files of such names; there are none");
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  std::ranges::sort(paths);  // by bytes: the system's order is that of the locale
  return paths;
}

}  // namespace xtape::data
