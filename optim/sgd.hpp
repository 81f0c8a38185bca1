#pragma once
#include <array>
#include <vector>

#include <xtape/optim/optimizer.hpp>

namespace xtape::optim {

struct SGDOptions {
  double learning_rate = 1;
  double decay = 0;
  double momentum = 0;
  bool nesterov = false;
};

/// Stochastic gradient descent.
///   without momentum   w -= rate g
///   with momentum      v = momentum v - rate g,  w += v
///   Nesterov           the same v,               w += momentum v - rate g
/// Throws ValueError for options out of range, or Nesterov without momentum; as Optimizer for
/// parameters.
/// Source: Sutskever et al., On the importance of initialization and momentum in deep learning
/// (2013), section 2; Nesterov's step is taken from the point looked ahead to, as in Bengio et al.,
/// Advances in Optimizing Recurrent Networks (2012).
class SGD : public Optimizer {
 public:
  explicit SGD(const std::vector<Tensor>& parameters, const SGDOptions& options = {});
  /// Adds parameters with options of their own.
  void add_group(const std::vector<Tensor>& parameters, const SGDOptions& options);

 private:
  void update(std::size_t group, std::size_t index, const Tensor& parameter, const Tensor& gradient,
              double rate, std::int64_t t) override;

  struct Group {
    SGDOptions options;
    std::vector<std::array<Tensor, 1>> velocities;  // of each parameter; none without momentum
  };
  std::vector<Group> groups_;
};

}  // namespace xtape::optim
