#include <cmath>

#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/update.hpp>
#include <xtape/optim/sparse_adam.hpp>

namespace xtape::optim {

SparseAdam::SparseAdam(const Parameters& parameters, const SparseAdamOptions& options)
    : OptimizerOf(options) {
  add_group(parameters);
}

void SparseAdam::check_for(const SparseAdamOptions& options, Dtype dtype) const {
  check_below_one("sparse_adam", "beta1", options.beta1);
  check_below_one("sparse_adam", "beta2", options.beta2);
  check_not_negative("sparse_adam", "epsilon", options.epsilon, dtype);
}

std::vector<std::string> SparseAdam::slots(const SparseAdamOptions&) const {
  return {"first_moment", "second_moment"};
}

bool SparseAdam::takes_rows(const SparseAdamOptions&) const { return true; }

void SparseAdam::update(const SparseAdamOptions& options, const Update& parameter) const {
  const double beta1 = options.beta1, beta2 = options.beta2;
  const double scale = parameter.rate * std::sqrt(second_correction_(beta2, parameter.t)) /
                       first_correction_(beta1, parameter.t);
  const kernels::AdamRule rule{beta1, beta2, scale, 1, options.epsilon};
  if (parameter.rows.defined())
    kernels::update_rows(parameter, rule);
  else
    kernels::update(parameter, rule);
}

}  // namespace xtape::optim
