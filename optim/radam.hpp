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

struct RAdamOptions {
  Setting<double> learning_rate = Preset{1e-3};
  Setting<double> decay = Preset{0.0};
  Setting<double> beta1 = Preset{0.9};
  Setting<double> beta2 = Preset{0.999};
  Setting<double> epsilon = Preset{1e-8};      ///< outside the root
  Setting<double> weight_decay = Preset{0.0};  ///< times w is added to the gradient
  Setting<bool> decoupled_weight_decay =
      Preset{false};  ///< shrinks w by it, times the rate, instead, as AdamW does
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.beta1, own.beta2, own.epsilon,
                    own.weight_decay, own.decoupled_weight_decay, own.schedule);
  }
  static constexpr std::array names{
      "learning_rate",          "decay",   "beta1", "beta2", "epsilon", "weight_decay",
      "decoupled_weight_decay", "schedule"};
};

/// Adam whose rate is rectified by how well the second moment is known, and without it for the
/// first steps.
///   m and v as Adam's, corrected;  r = 2 / (1 - beta2) - 1,  r_t = r - 2 t beta2^t / (1 - beta2^t)
///   r_t > 5     w -= rate sqrt((r_t - 4) (r_t - 2) r / ((r - 4) (r - 2) r_t)) m / (sqrt(v) + epsilon)
///   otherwise   w -= rate m
/// State: "first_moment" and "second_moment". Throws ValueError for options out of range, and as
/// Optimizer for parameters.
/// Source: Liu et al., On the Variance of the Adaptive Learning Rate and Beyond (2020), algorithm
/// 2; the bound 5, and epsilon added to the root before v is corrected, as in PyTorch.
class RAdam : public OptimizerOf<RAdamOptions> {
 public:
  explicit RAdam(const Parameters& parameters, const RAdamOptions& options = {});

 private:
  void check_for(const RAdamOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const RAdamOptions& options) const override;
  void update(const RAdamOptions& options, const Update& parameter) const override;

  mutable BiasCorrection first_correction_, second_correction_;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
