// A peak on a slope fitted to noisy points, from xt::xarray to xt::xarray: the model is a generic
// function of xtensor's words, which takes containers and tensors alike, and Levenberg and
// Marquardt's method gets its jacobian as a container.
#include <iostream>

#include <xtape/xtape.hpp>
#include <xtape/xtensor.hpp>

#if __has_include(<xtensor/views/xview.hpp>)  // from xtensor 0.26 on
#include <xtensor/generators/xrandom.hpp>
#include <xtensor/io/xio.hpp>
#else
#include <xtensor/xio.hpp>
#include <xtensor/xrandom.hpp>
#endif

namespace {

using Array = xt::xarray<double>;

/// height exp(-((t - place) / width)²) + slope t, for p = (height, place, width, slope)
template <class P, class T>
auto model(const P& p, const T& t) {
  return p(0) * xt::exp(-xt::square((t - p(1)) / p(2))) + p(3) * t;
}

Array solve(const Array& matrix, const Array& b) {
  using namespace xtape;
  return to_xarray<double>(linalg::solve(from_xt(matrix), from_xt(b)));
}

/// jᵀ j and jᵀ r
std::pair<Array, Array> normal_equations(const Array& j, const Array& r) {
  const xtape::Tensor a = xtape::borrow_xt(j), transposed = xtape::transpose(a);
  return {xtape::to_xarray<double>(matmul(transposed, a)),
          xtape::to_xarray<double>(matmul(transposed, xtape::borrow_xt(r)))};
}

}  // namespace

int main() {
  const Array t = xt::linspace<double>(0, 4, 200), truth{2.0, 1.5, 0.4, 0.25};
  xt::random::seed(1);
  const Array points = model(truth, t) + xt::random::randn<double>({200}, 0, 0.01);
  const auto residuals = [&](const auto& p) { return model(p, t) - points; };
  const auto cost_of = [&](const Array& p) { return xt::sum(xt::square(residuals(p)))(); };

  Array p{1.0, 1.0, 1.0, 0.0};
  double damping = 1e-2, cost = cost_of(p);
  for (int step = 0; step < 100; ++step) {
    const Array j = xtape::jacobian_xt(residuals)(p), r = residuals(p);
    auto [normal, slope] = normal_equations(j, r);
    for (std::size_t i = 0; i < p.size(); ++i) normal(i, i) *= 1 + damping;
    const Array trial = p - solve(normal, slope);
    const double trial_cost = cost_of(trial);
    damping *= trial_cost < cost ? 0.3 : 5;
    if (trial_cost >= cost) continue;
    p = trial;
    cost = trial_cost;
  }
  std::cout << "fitted " << p << ", largest error " << xt::amax(xt::abs(p - truth))() << '\n';
}
