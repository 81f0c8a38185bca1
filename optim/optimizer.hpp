#pragma once
#include <cstdint>
#include <vector>

#include <xtape/core/tensor.hpp>

/// Optimizers step over leaves along the gradients that `backward` has accumulated in them.
namespace xtape::optim {

/// Base: groups of parameters, each with a learning rate that decays as rate / (1 + decay t) in
/// step t = 0, 1, ... of the optimizer, for groups that were added later too.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Updates each parameter that has a gradient.
  void step();

  /// Forgets the gradients of all parameters.
  void zero_grad() const;

  /// The rate that the last step used; before the first, the initial rate. Groups count in the
  /// order in which they came.
  double learning_rate(std::size_t group = 0) const;
  /// Sets the rate that decay starts from. Throws ValueError if negative or not finite, IndexError
  /// without such a group.
  void set_learning_rate(double rate, std::size_t group = 0);

  /// Steps made so far.
  std::int64_t steps() const { return steps_; }

 protected:
  Optimizer() = default;

  /// Adds a group. Throws ValueError for a bad rate or decay, an undefined tensor or one that is in
  /// a group already; GradError for one that is no leaf or does not require a gradient.
  void add_parameters(const std::vector<Tensor>& parameters, double learning_rate, double decay);

  /// Updates a parameter that has a gradient, for the t-th time: t = 1, 2, ...
  virtual void update(std::size_t group, std::size_t index, const Tensor& parameter,
                      const Tensor& gradient, double rate, std::int64_t t) = 0;

 private:
  struct Group {
    std::vector<Tensor> parameters;
    std::vector<std::int64_t> updates;  // of each parameter so far
    double initial_rate, decay, rate;
  };
  const Group& at(std::size_t group) const;

  std::vector<Group> groups_;
  std::int64_t steps_ = 0;
};

}  // namespace xtape::optim
