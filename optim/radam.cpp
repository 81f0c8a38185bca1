#include <cmath>

#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/more_rules.hpp>
#include <xtape/optim/kernels/update.hpp>
#include <xtape/optim/radam.hpp>

namespace xtape::optim {
namespace {

/// 0 as long as there are too few gradients.
double rectification(double beta2, double correction, std::int64_t t) {
  const double last = 2 / (1 - beta2) - 1;
  const double now = last - 2 * static_cast<double>(t) * (1 - correction) / correction;
  if (now <= 5) return 0;
  return std::sqrt((now - 4) * (now - 2) * last / ((last - 4) * (last - 2) * now));
}

}  // namespace

RAdam::RAdam(const Parameters& parameters, const RAdamOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void RAdam::check_for(const RAdamOptions& options, Dtype dtype) const {
  check_below_one("radam", "beta1", options.beta1);
  check_below_one("radam", "beta2", options.beta2);
  check_not_negative("radam", "epsilon", options.epsilon, dtype);
  check_not_negative("radam", "weight_decay", options.weight_decay, dtype);
}

std::vector<std::string> RAdam::slots(const RAdamOptions&) const {
  return {"first_moment", "second_moment"};
}

void RAdam::update(const RAdamOptions& options, const Update& parameter) const {
  const double beta1 = options.beta1, beta2 = options.beta2, epsilon = options.epsilon;
  const double scale = parameter.rate / first_correction_(beta1, parameter.t);
  const double second = second_correction_(beta2, parameter.t);
  const double rectified = rectification(beta2, second, parameter.t);
  const bool adaptive = rectified > 0;
  const double factor = adaptive ? rectified * std::sqrt(second) : 1;
  const kernels::RAdamRule rule{beta1, beta2, scale * factor, epsilon, adaptive ? 1.0 : 0.0};
  kernels::update(parameter, rule, options.weight_decay, options.decoupled_weight_decay);
}

}  // namespace xtape::optim
