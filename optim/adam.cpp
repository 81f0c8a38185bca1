#include <cmath>

#include <xtape/optim/adam.hpp>
#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/update.hpp>

namespace xtape::optim {

Adam::Adam(const Parameters& parameters, const AdamOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void Adam::check_for(const AdamOptions& options, Dtype dtype) const {
  check_not_negative("adam", "weight_decay", options.weight_decay, dtype);
  check_below_one("adam", "beta1", options.beta1);
  check_below_one("adam", "beta2", options.beta2);
  check_not_negative("adam", "epsilon", options.epsilon, dtype);
}

std::vector<std::string> Adam::slots(const AdamOptions& options) const {
  if (options.amsgrad) return {"first_moment", "second_moment", "greatest_second_moment"};
  return {"first_moment", "second_moment"};
}

void Adam::update(const AdamOptions& options, const Update& parameter) const {
  const double rate = parameter.rate;
  const double beta1 = options.beta1, beta2 = options.beta2, epsilon = options.epsilon;
  const double scale = rate / first_correction_(beta1, parameter.t);
  const double root = 1 / std::sqrt(second_correction_(beta2, parameter.t));
  const kernels::AdamRule rule{beta1, beta2, scale, root, epsilon};
  if (options.amsgrad)
    kernels::update(parameter, kernels::AMSGradRule{rule}, options.weight_decay);
  else
    kernels::update(parameter, rule, options.weight_decay);
}

}  // namespace xtape::optim
