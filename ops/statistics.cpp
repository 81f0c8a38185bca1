#include <cmath>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape {
namespace {

Tensor as_floating(const Tensor& x) { return is_floating(x.dtype()) ? x : x.to(Dtype::float64); }

void check_axes(const char* op, const Tensor& x, const Axes& axes) {
  static_cast<void>(axes.flags(op, x.rank()));
}

/// f(x), and 0 with gradient 0 where x is 0 and f has no slope.
template <class F>
Tensor zero_at_zero(const Tensor& x, F&& f) {
  const Tensor zero = x == 0;
  return where(zero, 0, f(where(zero, 1, x)));
}

/// The sum of squared distances from the mean over axes, and the number of elements in it.
struct Spread {
  Spread(const char* op, const Tensor& given, const Axes& axes, const VarianceOptions& options) {
    const Tensor x = as_floating(given);
    const auto flags = axes.flags(op, x.rank());
    std::vector<Slice> first;
    for (int axis = 0; axis < x.rank(); ++axis) {
      const bool reduced = flags[static_cast<std::size_t>(axis)];
      if (reduced) count *= static_cast<double>(x.extent(axis));
      first.push_back(reduced ? range(0, 1) : Slice::all);
    }
    detail::require_not_negative(op, "correction", options.correction);
    if (!(count > options.correction)) {
      throw ValueError(std::string(op) + ": more elements than the correction are needed; got " +
                       detail::text(count) + " with the correction " +
                       detail::text(options.correction));
    }
    // From one of the elements: equal ones then differ by exactly 0, and large ones keep their digits.
    // The result does not depend on which, to any order.
    const Tensor moved = x - slice(x, first).detach();
    const Tensor distance = moved - mean(moved, axes, {.keep_dims = true});
    squares = sum(square(distance), axes, {.keep_dims = options.keep_dims});
  }
  Tensor squares;
  double count = 1;
};

}  // namespace

Tensor var(const Tensor& x, const Axes& axes, VarianceOptions options) {
  detail::require_defined("var", "x", x);
  const Spread spread("var", x, axes, options);
  return spread.squares / (spread.count - options.correction);
}

Tensor stddev(const Tensor& x, const Axes& axes, VarianceOptions options) {
  detail::require_defined("stddev", "x", x);
  const Spread spread("stddev", x, axes, options);
  return zero_at_zero(spread.squares / (spread.count - options.correction), sqrt);
}

Tensor norm(const Tensor& given, const Axes& axes, NormOptions options) {
  detail::require_defined("norm", "x", given);
  const double p =
      detail::require(options.order > 0, "norm", "order", "be positive", options.order);
  check_axes("norm", given, axes);
  const Tensor x = as_floating(given);
  const ReduceOptions reduced{.keep_dims = options.keep_dims};
  if (p == 1) return sum(abs(x), axes, reduced);
  if (p == 2) return zero_at_zero(sum(square(x), axes, reduced), sqrt);
  if (std::isinf(p)) return amax(abs(x), axes, reduced);
  if (x.size() == 0) return sum(x, axes, reduced);
  // In units of the greatest, which no power overflows; the result does not depend on the unit.
  const Tensor greatest = amax(abs(x.detach()), axes, {.keep_dims = true});
  const Tensor unit = where(logical_and(greatest > 0, isfinite(greatest)), greatest, 1);
  const Tensor total = sum(pow(abs(x / unit), p), axes, reduced);
  return reshape(unit, total.shape()) *
         zero_at_zero(total, [&](const Tensor& sums) { return pow(sums, 1 / p); });
}

Tensor any(const Tensor& x, const Axes& axes, ReduceOptions options) {
  detail::require_defined("any", "x", x);
  check_axes("any", x, axes);
  return count_nonzero(x, axes, options) > 0;
}

Tensor all(const Tensor& x, const Axes& axes, ReduceOptions options) {
  detail::require_defined("all", "x", x);
  check_axes("all", x, axes);
  return sum(x == 0, axes, options) == 0;
}

Tensor count_nonzero(const Tensor& x, const Axes& axes, ReduceOptions options) {
  detail::require_defined("count_nonzero", "x", x);
  check_axes("count_nonzero", x, axes);
  return sum(x != 0, axes, options);
}

}  // namespace xtape
