#pragma once
#include <cstdint>
#include <optional>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// On which side of elements equal to it a value belongs.
enum class Side { left, right };

/// How many elements along the last axis of `sorted` lie below each value (`Side::right`: or are
/// equal to it), which is where it belongs among them. int64, without gradient; NaN counts as
/// greatest.
///   sorted [n]        values [m...]      ->   y [m...]
///   sorted [b..., n]  values [b..., m]   ->   y [b..., m], row by row
/// That `sorted` is in ascending order is not checked. Throws ShapeError unless the leading axes of
/// both are equal.
[[nodiscard]] Tensor searchsorted(const Tensor& sorted, const Tensor& values,
                                  Side side = Side::left);

/// The interval between ascending or descending edges that each element lies in: i where edges[i -
/// 1] <= x < edges[i], or > and >= if they descend; 0 and their number outside. Each interval holds
/// its first edge, or else its last one if `right`. int64, without gradient; NaN lies above all.
/// Throws ShapeError unless the edges are a vector, ValueError if they have no order.
[[nodiscard]] Tensor digitize(const Tensor& x, const Tensor& edges, bool right = false);

/// Whether each element of x is among the values; NaN never is. boolean.
[[nodiscard]] Tensor isin(const Tensor& x, const Tensor& values);

/// What `interp` gives beyond the ends; undefined: the value at the end.
struct InterpOptions {
  std::optional<double> left = {}, right = {};
};

/// The value at x of the function that has the values fp at the ascending places xp and runs
/// straight between them; at equal ones it jumps. In the promoted floating dtype, of integers in
/// float64.
///   x [m...]   xp, fp [n]   ->   y = f0 + s (x - x0),  s = (f1 - f0) / (x1 - x0), x0 <= x < x1
///   dx = g s, at a place in xp that of the right side, 0 beyond the ends;  dfp, dxp: by that formula
/// Throws ShapeError unless xp and fp are vectors of one length, ValueError if they are empty or xp
/// is not ascending.
[[nodiscard]] Tensor interp(const Tensor& x, const Tensor& xp, const Tensor& fp,
                            InterpOptions options = {});

/// What `unique` finds.
struct Unique {
  Tensor values;   ///< [n]
  Tensor inverse;  ///< of the shape of x: x = take(values, inverse)
  Tensor counts;   ///< [n]
};

/// The different elements of x in ascending order, where each one of x is among them, and how
/// often: `auto [values, inverse, counts] = unique(x)`. All NaN are one, the last. The places are
/// int64, without gradient. Within vmap x must be the same in each example, else the shapes would
/// differ.
///   dx = d(values), at the first of those that are equal
[[nodiscard]] Unique unique(const Tensor& x);

/// How often each number from 0 to the greatest is among those of a vector, or the sum of their
/// weights, in these' dtype; at least `least_count` numbers.   d(weights) = take(g, x)
/// Within vmap x must be the same in each example.
/// Throws DtypeError unless x is int64, ShapeError unless it is a vector with as many weights,
/// ValueError for a negative number, naming it, and for a negative count.
[[nodiscard]] Tensor bincount(const Tensor& x, std::int64_t least_count = 0);
[[nodiscard]] Tensor bincount(const Tensor& x, const Tensor& weights, std::int64_t least_count = 0);

/// What `histogram` finds: counts [n] and edges [n + 1].
struct Histogram {
  Tensor counts, edges;
};

struct HistogramOptions {
  std::optional<std::pair<double, double>> range = {};  ///< first and last edge; else those of x
  Tensor weights = {};  ///< of the shape of x: their sums instead of counts, differentiable in them
  bool density = false;  ///< divided by their sum and the widths
};

/// How many elements of x lie in each of so many equal intervals, or between ascending edges: `auto
/// [counts, edges] = histogram(x, 20)`. Each interval holds its first edge, the last one both; what
/// lies outside, or is NaN, is left out. int64, of weights in their dtype, densities in a floating
/// one.
///   d(weights) = g at the interval of each, 0 outside
/// Within vmap x may differ only if the edges or the range are given.
/// Throws ValueError for less than one interval, edges that are not ascending and a range that is
/// not finite, ShapeError unless edges are a vector of two and more and there is a weight for each
/// element.
[[nodiscard]] Histogram histogram(const Tensor& x, std::int64_t bins = 10,
                                  const HistogramOptions& options = {});
[[nodiscard]] Histogram histogram(const Tensor& x, const Tensor& edges,
                                  const HistogramOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
