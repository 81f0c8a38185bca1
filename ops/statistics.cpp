#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/reduce.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape {
namespace {

Tensor as_floating(const Tensor& x) { return is_floating(x.dtype()) ? x : x.to(Dtype::float64); }

void check_axes(const char* op, const Tensor& x, const Axes& axes) {
  static_cast<void>(axes.flags(op, x.rank()));
}

/// Over the last `axes` axes.
struct SumOfSquares {
  static constexpr OpInfo info{"norm"};
  int axes;
  SavedInput input{};
  void attributes(auto& visit) const { visit("axes", axes); }

  OpResult infer(const Tensor& x) const {
    return {Shape(std::span(x.shape().begin(), x.shape().end() - axes)), x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    kernels::reduce_kernels().sum_of_squares(x.contiguous(), y);
  }
  void keep(const Tensor&, const Tensor& x) { input = SavedInput(x); }
  void vjp(const Tensor& g, const Send& send) const {
    Shape shape = g.shape();
    for (int axis = 0; axis < axes; ++axis) shape.push_back(1);
    send(0, times(reshape(2 * g, shape), input.get()));
  }
  Tensor jvp(const Tangents& t) const {
    std::vector<std::int64_t> last;
    for (std::int64_t axis = 1; axis <= axes; ++axis) last.push_back(-axis);
    return sum(times(2 * t[0], input.get()), last);
  }
  Tensor batch(const Examples& x) const { return apply(SumOfSquares{axes}, x[0]); }
};

/// sum(square(x)), in one pass where the axes are the last ones and their elements lie together.
Tensor sum_of_squares(const Tensor& x, const Axes& axes, ReduceOptions options) {
  const auto flags = axes.flags("norm", x.rank());
  int first = x.rank();
  while (first > 0 && flags[static_cast<std::size_t>(first - 1)]) --first;
  const bool last = std::none_of(flags.begin(), flags.begin() + first, [](bool on) { return on; });
  if (!last || first == x.rank() || x.size() == 0 || !x.is_contiguous())
    return sum(square(x), axes, options);
  Tensor y = apply(SumOfSquares{x.rank() - first}, x);
  if (!options.keep_dims) return y;
  Shape shape = x.shape();
  for (int axis = first; axis < x.rank(); ++axis) shape[axis] = 1;
  return reshape(y, shape);
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
    // From one of the elements: equal ones then differ by exactly 0, and large ones keep their
    // digits. The result does not depend on which, to any order.
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
  if (p == 2) return zero_at_zero(sum_of_squares(x, axes, reduced), sqrt);
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
