#include <xtape/optim/adadelta.hpp>
#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/more_rules.hpp>
#include <xtape/optim/kernels/update.hpp>

namespace xtape::optim {

Adadelta::Adadelta(const Parameters& parameters, const AdadeltaOptions& options)
    : OptimizerOf(options) {
  add_group(parameters);
}

void Adadelta::check_for(const AdadeltaOptions& options, Dtype dtype) const {
  check_below_one("adadelta", "rho", options.rho);
  check_not_negative("adadelta", "epsilon", options.epsilon, dtype);
  check_not_negative("adadelta", "weight_decay", options.weight_decay, dtype);
}

std::vector<std::string> Adadelta::slots(const AdadeltaOptions&) const {
  return {"cache", "cache_of_steps"};
}

void Adadelta::update(const AdadeltaOptions& options, const Update& parameter) const {
  const double rate = parameter.rate, rho = options.rho, epsilon = options.epsilon;
  kernels::update(parameter, kernels::AdadeltaRule{rate, rho, epsilon}, options.weight_decay);
}

}  // namespace xtape::optim
