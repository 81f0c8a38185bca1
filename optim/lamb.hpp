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

struct LAMBOptions {
  Setting<double> learning_rate = Preset{1e-3};
  Setting<double> decay = Preset{0.0};
  Setting<double> beta1 = Preset{0.9};
  Setting<double> beta2 = Preset{0.999};
  Setting<double> epsilon =
      Preset{1e-6};  ///< outside the root; 0 / 0 where it is 0 and so are all gradients
  Setting<double> weight_decay = Preset{0.01};  ///< times w is added to the step
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.beta1, own.beta2, own.epsilon,
                    own.weight_decay, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",        "beta1",   "beta2",
                                    "epsilon",       "weight_decay", "schedule"};
};

/// Adam's step, as long in proportion to each parameter's norm: for large batches.
///   m and v as Adam's, corrected;  d = m / (sqrt(v) + epsilon) + weight_decay w
///   w -= rate |w| / |d| d, or rate d where one of the norms is 0
/// State: "first_moment" and "second_moment". Throws ValueError for options out of range, and as
/// Optimizer for parameters.
/// Source: You et al., Large Batch Optimization for Deep Learning: Training BERT in 76 minutes
/// (2020), algorithm 2, with the identity for phi.
class LAMB : public OptimizerOf<LAMBOptions> {
 public:
  explicit LAMB(const Parameters& parameters, const LAMBOptions& options = {});

 private:
  void check_for(const LAMBOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const LAMBOptions& options) const override;
  void update(const LAMBOptions& options, const Update& parameter) const override;

  mutable BiasCorrection first_correction_, second_correction_;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
