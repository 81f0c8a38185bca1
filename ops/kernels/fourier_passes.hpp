#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/memory.hpp>

/// The passes of Stockham's fast transform, which need no reordering.
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

/// The n-th roots of unity. Products of two of a few exact ones: a sine each would cost as much as
/// the transform.
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

/// What a pass knows: n = radix * m * stride, the n-th roots of unity, and how many rows lie side
/// by side: element k of row i at k * lanes + i.
template <class T>
struct Pass {
  std::int64_t radix, m, stride, lanes;
  Parts<const T> roots;
  T sign;  // of the exponent's: 1, or -1 for the inverse
};

/// Calls f(q, V) for q < n, V the numbers that are taken together: registers where they fill.
template <class T, class F>
void for_each_lane(std::int64_t n, F&& f) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  if (n % width == 0) {
    for (std::int64_t q = 0; q < n; q += width) f(q, Lane<T>());
  } else {
    for (std::int64_t q = 0; q < n; ++q) f(q, T());
  }
}
template <class T>
XTAPE_INLINE Lane<T> load_as(Lane<T>, const T* p) {
  return Lane<T>::load(p);
}
template <class T>
XTAPE_INLINE T load_as(T, const T* p) {
  return *p;
}
template <class T>
XTAPE_INLINE void store_to(T* p, Lane<T> x) {
  x.store(p);
}
template <class T>
XTAPE_INLINE void store_to(T* p, T x) {
  *p = x;
}

/// One pass of Stockham's transform: for each p < m and q < stride the `radix` numbers
/// x[q + stride (p + m k)] are transformed, turned, and lie side by side in y. `butterfly(re, im)`
/// transforms in place, numbers or registers of them.
template <std::size_t count, class T, class Butterfly>
void pass(const Pass<T>& of, Parts<const T> x, Parts<T> y, Butterfly butterfly) {
  constexpr auto radix = static_cast<std::int64_t>(count);
  const std::int64_t s = of.stride * of.lanes, m = of.m;
  for (std::int64_t p = 0; p < m; ++p) {
    T turn_re[count], turn_im[count];
    for (std::int64_t j = 1; j < radix; ++j) {
      turn_re[j] = of.roots.re[p * j * of.stride];
      turn_im[j] = of.sign * of.roots.im[p * j * of.stride];
    }
    const T *const xr = x.re + s * p, *const xi = x.im + s * p;
    T *const yr = y.re + s * radix * p, *const yi = y.im + s * radix * p;
    for_each_lane<T>(s, [&]<class V>(std::int64_t q, V as) {
      V re[count], im[count];
#pragma GCC unroll 8
      for (std::int64_t k = 0; k < radix; ++k) {
        re[k] = load_as(as, xr + q + s * m * k);
        im[k] = load_as(as, xi + q + s * m * k);
      }
      butterfly(re, im);
      store_to(yr + q, re[0]);
      store_to(yi + q, im[0]);
#pragma GCC unroll 8
      for (std::int64_t j = 1; j < radix; ++j) {
        const V wr = turn_re[j], wi = turn_im[j];
        store_to(yr + q + s * j, V(re[j] * wr - im[j] * wi));
        store_to(yi + q + s * j, V(re[j] * wi + im[j] * wr));
      }
    });
  }
}

template <class T>
void pass_of_2(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  pass<2>(of, x, y, []<class V>(V* re, V* im) {
    const V r = re[0] - re[1], i = im[0] - im[1];
    re[0] = re[0] + re[1], im[0] = im[0] + im[1];
    re[1] = r, im[1] = i;
  });
}

template <class T>
void pass_of_3(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  const T sine_of_turn = of.sign * static_cast<T>(std::numbers::sqrt3 / 2);
  pass<3>(of, x, y, [sine_of_turn]<class V>(V* re, V* im) {
    const V half = T{0.5}, sine = sine_of_turn;
    const V sum_r = re[1] + re[2], sum_i = im[1] + im[2];
    const V turn_r = sine * (im[1] - im[2]), turn_i = sine * (re[2] - re[1]);
    const V mid_r = re[0] - sum_r * half, mid_i = im[0] - sum_i * half;
    re[0] = re[0] + sum_r, im[0] = im[0] + sum_i;
    re[1] = mid_r + turn_r, im[1] = mid_i + turn_i;
    re[2] = mid_r - turn_r, im[2] = mid_i - turn_i;
  });
}

template <class T>
void pass_of_4(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  const T sign_of_turn = of.sign;
  pass<4>(of, x, y, [sign_of_turn]<class V>(V* re, V* im) {
    const V sign = sign_of_turn;
    const V even_r = re[0] + re[2], even_i = im[0] + im[2];
    const V odd_r = re[1] + re[3], odd_i = im[1] + im[3];
    const V far_r = re[0] - re[2], far_i = im[0] - im[2];
    const V turn_r = sign * (im[1] - im[3]), turn_i = sign * (re[3] - re[1]);
    re[0] = even_r + odd_r, im[0] = even_i + odd_i;
    re[1] = far_r + turn_r, im[1] = far_i + turn_i;
    re[2] = even_r - odd_r, im[2] = even_i - odd_i;
    re[3] = far_r - turn_r, im[3] = far_i - turn_i;
  });
}

template <class T>
void pass_of_5(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  const Complex first = root_of_unity(1, 5), second = root_of_unity(2, 5);
  const T cos1 = static_cast<T>(first.re), cos2 = static_cast<T>(second.re);
  const T sin1 = of.sign * static_cast<T>(-first.im), sin2 = of.sign * static_cast<T>(-second.im);
  pass<5>(of, x, y, [=]<class V>(V* re, V* im) {
    const V c1 = cos1, c2 = cos2, s1 = sin1, s2 = sin2;
    const V near_r = re[1] + re[4], near_i = im[1] + im[4];
    const V far_r = re[2] + re[3], far_i = im[2] + im[3];
    const V across_r = re[1] - re[4], across_i = im[1] - im[4];
    const V beyond_r = re[2] - re[3], beyond_i = im[2] - im[3];
    const V mid1_r = re[0] + c1 * near_r + c2 * far_r, mid1_i = im[0] + c1 * near_i + c2 * far_i;
    const V mid2_r = re[0] + c2 * near_r + c1 * far_r, mid2_i = im[0] + c2 * near_i + c1 * far_i;
    const V turn1_r = s1 * across_i + s2 * beyond_i, turn1_i = -(s1 * across_r + s2 * beyond_r);
    const V turn2_r = s2 * across_i - s1 * beyond_i, turn2_i = s1 * beyond_r - s2 * across_r;
    re[0] = re[0] + near_r + far_r, im[0] = im[0] + near_i + far_i;
    re[1] = mid1_r + turn1_r, im[1] = mid1_i + turn1_i;
    re[2] = mid2_r + turn2_r, im[2] = mid2_i + turn2_i;
    re[3] = mid2_r - turn2_r, im[3] = mid2_i - turn2_i;
    re[4] = mid1_r - turn1_r, im[4] = mid1_i - turn1_i;
  });
}

/// The longest radix of a pass: beyond it a convolution is faster.
inline constexpr std::int64_t longest_pass = 50;

/// Sums and differences of the k-th number from the front and from the back, of which two results
/// each are made.
template <class V>
struct Halves {
  static constexpr std::size_t count = longest_pass / 2 + 1;
  V sum_r[count], sum_i[count], difference_r[count], difference_i[count];
};

/// A pass of any odd radix, by the sums themselves.
template <class T>
void pass_of_any(const Pass<T>& of, Parts<const T> x, Parts<T> y) {
  const std::int64_t s = of.stride * of.lanes, m = of.m, radix = of.radix, half = radix / 2;
  const std::int64_t step = m * of.stride;  // from one radix-th root to the next
  for (std::int64_t p = 0; p < m; ++p) {
    for_each_lane<T>(s, [&]<class V>(std::int64_t q, V as) {
      const auto store_turned = [&](std::int64_t j, V re, V im) {
        const std::int64_t turn = p * j * of.stride, at = q + s * (radix * p + j);
        const V wr = of.roots.re[turn], wi = of.sign * of.roots.im[turn];
        store_to(y.re + at, V(re * wr - im * wi));
        store_to(y.im + at, V(re * wi + im * wr));
      };
      const auto input = [&](const T* part, std::int64_t k) {
        return load_as(as, part + q + s * (p + m * k));
      };
      Halves<V> of_x;
      const V first_r = input(x.re, 0), first_i = input(x.im, 0);
      V total_r = first_r, total_i = first_i;
      for (std::int64_t k = 1; k <= half; ++k) {
        const V front_r = input(x.re, k), back_r = input(x.re, radix - k);
        const V front_i = input(x.im, k), back_i = input(x.im, radix - k);
        of_x.sum_r[k] = front_r + back_r, of_x.difference_r[k] = front_r - back_r;
        of_x.sum_i[k] = front_i + back_i, of_x.difference_i[k] = front_i - back_i;
        total_r = total_r + of_x.sum_r[k], total_i = total_i + of_x.sum_i[k];
      }
      store_turned(0, total_r, total_i);
      for (std::int64_t j = 1; j <= half; ++j) {
        V mid_r = first_r, mid_i = first_i, turn_r = T{0}, turn_i = T{0};
        for (std::int64_t k = 1, at = j; k <= half; ++k, at += at + j < radix ? j : j - radix) {
          const V c = of.roots.re[at * step], sine = of.sign * of.roots.im[at * step];
          mid_r = mid_r + c * of_x.sum_r[k], mid_i = mid_i + c * of_x.sum_i[k];
          turn_r = turn_r + sine * of_x.difference_i[k];
          turn_i = turn_i + sine * of_x.difference_r[k];
        }
        store_turned(j, mid_r - turn_r, mid_i + turn_i);
        store_turned(radix - j, mid_r + turn_r, mid_i - turn_i);
      }
    });
  }
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
