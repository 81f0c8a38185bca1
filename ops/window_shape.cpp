#include <algorithm>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/window_shape.hpp>

namespace xtape {
namespace {

using detail::Spatial;

constexpr std::int64_t most = (std::int64_t{1} << 31) - 1;  // products of two fit in int64

std::size_t first_axis(int axes) { return static_cast<std::size_t>(kernels::most_spatial - axes); }

[[noreturn]] void refuse_window(const char* op, const kernels::Windows& of, const Shape& images,
                                const Spatial& after, int axes) {
  Spatial padded = of.in, reach = of.kernel;
  for (std::size_t axis = 0; axis < padded.size(); ++axis) {
    padded[axis] += of.before[axis] + after[axis];
    reach[axis] = of.dilation[axis] * (of.kernel[axis] - 1) + 1;
  }
  throw ShapeError(std::string(op) +
                   ": a window must lie within the padded image; got a window of " +
                   detail::spatial_text(reach, axes) + " for " +
                   detail::spatial_text(padded, axes) + " of an image of " + to_string(images));
}

}  // namespace

PerAxis::PerAxis(std::span<const std::int64_t> numbers) : count_(numbers.size()) {
  if (count_ < 1 || count_ > numbers_.size()) {
    throw ValueError("axes: a number for each of 1 to 3 axes is needed; got " +
                     std::to_string(count_) + " numbers");
  }
  std::copy(numbers.begin(), numbers.end(), numbers_.begin());
}

std::array<std::int64_t, 3> PerAxis::of(const char* op, const char* what, int axes,
                                        std::int64_t least) const {
  if (count_ != 1 && count_ != static_cast<std::size_t>(axes)) {
    throw ValueError(std::string(op) + ": " + what + " must be one number or one for each of " +
                     std::to_string(axes) + " axes; got " + std::to_string(count_));
  }
  std::array<std::int64_t, 3> all{least, least, least};
  for (std::size_t axis = first_axis(axes), i = 0; axis < all.size(); ++axis, ++i)
    all[axis] = detail::require_in(op, what, numbers_[count_ == 1 ? 0 : i], least, most);
  return all;
}

std::string PerAxis::text() const {
  if (count_ == 1) return std::to_string(numbers_[0]);
  std::string text;
  for (std::size_t i = 0; i < count_; ++i)
    text += (i > 0 ? ", " : "") + std::to_string(numbers_[i]);
  return "[" + text + "]";
}

namespace detail {

Spatial spatial(std::span<const std::int64_t> extents) {
  Spatial all{1, 1, 1};
  std::copy(extents.begin(), extents.end(), all.end() - std::ssize(extents));
  return all;
}

Spatial spatial_of(const Tensor& x, int axes) {
  return spatial(std::span(x.shape().end() - axes, x.shape().end()));
}

Shape with_spatial(std::initializer_list<std::int64_t> leading, const Spatial& extents, int axes) {
  Shape shape(leading);
  for (std::size_t axis = first_axis(axes); axis < extents.size(); ++axis)
    shape.push_back(extents[axis]);
  return shape;
}

std::string spatial_text(const Spatial& numbers, int axes) {
  std::string text;
  for (std::size_t axis = first_axis(axes); axis < numbers.size(); ++axis)
    text += (text.empty() ? "" : ", ") + std::to_string(numbers[axis]);
  return "[" + text + "]";
}

Tensor with_images(const char* op, const Tensor& x, int axes, bool& single) {
  single = x.rank() == axes + 1;
  if (single) return expand_dims(x, 0);
  if (x.rank() == axes + 2) return x;
  throw ShapeError(std::string(op) + ": an image [channels, extents...] of " +
                   std::to_string(axes) +
                   " axes, or [images, channels, extents...], is needed; got " + x.describe());
}

Tensor joined(const Tensor& x, int axis) { return flatten(x, axis, axis + 1); }

Tensor parted(const Tensor& x, int axis, std::int64_t examples, std::int64_t images) {
  Shape shape = x.shape();
  shape[axis] = images;
  shape.insert(axis, examples);
  return reshape(x, shape);
}

kernels::Windows windows_over(const char* op, const Shape& images, const Spatial& kernel, int axes,
                              const WindowOptions& options) {
  kernels::Windows of;
  of.in = spatial(std::span(images.end() - axes, images.end()));
  of.kernel = kernel;
  of.stride = options.stride.of(op, "stride", axes, 1);
  of.dilation = options.dilation.of(op, "dilation", axes, 1);
  of.before = options.padding.width().of(op, "padding", axes, 0);
  static_cast<void>(
      with_spatial({}, kernel, axes).size());  // throws if int64 does not count the taps
  Spatial after = of.before;
  for (std::size_t axis = first_axis(axes); axis < of.in.size(); ++axis) {
    const std::int64_t taps = require_in<std::int64_t>(op, "the window", kernel[axis], 1, most);
    const std::int64_t reach = of.dilation[axis] * (taps - 1);
    if (options.padding.is_same()) {
      require(of.stride[axis] == 1, op, "stride", "be 1 where padding is `same`", of.stride[axis]);
      of.before[axis] = reach / 2;
      after[axis] = reach - of.before[axis];
    }
    const std::int64_t room = of.in[axis] + of.before[axis] + after[axis] - reach - 1;
    if (room < 0) refuse_window(op, of, images, after, axes);
    of.out[axis] = room / of.stride[axis] + 1;
  }
  return of;
}

kernels::Windows windows_behind(const char* op, const Shape& images, const Spatial& kernel,
                                int axes, const TransposedConvolutionOptions& options) {
  kernels::Windows of;
  of.out = spatial(std::span(images.end() - axes, images.end()));
  of.kernel = kernel;
  of.stride = options.stride.of(op, "stride", axes, 1);
  of.dilation = options.dilation.of(op, "dilation", axes, 1);
  of.before = options.padding.of(op, "padding", axes, 0);
  const Spatial behind = options.output_padding.of(op, "output_padding", axes, 0);
  for (std::size_t axis = first_axis(axes); axis < of.in.size(); ++axis) {
    const std::int64_t taps = require_in<std::int64_t>(op, "the window", kernel[axis], 1, most);
    const std::int64_t places = require_in<std::int64_t>(op, "an extent", of.out[axis], 1, most);
    require(behind[axis] < std::max(of.stride[axis], of.dilation[axis]), op, "output_padding",
            "lie below stride or dilation", behind[axis]);
    const std::int64_t extent = (places - 1) * of.stride[axis] + of.dilation[axis] * (taps - 1) +
                                behind[axis] + 1 - 2 * of.before[axis];
    if (extent < 1) {
      throw ShapeError(std::string(op) + ": padding must leave something of the result; got " +
                       std::to_string(of.before[axis]) + " on both sides for an image of " +
                       to_string(images));
    }
    of.in[axis] = extent;
  }
  return of;
}

}  // namespace detail
}  // namespace xtape
