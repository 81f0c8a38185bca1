#pragma once
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/optim/optimizer.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

struct AdagradOptions {
  Setting<double> learning_rate = Preset{1.0};
  Setting<double> decay = Preset{0.0};
  Setting<double> initial_accumulator = Preset{0.0};  ///< c at first, beside the state
  Setting<double> epsilon =
      Preset{1e-7};  ///< outside the root; 0 / 0 where it is 0 and so are all gradients
  Setting<double> weight_decay = Preset{0.0};  ///< times w is added to the gradient
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.initial_accumulator, own.epsilon,
                    own.weight_decay, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",        "initial_accumulator",
                                    "epsilon",       "weight_decay", "schedule"};
};

/// Adaptive gradients: each element has a rate that falls with the gradients it has seen.
///   c += g²,  w -= rate g / (sqrt(initial_accumulator + c) + epsilon)
/// Of a sparse gradient (`Tensor::sparse_grad`) only the named rows and their state change.
/// State: "cache", c. Throws ValueError for options out of range, and in step for weight_decay
/// where a gradient is sparse; as Optimizer for parameters.
/// Source: Duchi, Hazan and Singer, Adaptive Subgradient Methods for Online Learning and Stochastic
/// Optimization (2011), with a diagonal matrix.
class Adagrad : public OptimizerOf<AdagradOptions> {
 public:
  explicit Adagrad(const Parameters& parameters, const AdagradOptions& options = {});

 private:
  void check_for(const AdagradOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const AdagradOptions& options) const override;
  bool takes_rows(const AdagradOptions& options) const override;
  void update(const AdagradOptions& options, const Update& parameter) const override;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
