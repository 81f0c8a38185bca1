#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include <xtape/core/kernels/level.hpp>
#include <xtape/core/memory.hpp>

/// Fast transforms of one row, of any length: Stockham's passes, which need no reordering, and where one
/// would be long, Bluestein's convolution.
namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

template <class T>
using Buffer = std::vector<T, memory::Allocator<T>>;

/// A complex number, or where real and imaginary parts of many lie.
struct Complex {
  double re, im;
};
template <class T>
struct Parts {
  T *re, *im;
};

/// Complex numbers, real and imaginary parts apart, so that loops over them are vectors.
template <class T>
class Split {
 public:
  explicit Split(std::int64_t n)
      : n_(static_cast<std::size_t>(n)), elements_(2 * static_cast<std::size_t>(n)) {}
  Parts<T> parts() { return {elements_.data(), elements_.data() + n_}; }
  Parts<const T> parts() const { return {elements_.data(), elements_.data() + n_}; }

 private:
  std::size_t n_;
  Buffer<T> elements_;
};

/// exp(-2πi k / n) for 0 <= k < n: of an angle of at most an eighth of the circle, turned.
inline Complex root_of_unity(std::int64_t k, std::int64_t n) {
  const std::int64_t eighths = 8 * k / n;
  const std::int64_t quarter = (eighths + 1) / 2;  // the nearest
  const double angle = 2 * std::numbers::pi * static_cast<double>(4 * k - quarter * n) /
                       (4 * static_cast<double>(n));
  const double c = std::cos(angle), s = std::sin(angle);
  switch (quarter % 4) {
    case 0: return {c, -s};
    case 1: return {-s, -c};
    case 2: return {-c, s};
    default: return {s, c};
  }
}

/// The n-th roots of unity. Products of two of a few exact ones: a sine each would cost as much as the
/// transform.
template <class T>
Split<T> roots_of_unity(std::int64_t n) {
  const auto width = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::sqrt(static_cast<double>(n)) + 1)));
  Buffer<Complex> fine;
  for (std::int64_t k = 0; k < std::min(width, n); ++k) fine.push_back(root_of_unity(k, n));
  Split<T> roots(n);
  const auto [re, im] = roots.parts();
  for (std::int64_t begin = 0; begin < n; begin += width) {
    const Complex coarse = root_of_unity(begin, n);
    const std::int64_t count = std::min(width, n - begin);
    for (std::int64_t k = 0; k < count; ++k) {
      const Complex& w = fine[static_cast<std::size_t>(k)];
      re[begin + k] = static_cast<T>(coarse.re * w.re - coarse.im * w.im);
      im[begin + k] = static_cast<T>(coarse.re * w.im + coarse.im * w.re);
    }
  }
  return roots;
}

/// What a pass knows: n = radix * m * stride, and the n-th roots of unity.
template <class T>
struct Pass {
  std::int64_t radix, m, stride;
  Parts<const T> roots;
  T sign;  // of the exponent's: 1, or -1 for the inverse
};

/// One pass of Stockham's transform: for each p < m and q < stride the `radix` numbers
/// x[q + stride (p + m k)] are transformed, turned, and lie side by side in y. `butterfly(re, im)`
/// transforms in place.
template <std::size_t count, class T, class Butterfly>
void pass(const Pass<T>& of, Parts<const T> x, Parts<T> y, Butterfly butterfly) {
  constexpr auto radix = static_cast<std::int64_t>(count);
  const std::int64_t s = of.stride, m = of.m;
  for (std::int64_t p = 0; p < m; ++p) {
    T turn_re[count], turn_im[count];
    for (std::int64_t j = 1; j < radix; ++j) {
      turn_re[j] = of.roots.re[p * j * s];
      turn_im[j] = of.sign * of.roots.im[p * j * s];
    }
    const T* __restrict const xr = x.re + s * p;
    const T* __restrict const xi = x.im + s * p;
    T* __restrict const yr = y.re + s * radix * p;
    T* __restrict const yi = y.im + s * radix * p;
    for (std::int64_t q = 0; q < s; ++q) {
      T re[count], im[count];
      for (std::int64_t k = 0; k < radix; ++k) {
        re[k] = xr[q + s * m * k];
        im[k] = xi[q + s * m * k];
      }
      butterfly(re, im);
      yr[q] = re[0];
      yi[q] = im[0];
      for (std::int64_t j = 1; j < radix; ++j) {
        yr[q + s * j] = re[j] * turn_re[j] - im[j] * turn_im[j];
        yi[q + s * j] = re[j] * turn_im[j] + im[j] * turn_re[j];
      }
    }
  }
}

template <class T>
void pass_of_2(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  pass<2>(of, x, y, [](T* re, T* im) {
    const T r = re[0] - re[1], i = im[0] - im[1];
    re[0] += re[1], im[0] += im[1];
    re[1] = r, im[1] = i;
  });
}

template <class T>
void pass_of_3(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  const T sine = of.sign * static_cast<T>(std::numbers::sqrt3 / 2);
  pass<3>(of, x, y, [sine](T* re, T* im) {
    const T sum_r = re[1] + re[2], sum_i = im[1] + im[2];
    const T turn_r = sine * (im[1] - im[2]), turn_i = sine * (re[2] - re[1]);
    const T mid_r = re[0] - sum_r / 2, mid_i = im[0] - sum_i / 2;
    re[0] += sum_r, im[0] += sum_i;
    re[1] = mid_r + turn_r, im[1] = mid_i + turn_i;
    re[2] = mid_r - turn_r, im[2] = mid_i - turn_i;
  });
}

template <class T>
void pass_of_4(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  const T sign = of.sign;
  pass<4>(of, x, y, [sign](T* re, T* im) {
    const T even_r = re[0] + re[2], even_i = im[0] + im[2];
    const T odd_r = re[1] + re[3], odd_i = im[1] + im[3];
    const T far_r = re[0] - re[2], far_i = im[0] - im[2];
    const T turn_r = sign * (im[1] - im[3]), turn_i = sign * (re[3] - re[1]);
    re[0] = even_r + odd_r, im[0] = even_i + odd_i;
    re[1] = far_r + turn_r, im[1] = far_i + turn_i;
    re[2] = even_r - odd_r, im[2] = even_i - odd_i;
    re[3] = far_r - turn_r, im[3] = far_i - turn_i;
  });
}

template <class T>
void pass_of_5(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  const Complex first = root_of_unity(1, 5), second = root_of_unity(2, 5);
  const T c1 = static_cast<T>(first.re), c2 = static_cast<T>(second.re);
  const T s1 = of.sign * static_cast<T>(-first.im), s2 = of.sign * static_cast<T>(-second.im);
  pass<5>(of, x, y, [=](T* re, T* im) {
    const T near_r = re[1] + re[4], near_i = im[1] + im[4];
    const T far_r = re[2] + re[3], far_i = im[2] + im[3];
    const T across_r = re[1] - re[4], across_i = im[1] - im[4];
    const T beyond_r = re[2] - re[3], beyond_i = im[2] - im[3];
    const T mid1_r = re[0] + c1 * near_r + c2 * far_r, mid1_i = im[0] + c1 * near_i + c2 * far_i;
    const T mid2_r = re[0] + c2 * near_r + c1 * far_r, mid2_i = im[0] + c2 * near_i + c1 * far_i;
    const T turn1_r = s1 * across_i + s2 * beyond_i, turn1_i = -s1 * across_r - s2 * beyond_r;
    const T turn2_r = s2 * across_i - s1 * beyond_i, turn2_i = -s2 * across_r + s1 * beyond_r;
    re[0] += near_r + far_r, im[0] += near_i + far_i;
    re[1] = mid1_r + turn1_r, im[1] = mid1_i + turn1_i;
    re[2] = mid2_r + turn2_r, im[2] = mid2_i + turn2_i;
    re[3] = mid2_r - turn2_r, im[3] = mid2_i - turn2_i;
    re[4] = mid1_r - turn1_r, im[4] = mid1_i - turn1_i;
  });
}

/// A pass of any radix, by the sum itself.
template <class T>
void pass_of_any(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  const std::int64_t s = of.stride, m = of.m, radix = of.radix, n = radix * m * s;
  for (std::int64_t p = 0; p < m; ++p) {
    for (std::int64_t j = 0; j < radix; ++j) {
      T* __restrict const yr = y.re + s * (radix * p + j);
      T* __restrict const yi = y.im + s * (radix * p + j);
      std::fill_n(yr, s, T{0});
      std::fill_n(yi, s, T{0});
      for (std::int64_t k = 0; k < radix; ++k) {
        const std::int64_t turn = (p * j * s + j * k % radix * m * s) % n;
        const T wr = of.roots.re[turn], wi = of.sign * of.roots.im[turn];
        const T* __restrict const xr = x.re + s * (p + m * k);
        const T* __restrict const xi = x.im + s * (p + m * k);
        for (std::int64_t q = 0; q < s; ++q) {
          yr[q] += xr[q] * wr - xi[q] * wi;
          yi[q] += xr[q] * wi + xi[q] * wr;
        }
      }
    }
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

/// Transforms of one length by passes.
template <class T>
class Stockham {
 public:
  explicit Stockham(std::int64_t n)
      : n_(n), radices_(radices_of(n)), roots_(roots_of_unity<T>(n)), other_(n) {}

  /// In `x`.
  void transform(Split<T>& x, bool inverse) {
    Pass<T> of{1, n_, 1, std::as_const(roots_).parts(), inverse ? T{-1} : T{1}};
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

  std::int64_t n_;
  std::vector<std::int64_t> radices_;
  Split<T> roots_, other_;
};

/// Transforms of a length with a large prime factor, as a convolution with a chirp (Bluestein, A linear
/// filtering approach to the computation of the discrete Fourier transform, 1970).
template <class T>
class Bluestein {
 public:
  explicit Bluestein(std::int64_t n)
      : n_(n),
        padded_(static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(2 * n - 1)))),
        by_passes_(padded_),
        chirp_(n),
        filter_(padded_),
        work_(padded_) {
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
    by_passes_.transform(filter_, false);
  }

  void transform(Split<T>& x, bool inverse) {
    const T sign = inverse ? T{-1} : T{1};
    const auto [xr, xi] = x.parts();
    const auto [cr, ci] = std::as_const(chirp_).parts();
    const auto [fr, fi] = std::as_const(filter_).parts();
    const auto [ur, ui] = work_.parts();
    // The inverse is the transform of the conjugate, conjugated.
    for (std::int64_t k = 0; k < n_; ++k) {
      ur[k] = xr[k] * cr[k] - sign * xi[k] * ci[k];
      ui[k] = xr[k] * ci[k] + sign * xi[k] * cr[k];
    }
    std::fill(ur + n_, ur + padded_, T{0});
    std::fill(ui + n_, ui + padded_, T{0});
    by_passes_.transform(work_, false);
    const auto [vr, vi] = work_.parts();
    for (std::int64_t k = 0; k < padded_; ++k) {
      const T r = vr[k] * fr[k] - vi[k] * fi[k];
      vi[k] = vr[k] * fi[k] + vi[k] * fr[k];
      vr[k] = r;
    }
    by_passes_.transform(work_, true);
    const auto [wr, wi] = work_.parts();
    for (std::int64_t k = 0; k < n_; ++k) {
      xr[k] = wr[k] * cr[k] - wi[k] * ci[k];
      xi[k] = sign * (wr[k] * ci[k] + wi[k] * cr[k]);
    }
  }

 private:
  std::int64_t n_, padded_;
  Stockham<T> by_passes_;
  Split<T> chirp_, filter_, work_;
};

/// Calls f with what transforms rows of n: passes, or a convolution where one would be too long.
template <class T, class F>
void with_transform(std::int64_t n, F&& f) {
  constexpr std::int64_t longest_pass = 50;
  const std::vector<std::int64_t> radices = radices_of(n);
  if (radices.empty() || radices.front() <= longest_pass) {
    Stockham<T> transform(n);
    f(transform);
  } else {
    Bluestein<T> transform(n);
    f(transform);
  }
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
