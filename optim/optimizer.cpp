#include <cmath>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/optim/optimizer.hpp>

namespace xtape::optim {
namespace {

void check_rate(const char* what, double value) {
  if (!(value >= 0) || std::isinf(value)) {
    throw ValueError("optimizer: " + std::string(what) + " must be finite and not negative; got " +
                     std::to_string(value));
  }
}

}  // namespace

const Optimizer::Group& Optimizer::at(std::size_t group) const {
  if (group >= groups_.size()) {
    throw IndexError("optimizer: there are " + std::to_string(groups_.size()) +
                     " groups; got index " + std::to_string(group));
  }
  return groups_[group];
}

void Optimizer::step() {
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    Group& own = groups_[group];
    own.rate = own.initial_rate / (1 + own.decay * static_cast<double>(steps_));
    for (std::size_t i = 0; i < own.parameters.size(); ++i) {
      const Tensor gradient = own.parameters[i].grad();
      if (!gradient.defined()) continue;
      update(group, i, own.parameters[i], gradient, own.rate, ++own.updates[i]);
    }
  }
  ++steps_;
}

void Optimizer::zero_grad() const {
  for (const Group& group : groups_) {
    for (const Tensor& parameter : group.parameters) parameter.zero_grad();
  }
}

double Optimizer::learning_rate(std::size_t group) const { return at(group).rate; }

void Optimizer::set_learning_rate(double rate, std::size_t group) {
  check_rate("learning rate", rate);
  at(group);
  groups_[group].initial_rate = groups_[group].rate = rate;
}

void Optimizer::add_parameters(const std::vector<Tensor>& parameters, double learning_rate,
                               double decay) {
  check_rate("learning rate", learning_rate);
  check_rate("decay", decay);
  Group added{
      {}, std::vector<std::int64_t>(parameters.size(), 0), learning_rate, decay, learning_rate};
  const auto contains = [](const Group& group, const Tensor& tensor) {
    for (const Tensor& parameter : group.parameters) {
      if (&parameter.body() == &tensor.body()) return true;
    }
    return false;
  };
  for (const Tensor& parameter : parameters) {
    if (!parameter.requires_grad() || !parameter.is_leaf()) {
      throw GradError("optimizer: parameters must be leaves that require gradients; got " +
                      parameter.describe());
    }
    bool known = contains(added, parameter);
    for (const Group& group : groups_) known = known || contains(group, parameter);
    if (known)
      throw ValueError("optimizer: a parameter may be given once; got " + parameter.describe() +
                       " twice");
    added.parameters.push_back(parameter);
  }
  groups_.push_back(std::move(added));
}

}  // namespace xtape::optim
