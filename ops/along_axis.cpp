#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/kernels/copy.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/along_axis.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape {
namespace {

/// Throws ShapeError unless the shapes are equal but along the axis.
void check_beside(const char* op, const char* what, const Tensor& x, const Shape& shape, int axis) {
  Shape expected = shape;
  if (x.rank() == shape.rank()) expected[axis] = x.shape()[axis];
  if (x.shape() == expected) return;
  throw ShapeError(std::string(op) + ": " + what + " must have the shape " + to_string(shape) +
                   " but along axis " + std::to_string(axis) + "; got " + x.describe());
}

/// Both operations, of tensors that agree but along the axis, and indices from the front.
struct TakeAlong {
  static constexpr OpInfo info{"take_along_axis", true};
  int axis;
  void attributes(auto& visit) const { visit("axis", axis); }
  SavedInput index{};

  OpResult infer(const Tensor& x, const Tensor& indices) const {
    return {indices.shape(), x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x, const Tensor& indices) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor from = x.contiguous(), at = indices.contiguous();
    kernels::gather_along(from, at, axis, y);
  }
  void keep(const Tensor&, const Tensor&, const Tensor& indices) { index = SavedInput(indices); }
  void vjp(const Tensor& g, const Send& send) const;
  Tensor jvp(const Tangents& t) const { return apply(TakeAlong{axis}, t[0], index.get()); }
  Tensor batch(const Examples& x) const { return apply(TakeAlong{axis + 1}, x.each(0), x.each(1)); }
};

struct ScatterAlong {
  static constexpr OpInfo info{"scatter_add_along_axis", true};
  int axis;
  Shape shape;
  void attributes(auto& visit) const { visit("axis", axis); }
  SavedInput index{};

  OpResult infer(const Tensor& x, const Tensor& indices) const {
    check_beside(info.name, "the indices", indices, shape, axis);
    if (x.shape() != indices.shape()) {
      throw ShapeError(std::string(info.name) + ": the values must have the shape " +
                       to_string(indices.shape()) + " of the indices; got " + x.describe());
    }
    return {shape, x.dtype() == Dtype::boolean ? Dtype::int64 : x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x, const Tensor& indices) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor from = x.to(y.dtype()).contiguous(), at = indices.contiguous();
    kernels::scatter_along(from, at, axis, y);
  }
  void keep(const Tensor&, const Tensor&, const Tensor& indices) { index = SavedInput(indices); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, apply(TakeAlong{axis}, g, index.get()));
  }
  Tensor jvp(const Tangents& t) const {
    return apply(ScatterAlong{axis, shape}, t[0], index.get());
  }
  Tensor batch(const Examples& x) const {
    Shape all = shape;
    all.insert(0, x.count());
    return apply(ScatterAlong{axis + 1, all}, x.each(0), x.each(1));
  }
};

void TakeAlong::vjp(const Tensor& g, const Send& send) const {
  send(0, apply(ScatterAlong{axis, send.shape(0)}, g, index.get()));
}

/// Both operations of putting: linear in x and the values, and each what the other sends back.
struct PutAlong {
  static constexpr OpInfo info{"put_along_axis"};
  int axis;
  void attributes(auto& visit) const { visit("axis", axis); }
  SavedInput index{};

  OpResult infer(const Tensor& x, const Tensor&, const Tensor&) const {
    return {x.shape(), x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x, const Tensor& indices, const Tensor& values) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const auto layout = [](const Tensor& of) {
      return kernels::Layout{of.body().data, of.dtype(), of.body().strides};
    };
    kernels::copy(y.shape(), layout(y), layout(x));
    if (values.size() == 0) return;
    kernels::put_along(values.contiguous(), indices.contiguous(), axis, y);
  }
  void keep(const Tensor&, const Tensor&, const Tensor& indices, const Tensor&) {
    index = SavedInput(indices);
  }
  void vjp(const Tensor& g, const Send& send) const;
  Tensor batch(const Examples& x) const {
    return apply(PutAlong{axis + 1}, x.each(0), x.each(1), x.each(2));
  }
};

/// take_along_axis, but 0 where a later index names the element again.
struct TakeLastAlong {
  static constexpr OpInfo info{"put_along_axis", true};
  int axis;
  void attributes(auto& visit) const { visit("axis", axis); }
  SavedInput index{};

  OpResult infer(const Tensor& x, const Tensor& indices) const {
    return {indices.shape(), x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x, const Tensor& indices) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    kernels::gather_last_along(x.contiguous(), indices.contiguous(), axis, y);
  }
  void keep(const Tensor&, const Tensor&, const Tensor& indices) { index = SavedInput(indices); }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor whole = zeros(send.shape(0), g.dtype());
    send(0, apply(PutAlong{axis}, whole, index.get(), g));
  }
  Tensor jvp(const Tangents& t) const { return apply(TakeLastAlong{axis}, t[0], index.get()); }
  Tensor batch(const Examples& x) const {
    return apply(TakeLastAlong{axis + 1}, x.each(0), x.each(1));
  }
};

void PutAlong::vjp(const Tensor& g, const Send& send) const {
  const Tensor& at = index.get();
  send(0, [&] { return apply(PutAlong{axis}, g, at, zeros(at.shape(), g.dtype())); });
  send(2, [&] { return apply(TakeLastAlong{axis}, g, at); });
}

/// x with its axes of extent 1 broadcast to those of the other, but along the axis.
Tensor broadcast_beside(const char* op, const Tensor& x, const Tensor& other, int axis) {
  Shape own = x.shape(), others = other.shape();
  own[axis] = others[axis] = 1;
  Shape wanted = broadcast_shapes(op, own, others);
  wanted[axis] = x.shape()[axis];
  return x.shape() == wanted ? x : broadcast_to(x, wanted);
}

}  // namespace

Tensor detail::taken_along(const Tensor& x, const Tensor& index, int axis) {
  return apply(TakeAlong{axis}, x, index);
}

Tensor take_along_axis(const Tensor& x, const Tensor& indices, std::int64_t given) {
  constexpr const char* op = TakeAlong::info.name;
  detail::require_defined(op, "x", x);
  detail::require_defined(op, "indices", indices);
  const int axis = normalize_axis(op, given, x.rank());
  if (indices.rank() != x.rank()) {
    throw ShapeError(std::string(op) + ": the indices must have as many axes as x; got " +
                     indices.describe() + " for " + x.describe());
  }
  const Tensor from = broadcast_beside(op, x, indices, axis);
  const Tensor at = detail::resolved(op, indices, x.shape()[axis]);
  return detail::taken_along(from, broadcast_beside(op, at, x, axis), axis);
}

Tensor put_along_axis(const Tensor& x, const Tensor& indices, const Operand& values,
                      std::int64_t given) {
  constexpr const char* op = "put_along_axis";
  detail::require_defined(op, "x", x);
  detail::require_defined(op, "indices", indices);
  const int axis = normalize_axis(op, given, x.rank());
  Shape place = x.shape();
  if (indices.rank() == x.rank()) place[axis] = indices.shape()[axis];
  const bool fits =
      indices.rank() == x.rank() && broadcast_shapes(op, indices.shape(), place) == place;
  if (!fits) {
    throw ShapeError(std::string(op) + ": the indices must have the axes of x and broadcast to " +
                     to_string(place) + "; got " + indices.describe() + " for " + x.describe());
  }
  const Tensor at = broadcast_to(detail::resolved(op, indices, x.shape()[axis]), place);
  return apply(PutAlong{axis}, x, at, detail::values_for(op, x, place, values));
}

Tensor scatter_add_along_axis(const Tensor& x, const Tensor& indices, const Shape& shape,
                              std::int64_t given) {
  constexpr const char* op = ScatterAlong::info.name;
  detail::require_defined(op, "x", x);
  detail::require_defined(op, "indices", indices);
  const int axis = normalize_axis(op, given, shape.rank());
  return apply(ScatterAlong{axis, shape}, x, detail::resolved(op, indices, shape[axis]));
}

}  // namespace xtape
