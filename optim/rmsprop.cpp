#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/update.hpp>
#include <xtape/optim/rmsprop.hpp>

namespace xtape::optim {

RMSprop::RMSprop(const Parameters& parameters, const RMSpropOptions& options)
    : OptimizerOf(options) {
  add_group(parameters);
}

void RMSprop::check(const RMSpropOptions& options) const {
  check_not_negative("rmsprop", "weight_decay", options.weight_decay);
  check_below_one("rmsprop", "rho", options.rho);
  check_not_negative("rmsprop", "epsilon", options.epsilon);
}

std::vector<std::string> RMSprop::slots(const RMSpropOptions&) const { return {"cache"}; }

void RMSprop::update(const RMSpropOptions& options, const Update& parameter) const {
  const double rate = parameter.rate, rho = options.rho, epsilon = options.epsilon;
  kernels::update(parameter, kernels::RMSpropRule{rate, rho, epsilon}, options.weight_decay);
}

}  // namespace xtape::optim
