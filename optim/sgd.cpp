#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/optim/kernels/update.hpp>
#include <xtape/optim/sgd.hpp>

namespace xtape::optim {

SGD::SGD(const std::vector<Tensor>& parameters, const SGDOptions& options) {
  add_group(parameters, options);
}

void SGD::add_group(const std::vector<Tensor>& parameters, const SGDOptions& options) {
  if (!(options.momentum >= 0 && options.momentum < 1)) {
    throw ValueError("sgd: momentum must lie in [0, 1); got " + std::to_string(options.momentum));
  }
  if (options.nesterov && options.momentum == 0)
    throw ValueError("sgd: nesterov needs a momentum above 0");
  Group group{options, {}};
  if (options.momentum > 0) {
    for (const Tensor& parameter : parameters) group.velocities.push_back({zeros_like(parameter)});
  }
  groups_.reserve(groups_.size() + 1);  // the base class and this one add the group, or neither
  add_parameters(parameters, options.learning_rate, options.decay);
  groups_.push_back(std::move(group));
}

void SGD::update(std::size_t group, std::size_t index, const Tensor& parameter,
                 const Tensor& gradient, double rate, std::int64_t) {
  const auto& [options, velocities] = groups_[group];
  const double momentum = options.momentum;
  if (momentum == 0) {
    kernels::update(parameter, gradient, std::array<Tensor, 0>{},
                    [=](auto& w, auto g) { w = w - rate * g; });
  } else if (options.nesterov) {
    kernels::update(parameter, gradient, velocities[index], [=](auto& w, auto g, auto& v) {
      v = momentum * v - rate * g;
      w = w + momentum * v - rate * g;
    });
  } else {
    kernels::update(parameter, gradient, velocities[index], [=](auto& w, auto g, auto& v) {
      v = momentum * v - rate * g;
      w = w + v;
    });
  }
}

}  // namespace xtape::optim
