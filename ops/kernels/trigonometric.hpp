#pragma once
// sin and cos on registers of numbers.

#include <cstddef>
#include <iterator>
#include <type_traits>

#include <xtape/ops/kernels/exponential.hpp>
#include <xtape/ops/kernels/two.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// (sin(r) - r) / r³ and (cos(r) - 1 + r² / 2) / r⁴ in r², for |r| <= pi / 4
inline constexpr float sin_float[] = {-0.166666666636228319F, 0.0083333317852176954F,
                                      -0.000198400388725567477F, 2.72437814094612291e-6F};
inline constexpr float cos_float[] = {0.0416666666641272119F, -0.00138888875973278112F,
                                      0.0000248005604299145035F, -2.72958308276146156e-7F};
inline constexpr double sin_double[] = {-0.166666666666666667,    0.00833333333333333126,
                                        -0.000198412698412645659, 2.75573192189547623e-6,
                                        -2.50521061002559892e-8,  1.60585108753191949e-10,
                                        -7.58548648523593814e-13};
inline constexpr double cos_double[] = {0.0416666666666666667,   -0.00138888888888888877,
                                        0.000024801587301584369, -2.75573192211891042e-7,
                                        2.08767557175844037e-9,  -1.14704493544667726e-11,
                                        4.74519880720287581e-14};

/// pi / 2 as a sum.
inline constexpr float half_pi_float[] = {0x1.921fb6p+0F, -0x1.777a5cp-25F, -0x1.ee59dap-50F};
inline constexpr double half_pi_double[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54,
                                            -0x1.f1976b7ed8fbcp-110};

/// From here on the C library takes over: the reduction below has no more digits.
inline constexpr double largest_reduced = 0x1p16;

/// x = n pi / 2 + r with a whole n and |r| <= pi / 4, r in two parts: beside multiples of pi / 2
/// nearly all digits of x cancel.
template <class T>
struct Quadrant {
  XTAPE_INLINE explicit Quadrant(Lane<T> x) {
    const Lane<T> sum = fma(x, Lane<T>(0.636619772367581343), Lane<T>(rounder<T>));
    const Lane<T> n = sum - rounder<T>;
    number = sum.bits();
    constexpr auto& part = series<T>(half_pi_float, half_pi_double);
    const Two<T> a = first_difference(x, n, Lane<T>(part[0]));
    const Two<T> second = two_product(n, Lane<T>(part[1]));
    // Where a is the smaller it has few digits, being a multiple of p's last one: still exact.
    const Two<T> b = ordered_two_sum(a.high, -second.high);
    const Lane<T> low = has_fma ? b.low : a.low + b.low;
    r = {b.high, fma(-n, Lane<T>(part[2]), low - second.low)};
  }
  typename Register<T>::Bits number;  // n in its last bits
  Two<T> r;

 private:
  /// x - n p, exactly: rounded once it needs no rounding, since with p in [1, 2) it is a multiple
  /// of p's last digit, or of x's, and below 1.
  XTAPE_INLINE static Two<T> first_difference(Lane<T> x, Lane<T> n, Lane<T> p) {
    if constexpr (has_fma) return {fma(-n, p, x), 0};
    const Two<T> product = two_product(n, p);
    return two_sum(x - product.high, -product.low);
  }
};

/// cos(r) where `odd`, sin(r) elsewhere, the coefficients chosen before they are used: one polynomial
/// instead of two. Source of the form: Ng, fdlibm's k_sin.c and k_cos.c (1993).
template <class T>
XTAPE_INLINE Lane<T> sine_near(const Two<T>& r, Mask<T> odd) {
  constexpr auto& of_sin = series<T>(sin_float, sin_double);
  constexpr auto& of_cos = series<T>(cos_float, cos_double);
  const auto chosen = [&](std::size_t i) { return where(odd, of_cos[i], of_sin[i]); };
  const Lane<T> x = r.high, z = x * x, half = T(0.5) * z, cosine = 1 - half;
  constexpr std::size_t last = std::size(of_sin) - 1;
  Lane<T> sum = chosen(last);
  for (std::size_t i = last; i > 0; --i) sum = fma(sum, z, chosen(i - 1));
  const Lane<T> low = where(odd, -x, cosine) * r.low;
  const Lane<T> rest = fma(z * where(odd, z, x), sum, low);
  return where(odd, cosine, x) + (where(odd, (1 - cosine) - half, 0) + rest);
}

/// sin(x + quarter pi / 2), the arguments beyond the reduction one by one.
template <class T>
XTAPE_INLINE Lane<T> sine(Lane<T> x, int quarter) {
  const Mask<T> large = !(abs(x) < T(largest_reduced));
  const Quadrant<T> quadrant(x);
  const auto turn = quadrant.number + static_cast<unsigned>(quarter);
  const Mask<T> odd{(turn & 1) != 0};
  const auto sign = (turn << (8 * sizeof(T) - 2)) & Lane<T>(-0.0).bits();
  Lane<T> y = Lane<T>::of_bits(sine_near(quadrant.r, odd).bits() ^ sign);
  if (any(large)) [[unlikely]] {
    for (std::size_t i = 0; i < Lane<T>::width; ++i) {
      if (large.truths[i] == 0) continue;
      if constexpr (std::is_same_v<T, float>)
        y.v[i] = quarter == 0 ? __builtin_sinf(x.v[i]) : __builtin_cosf(x.v[i]);
      else
        y.v[i] = quarter == 0 ? __builtin_sin(x.v[i]) : __builtin_cos(x.v[i]);
    }
  }
  return y;
}

template <class T>
XTAPE_INLINE Lane<T> sin(Lane<T> x) {
  return where(x == 0, x, sine(x, 0));  // -0
}
template <class T>
XTAPE_INLINE Lane<T> cos(Lane<T> x) {
  return sine(x, 1);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
