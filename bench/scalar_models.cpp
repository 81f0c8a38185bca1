#include <xtape/core/create.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/elementwise.hpp>

#include "models.hpp"

using namespace xtape;

namespace bench {
namespace {

/// What is compared: the value and its derivatives.
Tensor total(const Tensor& y, const std::vector<Tensor>& by) {
  Tensor result = y.detach();
  for (const Tensor& slope : grad(y, by)) result += slope;
  return result;
}

Tensor parameter(double value) { return tensor(value, Dtype::float64).set_requires_grad(true); }

/// y = a y + b, 500 times: a thousand nodes.
Model::Step chain() {
  const Tensor a = parameter(0.999), b = parameter(0.001);
  return [=] {
    Tensor y = b;
    for (int i = 0; i < 500; ++i) y = a * y + b;
    return total(y, {a, b});
  };
}

struct State {
  Tensor angle, speed;
};

State moved(const State& from, const State& slope, double by) {
  return {from.angle + by * slope.angle, from.speed + by * slope.speed};
}

/// A damped pendulum over 100 steps of Runge and Kutta, by its stiffness and its damping.
Model::Step pendulum() {
  const Tensor stiffness = parameter(9.81), damping = parameter(0.3);
  return [=] {
    const auto slope = [&](const State& at) {
      return State{at.speed, -(stiffness * sin(at.angle)) - damping * at.speed};
    };
    const double h = 0.01;
    State at{tensor(1.0, Dtype::float64), tensor(0.0, Dtype::float64)};
    for (int i = 0; i < 100; ++i) {
      const State k1 = slope(at), k2 = slope(moved(at, k1, h / 2)),
                  k3 = slope(moved(at, k2, h / 2)), k4 = slope(moved(at, k3, h));
      at = moved(moved(at, k1, h / 6), k2, h / 3);
      at = moved(moved(at, k3, h / 3), k4, h / 6);
    }
    return total(at.angle, {stiffness, damping});
  };
}

}  // namespace

std::vector<Model> scalar_models() {
  return {{"m", "scalars: a chain of 1000, by 2 parameters", chain},
          {"m-rk4", "scalars: Runge-Kutta, 100 steps of a pendulum", pendulum}};
}

}  // namespace bench
