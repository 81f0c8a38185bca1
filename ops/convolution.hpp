#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Convolutions of images with 1 to 3 axes, channels first: [images, channels, extents...]. As the
/// field says it: the window is not turned round. Floating dtypes; any order of derivative.
namespace xtape {

/// A number for each axis of an image: one for all, or a list, `{2, 1}`.
class PerAxis {
 public:
  /// None: as whatever has such an option says.
  PerAxis() = default;
  PerAxis(std::integral auto number) : PerAxis({static_cast<std::int64_t>(number)}) {}
  PerAxis(std::initializer_list<std::int64_t> numbers)
      : PerAxis(std::span(numbers.begin(), numbers.size())) {}
  template <IntegerList List>
  PerAxis(const List& numbers)
      : PerAxis(std::span<const std::int64_t>(detail::as_int64("axes", numbers))) {}
  /// Throws ValueError for none, or more than 3.
  PerAxis(std::span<const std::int64_t> numbers);

  bool given() const { return count_ > 0; }
  /// Those of `axes` axes. Throws ValueError, in the names of `op` and `what`, for another number
  /// of them, or one below `least`.
  std::array<std::int64_t, 3> of(const char* op, const char* what, int axes,
                                 std::int64_t least) const;
  bool operator==(const PerAxis&) const = default;
  /// "2", "[2, 3]".
  std::string text() const;

 private:
  std::size_t count_ = 0;
  std::array<std::int64_t, 3> numbers_{};
};

/// Zeros around an image, as many before as behind; or `same`: so many that a stride of 1 keeps the
/// extents, the one that is left over behind.
class ConvolutionPadding {
 public:
  struct Same {};
  static constexpr Same same{};

  ConvolutionPadding(Same) : same_(true) {}
  ConvolutionPadding(std::integral auto width) : width_(width) {}
  ConvolutionPadding(std::initializer_list<std::int64_t> widths) : width_(widths) {}
  ConvolutionPadding(PerAxis widths) : width_(widths) {}

  bool is_same() const { return same_; }
  const PerAxis& width() const { return width_; }
  bool operator==(const ConvolutionPadding&) const = default;
  std::string text() const { return same_ ? "same" : width_.text(); }

 private:
  PerAxis width_ = 0;
  bool same_ = false;
};

struct ConvolutionOptions {
  PerAxis stride = 1;              ///< from window to window
  ConvolutionPadding padding = 0;  ///< zeros around the image
  PerAxis dilation = 1;            ///< from tap to tap
  std::int64_t groups = 1;         ///< channels fall into so many, each with outputs of its own
};

/// The sum over channels and taps of an image and the weights, at each place of the window.
///   x [n, c, in...]   weight [o, c / groups, kernel...]   bias [o]   ->   y [n, o, out...]
///   out = (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down
///   dx = transposed_convolution(g, weight),  d(weight) = x at the taps times g, summed over images and
///   places,  d(bias) = g, summed
/// x may be one image, [c, in...]. Throws ShapeError for ranks and channels that do not fit and for
/// a window larger than the padded image, ValueError for a stride or dilation below 1, negative
/// padding, groups that do not divide the channels, and `same` with another stride than 1,
/// DtypeError unless all have one floating dtype.
[[nodiscard]] Tensor convolution(const Tensor& x, const Tensor& weight,
                                 const ConvolutionOptions& options = {});
[[nodiscard]] Tensor convolution(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                 const ConvolutionOptions& options = {});

struct TransposedConvolutionOptions {
  PerAxis stride = 1;
  PerAxis padding = 0;
  PerAxis output_padding = 0;  ///< added behind the result, which a stride leaves open
  PerAxis dilation = 1;
  std::int64_t groups = 1;
};

/// The gradient of a convolution by its image, as a function: each element of x adds the weights,
/// times itself, to a window of y.
///   x [n, c, in...]   weight [c, o / groups, kernel...]   bias [o]   ->   y [n, o, out...]
///   out = (in - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1
///   dx = convolution(g, weight),  d(weight) = g at the taps times x, summed,  d(bias) = g, summed
/// Throws as convolution; ValueError unless output_padding lies below stride or dilation.
[[nodiscard]] Tensor transposed_convolution(const Tensor& x, const Tensor& weight,
                                            const TransposedConvolutionOptions& options = {});
[[nodiscard]] Tensor transposed_convolution(const Tensor& x, const Tensor& weight,
                                            const Tensor& bias,
                                            const TransposedConvolutionOptions& options = {});

struct WindowOptions {
  PerAxis stride = 1;
  ConvolutionPadding padding = 0;
  PerAxis dilation = 1;
};

/// What each tap of a window meets at each place: x [n, c, in...] -> y [n, c taps, places].
///   dx = fold(g)
/// Throws as convolution.
[[nodiscard]] Tensor unfold(const Tensor& x, const PerAxis& kernel,
                            const WindowOptions& options = {});
/// The transpose of unfold: what lies on one another is added. x [n, c taps, places] -> y [n, c,
/// size...]
///   dx = unfold(g)
/// Throws as convolution, ShapeError unless x has the shape that unfold gives of an image of that
/// size.
[[nodiscard]] Tensor fold(const Tensor& x, std::span<const std::int64_t> size,
                          const PerAxis& kernel, const WindowOptions& options = {});
[[nodiscard]] inline Tensor fold(const Tensor& x, std::initializer_list<std::int64_t> size,
                                 const PerAxis& kernel, const WindowOptions& options = {}) {
  return fold(x, std::span(size.begin(), size.size()), kernel, options);
}

}  // namespace xtape

XTAPE_EXPORT_END
