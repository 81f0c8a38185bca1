#pragma once
#include <cmath>
#include <cstdint>

#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::detail {

/// Vectors along an axis, over their lengths: length(near, scale) of near = x / scale. Of numbers as
/// large as they get the squares are infinite: where the greatest is above `from`, near is near 1.
template <class Length>
Tensor unit(const Tensor& x, std::int64_t axis, double from, const Length& length) {
  if (x.extent(axis) == 0) return x;
  const Tensor most = amax(abs(x.detach()), axis, {.keep_dims = true});
  const Tensor scale = where(most > from, where(most < HUGE_VAL, most, 1), 1), near = x / scale;
  return near / length(near, scale);
}

}  // namespace xtape::detail
