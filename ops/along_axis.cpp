#include <algorithm>
#include <type_traits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape {
namespace {

using detail::AroundAxis;

/// y[i, j, k] = x[i, index[i, j, k], k]
template <class T>
void gather(const AroundAxis& from, std::int64_t count, T* y, const T* x,
            const std::int64_t* index) {
  for (std::int64_t i = 0; i < from.outer; ++i, x += from.count * from.inner) {
    if (from.inner == 1) {
      for (std::int64_t j = 0; j < count; ++j) y[j] = x[index[j]];
      y += count, index += count;
      continue;
    }
    for (std::int64_t j = 0; j < count; ++j, y += from.inner, index += from.inner) {
      for (std::int64_t k = 0; k < from.inner; ++k) y[k] = x[index[k] * from.inner + k];
    }
  }
}

/// sum[index[j, k], k] += x[j, k], of one i.
template <class Sum, class T>
void add_at(const AroundAxis& to, std::int64_t count, Sum* sum, const T* x,
            const std::int64_t* index) {
  if (to.inner == 1) {
    for (std::int64_t j = 0; j < count; ++j)
      sum[index[j]] = static_cast<Sum>(sum[index[j]] + static_cast<Sum>(x[j]));
    return;
  }
  for (std::int64_t j = 0; j < count; ++j, x += to.inner, index += to.inner) {
    for (std::int64_t k = 0; k < to.inner; ++k) {
      Sum& at = sum[index[k] * to.inner + k];
      at = static_cast<Sum>(at + static_cast<Sum>(x[k]));
    }
  }
}

/// y[i, index[i, j, k], k] = the sum of its x[i, j, k]
template <class T>
void scatter(const AroundAxis& to, std::int64_t count, T* y, const T* x,
             const std::int64_t* index) {
  using Sum = std::conditional_t<std::is_same_v<T, float>, double, T>;
  const std::int64_t given = count * to.inner, made = to.count * to.inner;
  std::vector<Sum, memory::Allocator<Sum>> sums;
  if constexpr (!std::is_same_v<T, Sum>) sums.resize(static_cast<std::size_t>(made));
  for (std::int64_t i = 0; i < to.outer; ++i, x += given, index += given, y += made) {
    if constexpr (std::is_same_v<T, Sum>) {
      std::fill_n(y, made, T{0});
      add_at(to, count, y, x, index);
    } else {
      std::fill(sums.begin(), sums.end(), Sum{0});
      add_at(to, count, sums.data(), x, index);
      std::transform(sums.begin(), sums.end(), y, [](Sum sum) { return static_cast<T>(sum); });
    }
  }
}

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
    visit(x.dtype(), [&]<class T>(TypeTag<T>) {
      gather(AroundAxis(x.shape(), axis), y.shape()[axis], y.body().elements<T>(),
             from.body().elements<const T>(), at.body().elements<const std::int64_t>());
    });
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
    visit(y.dtype(), [&]<class T>(TypeTag<T>) {
      scatter(AroundAxis(shape, axis), x.shape()[axis], y.body().elements<T>(),
              from.body().elements<const T>(), at.body().elements<const std::int64_t>());
    });
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
  const Tensor put = detail::values_for(op, x, place, values);
  const Tensor both = concatenate({moveaxis(x, axis, -1), moveaxis(put, axis, -1)}, -1);
  const Tensor from = detail::sources(op, moveaxis(at, axis, -1), x.shape()[axis]);
  return moveaxis(detail::taken_along(both, from, x.rank() - 1), -1, axis);
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
