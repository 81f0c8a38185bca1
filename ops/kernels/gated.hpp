#pragma once
// Activations of the form x P(X < x), on registers of numbers: by formulas that keep the digits of
// value and slope down to where they underflow. With z = |x| all come from what exp(-z), or
// exp(-z² / 2), leaves of the smaller tail.

#include <xtape/ops/kernels/erf.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// A slope beside its only zero, where the difference that it is cancels: (x - zero) times a
/// polynomial in x - zero.
template <class T>
struct Zero {
  T high, low, reach;
  template <std::size_t n>
  XTAPE_INLINE Lane<T> or_else(Lane<T> x, const T (&c)[n], Lane<T> elsewhere) const {
    const Lane<T> d = x - high;
    return where(abs(d) < reach, (d - low) * polynomial(d, c), elsewhere);
  }
};

/// |x| for exp(-|x|): beyond `limit` nothing is left of it, and products with it would be NaN.
template <class T>
XTAPE_INLINE Lane<T> limited_size(Lane<T> x, T limit) {
  const Lane<T> size = abs(x);
  return where(size > limit, limit, size);
}

inline constexpr float silu_zero_float[] = {
    0.217811705719800099F,    0.146648805283165721F,    0.0188748149259834648F,
    -0.0152230211388599666F,  -0.00660662032438759822F, 0.000131004094259202791F,
    0.000798900609661609992F, 0.00016619004223649062F,  -0.0000426533320619038831F};
inline constexpr double silu_zero_double[] = {
    0.217811705719800099,      0.1466487969969469,      0.0188748142237823133,
    -0.0152226552231879653,    -0.00660658913835667692, 0.000126627410077256649,
    0.000798521881838662452,   0.000185707243714145473, -0.0000409053423441360778,
    -0.0000297335436796846552, -2.94263232234795114e-6, 2.34604203787599589e-6,
    8.59973171405332968e-7,    -3.05754109959502302e-8, -9.26852889943304441e-8,
    -1.86866791783391346e-8,   4.67716270044299215e-9,  2.60007733632458371e-9,
    1.37963118357104321e-10};
inline constexpr float gelu_zero_float[] = {
    0.43149399231404692F,     0.388284982020577072F,    -0.018199677045121973F,
    -0.114008182791476683F,   -0.0147714884658081018F,  0.0194209426092246924F,
    0.00453873588111314324F,  -0.00223513695472859429F, -0.000741876611982765178F,
    0.000174791944307497048F, 0.0000783606195870500727F};
inline constexpr double gelu_zero_double[] = {
    0.43149399231404692,     0.388284982990551998,     -0.0181996763986710871,
    -0.114008233297221711,   -0.0147715221482443368,   0.0194216798381892007,
    0.00453922837912536325,  -0.0022395380680769736,   -0.000744826838673332387,
    0.000186339746281661497, 0.0000861594785920330807, -0.0000112143806094879012,
    -7.74846114382544823e-6, 4.32847318315835475e-7,   5.70275624870552649e-7,
    -1.61207403113770824e-9, -3.54569126322761861e-8,  -1.38097681031782968e-9,
    1.89705327447770803e-9,  1.26208594613064948e-10,  -8.22935859363008681e-11};
inline constexpr float gelu_tanh_zero_float[] = {
    0.430400091564961134F,    0.387518445944368167F,     -0.0157829114335443178F,
    -0.113944462550251193F,   -0.0166183165187077431F,   0.0196819502213345455F,
    0.00525454550457470839F,  -0.0024204122897235252F,   -0.000908233891839891982F,
    0.000257050159534132606F, 0.0000973052136531371831F, -0.0000252049689070346592F};
inline constexpr double gelu_tanh_zero_double[] = {
    0.430400091024858509,      0.387518446135788926,    -0.0157828535218480902,
    -0.113944483080958982,     -0.0166193283430481705,  0.0196823094598327686,
    0.00526105925479961004,    -0.00242273184586539067, -0.000927442021258444167,
    0.000263927640387116309,   0.00012425226301774029,  -0.0000349561705065261536,
    -0.0000159508156141441559, 5.91860529434539485e-6,  2.43326088821555903e-6,
    -9.89841891833862079e-7,   -4.30326475531140655e-7, 1.41520876376465627e-7,
    7.40872913884500257e-8,    -1.68911688808028426e-8, -1.07974474612353485e-8,
    1.67449790762523345e-9,    1.01195629596085347e-9,  -1.16181884180342507e-10};

/// x sigmoid(x)
template <class T>
XTAPE_INLINE Lane<T> silu(Lane<T> x) {
  const Lane<T> z = limited_size(x, T(800));
  const Exponential<T> tail(-z);
  return where(x < 0, tail.times(-z), x) / (1 + tail.value());
}

template <class T>
XTAPE_INLINE Lane<T> silu_slope(Lane<T> x) {
  const Lane<T> z = limited_size(x, T(800));
  const Exponential<T> tail(-z);
  const Lane<T> e = tail.value(), f = 1 + e;
  const Lane<T> slope = where(x < 0, tail.times(f - z), f + tail.times(z)) / square_of_one_and(e);
  constexpr Zero<T> zero =
      series<T>(Zero<float>{-1.2784645557403564F, 1.29792826502e-8F, 0.5F},
                Zero<double>{-1.2784645427610737, -1.094699418309343743e-16, 0.5});
  return zero.or_else(x, series<T>(silu_zero_float, silu_zero_double), slope);
}

/// P(X < -z) exp(z² / 2) for a standard normal X and z >= 0
template <class T>
XTAPE_INLINE Lane<T> scaled_normal_tail(Lane<T> z) {
  return T(0.5) * scaled_erfc_of(z * T(0.707106781186547524));
}

/// P(X < x) for |x| <= 1
template <class T>
XTAPE_INLINE Lane<T> normal_below_near(Lane<T> x) {
  return fma(Lane<T>(0.5), erf_near(x * T(0.707106781186547524)), Lane<T>(0.5));
}

/// (z + 1.5) P(X < -z) exp(z² / 2) in t = 1.2 - 3.3 / (z + 1.5), for z from 0 to 15
inline constexpr double limited_tail[] = {
    0.61287843818828178,    -0.15946826082395185,  -0.020529644137309954,  0.0028531055319907632,
    0.0011465127132868097,  8.4559638584461906e-5, -3.8138099400677677e-5, -1.4067766426293653e-5,
    -1.6177287962557779e-6, 4.0102110341025118e-7, 2.3394020851769312e-7,  5.0389791108215377e-8};

/// From here on nothing is left of a tail.
template <class T>
inline constexpr T normal_limit = std::is_same_v<T, float> ? 15 : 40;

/// z P(X < -z) exp(z² / 2) up to the limit; in float32 with one quotient.
template <class T>
XTAPE_INLINE Lane<T> times_scaled_tail(Lane<T> z) {
  if constexpr (std::is_same_v<T, float>) {
    const Lane<T> q = z / (z + 1.5F), t = fma(q, Lane<T>(2.2F), Lane<T>(-1));
    return q * chebyshev_sum<T, limited_tail, std::size(limited_tail)>(t);
  } else {
    return z * scaled_normal_tail(z);
  }
}

/// x P(X < x) for a standard normal X
template <class T>
XTAPE_INLINE Lane<T> gelu(Lane<T> x) {
  const Lane<T> z = limited_size(x, normal_limit<T>);
  const Lane<T> tail = times_exp_of_square(-times_scaled_tail(z), z, true);
  const Lane<T> far = where(x < 0, tail, x + tail);
  if constexpr (std::is_same_v<T, float>) return far;
  return where(z < T(0.7), x * normal_below_near(x), far);
}

template <class T>
XTAPE_INLINE Lane<T> gelu_slope(Lane<T> x) {
  const Lane<T> z = limited_size(x, T(40));
  constexpr T peak = T(0.398942280401432678);  // of the density
  const Exponential<T> power = exp_of_square(z, true);
  const Lane<T> tail = power.times(scaled_normal_tail(z) - z * peak);
  const Lane<T> near = normal_below_near(x) + x * power.times(peak);
  constexpr Zero<T> zero =
      series<T>(Zero<float>{-0.7517915368080139F, 1.21144494586e-8F, 0.6F},
                Zero<double>{-0.7517915246935645, 1.4956759177009883e-17, 0.6});
  return zero.or_else(x, series<T>(gelu_zero_float, gelu_zero_double),
                      where(z < T(0.7), near, where(x < 0, tail, 1 - tail)));
}

/// z (k + c z²), k = 2 sqrt(2 / pi), c = 0.044715 k, in two parts: the argument of the sigmoid.
template <class T>
XTAPE_INLINE Two<T> gelu_tanh_argument(Lane<T> z) {
  constexpr T k[] = {T(1.595769121605730711759784),
                     std::is_same_v<T, float> ? T(-4.53406804211e-8) : T(-9.9693088091109203e-17)};
  constexpr T c[] = {T(0.07135481627260024877633875),
                     std::is_same_v<T, float> ? T(2.39883239599e-9) : T(-6.1751499181553154e-19)};
  const Two<T> square = two_product(z, z);
  const Two<T> cubic = two_product(square.high, Lane<T>(c[0]));
  const Two<T> sum = two_sum(cubic.high, Lane<T>(k[0]));
  const Lane<T> low = sum.low + (cubic.low + square.low * c[0] + square.high * c[1] + k[1]);
  const Two<T> product = two_product(z, sum.high);
  return {product.high, product.low + z * low};
}

/// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))) / 2
template <class T>
XTAPE_INLINE Lane<T> gelu_tanh(Lane<T> x) {
  const Lane<T> z = limited_size(x, T(30));
  const Exponential<T> tail(gelu_tanh_argument(-z));
  return where(x < 0, tail.times(-z), x) / (1 + tail.value());
}

template <class T>
XTAPE_INLINE Lane<T> gelu_tanh_slope(Lane<T> x) {
  const Lane<T> z = limited_size(x, T(30));
  const Exponential<T> tail(gelu_tanh_argument(-z));
  const Lane<T> k = T(1.59576912160573071), c = T(3 * 0.0713548162726002488);
  const Two<T> square = two_product(z, z);
  const Two<T> du = two_sum(k, fma(c, square.high, c * square.low));
  const Two<T> rise = two_product(z, du.high);
  const Lane<T> e = tail.value(), f = 1 + e;
  const Lane<T> slope = where(x < 0, tail.times((f - rise.high) - (rise.low + z * du.low)),
                              f + tail.times(rise.high)) /
                        square_of_one_and(e);
  constexpr Zero<T> zero =
      series<T>(Zero<float>{-0.7524614334106445F, 1.13396282728e-8F, 0.75F},
                Zero<double>{-0.7524614220710163, 3.635560509207686845e-17, 0.75});
  return zero.or_else(x, series<T>(gelu_tanh_zero_float, gelu_tanh_zero_double), slope);
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
