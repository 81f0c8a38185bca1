#include <cmath>

#include <xtape/optim/adamw.hpp>
#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/update.hpp>

namespace xtape::optim {

AdamW::AdamW(const Parameters& parameters, const AdamWOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void AdamW::check_for(const AdamWOptions& options, Dtype dtype) const {
  check_below_one("adamw", "beta1", options.beta1);
  check_below_one("adamw", "beta2", options.beta2);
  check_not_negative("adamw", "epsilon", options.epsilon, dtype);
  check_not_negative("adamw", "weight_decay", options.weight_decay, dtype);
}

std::vector<std::string> AdamW::slots(const AdamWOptions&) const {
  return {"first_moment", "second_moment"};
}

void AdamW::update(const AdamWOptions& options, const Update& parameter) const {
  const double rate = parameter.rate;
  const double beta1 = options.beta1, beta2 = options.beta2, epsilon = options.epsilon;
  const double shrink = rate * options.weight_decay;
  const double scale = rate / first_correction_(beta1, parameter.t);
  const double root = 1 / std::sqrt(second_correction_(beta2, parameter.t));
  kernels::update(parameter, kernels::AdamWRule{{beta1, beta2, scale, root, epsilon}, shrink});
}

}  // namespace xtape::optim
