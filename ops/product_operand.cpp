#include <algorithm>

#include <xtape/core/body.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/product_operand.hpp>

namespace xtape::detail {
namespace {

/// Extents and strides of the last two axes.
struct Last {
  std::int64_t rows, columns, row, column;

  explicit Last(const Body& x)
      : rows(x.shape[x.shape.rank() - 2]),
        columns(x.shape[x.shape.rank() - 1]),
        row(x.strides[static_cast<std::size_t>(x.shape.rank() - 2)]),
        column(x.strides[static_cast<std::size_t>(x.shape.rank() - 1)]) {}
  bool dense_rows() const { return (column == 1 || columns == 1) && (row >= columns || rows == 1); }
  bool dense_columns() const { return (row == 1 || rows == 1) && (column >= rows || columns == 1); }
};

}  // namespace

kernels::Matrix matrix(const Tensor& x, std::int64_t offset) {
  const Last last(x.body());
  const auto stride = [](std::int64_t step, std::int64_t steps, std::int64_t length) {
    return std::max<std::int64_t>({steps == 1 ? 1 : step, length, 1});
  };
  const std::byte* data = x.body().data + offset * static_cast<std::int64_t>(size_of(x.dtype()));
  if (last.dense_rows()) return {data, stride(last.row, last.rows, last.columns), false};
  return {data, stride(last.column, last.columns, last.rows), true};
}

const Tensor& as_matrices(const Tensor& x, Tensor& made) {
  const Last last(x.body());
  return last.dense_rows() || last.dense_columns() ? x : made = x.contiguous();
}

const Tensor& as_rows(const Tensor& x, Tensor& made) {
  if (x.rank() == 2) return x;
  const std::int64_t rows = count_of({x.shape().begin(), x.shape().end() - 1});
  return made = reshape(x, {rows, x.extent(-1)});
}

}  // namespace xtape::detail
