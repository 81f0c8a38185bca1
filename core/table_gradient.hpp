#pragma once
#include <cstdint>

#include <xtape/core/tensor.hpp>

namespace xtape::detail {

/// Rows of a table, and what is added to each of them.
struct TableRows {
  Tensor rows;    // [k] int64, counted from the front
  Tensor values;  // [k, ...], dense
};

/// dL/d(table) where only some rows of the table [n, ...] were used: a tensor of its shape and
/// dtype without elements, which none but GradientSum, the sweep and Leaf see. A row may be named
/// often.
Tensor table_gradient(const Shape& shape, Dtype dtype, TableRows part);
/// Whether a gradient is one.
bool of_rows(const Tensor& gradient);

/// The sum of two gradients of one shape of which at least one is of rows: of rows if both are,
/// without adding up yet. They are of one dtype, or a dense one is float64 and the other float32.
Tensor accumulate_rows(Tensor a, Tensor b);
/// The same with each row named once, in rising order; float32 terms of a row are summed in
/// float64.
Tensor coalesced(Tensor gradient);
/// The rows of a coalesced one.
const TableRows& rows_of(const Tensor& gradient);
/// A gradient with elements: zeros, and the rows; itself if it has elements.
Tensor dense(const Tensor& gradient);

}  // namespace xtape::detail
