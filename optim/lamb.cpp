#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/lamb.hpp>

namespace xtape::optim {

LAMB::LAMB(const Parameters& parameters, const LAMBOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void LAMB::check_for(const LAMBOptions& options, Dtype dtype) const {
  check_below_one("lamb", "beta1", options.beta1);
  check_below_one("lamb", "beta2", options.beta2);
  check_not_negative("lamb", "epsilon", options.epsilon, dtype);
  check_not_negative("lamb", "weight_decay", options.weight_decay, dtype);
}

std::vector<std::string> LAMB::slots(const LAMBOptions&) const {
  return {"first_moment", "second_moment"};
}

void LAMB::update(const LAMBOptions& options, const Update& parameter) const {
  const Tensor &w = parameter.parameter, &g = parameter.gradient;
  const Tensor &first = parameter.state[0], &second = parameter.state[1];
  const double beta1 = options.beta1, beta2 = options.beta2;
  const Tensor m = beta1 * first + (1 - beta1) * g, v = beta2 * second + (1 - beta2) * square(g);
  const Tensor root = sqrt(v / second_correction_(beta2, parameter.t)) + double{options.epsilon};
  const Tensor step =
      m / first_correction_(beta1, parameter.t) / root + double{options.weight_decay} * w.detach();
  const double length = norm(w.detach()).item(), step_length = norm(step).item();
  const double trust = length > 0 && step_length > 0 ? length / step_length : 1;
  const Tensor next = w.detach() - parameter.rate * trust * step;
  first.assign(m);
  second.assign(v);
  w.assign(next);
}

}  // namespace xtape::optim
