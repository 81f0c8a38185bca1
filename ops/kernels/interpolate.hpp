#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <xtape/core/dtype.hpp>
#include <xtape/core/memory.hpp>

/// Interpolation along one axis of dense numbers [outer, in, inner], to [outer, out, inner].
namespace xtape::kernels {

/// What an element of the result is made of: (1 - weight) x[first] + weight x[first + 1]; of weight
/// 0 just x[first].
struct Tap {
  std::int64_t first;
  double weight;
};

using Taps = std::vector<Tap, memory::Allocator<Tap>>;

struct Interpolation {
  std::int64_t in, out;
  bool linear, align_corners;

  Taps taps() const;
};

// Here, since exports, which lie in a library of their own, write them down.
inline Taps Interpolation::taps() const {
  Taps result(static_cast<std::size_t>(out));
  for (std::int64_t j = 0; j < out; ++j) {
    Tap& tap = result[static_cast<std::size_t>(j)];
    if (!linear) {
      tap = {j * in / out, 0};
      continue;
    }
    const auto place = static_cast<double>(j), size = static_cast<double>(in),
               steps = static_cast<double>(out);
    double at = 0;
    if (!align_corners) {
      at = std::max(0.0, (place + 0.5) * size / steps - 0.5);
    } else if (out > 1) {
      at = place * (size - 1) / (steps - 1);
    }
    const double first = std::min(std::floor(at), size - 1);
    tap = {static_cast<std::int64_t>(first), first + 1 < size ? at - first : 0};
  }
  return result;
}

void interpolate(Dtype dtype, const Interpolation& of, std::int64_t outer, std::int64_t inner,
                 const std::byte* x, std::byte* y);
/// The transpose, which adds each y to the elements that it is made of.
void spread(Dtype dtype, const Interpolation& of, std::int64_t outer, std::int64_t inner,
            const std::byte* y, std::byte* x);

}  // namespace xtape::kernels
