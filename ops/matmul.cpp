#include <algorithm>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/product_operand.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

using detail::as_matrices, detail::as_rows, detail::matrix;

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

Tensor matrix_transpose(const Tensor& x) { return swapaxes(x, -2, -1); }

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

/// Whether one matrix multiplies all rows of x, which lie in memory as those of one matrix do.
bool multiplies_rows(const Shape& w, const Tensor& x) {
  return w.rank() == 2 && x.rank() > 2 && x.is_contiguous();
}

/// The product of tensors of rank 2 and more, of one dtype but boolean, for every place of their
/// broadcast leading axes.
struct MatMul {
  static constexpr OpInfo info{"matmul"};
  SavedInput a, b;

  double flops(const Tensor& y, std::span<const Tensor* const> inputs) const {
    return 2 * static_cast<double>(y.size()) * static_cast<double>(inputs[0]->extent(-1));
  }
  OpResult infer(const Tensor& left, const Tensor& right) const {
    Shape shape;
    if (left.rank() > 2 || right.rank() > 2)
      shape = broadcast_shapes(info.name, leading(left.shape()), leading(right.shape()));
    shape.push_back(left.extent(-2));
    shape.push_back(right.extent(-1));
    return {shape, left.dtype()};
  }
  void run(const Tensor& y, const Tensor& left, const Tensor& right) const {
    const NoGradGuard off;
    if (y.size() == 0) return;
    Tensor made[3];
    const Tensor& rows = multiplies_rows(right.shape(), left) ? as_rows(left, made[2]) : left;
    const Tensor &x = as_matrices(rows, made[0]), &w = as_matrices(right, made[1]);
    const std::int64_t m = x.extent(-2), k = x.extent(-1), n = w.extent(-1);
    const std::int64_t matrix_bytes = m * n * static_cast<std::int64_t>(size_of(y.dtype()));
    const Shape batch = x.rank() == 2 && w.rank() == 2 ? Shape() : leading(y.shape());
    const auto products = [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        kernels::gemm(y.dtype(), m, n, k, matrix(x, matrix_offset(x.body(), batch, i)),
                      matrix(w, matrix_offset(w.body(), batch, i)), nullptr,
                      y.body().data + i * matrix_bytes);
      }
    };
    if (batch.size() < threads()) return products(0, batch.size());  // they share each
    const double of_all = static_cast<double>(y.size()) * static_cast<double>(k);
    detail::parallel_for(batch.size(), 1, detail::time_of_products(of_all), products);
  }
  void keep(const Tensor&, const Tensor& left, const Tensor& right) {
    a = SavedInput(left, right.requires_grad());
    b = SavedInput(right, left.requires_grad());
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return sum_to(matmul(g, matrix_transpose(b.get())), send.shape(0)); });
    send(1, [&] {
      const Tensor x = a.get();
      if (!multiplies_rows(send.shape(1), x))
        return sum_to(matmul(matrix_transpose(x), g), send.shape(1));
      Tensor made[2];
      return matmul(transpose(as_rows(x, made[0])), as_rows(g, made[1]));
    });
  }
  Tensor jvp(const Tangents& t) const {
    if (!t[0].defined()) return matmul(a.get(), t[1]);
    const Tensor dy = matmul(t[0], b.get());
    return t[1].defined() ? dy + matmul(a.get(), t[1]) : dy;
  }
  Tensor batch(const Examples& x) const {
    if (x.rank(0) == 2 && x.rank(1) == 2 && !x.differ(1)) {  // one product of all rows
      const std::int64_t rows = x[0].extent(1);
      Tensor made;
      return reshape(matmul(as_rows(x[0], made), x[1]), {x.count(), rows, x[1].extent(1)});
    }
    const detail::Aligned all(x);
    return matmul(all[0], all[1]);
  }
};

/// x w + b, the bias for every row.
struct Linear {
  static constexpr OpInfo info{"linear"};
  SavedInput x, w;

  double flops(const Tensor& y, std::span<const Tensor* const> inputs) const {
    return 2 * static_cast<double>(y.size()) * static_cast<double>(inputs[0]->extent(-1));
  }
  static void check(const Tensor& input, const Tensor& weight) {
    if (weight.rank() != 2 || input.rank() == 0 || input.extent(-1) != weight.extent(0))
      fail_inner(info.name, input, weight);
  }
  OpResult infer(const Tensor& input, const Tensor& weight, const Tensor& bias) const {
    check(input, weight);
    if (bias.rank() != 1 || bias.extent(0) != weight.extent(1)) {
      throw ShapeError("linear: the bias must have one entry a column of the weight; got " +
                       bias.describe() + " for " + weight.describe());
    }
    if (!is_floating(input.dtype()) || input.dtype() != weight.dtype() ||
        input.dtype() != bias.dtype()) {
      throw DtypeError("linear: input, weight and bias must share one floating dtype; got " +
                       input.describe() + ", " + weight.describe() + " and " + bias.describe());
    }
    Shape shape = input.shape();
    shape[shape.rank() - 1] = weight.extent(1);
    return {shape, input.dtype()};
  }
  void run(const Tensor& y, const Tensor& input, const Tensor& weight, const Tensor& bias) const {
    const NoGradGuard off;
    Tensor made[4];
    const Tensor& left = as_matrices(as_rows(input, made[0]), made[1]);
    const Tensor& right = as_matrices(weight, made[2]);
    const Tensor& added = bias.is_contiguous() ? bias : made[3] = bias.contiguous();
    kernels::gemm(y.dtype(), left.extent(0), right.extent(1), right.extent(0), matrix(left),
                  matrix(right), added.body().data, y.body().data);
  }
  void keep(const Tensor&, const Tensor& input, const Tensor& weight, const Tensor&) {
    x = SavedInput(input, weight.requires_grad());
    w = SavedInput(weight, input.requires_grad());
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return matmul(g, transpose(w.get())); });
    send(1, [&] {
      Tensor made[2];
      return matmul(transpose(as_rows(x.get(), made[0])), as_rows(g, made[1]));
    });
    send(2, [&] { return sum_to(g, send.shape(2)); });
  }
  Tensor jvp(const Tangents& t) const {
    Tensor dy = t[0].defined() ? matmul(t[0], w.get()) : zeros(t.shape(), t.dtype());
    if (t[1].defined()) dy = dy + matmul(x.get(), t[1]);
    return t[2].defined() ? dy + t[2] : dy;
  }
  Tensor batch(const Examples& of) const {
    if (!of.differ(1) && !of.differ(2)) return linear(of[0], of[1], of[2]);
    const bool vectors = of.rank(0) == 1;
    const Tensor inputs = vectors ? expand_dims(of[0], of.differ(0) ? 1 : 0) : of[0];
    const Tensor product = matmul(inputs, raised(of, 1, of.rank(0)));
    return (vectors ? squeeze(product, -2) : product) + raised(of, 2, of.rank(0));
  }

 private:
  /// A weight or bias of each example, with axes of extent 1 for the leading ones of the input.
  static Tensor raised(const Examples& of, std::size_t i, int rank) {
    Shape shape = of[i].shape();
    for (int missing = of.differ(i) ? std::max(rank, of.rank(i)) - of.rank(i) : 0; missing > 0;
         --missing)
      shape.insert(1, 1);
    return reshape(of[i], shape);
  }
};

}  // namespace

Tensor matmul(const Tensor& left, const Tensor& right) {
  detail::require_defined("matmul", "left", left);
  detail::require_defined("matmul", "right", right);
  if (left.rank() == 0 || right.rank() == 0) {
    throw ShapeError("matmul: operands of rank 1 and more are needed; got " + left.describe() +
                     " and " + right.describe());
  }
  const std::int64_t inner = left.rank() == 1 ? left.extent(0) : left.extent(-1);
  if (inner != (right.rank() == 1 ? right.extent(0) : right.extent(-2)))
    fail_inner("matmul", left, right);

  const Dtype promoted = promote(left.dtype(), right.dtype());
  const Dtype dtype = promoted == Dtype::boolean ? Dtype::int64 : promoted;
  if (left.rank() > 1 && right.rank() > 1 && left.dtype() == dtype && right.dtype() == dtype)
    return apply(MatMul(), left, right);
  const Tensor a = left.rank() == 1 ? expand_dims(left, 0) : left;
  const Tensor b = right.rank() == 1 ? expand_dims(right, 1) : right;
  Tensor y = apply(MatMul(), a.to(dtype), b.to(dtype));
  if (right.rank() == 1) y = squeeze(y, -1);
  if (left.rank() == 1) y = squeeze(y, right.rank() == 1 ? -1 : -2);
  return promoted == Dtype::boolean ? y.to(Dtype::boolean) : y;
}

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  return apply(Linear(), x, w, b);
}

Tensor linear(const Tensor& x, const Tensor& w) {
  detail::require_defined("linear", "x", x);
  detail::require_defined("linear", "w", w);
  Linear::check(x, w);
  if (!is_floating(x.dtype()) || x.dtype() != w.dtype()) {
    throw DtypeError("linear: input and weight must share one floating dtype; got " + x.describe() +
                     " and " + w.describe());
  }
  return matmul(x, w);
}

}  // namespace xtape
