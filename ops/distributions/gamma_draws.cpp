#include <cmath>

#include <xtape/core/body.hpp>
#include <xtape/core/draw.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/saved.hpp>
#include <xtape/ops/distributions/gamma_draws.hpp>
#include <xtape/ops/distributions/parameters.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/incomplete_gamma.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::distributions {
namespace {

/// dx/da where P(a, x) stays, for great a: of a variable at the distance w sqrt(a) from a, in
/// powers of 1 / sqrt(a), up to the fourth. From the expansion of Cornish & Fisher (1938).
Tensor slope_far_out(const Tensor& a, const Tensor& x) {
  const Tensor d = (x - a) / a, e = 1 / a;
  const Tensor d2 = d * d;
  return 1 + d / 2 - (d2 - e) / 6 + d * (d2 + e) / 12 - (d2 * (3 * d2 + 2 * e) - e * e) / 60;
}

/// d log(x) / da where P(a, x) stays, for x = exp(log_x): -(dP/da) / (x dP/dx). P is x^a / gamma(a
/// + 1) where x is small.
Tensor log_slope(const Tensor& a, const Tensor& log_x) {
  constexpr double negligible = -37;  // the logarithm of what 1 + x does not see
  constexpr double many = 5e4;        // beyond it the series is long, and loses digits
  const Tensor small = log_x < negligible;
  const Tensor far_out = a > many;
  const Tensor x = exp(where(small, 0, log_x));
  const Tensor k = where(far_out, 1, a), y = where(far_out, 1, x);
  const Tensor between =
      -xtape::detail::gammainc_by_a(k, y) / (y * xtape::detail::gamma_density(k, y));
  return where(small, (digamma(a + 1) - log_x) / a,
               where(far_out, slope_far_out(a, x) / x, between));
}

/// One for each concentration, by `next`.
template <class F>
Tensor drawn_by(const char* name, const Tensor& concentration, F next) {
  const Tensor values = values_of(name, concentration);
  return xtape::detail::drawn_together(name, values.shape(), Dtype::float64, [&](const Tensor& y) {
    const double* k = values.body().elements<const double>();
    std::generate_n(y.body().elements<double>(), y.size(), [&] { return next(*k++); });
  });
}

}  // namespace

Tensor moving_with(const Tensor& concentration, const Tensor& x) {
  return record(
      "standard_gamma", x, {concentration},
      [a = SavedInput(concentration), y = SavedOutput(x)](const Tensor& g, const Send& send) {
        const Tensor at = y.get(send);
        const Tensor none = at == 0;  // it has underflowed
        const Tensor rest = where(none, 1, at);
        send(0, g * where(none, 0, rest * log_slope(a.get(), log(rest))));
      });
}

Tensor standard_gamma(Rng& rng, const Tensor& concentration) {
  return moving_with(concentration, drawn_by("standard_gamma", concentration,
                                             [&](double k) { return rng.standard_gamma(k); }));
}

Tensor log_standard_gamma(Rng& rng, const Tensor& concentration) {
  constexpr const char* name = "log_standard_gamma";
  // x of concentration a + 1 times u^(1 / a) is one of concentration a.
  const Tensor draws = drawn_by(name, concentration, [&](double k) {
    if (k >= 1) return std::log(rng.standard_gamma(k));
    const double log_of_next = std::log(rng.standard_gamma(k + 1));
    return log_of_next - rng.standard_exponential() / k;
  });
  return record(
      name, draws, {concentration},
      [a = SavedInput(concentration), y = SavedOutput(draws)](const Tensor& g, const Send& send) {
        send(0, g * log_slope(a.get(), y.get(send)));
      });
}

}  // namespace xtape::distributions
