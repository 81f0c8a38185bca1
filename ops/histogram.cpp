#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/search.hpp>

namespace xtape {
namespace {

/// A count of each place below `count`, or a sum of weights.
Tensor counted(const Tensor& places, const Tensor& weights, std::int64_t count) {
  const Tensor each = weights.defined() ? weights : ones(places.shape(), Dtype::int64);
  return scatter_add_along_axis(each, places, {count}, 0);
}

Tensor counted_numbers(const Tensor& x, const Tensor& weights, std::int64_t least_count) {
  detail::require_defined("bincount", "x", x);
  detail::require_at_least<std::int64_t>("bincount", "least_count", least_count, 0);
  if (x.dtype() != Dtype::int64) throw DtypeError("bincount: x must be int64; got " + x.describe());
  if (x.rank() != 1) throw ShapeError("bincount: x must be a vector; got " + x.describe());
  if (weights.defined() && weights.shape() != x.shape()) {
    throw ShapeError("bincount: a weight for each element is needed; got " + weights.describe() +
                     " for " + x.describe());
  }
  if (detail::level_of(x) > 0) {
    throw ValueError(
        "bincount: within vmap x must be the same in each example, else the results would have "
        "different shapes");
  }
  const Tensor dense = x.contiguous();
  std::int64_t count = least_count;
  std::int64_t position = 0;
  for (const std::int64_t number : dense.data<std::int64_t>()) {
    if (number < 0) {
      throw ValueError("bincount: the numbers must not be negative; got " + std::to_string(number) +
                       " at position " + std::to_string(position));
    }
    if (number == INT64_MAX)
      throw ValueError("bincount: too great a number to count to; got " + std::to_string(number));
    count = std::max(count, number + 1);
    ++position;
  }
  return counted(dense, weights, count);
}

/// Edges of so many equal intervals.
Tensor equal_intervals(const Tensor& x, std::int64_t bins, const HistogramOptions& options) {
  detail::require_at_least<std::int64_t>("histogram", "bins", bins, 1);
  const Dtype dtype = x.dtype() == Dtype::float32 ? Dtype::float32 : Dtype::float64;
  std::pair<double, double> ends{0, 1};
  if (options.range) {
    ends = *options.range;
  } else if (detail::level_of(x) > 0) {
    throw ValueError(
        "histogram: within vmap the edges or the range must be given where x differs from example "
        "to example");
  } else if (x.size() > 0) {
    const Tensor numbers = x.detach().to(Dtype::float64);
    ends = {amin(numbers).item(), amax(numbers).item()};
  }
  const auto& [first, last] = ends;
  if (!(first <= last) || !std::isfinite(last - first)) {
    throw ValueError("histogram: the range must be finite and ascending; got [" +
                     detail::text(first) + ", " + detail::text(last) + "]");
  }
  return first < last ? linspace(first, last, bins + 1, dtype)
                      : linspace(first - 0.5, last + 0.5, bins + 1, dtype);
}

/// The interval of each element among equal ones between edges of its dtype, and one more for what
/// lies outside: by a quotient, and where rounding has moved that, by the edges beside it.
struct EqualIntervals {
  static constexpr OpInfo info{"histogram"};

  OpResult infer(const Tensor& x, const Tensor&) const { return {x.shape(), Dtype::int64}; }
  void run(const Tensor& y, const Tensor& x, const Tensor& edges) const {
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    visit(edges.dtype(), [&]<class T>(TypeTag<T>) {
      const T* const edge = edges.body().elements<const T>();
      const std::int64_t bins = edges.size() - 1;
      const double first = static_cast<double>(edge[0]);
      const double scale = static_cast<double>(bins) / (static_cast<double>(edge[bins]) - first);
      const T* from = dense.body().elements<const T>();
      auto* to = y.body().elements<std::int64_t>();
      for (const T* const end = from + x.size(); from != end; ++from, ++to) {
        if (!(*from >= edge[0] && *from <= edge[bins])) {
          *to = bins;
          continue;
        }
        const double quotient = (static_cast<double>(*from) - first) * scale;
        std::int64_t place =
            quotient < static_cast<double>(bins) ? static_cast<std::int64_t>(quotient) : bins - 1;
        while (*from < edge[place]) --place;
        while (place < bins - 1 && *from >= edge[place + 1]) ++place;
        *to = place;
      }
    });
  }
  Tensor batch(const Examples& x) const { return apply(EqualIntervals(), x[0], x[1]); }
};

/// The same between any edges.
Tensor intervals(const Tensor& x, const Tensor& edges) {
  const std::int64_t bins = edges.size() - 1;
  const Tensor behind = searchsorted(edges, x, Side::right);
  // At the last edge nothing lies outside.
  return where(x == edges[bins], bins - 1, where(behind == 0, bins, behind - 1));
}

Histogram between(const Tensor& x, const Tensor& edges, bool equal,
                  const HistogramOptions& options) {
  const std::int64_t bins = edges.size() - 1;
  const Tensor& weights = options.weights;
  if (weights.defined() && weights.shape() != x.shape()) {
    throw ShapeError("histogram: a weight for each element is needed; got " + weights.describe() +
                     " for " + x.describe());
  }
  const Tensor all = ravel(x.detach());
  const Tensor place =
      equal ? apply(EqualIntervals(), all.to(edges.dtype()), edges) : intervals(all, edges);
  const Tensor counts = slice(
      counted(place, weights.defined() ? ravel(weights) : Tensor(), bins + 1), {range(0, bins)});
  if (!options.density) return {counts, edges};
  const Tensor numbers = is_floating(counts.dtype()) ? counts : counts.to(Dtype::float64);
  const Tensor widths = slice(edges, {range(1, {})}) - slice(edges, {range(0, bins)});
  return {numbers / widths.to(numbers.dtype()) / sum(numbers), edges};
}

}  // namespace

Tensor bincount(const Tensor& x, std::int64_t least_count) {
  return counted_numbers(x, Tensor(), least_count);
}

Tensor bincount(const Tensor& x, const Tensor& weights, std::int64_t least_count) {
  detail::require_defined("bincount", "weights", weights);
  return counted_numbers(x, weights, least_count);
}

Histogram histogram(const Tensor& x, std::int64_t bins, const HistogramOptions& options) {
  detail::require_defined("histogram", "x", x);
  return between(x, equal_intervals(x, bins, options), true, options);
}

Histogram histogram(const Tensor& x, const Tensor& edges, const HistogramOptions& options) {
  detail::require_defined("histogram", "x", x);
  detail::require_defined("histogram", "edges", edges);
  if (edges.rank() != 1 || edges.size() < 2) {
    throw ShapeError("histogram: the edges must be a vector of two and more; got " +
                     edges.describe());
  }
  if (detail::level_of(edges) > 0)
    throw ValueError("histogram: within vmap the edges must be the same in each example");
  const Tensor dense = edges.detach().contiguous(), sorted = slice(dense, {range(1, {})});
  if (!(sum((sorted >= slice(dense, {range(0, -1)})).to(Dtype::int64)).item() ==
        static_cast<double>(sorted.size())))
    throw ValueError("histogram: the edges must be ascending; got " + to_string(edges.detach()));
  return between(x, dense, false, options);
}

}  // namespace xtape
