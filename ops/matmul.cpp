#include <algorithm>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/dtype_cure.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/multiply.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

using detail::as_rows, detail::multiplies_rows;

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

Tensor matrix_transpose(const Tensor& x) { return swapaxes(x, -2, -1); }

[[noreturn]] void fail_inner(const char* op, const Tensor& a, const Tensor& b) {
  throw ShapeError(std::string(op) + ": inner extents must be equal; got " + a.describe() +
                   " and " + b.describe());
}

Shape leading(const Shape& shape) { return Shape(std::span(shape.begin(), at(shape.rank() - 2))); }

bool lies_by_columns(const Tensor& x) {
  const std::int64_t rows = x.extent(-2), columns = x.extent(-1);
  return x.body().strides[at(x.rank() - 2)] == 1 && x.body().strides[at(x.rank() - 1)] >= rows &&
         rows > 1 && columns > 1;
}

/// The gradient of a factor as a product. That of a factor known to lie by columns, as a transpose
/// does, lies so too: on its way to what the factor is the transpose of, nothing has to copy it.
Tensor gradient_like(const Tensor& factor, const Tensor& left, const Tensor& right) {
  if (!factor.defined() || !lies_by_columns(factor)) return matmul(left, right);
  return matrix_transpose(matmul(matrix_transpose(right), matrix_transpose(left)));
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
    detail::multiply(y, left, right);
  }
  void keep(const Tensor&, const Tensor& left, const Tensor& right) {
    a = SavedInput(left, right.requires_grad());
    b = SavedInput(right, left.requires_grad());
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      return sum_to(gradient_like(a.get(), g, matrix_transpose(b.get())), send.shape(0));
    });
    send(1, [&] {
      const Tensor x = a.get();
      if (!multiplies_rows(send.shape(1), x))
        return sum_to(gradient_like(b.get(), matrix_transpose(x), g), send.shape(1));
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

/// The product and a row in addition, [n] or [..., 1, n]: what a linear map is in vmap where
/// weights or biases differ.
struct MatMulAdd {
  static constexpr OpInfo info{"linear"};
  MatMul product{};

  double flops(const Tensor& y, std::span<const Tensor* const> inputs) const {
    return product.flops(y, inputs);
  }
  OpResult infer(const Tensor& left, const Tensor& right, const Tensor& bias) const {
    OpResult y = product.infer(left, right);
    y.shape = broadcast_shapes(info.name, y.shape, bias.shape());
    return y;
  }
  void run(const Tensor& y, const Tensor& left, const Tensor& right, const Tensor& bias) const {
    detail::multiply(y, left, right, &bias);
  }
  void keep(const Tensor& y, const Tensor& left, const Tensor& right, const Tensor&) {
    product.keep(y, left, right);
  }
  void vjp(const Tensor& g, const Send& send) const {
    product.vjp(g, send);
    send(2, [&] { return sum_to(g, send.shape(2)); });
  }
  Tensor jvp(const Tangents& t) const {
    Tensor dy = t[0].defined() || t[1].defined() ? product.jvp(t) : Tensor();
    if (!t[2].defined()) return broadcast_to(dy, t.shape());
    return dy.defined() ? dy + t[2] : broadcast_to(t[2], t.shape());
  }
  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    return apply(MatMulAdd(), all[0], all[1], all[2]);
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
                       input.describe() + ", " + weight.describe() + " and " + bias.describe() +
                       detail::dtype_cure(input, weight));
    }
    Shape shape = input.shape();
    shape[shape.rank() - 1] = weight.extent(1);
    return {shape, input.dtype()};
  }
  void run(const Tensor& y, const Tensor& input, const Tensor& weight, const Tensor& bias) const {
    const NoGradGuard off;
    Tensor made;
    detail::multiply(y, as_rows(input, made), weight, &bias);
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
    const int rank = vectors ? 2 : of.rank(0);
    const Tensor y = apply(MatMulAdd(), inputs, raised(of, 1, rank), raised(of, 2, rank));
    return vectors ? squeeze(y, -2) : y;
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
                     " and " + w.describe() + detail::dtype_cure(x, w));
  }
  return matmul(x, w);
}

}  // namespace xtape
