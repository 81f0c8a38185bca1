#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// Discrete Fourier transforms, unscaled, of rows one behind the other. A complex number is two
/// elements. Lengths are at least 1.
template <class T>
struct FourierTransforms {
  /// y_k = sum of x_j exp(-2πi jk / n), or exp(+...) if `inverse`, along the middle axis of
  /// [outer, n, inner].
  void (*complex)(const T* x, T* y, std::int64_t outer, std::int64_t n, std::int64_t inner,
                  bool inverse);
  /// The first n / 2 + 1 of those of real x; times `weight` those that a real row has twice.
  void (*real_to_half)(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight);
  /// The transpose of that: y_j = sum of Re(x_k exp(2πi jk / n)), with `weight` the same.
  void (*half_to_real)(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight);
  /// The products of n complex numbers each, or those of a with the conjugates of b.
  void (*product)(const T* a, const T* b, T* y, std::int64_t n, bool conjugate);
};

struct FourierKernels {
  FourierTransforms<float> float32;
  FourierTransforms<double> float64;
};

}  // namespace xtape::kernels
