#include <xtape/optim/adagrad.hpp>
#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/update.hpp>

namespace xtape::optim {

Adagrad::Adagrad(const Parameters& parameters, const AdagradOptions& options)
    : OptimizerOf(options) {
  add_group(parameters);
}

void Adagrad::check_for(const AdagradOptions& options, Dtype dtype) const {
  check_not_negative("adagrad", "weight_decay", options.weight_decay, dtype);
  check_not_negative("adagrad", "epsilon", options.epsilon, dtype);
  check_not_negative("adagrad", "initial_accumulator", options.initial_accumulator, dtype);
}

std::vector<std::string> Adagrad::slots(const AdagradOptions&) const { return {"cache"}; }

bool Adagrad::takes_rows(const AdagradOptions& options) const {
  check_no_decay("adagrad", options.weight_decay);
  return true;
}

void Adagrad::update(const AdagradOptions& options, const Update& parameter) const {
  const double rate = parameter.rate, epsilon = options.epsilon;
  const double initial = options.initial_accumulator;
  const kernels::AdagradRule rule{rate, epsilon, initial};
  if (parameter.rows.defined())
    kernels::update_rows(parameter, rule);
  else
    kernels::update(parameter, rule, options.weight_decay);
}

}  // namespace xtape::optim
