#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/reduce.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

// Discrete Fourier transforms. A complex tensor of shape [...] is a real one of shape [..., 2]:
// real and imaginary part along the last axis. Axes are counted without that one. float32 or
// float64; integers are taken as float64. All are linear, so that their derivatives are transforms:
// a gradient holds dL/d(real) and dL/d(imaginary part).

/// Where a transform is scaled: only backwards, by 1 / n; both ways, by 1 / sqrt(n); or only
/// forwards.
enum class FourierNorm { backward, ortho, forward };

struct FourierOptions {
  std::optional<std::int64_t> n =
      {};  ///< length of the axis: what is longer is cut, what is shorter filled with zeros
  std::int64_t axis = -1;
  FourierNorm norm = FourierNorm::backward;
};

/// y_k = sum of x_j exp(-2πi jk / n), [..., 2] in and out; and its inverse, with exp(+...) and
/// scaled by 1 / n.   dx = n ifft(g), and fft(g) / n
/// Throws ShapeError unless the last axis is 2 and there is another, IndexError for an axis that
/// there is not, ValueError for a length below 1.
[[nodiscard]] Tensor fft(const Tensor& x, const FourierOptions& options = {});
[[nodiscard]] Tensor ifft(const Tensor& x, const FourierOptions& options = {});

/// The first n / 2 + 1 numbers of the transform of a real x, [...] to [..., 2]: the others are
/// their conjugates.   dx = the real part of n ifft(g, filled with zeros)
/// Throws as `fft`.
[[nodiscard]] Tensor rfft(const Tensor& x, const FourierOptions& options = {});
/// The real [...] of which that is the transform, [..., 2] in; of n elements, 2 (count - 1) unless
/// given. Imaginary parts where those of a real one are 0 are not read.
///   dx = rfft(g) / n, twice that for what stands for two numbers
/// Throws as `fft`.
[[nodiscard]] Tensor irfft(const Tensor& x, const FourierOptions& options = {});

/// The transforms along several axes, all of them unless given; `n` and `axis` of the options are
/// not read.
[[nodiscard]] Tensor fftn(const Tensor& x, const Axes& axes = {},
                          FourierNorm norm = FourierNorm::backward);
[[nodiscard]] Tensor ifftn(const Tensor& x, const Axes& axes = {},
                           FourierNorm norm = FourierNorm::backward);

/// The frequencies of fft's numbers, in cycles a unit, for samples d apart: 0, 1, ..., -2, -1 over
/// n d; and of rfft's. float64. Throws ValueError for n below 1 and a distance that is 0 or not
/// finite.
[[nodiscard]] Tensor fftfreq(std::int64_t n, double d = 1);
[[nodiscard]] Tensor rfftfreq(std::int64_t n, double d = 1);

/// Frequency 0 in the middle of axes, all unless given, of a real tensor or one for each part; and
/// back again.   dx = g, rolled back
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor fftshift(const Tensor& x, const Axes& axes = {});
[[nodiscard]] Tensor ifftshift(const Tensor& x, const Axes& axes = {});

/// The products of complex numbers, [..., 2] each, which broadcast; the conjugates; the sizes,
/// [...].
///   da = g conj(b), db = g conj(a);  dx = conj(g);  dx = g x / |x|, 0 at 0
/// Throws ShapeError unless the last axis is 2.
[[nodiscard]] Tensor complex_multiply(const Tensor& a, const Tensor& b);
[[nodiscard]] Tensor complex_conj(const Tensor& x);
[[nodiscard]] Tensor complex_abs(const Tensor& x);

}  // namespace xtape

XTAPE_EXPORT_END
