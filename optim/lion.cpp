#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/more_rules.hpp>
#include <xtape/optim/kernels/update.hpp>
#include <xtape/optim/lion.hpp>

namespace xtape::optim {

Lion::Lion(const Parameters& parameters, const LionOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void Lion::check_for(const LionOptions& options, Dtype dtype) const {
  check_below_one("lion", "beta1", options.beta1);
  check_below_one("lion", "beta2", options.beta2);
  check_not_negative("lion", "weight_decay", options.weight_decay, dtype);
}

std::vector<std::string> Lion::slots(const LionOptions&) const { return {"first_moment"}; }

void Lion::update(const LionOptions& options, const Update& parameter) const {
  const kernels::LionRule rule{parameter.rate, options.beta1, options.beta2};
  if (options.weight_decay == 0)
    kernels::update(parameter, rule);
  else
    kernels::update(
        parameter, kernels::Shrunk<kernels::LionRule>{rule, parameter.rate * options.weight_decay});
}

}  // namespace xtape::optim
