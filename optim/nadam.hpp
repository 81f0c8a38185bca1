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

struct NAdamOptions {
  Setting<double> learning_rate = Preset{2e-3};
  Setting<double> decay = Preset{0.0};
  Setting<double> beta1 = Preset{0.9};
  Setting<double> beta2 = Preset{0.999};
  Setting<double> epsilon = Preset{1e-8};  ///< outside the root
  Setting<double> momentum_decay = Preset{4e-3};
  Setting<double> weight_decay = Preset{0.0};  ///< times w is added to the gradient
  Setting<bool> decoupled_weight_decay =
      Preset{false};  ///< shrinks w by it, times the rate, instead, as AdamW does
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.beta1, own.beta2, own.epsilon,
                    own.momentum_decay, own.weight_decay, own.decoupled_weight_decay, own.schedule);
  }
  static constexpr std::array names{
      "learning_rate", "decay",          "beta1",        "beta2",
      "epsilon",       "momentum_decay", "weight_decay", "decoupled_weight_decay",
      "schedule"};
};

/// Adam with Nesterov's momentum, which grows to beta1: mu_t = beta1 (1 - 0.96^(t momentum_decay) /
/// 2).
///   m and v as Adam's,  M = mu_1 ... mu_t
///   w -= rate ((1 - mu_t) / (1 - M) g + mu_(t+1) / (1 - M mu_(t+1)) m) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// State: "first_moment" and "second_moment". Throws ValueError for options out of range, and as
/// Optimizer for parameters.
/// Source: Dozat, Incorporating Nesterov Momentum into Adam (2016), with PyTorch's defaults.
class NAdam : public OptimizerOf<NAdamOptions> {
 public:
  explicit NAdam(const Parameters& parameters, const NAdamOptions& options = {});

 private:
  void check_for(const NAdamOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const NAdamOptions& options) const override;
  void update(const NAdamOptions& options, const Update& parameter) const override;

  /// mu_1 ... mu_t
  double momentum_product(const NAdamOptions& options, std::int64_t t) const;

  mutable BiasCorrection second_correction_;
  mutable double product_ = 1, beta1_ = 0, momentum_decay_ = 0;  // the last one, and of what
  mutable std::int64_t t_ = 0;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
