#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/replaced.hpp>
#include <xtape/ops/sort.hpp>

namespace xtape {
namespace {

Tensor as_floating(const Tensor& x) { return is_floating(x.dtype()) ? x : x.to(Dtype::float64); }

void check(const char* op, const Tensor& x, const Axes& axes) {
  detail::require_defined(op, "x", x);
  static_cast<void>(axes.flags(op, x.rank()));
}

/// The elements over axes in order, and the shape of what is made of them.
struct Ordered {
  Ordered(const Tensor& given, const Axes& axes, ReduceOptions options) {
    const auto flags = axes.flags("", given.rank());
    std::vector<std::int64_t> order, extents;
    for (const bool reduced : {false, true}) {
      for (int axis = 0; axis < given.rank(); ++axis) {
        if (flags[static_cast<std::size_t>(axis)] != reduced) continue;
        order.push_back(axis);
        if (reduced) count *= given.shape()[axis];
        if (!reduced) extents.push_back(given.shape()[axis]);
      }
    }
    for (int axis = 0; axis < given.rank(); ++axis) {
      const bool reduced = flags[static_cast<std::size_t>(axis)];
      if (!reduced || options.keep_dims) shape.push_back(reduced ? 1 : given.shape()[axis]);
    }
    extents.push_back(count);
    elements = sort(reshape(transpose(as_floating(given), order), extents));
  }
  /// The i-th element in order.
  Tensor at(std::int64_t i) const {
    std::vector<Slice> slices(static_cast<std::size_t>(elements.rank()), Slice::all);
    slices.back() = i;
    return reshape(slice(elements, slices), shape);
  }
  /// y; or NaN, as are its derivatives there, where there is one among the elements: it is the
  /// last.
  Tensor unless_nan(const Tensor& y) const {
    const Tensor last = at(count - 1);
    return where(isnan(last), abs(last), y);
  }
  /// What the part q of the elements lies below.
  Tensor between(double q) const {
    const double place = q * static_cast<double>(count - 1);
    const auto below = static_cast<std::int64_t>(std::floor(place));
    const double part = place - std::floor(place);
    const Tensor lower = at(below);
    if (part == 0) return unless_nan(lower);
    // Each end by itself where it is nearer, as NumPy has it.
    const Tensor upper = at(below + 1), gap = upper - lower;
    const Tensor y = part < 0.5 ? lower + part * gap : upper - (1 - part) * gap;
    return unless_nan(where(isnan(gap) & (lower == upper), lower, y));
  }
  Tensor elements;
  Shape shape;
  std::int64_t count = 1;
};

}  // namespace

Tensor median(const Tensor& x, const Axes& axes, ReduceOptions options) {
  check("median", x, axes);
  const Ordered sorted(x, axes, options);
  if (sorted.count == 0)
    return full(sorted.shape, std::numeric_limits<double>::quiet_NaN(), sorted.elements.dtype());
  const std::int64_t middle = sorted.count / 2;
  if (sorted.count % 2 == 1) return sorted.unless_nan(sorted.at(middle));
  return sorted.unless_nan(0.5 * sorted.at(middle - 1) + 0.5 * sorted.at(middle));
}

Tensor quantile(const Tensor& x, double q, const Axes& axes, ReduceOptions options) {
  return quantile(x, {q}, axes, options)[0];
}
Tensor quantile(const Tensor& x, std::initializer_list<double> q, const Axes& axes,
                ReduceOptions options) {
  return quantile(x, std::vector<double>(q), axes, options);
}

Tensor quantile(const Tensor& x, const std::vector<double>& q, const Axes& axes,
                ReduceOptions options) {
  check("quantile", x, axes);
  for (const double part : q) detail::require_in<double>("quantile", "q", part, 0, 1);
  const Ordered sorted(x, axes, options);
  Shape shape = sorted.shape;
  shape.insert(0, std::ssize(q));
  if (sorted.count == 0 && sorted.shape.size() > 0)
    throw ValueError("quantile: no elements to compare; got " + x.describe());
  if (shape.size() == 0) return zeros(shape, sorted.elements.dtype());
  std::vector<Tensor> results;
  results.reserve(q.size());
  for (const double part : q) results.push_back(sorted.between(part));
  return stack(results);
}

Tensor ptp(const Tensor& x, const Axes& axes, ReduceOptions options) {
  check("ptp", x, axes);
  if (x.dtype() == Dtype::boolean) throw DtypeError("ptp: numbers are needed; got " + x.describe());
  const auto flags = axes.flags("ptp", x.rank());
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (flags[static_cast<std::size_t>(axis)] && x.shape()[axis] == 0)
      throw ValueError("ptp: no elements to compare; got " + x.describe());
  }
  return amax(x, axes, options) - amin(x, axes, options);
}

Tensor nansum(const Tensor& x, const Axes& axes, ReduceOptions options) {
  check("nansum", x, axes);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const detail::Replacement zero{0, infinity, -infinity, false};
  return sum(is_floating(x.dtype()) ? detail::replaced("nansum", x, zero) : x, axes, options);
}

Tensor nanmean(const Tensor& x, const Axes& axes, ReduceOptions options) {
  check("nanmean", x, axes);
  const Tensor numbers = as_floating(x);
  const Tensor count = sum(numbers == numbers, axes, options);
  return nansum(numbers, axes, options) / count.to(numbers.dtype());
}

}  // namespace xtape
