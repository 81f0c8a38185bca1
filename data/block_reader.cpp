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
  std::list<std::size_t> place{block};
  const auto at = kept_.emplace(block, Kept{load_(block), place.begin()}).first;
  used_.splice(used_.begin(), place);
  return at->second.block;
}

TensorList BlockReader::read(std::span<const std::int64_t> rows) const {
  TensorList y;
  for (const FileColumn& column : columns_) {
    std::vector<std::int64_t> extents{std::ssize(rows)};
    extents.insert(extents.end(), column.row.begin(), column.row.end());
    y.push_back(xtape::detail::make_tensor(Shape(extents), column.dtype));
  }
  std::vector<Run> runs = runs_of(rows);
  const std::scoped_lock lock(mutex_);
  // Whatever order the rows have, a block is loaded once: those that are there come first, before
  // others take their places.
  std::ranges::sort(runs, {}, [](const Run& run) { return std::pair(run.block, run.first); });
  std::stable_partition(runs.begin(), runs.end(),
                        [&](const Run& run) { return kept_.contains(run.block); });
  std::set<const MappedFile*> unchanged;
  for (const auto& [number, first, count] : runs) {
    const FileBlock& block = kept(number);
    for (const MappedFile* file : block.mapped) {
      if (unchanged.insert(file).second) file->check_unchanged();
    }
    copy(block, static_cast<std::int64_t>(first), count, rows[first] - blocks_.first_rows[number],
         y);
  }
  return y;
}

std::vector<BlockReader::Run> BlockReader::runs_of(std::span<const std::int64_t> rows) const {
  std::vector<Run> runs;
  for (std::size_t i = 0, count = 1; i < rows.size(); i += count) {
    const std::size_t block = block_of(rows[i]);
    const auto most = static_cast<std::size_t>(
        std::min(blocks_.end(block) - rows[i], static_cast<std::int64_t>(rows.size() - i)));
    count = 1;
    while (count < most && rows[i + count] == rows[i] + static_cast<std::int64_t>(count)) ++count;
    runs.push_back({block, i, count});
  }
  return runs;
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
    const std::string must =
        element->dtype == Dtype::boolean
            ? "bools must be 0 or 1"
            : (affine.plain() ? "numbers must fit in " : "scaled numbers must fit in ") +
                  std::string(to_string(dtype));
    throw IoError(
        place + ": " + must + "; got " +
        kernels::element_text(*element, from + done * element->bytes, order) + " in row " +
        std::to_string(first_row + row_in_block + static_cast<std::int64_t>(done / width)));
  }
}

}  // namespace xtape::data::detail
