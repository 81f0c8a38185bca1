#include <xtape/ops/distributions/saddle_point.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::distributions {

Tensor near(const Tensor& a, const Tensor& x) { return (a >= great) & (abs(x - a) < 0.5 * a); }

Tensor deviance(const Tensor& a, const Tensor& x) {
  const Tensor u = (x - a) / a;
  return a * (u - log1p(u));
}

Tensor stirling_rest(const Tensor& x) {
  const Tensor r = 1 / (x * x);
  return (1. / 12 -
          r * (1. / 360 -
               r * (1. / 1260 - r * (1. / 1680 - r * (1. / 1188 - r * (691. / 360360)))))) /
         x;
}

}  // namespace xtape::distributions
