#include <xtape/core/error.hpp>
#include <xtape/optim/kernels/check.hpp>
#include <xtape/optim/kernels/more_rules.hpp>
#include <xtape/optim/kernels/update.hpp>
#include <xtape/optim/sgd.hpp>

namespace xtape::optim {

SGD::SGD(const Parameters& parameters, const SGDOptions& options) : OptimizerOf(options) {
  add_group(parameters);
}

void SGD::check_for(const SGDOptions& options, Dtype dtype) const {
  check_not_negative("sgd", "weight_decay", options.weight_decay, dtype);
  check_below_one("sgd", "momentum", options.momentum);
  if (options.nesterov && options.momentum == 0)
    throw ValueError("sgd: nesterov needs a momentum above 0");
  check_below_one("sgd", "dampening", options.dampening);
  if (options.dampening > 0 && (options.nesterov || options.momentum == 0))
    throw ValueError("sgd: dampening needs a momentum above 0, and none of Nesterov's");
}

std::vector<std::string> SGD::slots(const SGDOptions& options) const {
  if (options.momentum == 0) return {};
  // The two cannot stand for each other: a state of one kind is not to be restored as the other.
  return {options.velocity == Velocity::of_steps ? "velocity" : "momentum_buffer"};
}

bool SGD::takes_rows(const SGDOptions& options) const {
  if (options.momentum > 0) return false;
  check_no_decay("sgd", options.weight_decay);
  return true;
}

void SGD::update(const SGDOptions& options, const Update& parameter) const {
  const double rate = parameter.rate, momentum = options.momentum;
  const bool of_steps = options.velocity == Velocity::of_steps;
  if (parameter.rows.defined()) {
    kernels::update_rows(parameter, kernels::GradientDescent{rate});
  } else if (momentum == 0) {
    kernels::update(parameter, kernels::GradientDescent{rate}, options.weight_decay);
  } else if (options.dampening > 0) {
    const double gain = parameter.t == 1 ? 1 : 1 - options.dampening;
    if (of_steps)
      kernels::update(parameter, kernels::DampedMomentum{rate, momentum, gain},
                      options.weight_decay);
    else
      kernels::update(parameter, kernels::DampedBufferedMomentum{rate, momentum, gain},
                      options.weight_decay);
  } else if (of_steps && options.nesterov) {
    kernels::update(parameter, kernels::Nesterov{rate, momentum}, options.weight_decay);
  } else if (of_steps) {
    kernels::update(parameter, kernels::Momentum{rate, momentum}, options.weight_decay);
  } else if (options.nesterov) {
    kernels::update(parameter, kernels::BufferedNesterov{rate, momentum}, options.weight_decay);
  } else {
    kernels::update(parameter, kernels::BufferedMomentum{rate, momentum}, options.weight_decay);
  }
}

}  // namespace xtape::optim
