#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/rank_error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/products.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape {
namespace {

using Places = std::vector<std::int64_t>;

/// The tensors that a function was given, numbers made such that fit beside the other.
struct Operands {
  Operands(const char* name, const Tensor& first, const Tensor& second) : op(name) {
    detail::require_defined(op, "operands", first);
    detail::require_defined(op, "operands", second);
    const std::array given{first, second};
    const Dtype dtype = detail::dtype_of_all(given);
    Tensor adapted;
    a = detail::beside(op, first, dtype, adapted);
    b = detail::beside(op, second, dtype, adapted);
  }
  bool scalar() const { return a.rank() == 0 || b.rank() == 0; }
  std::string text() const { return a.describe() + " and " + b.describe(); }

  const char* op;
  Tensor a, b;
};

Tensor reshaped(const Tensor& x, const Shape& shape) {
  return x.shape() == shape ? x : reshape(x, shape);
}

Tensor ordered(const Tensor& x, const Places& axes) {
  return std::is_sorted(axes.begin(), axes.end()) ? x : transpose(x, axes);
}

Places others(const Tensor& x, const Places& axes) {
  Places places;
  for (std::int64_t axis = 0; axis < x.rank(); ++axis) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) places.push_back(axis);
  }
  return places;
}

Places joined(Places a, const Places& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Places extents(const Tensor& x, const Places& axes) {
  Places extents;
  for (const std::int64_t axis : axes) extents.push_back(x.extent(axis));
  return extents;
}

/// Beside an extent of 0 the others may be anything, and so may their product.
std::int64_t count_of(const Places& extents) {
  return detail::count_of(extents) & std::numeric_limits<std::int64_t>::max();
}

/// The product summed over axes of both, pair by pair: [axes of a that stay..., those of b...].
Tensor contract(const Operands& of, const Places& axes_of_a, const Places& axes_of_b) {
  const auto& [op, a, b] = of;
  const Places summed = extents(a, axes_of_a);
  if (summed != extents(b, axes_of_b)) {
    throw ShapeError(std::string(op) + ": extents that are summed over must be equal; got " +
                     to_string(Shape(summed)) + " and " + to_string(Shape(extents(b, axes_of_b))) +
                     " of " + of.text());
  }
  const Places rows = others(a, axes_of_a), columns = others(b, axes_of_b);
  const Places stay = joined(extents(a, rows), extents(b, columns));
  if (stay.size() > static_cast<std::size_t>(max_rank)) {
    throw detail::RankError(std::string(op) + ": a result may have at most " +
                            std::to_string(max_rank) + " axes; got " + std::to_string(stay.size()) +
                            " for " + of.text());
  }
  const std::int64_t m = count_of(extents(a, rows)), k = count_of(summed),
                     n = count_of(extents(b, columns));
  const Tensor left = reshaped(ordered(a, joined(rows, axes_of_a)), {m, k});
  const Tensor right = reshaped(ordered(b, joined(axes_of_b, columns)), {k, n});
  return reshaped(matmul(left, right), stay);
}

/// The axes counted from the front.
Places places(const Tensor& x, std::span<const std::int64_t> axes) {
  Places places;
  for (const std::int64_t given : axes) {
    const int axis = normalize_axis("tensordot", given, x.rank());
    if (std::find(places.begin(), places.end(), axis) != places.end()) {
      throw ValueError("tensordot: each axis may be named once; got " + std::to_string(given) +
                       " twice for " + x.describe());
    }
    places.push_back(axis);
  }
  return places;
}

/// With axes of extent 1 in front.
Tensor raised(const Tensor& x, int rank) {
  Shape shape = x.shape();
  while (shape.rank() < rank) shape.insert(0, 1);
  return reshaped(x, shape);
}

/// Kronecker's product of tensors of one rank: that of their numbers [a..., b...], the axes pair by
/// pair.
Tensor paired_outer(const Tensor& a, const Tensor& b) {
  Places both = joined(extents(a, others(a, {})), extents(b, others(b, {}))), pairs;
  for (std::int64_t axis = 0; axis < a.rank(); ++axis) {
    pairs.push_back(axis);
    pairs.push_back(a.rank() + axis);
  }
  return transpose(reshape(outer(a, b), both), pairs);
}

/// Of vectors along the last axis, of one dtype.
struct Cross {
  static constexpr OpInfo info{"cross"};
  SavedInput left{}, right{};

  OpResult infer(const Tensor& a, const Tensor& b) const {
    return {broadcast_shapes(info.name, a.shape(), b.shape()), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    const NoGradGuard off;
    const Tensor u = broadcast_to(a, y.shape()).contiguous();
    const Tensor v = broadcast_to(b, y.shape()).contiguous();
    visit(y.dtype(), [&]<class T>(TypeTag<T>) {
      using Number = std::conditional_t<std::is_same_v<T, std::int64_t>, std::uint64_t, T>;
      if constexpr (!std::is_same_v<T, bool>)
        products(u.body().elements<const Number>(), v.body().elements<const Number>(),
                 y.body().elements<Number>(), y.size());
    });
  }
  void keep(const Tensor&, const Tensor& a, const Tensor& b) {
    left = SavedInput(a), right = SavedInput(b);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return sum_to(cross(right.get(), g), send.shape(0)); });
    send(1, [&] { return sum_to(cross(g, left.get()), send.shape(1)); });
  }
  Tensor jvp(const Tangents& t) const {
    if (!t[1].defined()) return cross(t[0], right.get());
    if (!t[0].defined()) return cross(left.get(), t[1]);
    return cross(t[0], right.get()) + cross(left.get(), t[1]);
  }
  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    return apply(Cross(), all[0], all[1]);
  }

 private:
  /// Integers wrap around.
  template <class T>
  XTAPE_WRAPS static void products(const T* a, const T* b, T* y, std::int64_t n) {
    for (std::int64_t i = 0; i < n; i += 3, a += 3, b += 3, y += 3) {
      y[0] = a[1] * b[2] - a[2] * b[1];
      y[1] = a[2] * b[0] - a[0] * b[2];
      y[2] = a[0] * b[1] - a[1] * b[0];
    }
  }
};

Tensor checked_vectors(const Tensor& x, std::int64_t axis) {
  const int along = normalize_axis("cross", axis, x.rank());
  if (x.extent(along) != 3) {
    throw ShapeError("cross: vectors must have 3 components; got " +
                     std::to_string(x.extent(along)) + " along axis " + std::to_string(axis) +
                     " of " + x.describe());
  }
  return along == x.rank() - 1 ? x : moveaxis(x, along, -1);
}

}  // namespace

Tensor dot(const Tensor& a, const Tensor& b) {
  const Operands of("dot", a, b);
  if (of.scalar()) return of.a * of.b;
  return contract(of, {a.rank() - 1}, {std::max(b.rank() - 2, 0)});
}

Tensor vdot(const Tensor& a, const Tensor& b) {
  const Operands of("vdot", a, b);
  if (a.size() != b.size()) {
    throw ShapeError("vdot: there must be as many elements in both; got " + of.text());
  }
  return contract({"vdot", ravel(of.a), ravel(of.b)}, {0}, {0});
}

Tensor inner(const Tensor& a, const Tensor& b) {
  const Operands of("inner", a, b);
  if (of.scalar()) return of.a * of.b;
  return contract(of, {a.rank() - 1}, {b.rank() - 1});
}

Tensor outer(const Tensor& a, const Tensor& b) {
  const Operands of("outer", a, b);
  return reshape(of.a, {of.a.size(), 1}) * ravel(of.b);
}

Tensor kron(const Tensor& first, const Tensor& second) {
  const Operands of("kron", first, second);
  const int rank = std::max(of.a.rank(), of.b.rank());
  const Tensor a = raised(of.a, rank), b = raised(of.b, rank);
  static_cast<void>(Shape({a.size(), b.size()}).size());  // throws if int64 does not count so many
  Places shape;
  for (int axis = 0; axis < rank; ++axis) {
    const std::int64_t extents[] = {a.extent(axis), b.extent(axis)};
    shape.push_back(detail::count_of(extents));
  }
  if (2 * rank < max_rank) return reshape(paired_outer(a, b), shape);
  if (a.size() == 0 || b.size() == 0) return reshape(outer(a, b), shape);
  Tensor repeated = a;
  for (int axis = 0; axis < rank; ++axis) repeated = repeat(repeated, b.extent(axis), axis);
  return repeated * tile(b, std::span(a.shape().begin(), a.shape().end()));
}

Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t axes) {
  const Operands of("tensordot", a, b);
  const std::int64_t most = std::min(a.rank(), b.rank());
  detail::require(axes >= 0 && axes <= most, "tensordot", "axes",
                  "be a number of axes that both operands have", axes);
  Places last, first;
  for (std::int64_t axis = 0; axis < axes; ++axis) {
    last.push_back(a.rank() - axes + axis);
    first.push_back(axis);
  }
  return contract(of, last, first);
}

Tensor tensordot(const Tensor& a, const Tensor& b, std::span<const std::int64_t> axes_of_a,
                 std::span<const std::int64_t> axes_of_b) {
  const Operands of("tensordot", a, b);
  if (axes_of_a.size() != axes_of_b.size()) {
    throw ValueError("tensordot: as many axes of one as of the other are needed; got " +
                     std::to_string(axes_of_a.size()) + " and " + std::to_string(axes_of_b.size()));
  }
  return contract(of, places(of.a, axes_of_a), places(of.b, axes_of_b));
}

Tensor cross(const Tensor& first, const Tensor& second, std::int64_t axis) {
  const Operands of("cross", first, second);
  if (promote(first.dtype(), second.dtype()) == Dtype::boolean)
    throw DtypeError("cross: numbers are needed; got " + of.text());
  const Tensor a = checked_vectors(of.a, axis), b = checked_vectors(of.b, axis);
  const int rank = broadcast_shapes("cross", a.shape(), b.shape()).rank();
  const int target = normalize_axis("cross", axis, rank);
  const Dtype dtype = promote(a.dtype(), b.dtype());
  const Tensor y = apply(Cross(), a.to(dtype), b.to(dtype));
  return target == rank - 1 ? y : moveaxis(y, -1, target);
}

}  // namespace xtape
