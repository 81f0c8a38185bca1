#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include <xtape/ops/kernels/fourier_passes.hpp>

/// Fast transforms of rows of any length: by passes, and where one would be long, by Bluestein's
/// convolution.
namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// Calls f(k, i) for each element k of each row i.
template <class F>
void for_each_of_rows(std::int64_t n, std::int64_t rows, F&& f) {
  if (rows == 1) {
    for (std::int64_t k = 0; k < n; ++k) f(k, 0);
  } else {
    for (std::int64_t k = 0; k < n; ++k)
      for (std::int64_t i = 0; i < rows; ++i) f(k, i);
  }
}

/// The radices of the passes: the long ones first, after which loops are long.
inline std::vector<std::int64_t> radices_of(std::int64_t n) {
  std::vector<std::int64_t> radices;
  for (std::int64_t radix = 5; n % radix == 0; n /= radix) radices.push_back(radix);
  for (; n % 4 == 0; n /= 4) radices.push_back(4);
  for (std::int64_t radix = 2; n > 1; ++radix) {
    for (; n % radix == 0; n /= radix) radices.push_back(radix);
    if (radix * radix > n && n > 1) radices.push_back(std::exchange(n, 1));
  }
  std::sort(radices.rbegin(), radices.rend());
  return radices;
}

/// Transforms of one length by passes, of so many rows side by side.
template <class T>
class Stockham {
 public:
  Stockham(std::int64_t n, std::int64_t lanes)
      : n_(n),
        lanes_(lanes),
        radices_(radices_of(n)),
        roots_(roots_of_unity<T>(n)),
        other_(n * lanes) {}

  std::int64_t lanes() const { return lanes_; }

  /// In `x`.
  void transform(Split<T>& x, bool inverse) {
    Pass<T> of{1, n_, 1, lanes_, std::as_const(roots_).parts(), inverse ? T{-1} : T{1}};
    for (const std::int64_t radix : radices_) {
      of.radix = radix;
      of.m /= radix;
      run(of, std::as_const(x).parts(), other_.parts());
      std::swap(x, other_);
      of.stride *= radix;
    }
  }

 private:
  static void run(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
    switch (of.radix) {
      case 2: return pass_of_2(of, x, y);
      case 3: return pass_of_3(of, x, y);
      case 4: return pass_of_4(of, x, y);
      case 5: return pass_of_5(of, x, y);
      default: return pass_of_any(of, x, y);
    }
  }

  std::int64_t n_, lanes_;
  std::vector<std::int64_t> radices_;
  Split<T> roots_, other_;
};

/// Transforms of a length with a large prime factor, as a convolution with a chirp (Bluestein, A
/// linear filtering approach to the computation of the discrete Fourier transform, 1970).
template <class T>
class Bluestein {
 public:
  Bluestein(std::int64_t n, std::int64_t lanes)
      : n_(n),
        lanes_(lanes),
        padded_(static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(2 * n - 1)))),
        by_passes_(padded_, lanes),
        chirp_(n),
        filter_(padded_),
        work_(padded_ * lanes) {
    const auto [cr, ci] = chirp_.parts();
    const auto [fr, fi] = filter_.parts();
    std::fill_n(fr, padded_, T{0});
    std::fill_n(fi, padded_, T{0});
    std::int64_t square = 0;  // k² modulo 2n
    for (std::int64_t k = 0; k < n; ++k) {
      const Complex root = root_of_unity(square, 2 * n);
      cr[k] = static_cast<T>(root.re), ci[k] = static_cast<T>(root.im);
      const std::int64_t mirrored = k == 0 ? 0 : padded_ - k;
      fr[k] = fr[mirrored] = cr[k] / static_cast<T>(padded_);
      fi[k] = fi[mirrored] = -ci[k] / static_cast<T>(padded_);
      square = (square + 2 * k + 1) % (2 * n);
    }
    Stockham<T>(padded_, 1).transform(filter_, false);
  }

  std::int64_t lanes() const { return lanes_; }

  void transform(Split<T>& x, bool inverse) {
    const T sign = inverse ? T{-1} : T{1};
    const auto [xr, xi] = x.parts();
    const auto [cr, ci] = std::as_const(chirp_).parts();
    const auto [fr, fi] = std::as_const(filter_).parts();
    const auto [ur, ui] = work_.parts();
    // The inverse is the transform of the conjugate, conjugated.
    multiply({xr, xi}, {cr, ci}, n_, {ur, ui}, sign, T{1});
    std::fill(ur + n_ * lanes_, ur + padded_ * lanes_, T{0});
    std::fill(ui + n_ * lanes_, ui + padded_ * lanes_, T{0});
    by_passes_.transform(work_, false);
    multiply(work_.parts(), {fr, fi}, padded_, work_.parts(), T{1}, T{1});
    by_passes_.transform(work_, true);
    multiply(work_.parts(), {cr, ci}, n_, {xr, xi}, T{1}, sign);
  }

 private:
  /// y = (x.re + i in x.im) f, and the imaginary part times `out`; each factor is for all rows.
  void multiply(Parts<T> x, Parts<const T> f, std::int64_t n, Parts<T> y, T in, T out) const {
    for_each_of_rows(n, lanes_, [=, lanes = lanes_](std::int64_t k, std::int64_t i) {
      const std::int64_t at = k * lanes + i;
      const T re = x.re[at], im = in * x.im[at];
      y.re[at] = re * f.re[k] - im * f.im[k];
      y.im[at] = out * (re * f.im[k] + im * f.re[k]);
    });
  }

  std::int64_t n_, lanes_, padded_;
  Stockham<T> by_passes_;
  Split<T> chirp_, filter_, work_;
};

/// Calls f with what transforms rows of n: passes, or a convolution where one would be too long.
/// Many rows go side by side, so that every pass has registers to fill, while they stay in cache.
template <class T, class F>
void with_transform(std::int64_t n, std::int64_t rows, F&& f) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  const std::int64_t lanes = 2 * rows > width && n <= 4096 ? width : 1;
  const std::vector<std::int64_t> radices = radices_of(n);
  if (radices.empty() || radices.front() <= longest_pass) {
    Stockham<T> transform(n, lanes);
    f(transform);
  } else {
    Bluestein<T> transform(n, lanes);
    f(transform);
  }
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
