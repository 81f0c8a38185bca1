#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape {
namespace {

using Rows = std::vector<std::vector<Tensor>>;

std::vector<Tensor> all_of(const Rows& rows) {
  std::vector<Tensor> all;
  for (const auto& row : rows) {
    for (const Tensor& each : row) {
      detail::require_defined("block", "blocks", each);
      all.push_back(each);
    }
  }
  return all;
}

/// The most axes of a block, at least 2.
int rank_of(std::span<const Tensor> blocks) {
  int rank = 2;
  for (const Tensor& each : blocks) rank = std::max(rank, each.rank());
  return rank;
}

Tensor raised(const Tensor& x, int rank) {
  Shape shape = x.shape();
  while (shape.rank() < rank) shape.insert(0, 1);
  return reshape(x, shape);
}

/// Throws ShapeError unless `part` has the extents of `first` but along an axis.
void check(const std::string& what, const Tensor& part, const Tensor& first, int axis) {
  Shape wanted = first.shape();
  wanted[axis] = part.shape()[axis];
  if (part.shape() == wanted) return;
  throw ShapeError("block: " + what + " must agree but along axis " + std::to_string(axis) +
                   "; got " + part.describe() + " beside " + first.describe());
}

}  // namespace

Tensor block(const Rows& rows) {
  const std::vector<Tensor> all = all_of(rows);
  const int rank = rank_of(all);
  const Dtype dtype = detail::dtype_of_all(all);
  Tensor adapted;
  if (rows.empty()) throw ValueError("block: at least one row of blocks is needed; got none");
  std::vector<Tensor> joined;
  for (const auto& row : rows) {
    const std::string number = std::to_string(joined.size());
    if (row.empty())
      throw ValueError("block: a row needs at least one block; got none in row " + number);
    std::vector<Tensor> blocks;
    for (const Tensor& each : row) {
      blocks.push_back(raised(detail::beside("block", each, dtype, adapted), rank));
      check("the blocks of row " + number, blocks.back(), blocks[0], rank - 1);
    }
    joined.push_back(concatenate(blocks, rank - 1));
    check("rows", joined.back(), joined[0], rank - 2);
  }
  return concatenate(joined, rank - 2);
}

}  // namespace xtape
