#include <xtape/optim/adamax.hpp>
#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/more_rules.hpp>
#include <xtape/optim/kernels/update.hpp>

namespace xtape::optim {

Adamax::Adamax(const Parameters& parameters, const AdamaxOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void Adamax::check_for(const AdamaxOptions& options, Dtype dtype) const {
  check_below_one("adamax", "beta1", options.beta1);
  check_below_one("adamax", "beta2", options.beta2);
  check_not_negative("adamax", "epsilon", options.epsilon, dtype);
  check_not_negative("adamax", "weight_decay", options.weight_decay, dtype);
}

std::vector<std::string> Adamax::slots(const AdamaxOptions&) const {
  return {"first_moment", "greatest_gradient"};
}

void Adamax::update(const AdamaxOptions& options, const Update& parameter) const {
  const double beta1 = options.beta1, beta2 = options.beta2, epsilon = options.epsilon;
  const double scale = parameter.rate / correction_(beta1, parameter.t);
  kernels::update(parameter, kernels::AdamaxRule{beta1, beta2, scale, epsilon},
                  options.weight_decay);
}

}  // namespace xtape::optim
