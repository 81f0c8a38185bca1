#include <algorithm>
#include <set>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/block_reader.hpp>

namespace xtape::data::detail {

std::size_t BlockReader::block_of(std::int64_t row) const {
  const auto behind = std::upper_bound(blocks_.first_rows.begin(), blocks_.first_rows.end(), row);
  return static_cast<std::size_t>(behind - blocks_.first_rows.begin()) - 1;
}

/// The block, instead of the one that was not asked for longest.
const FileBlock& BlockReader::kept(std::size_t block) const {
  const auto known = kept_.find(block);
  if (known != kept_.end()) {
    used_.splice(used_.begin(), used_, known->second.place);
    return known->second.block;
  }
  if (std::ssize(used_) >= blocks_.window) {
    kept_.erase(used_.back());
    used_.pop_back();
  }
  FileBlock loaded = load_(block);
  used_.push_front(block);
  return kept_.emplace(block, Kept{std::move(loaded), used_.begin()}).first->second.block;
}

TensorList BlockReader::read(std::span<const std::int64_t> rows) const {
  TensorList y;
  for (const FileColumn& column : columns_) {
    std::vector<std::int64_t> extents{std::ssize(rows)};
    extents.insert(extents.end(), column.row.begin(), column.row.end());
    y.push_back(xtape::detail::make_tensor(Shape(extents), column.dtype));
  }
  const std::scoped_lock lock(mutex_);
  std::set<const MappedFile*> unchanged;
  for (std::size_t i = 0, run = 1; i < rows.size(); i += run) {
    const std::int64_t row = rows[i];
    const std::size_t number = block_of(row);
    const auto most = static_cast<std::size_t>(
        std::min(blocks_.end(number) - row, static_cast<std::int64_t>(rows.size() - i)));
    run = 1;
    while (run < most && rows[i + run] == row + static_cast<std::int64_t>(run)) ++run;
    const FileBlock& block = kept(number);
    for (const MappedFile* file : block.mapped) {
      if (unchanged.insert(file).second) file->check_unchanged();
    }
    copy(block, static_cast<std::int64_t>(i), run, row - blocks_.first_rows[number], y);
  }
  return y;
}

/// Copies rows that lie one behind another.
void BlockReader::copy(const FileBlock& block, std::int64_t first, std::size_t count,
                       std::int64_t row_in_block, const TensorList& to) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& [name, row, element, dtype, affine] = columns_[i];
    const auto& [bytes, order, place, first_row] = block.columns[i];
    const auto width = static_cast<std::size_t>(row.size());
    const std::byte* from = bytes + static_cast<std::size_t>(row_in_block) * width * element->bytes;
    std::byte* y = to[i].body().data + static_cast<std::size_t>(first) * width * size_of(dtype);
    const std::size_t done =
        kernels::copy_elements(*element, dtype)(from, order, count * width, y, affine);
    if (done == count * width) continue;
    throw IoError(
        place + ": " + (affine.plain() ? "numbers" : "scaled numbers") + " must fit in " +
        std::string(to_string(dtype)) + "; got " +
        kernels::element_text(*element, from + done * element->bytes, order) + " in row " +
        std::to_string(first_row + row_in_block + static_cast<std::int64_t>(done / width)));
  }
}

}  // namespace xtape::data::detail
