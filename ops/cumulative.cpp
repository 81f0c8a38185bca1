#include <limits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/cumulative.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/scan.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/sort.hpp>

namespace xtape {
namespace {

/// Each element at the place behind its own along an axis, or before it; `fill` comes in at the
/// end.
Tensor shifted(const Tensor& x, int axis, bool backwards, double fill) {
  const std::int64_t n = x.shape()[axis];
  if (n == 0) return x;
  Shape shape = x.shape();
  shape[axis] = 1;
  std::vector<Slice> slices(static_cast<std::size_t>(axis) + 1);
  slices.back() = backwards ? range(1, n) : range(0, n - 1);
  const Tensor end = full(shape, fill, x.dtype()), others = slice(x, slices);
  return backwards ? concatenate({others, end}, axis) : concatenate({end, others}, axis);
}

struct CumSum {
  static constexpr OpInfo info{"cumsum", true};
  int axis;
  bool backwards = false;
  void attributes(auto& visit) const {
    visit("axis", axis);
    visit("backwards", backwards);
  }

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    kernels::running_sum(x.contiguous(), axis, backwards, y);
  }
  void vjp(const Tensor& g, const Send& send) const { send(0, apply(CumSum{axis, !backwards}, g)); }
  Tensor batch(const Examples& x) const { return apply(CumSum{axis + 1, backwards}, x[0]); }
};

/// y_k = b_k + a_k y_(k - 1), or y_(k + 1) if backwards; b_k at the beginning. Its derivative is
/// the same the other way round, and so is that of a running product.
struct Recurrence {
  static constexpr OpInfo info{"recurrence"};
  int axis;
  bool backwards = false;
  void attributes(auto& visit) const {
    visit("axis", axis);
    visit("backwards", backwards);
  }
  SavedInput factor{};
  SavedOutput output{};

  OpResult infer(const Tensor&, const Tensor& b) const { return {b.shape(), b.dtype()}; }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    const NoGradGuard off;
    kernels::recurrence(a.contiguous(), b.contiguous(), axis, backwards, y);
  }
  void keep(const Tensor& y, const Tensor& a, const Tensor&) {
    factor = SavedInput(a);
    output = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor next = shifted(factor.get(), axis, !backwards, 0);
    const Tensor sums = apply(Recurrence{axis, !backwards}, next, g);
    send(0, [&] { return sums * shifted(output.get(send), axis, backwards, 0); });
    send(1, sums);
  }
  Tensor jvp(const Tangents& t) const {
    Tensor change = t[1];
    if (t[0].defined()) {
      const Tensor of_factor = t[0] * shifted(output.get(t), axis, backwards, 0);
      change = change.defined() ? change + of_factor : of_factor;
    }
    return apply(Recurrence{axis, backwards}, factor.get(), change);
  }
  Tensor batch(const Examples& x) const {
    return apply(Recurrence{axis + 1, backwards}, x.each(0), x.each(1));
  }
};

struct CumProd {
  static constexpr OpInfo info{"cumprod"};
  int axis;
  void attributes(auto& visit) const { visit("axis", axis); }
  SavedInput input{};
  SavedOutput output{};

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    kernels::running_product(x.contiguous(), axis, y);
  }
  void keep(const Tensor& y, const Tensor& x) {
    input = SavedInput(x);
    output = SavedOutput(y);
  }
  /// Of the elements before x_k the product is y_(k - 1), of those behind it the sum of products is
  /// a recurrence. Without a division: there may be zeros.
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor next = shifted(input.get(), axis, true, 0);
    const Tensor before = shifted(output.get(send), axis, false, 1);
    send(0, before * apply(Recurrence{axis, true}, next, g));
  }
  Tensor jvp(const Tangents& t) const {
    return apply(Recurrence{axis}, input.get(), t[0] * shifted(output.get(t), axis, false, 1));
  }
  Tensor batch(const Examples& x) const { return apply(CumProd{axis + 1}, x[0]); }
};

/// Where the greatest (smallest) element so far stands.
struct CumPlace {
  OpInfo info;
  bool greatest;
  int axis;
  void attributes(auto& visit) const { visit("axis", axis); }

  OpResult infer(const Tensor& x) const { return {x.shape(), Dtype::int64}; }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    kernels::running_place(greatest, x.contiguous(), axis, y);
  }
  Tensor batch(const Examples& x) const { return apply(CumPlace{info, greatest, axis + 1}, x[0]); }
};

int axis_of(const char* op, const Tensor& x, std::int64_t axis) {
  detail::require_defined(op, "x", x);
  return normalize_axis(op, axis, x.rank());
}

ValuesAndIndices extrema(const char* op, const Tensor& x, bool greatest, std::int64_t given) {
  const int axis = axis_of(op, x, given);
  const Tensor places = apply(CumPlace{{op}, greatest, axis}, x);
  return {detail::taken_along(x, places, axis), places};
}

Tensor numbers(const Tensor& x) { return x.dtype() == Dtype::boolean ? x.to(Dtype::int64) : x; }

Tensor flat(const char* op, const Tensor& x) {
  detail::require_defined(op, "x", x);
  return reshape(x, Shape{x.size()});
}

}  // namespace

Tensor cumsum(const Tensor& x, std::int64_t axis) {
  const int along = axis_of("cumsum", x, axis);
  return apply(CumSum{along}, numbers(x));
}
Tensor cumsum(const Tensor& x) { return cumsum(flat("cumsum", x), 0); }

Tensor cumprod(const Tensor& x, std::int64_t axis) {
  const int along = axis_of("cumprod", x, axis);
  return apply(CumProd{along}, numbers(x));
}
Tensor cumprod(const Tensor& x) { return cumprod(flat("cumprod", x), 0); }

/// In units of the greatest so far, which changes: y = greatest + log(s), where
/// s_k = exp(x_k - greatest_k) + exp(greatest_(k - 1) - greatest_k) s_(k - 1).
/// The result does not depend on the units, to any order.
Tensor logcumsumexp(const Tensor& given, std::int64_t along) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  const int axis = axis_of("logcumsumexp", given, along);
  const Tensor x = is_floating(given.dtype()) ? given : given.to(Dtype::float64);
  const Tensor greatest = cummax(x.detach(), axis);
  const Tensor before = shifted(greatest, axis, false, -inf);
  const Tensor scale = exp(where(before == greatest, 0, before - greatest));
  const Tensor unit = where(isfinite(greatest), greatest, 0), nothing = greatest == -inf;
  const Tensor sums = apply(Recurrence{axis}, scale, exp(x - unit));
  return where(nothing, -inf, unit + log(where(nothing, 1, sums)));
}

Tensor cummax(const Tensor& x, std::int64_t axis) {
  return extrema("cummax", x, true, axis).values;
}
Tensor cummin(const Tensor& x, std::int64_t axis) {
  return extrema("cummin", x, false, axis).values;
}
ValuesAndIndices cummax_with_indices(const Tensor& x, std::int64_t axis) {
  return extrema("cummax_with_indices", x, true, axis);
}
ValuesAndIndices cummin_with_indices(const Tensor& x, std::int64_t axis) {
  return extrema("cummin_with_indices", x, false, axis);
}

}  // namespace xtape
