#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/more_rules.hpp>
#include <xtape/optim/kernels/update.hpp>
#include <xtape/optim/rmsprop.hpp>

namespace xtape::optim {

RMSprop::RMSprop(const Parameters& parameters, const RMSpropOptions& options)
    : OptimizerOf(options) {
  add_group(parameters);
}

void RMSprop::check_for(const RMSpropOptions& options, Dtype dtype) const {
  check_not_negative("rmsprop", "weight_decay", options.weight_decay, dtype);
  check_below_one("rmsprop", "rho", options.rho);
  check_not_negative("rmsprop", "epsilon", options.epsilon, dtype);
  check_below_one("rmsprop", "momentum", options.momentum);
}

std::vector<std::string> RMSprop::slots(const RMSpropOptions& options) const {
  std::vector<std::string> slots{"cache"};
  if (options.centered) slots.emplace_back("mean_gradient");
  if (options.momentum > 0) slots.emplace_back("momentum_buffer");
  return slots;
}

void RMSprop::update(const RMSpropOptions& options, const Update& parameter) const {
  const double rate = parameter.rate, rho = options.rho, epsilon = options.epsilon;
  const double momentum = options.momentum, decay = options.weight_decay;
  if (options.centered && momentum > 0)
    kernels::update(parameter, kernels::CentredRMSpropMomentum{rate, rho, epsilon, momentum},
                    decay);
  else if (options.centered)
    kernels::update(parameter, kernels::CentredRMSprop{rate, rho, epsilon}, decay);
  else if (momentum > 0)
    kernels::update(parameter, kernels::RMSpropMomentum{rate, rho, epsilon, momentum}, decay);
  else
    kernels::update(parameter, kernels::RMSpropRule{rate, rho, epsilon}, decay);
}

}  // namespace xtape::optim
