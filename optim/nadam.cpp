#include <cmath>

#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/more_rules.hpp>
#include <xtape/optim/kernels/update.hpp>
#include <xtape/optim/nadam.hpp>

namespace xtape::optim {
namespace {

double momentum_at(double beta1, double momentum_decay, std::int64_t t) {
  return beta1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * momentum_decay));
}

}  // namespace

NAdam::NAdam(const Parameters& parameters, const NAdamOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void NAdam::check_for(const NAdamOptions& options, Dtype dtype) const {
  check_below_one("nadam", "beta1", options.beta1);
  check_below_one("nadam", "beta2", options.beta2);
  check_not_negative("nadam", "epsilon", options.epsilon, dtype);
  check_not_negative("nadam", "momentum_decay", options.momentum_decay, dtype);
  check_not_negative("nadam", "weight_decay", options.weight_decay, dtype);
}

std::vector<std::string> NAdam::slots(const NAdamOptions&) const {
  return {"first_moment", "second_moment"};
}

double NAdam::momentum_product(const NAdamOptions& options, std::int64_t t) const {
  const double beta1 = options.beta1, momentum_decay = options.momentum_decay;
  if (std::pow(beta1, static_cast<double>(t)) < 1e-18)
    return 0;  // beside 1, and the product is less
  if (beta1 != beta1_ || momentum_decay != momentum_decay_ || t < t_) {
    product_ = 1, t_ = 0;
    beta1_ = beta1, momentum_decay_ = momentum_decay;
  }
  while (t_ < t) product_ *= momentum_at(beta1, momentum_decay, ++t_);
  return product_;
}

void NAdam::update(const NAdamOptions& options, const Update& parameter) const {
  const double beta1 = options.beta1, beta2 = options.beta2, epsilon = options.epsilon;
  const double rate = parameter.rate, decay = options.momentum_decay;
  const double product = momentum_product(options, parameter.t);
  const double mu = momentum_at(beta1, decay, parameter.t);
  const double next = momentum_at(beta1, decay, parameter.t + 1);
  const double now = rate * (1 - mu) / (1 - product), ahead = rate * next / (1 - product * next);
  const double root = 1 / std::sqrt(second_correction_(beta2, parameter.t));
  kernels::update(parameter, kernels::NAdamRule{beta1, beta2, now, ahead, root, epsilon},
                  options.weight_decay, options.decoupled_weight_decay);
}

}  // namespace xtape::optim
