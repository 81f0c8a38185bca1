#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include <xtape/core/dtype.hpp>

/// Interpolation along one axis of dense numbers [outer, in, inner], to [outer, out, inner].
namespace xtape::kernels {

/// What an element of the result is made of: (1 - weight) x[first] + weight x[first + 1]; of weight 0 just
/// x[first].
struct Tap {
  std::int64_t first;
  double weight;
};

struct Interpolation {
  std::int64_t in, out;
  bool linear, align_corners;

  std::vector<Tap> taps() const;
};

void interpolate(Dtype dtype, const Interpolation& of, std::int64_t outer, std::int64_t inner,
                 const std::byte* x, std::byte* y);
/// The transpose, which adds each y to the elements that it is made of.
void spread(Dtype dtype, const Interpolation& of, std::int64_t outer, std::int64_t inner,
            const std::byte* y, std::byte* x);

}  // namespace xtape::kernels
