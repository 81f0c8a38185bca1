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

struct AdamWOptions {
  Setting<double> learning_rate = Preset{1e-3};
  Setting<double> decay = Preset{0.0};
  Setting<double> beta1 = Preset{0.9};
  Setting<double> beta2 = Preset{0.999};
  Setting<double> epsilon =
      Preset{1e-7};  ///< outside the root; 0 / 0 where it is 0 and so are all gradients
  Setting<double> weight_decay = Preset{0.01};
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.beta1, own.beta2, own.epsilon,
                    own.weight_decay, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",        "beta1",   "beta2",
                                    "epsilon",       "weight_decay", "schedule"};
};

/// Adam with weight decay that is no part of the gradient, so the moments do not scale it.
///   w -= rate weight_decay w, then as Adam
/// The rate is that of the step, decay and schedule included, as in PyTorch; in the paper the
/// schedule's factor alone multiplies the weight decay.
/// State: "first_moment" and "second_moment". Throws ValueError for options out of range, and as
/// Optimizer for parameters.
/// Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2.
class AdamW : public OptimizerOf<AdamWOptions> {
 public:
  explicit AdamW(const Parameters& parameters, const AdamWOptions& options = {});

 private:
  void check_for(const AdamWOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const AdamWOptions& options) const override;
  void update(const AdamWOptions& options, const Update& parameter) const override;

  mutable BiasCorrection first_correction_, second_correction_;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
