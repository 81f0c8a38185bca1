#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/ops/convolution.hpp>

XTAPE_EXPORT_BEGIN

/// Images [n, c, extents...] of 1 to 3 axes in other sizes; floating dtypes, any order of
/// derivative.
namespace xtape {

/// Each element of the result is that of x at its place, rounded down: y[j] = x[j in / size].
///   dx = g, added up over the copies
/// Throws ShapeError for another rank and an axis without elements, ValueError for a size below 1,
/// DtypeError for integers.
[[nodiscard]] Tensor upsample_nearest(const Tensor& x, const PerAxis& size);

struct UpsampleLinearOptions {
  bool align_corners = false;  ///< the outer elements lie on one another, not their outer edges
};

/// Linear between the nearest two elements along each axis: bilinear for two axes, trilinear for
/// three. The place of y[j] in x is (j + 1/2) in / size - 1/2, at least 0; with aligned corners j
/// (in - 1) / (size - 1).
///   dx = g, added to both elements by their weights
/// Throws as upsample_nearest.
[[nodiscard]] Tensor upsample_linear(const Tensor& x, const PerAxis& size,
                                     const UpsampleLinearOptions& options = {});

/// Channels as pixels: x [..., c r², h, w]   ->   y [..., c, h r, w r], r² channels for a square of
/// r by r; and back. The channels of y come first: y[c, h r + i, w r + j] = x[c r² + i r + j, h,
/// w].
///   dx = g, put back
/// Throws ShapeError for less than 3 axes and channels, or extents, that r does not part,
/// ValueError for r below 1.
/// Source: Shi et al., Real-Time Single Image and Video Super-Resolution (2016), equation 4.
[[nodiscard]] Tensor pixel_shuffle(const Tensor& x, std::int64_t factor);
[[nodiscard]] Tensor pixel_unshuffle(const Tensor& x, std::int64_t factor);

}  // namespace xtape

XTAPE_EXPORT_END
