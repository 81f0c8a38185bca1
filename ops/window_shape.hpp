#pragma once
#include <initializer_list>
#include <span>
#include <string>

#include <xtape/ops/convolution.hpp>
#include <xtape/ops/kernels/windows.hpp>

/// How windows lie over images [n, c, in...] of 1 to 3 axes, `axes`; fewer are the last ones of a
/// Spatial.
namespace xtape::detail {

using kernels::Spatial;

/// Extents, those before the last ones 1.
Spatial spatial(std::span<const std::int64_t> extents);
/// The last axes of a tensor.
Spatial spatial_of(const Tensor& x, int axes);
/// Leading extents, then those of the axes.
Shape with_spatial(std::initializer_list<std::int64_t> leading, const Spatial& extents, int axes);
/// "[2, 1]"
std::string spatial_text(const Spatial& numbers, int axes);

/// x as [n, c, in...]; with `single` set, if it was one image. Throws ShapeError for another rank.
Tensor with_images(const char* op, const Tensor& x, int axes, bool& single);

/// Examples as images: two axes as one, [examples, images, ...] to [examples images, ...], and
/// back.
Tensor joined(const Tensor& x, int axis);
Tensor parted(const Tensor& x, int axis, std::int64_t examples, std::int64_t images);

/// The windows over an image that an operation asks for. Throws ValueError for options out of
/// range, ShapeError for a window that is larger than the padded image.
kernels::Windows windows_over(const char* op, const Shape& images, const Spatial& kernel, int axes,
                              const WindowOptions& options);
/// Those whose places are the elements of the images: the image they lie over is the result.
kernels::Windows windows_behind(const char* op, const Shape& images, const Spatial& kernel,
                                int axes, const TransposedConvolutionOptions& options);

}  // namespace xtape::detail
