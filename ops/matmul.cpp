#include <algorithm>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/kernels/gemm.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

Tensor matrix_transpose(const Tensor& x) { return swapaxes(x, -2, -1); }

/// Whether BLAS can read the last two axes as they lie: rows dense, or columns dense.
bool readable(const detail::Body& x) {
  const std::size_t row = at(x.shape.rank() - 2), column = at(x.shape.rank() - 1);
  const std::int64_t rows = x.shape[x.shape.rank() - 2], columns = x.shape[x.shape.rank() - 1];
  const bool dense_rows =
      (x.strides[column] == 1 || columns == 1) && (x.strides[row] >= columns || rows == 1);
  const bool dense_columns =
      (x.strides[row] == 1 || rows == 1) && (x.strides[column] >= rows || columns == 1);
  return dense_rows || dense_columns;
}

kernels::Matrix matrix(const detail::Body& x, std::int64_t offset) {
  const int rank = x.shape.rank();
  const std::int64_t rows = x.shape[rank - 2], columns = x.shape[rank - 1];
  const std::int64_t row = x.strides[at(rank - 2)], column = x.strides[at(rank - 1)];
  const std::byte* data = x.data + offset * static_cast<std::int64_t>(size_of(x.dtype));
  const bool dense_rows = (column == 1 || columns == 1) && (row >= columns || rows == 1);
  if (dense_rows) return {data, std::max<std::int64_t>({rows == 1 ? 1 : row, columns, 1}), false};
  return {data, std::max<std::int64_t>({columns == 1 ? 1 : column, rows, 1}), true};
}

[[noreturn]] void fail_inner(const char* op, const Tensor& a, const Tensor& b) {
  throw ShapeError(std::string(op) + ": inner extents must be equal; got " + a.describe() +
                   " and " + b.describe());
}

Shape leading(const Shape& shape) { return Shape(std::span(shape.begin(), at(shape.rank() - 2))); }

/// Offset in x of the matrix at each place of the broadcast leading axes, counted row-major.
std::int64_t matrix_offset(const detail::Body& x, const Shape& batch, std::int64_t index) {
  std::int64_t offset = 0;
  for (int axis = batch.rank() - 1; axis >= 0; --axis) {
    const int own = axis - batch.rank() + x.shape.rank() - 2;
    if (own >= 0 && x.shape[own] != 1) offset += index % batch[axis] * x.strides[at(own)];
    index /= batch[axis];
  }
  return offset;
}

/// Product of tensors of rank 2 and more, of one dtype but boolean, for every place of their broadcast
/// leading axes.
Tensor product(const Tensor& left, const Tensor& right) {
  const Tensor a = readable(left.body()) ? left : left.contiguous();
  const Tensor b = readable(right.body()) ? right : right.contiguous();
  Shape batch;
  if (a.rank() > 2 || b.rank() > 2)
    batch = broadcast_shapes("matmul", leading(a.shape()), leading(b.shape()));
  const std::int64_t m = a.extent(-2), k = a.extent(-1), n = b.extent(-1);
  Shape shape = batch;
  shape.push_back(m);
  shape.push_back(n);
  Tensor y = detail::make_tensor(shape, a.dtype(), "matmul");
  if (y.size() == 0) return y;
  const std::int64_t matrix_bytes = m * n * static_cast<std::int64_t>(size_of(a.dtype()));
  const std::int64_t count = batch.size();
  detail::named_in_errors("matmul", [&] {
    for (std::int64_t i = 0; i < count; ++i) {
      kernels::gemm(a.dtype(), m, n, k, matrix(a.body(), matrix_offset(a.body(), batch, i)),
                    matrix(b.body(), matrix_offset(b.body(), batch, i)), nullptr,
                    y.body().data + i * matrix_bytes);
    }
  });
  return y;
}

/// x [..., n] as a matrix [m, n].
Tensor as_rows(const Tensor& x) {
  if (x.rank() == 2) return x;
  const std::int64_t rows = detail::count_of({x.shape().begin(), x.shape().end() - 1});
  return reshape(x, {rows, x.extent(-1)});
}

/// matmul of tensors of rank 2 and more, of one dtype but boolean.
Tensor matrix_product(const Tensor& a, const Tensor& b) {
  Tensor y;
  {
    const NoGradGuard off;
    y = product(a, b);
  }
  if (!recording(a, b)) return y;
  return record(
      "matmul", y, {a, b},
      [a = SavedInput(a, b.requires_grad()), b = SavedInput(b, a.requires_grad())](
          const Tensor& g, const Send& send) {
        send(0, [&] { return sum_to(matmul(g, matrix_transpose(b.get())), send.shape(0)); });
        send(1, [&] { return sum_to(matmul(matrix_transpose(a.get()), g), send.shape(1)); });
      });
}

}  // namespace

Tensor matmul(const Tensor& left, const Tensor& right) {
  if (left.rank() == 0 || right.rank() == 0) {
    throw ShapeError("matmul: operands of rank 1 and more are needed; got " + left.describe() +
                     " and " + right.describe());
  }
  const std::int64_t inner = left.rank() == 1 ? left.extent(0) : left.extent(-1);
  if (inner != (right.rank() == 1 ? right.extent(0) : right.extent(-2)))
    fail_inner("matmul", left, right);

  const Dtype promoted = promote(left.dtype(), right.dtype());
  const Dtype dtype = promoted == Dtype::boolean ? Dtype::int64 : promoted;
  const Tensor a = left.rank() == 1 ? expand_dims(left, 0) : left;
  const Tensor b = right.rank() == 1 ? expand_dims(right, 1) : right;
  Tensor y = matrix_product(a.to(dtype), b.to(dtype));
  if (right.rank() == 1) y = squeeze(y, -1);
  if (left.rank() == 1) y = squeeze(y, right.rank() == 1 ? -1 : -2);
  return promoted == Dtype::boolean ? y.to(Dtype::boolean) : y;
}

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  if (w.rank() != 2 || x.rank() == 0 || x.extent(-1) != w.extent(0)) fail_inner("linear", x, w);
  if (b.rank() != 1 || b.extent(0) != w.extent(1)) {
    throw ShapeError("linear: the bias must have one entry a column of the weight; got " +
                     b.describe() + " for " + w.describe());
  }
  if (!is_floating(x.dtype()) || x.dtype() != w.dtype() || x.dtype() != b.dtype()) {
    throw DtypeError("linear: input, weight and bias must share one floating dtype; got " +
                     x.describe() + ", " + w.describe() + " and " + b.describe());
  }
  const std::int64_t k = w.extent(0), n = w.extent(1);
  Shape shape = x.shape();
  shape[shape.rank() - 1] = n;
  Tensor y = detail::make_tensor(shape, x.dtype());
  {
    const NoGradGuard off;
    const Tensor rows = as_rows(x);
    const std::int64_t m = rows.extent(0);
    const Tensor input = readable(rows.body()) ? rows : rows.contiguous();
    const Tensor weight = readable(w.body()) ? w : w.contiguous();
    const Tensor bias = b.contiguous();
    detail::named_in_errors("linear", [&] {
      kernels::gemm(x.dtype(), m, n, k, matrix(input.body(), 0), matrix(weight.body(), 0),
                    bias.body().data, y.body().data);
    });
  }
  if (!recording(x, w, b)) return y;
  return record("linear", y, {x, w, b},
                [x = SavedInput(x, w.requires_grad()), w = SavedInput(w, x.requires_grad()), n](
                    const Tensor& g, const Send& send) {
                  send(0, [&] { return matmul(g, transpose(w.get())); });
                  send(1, [&] { return matmul(transpose(as_rows(x.get())), as_rows(g)); });
                  send(2, [&] { return sum_to(g, {n}); });
                });
}

}  // namespace xtape
