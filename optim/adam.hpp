#pragma once
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/optim/bias_correction.hpp>
#include <xtape/optim/optimizer.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

struct AdamOptions {
  Setting<double> learning_rate = Preset{1e-3};
  Setting<double> decay = Preset{0.0};
  Setting<double> beta1 = Preset{0.9};
  Setting<double> beta2 = Preset{0.999};
  Setting<double> epsilon =
      Preset{1e-7};  ///< outside the root; 0 / 0 where it is 0 and so are all gradients
  Setting<double> weight_decay =
      Preset{0.0};                        ///< times w is added to the gradient: not as AdamW does
  Setting<bool> amsgrad = Preset{false};  ///< divide by the greatest second moment so far
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.beta1, own.beta2, own.epsilon,
                    own.weight_decay, own.amsgrad, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",        "beta1",   "beta2",
                                    "epsilon",       "weight_decay", "amsgrad", "schedule"};
};

/// Adaptive moments.
///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g²
///   w -= rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// With `amsgrad`, the greatest v so far in place of v in the root.
/// State: "first_moment" and "second_moment"; with amsgrad "greatest_second_moment". Throws
/// ValueError for options out of range, and as Optimizer for parameters.
/// Source: Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1; Reddi,
/// Kale and Kumar, On the Convergence of Adam and Beyond (2018), with Adam's corrections as in
/// PyTorch.
class Adam : public OptimizerOf<AdamOptions> {
 public:
  explicit Adam(const Parameters& parameters, const AdamOptions& options = {});

 private:
  void check_for(const AdamOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const AdamOptions& options) const override;
  void update(const AdamOptions& options, const Update& parameter) const override;

  mutable BiasCorrection first_correction_, second_correction_;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
