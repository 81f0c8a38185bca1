#pragma once
#include <array>
#include <vector>

#include <xtape/optim/optimizer.hpp>

namespace xtape::optim {

struct AdamOptions {
  double learning_rate = 1e-3;
  double decay = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-7;  ///< outside the root
};

/// Adaptive moments.
///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g²
///   w -= rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// Throws ValueError for options out of range, and as Optimizer for parameters.
/// Source: Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1.
class Adam : public Optimizer {
 public:
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});
  /// Adds parameters with options of their own.
  void add_group(const std::vector<Tensor>& parameters, const AdamOptions& options);

 private:
  void update(std::size_t group, std::size_t index, const Tensor& parameter, const Tensor& gradient,
              double rate, std::int64_t t) override;

  struct Group {
    AdamOptions options;
    std::vector<std::array<Tensor, 2>> moments;  // m and v of each parameter
  };
  std::vector<Group> groups_;
};

}  // namespace xtape::optim
