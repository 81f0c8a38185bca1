#pragma once
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/optim/optimizer.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

struct LionOptions {
  Setting<double> learning_rate = Preset{1e-4};
  Setting<double> decay = Preset{0.0};
  Setting<double> beta1 = Preset{0.9};
  Setting<double> beta2 = Preset{0.99};
  Setting<double> weight_decay = Preset{0.0};  ///< w is shrunk by it, times the rate, as AdamW does
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.beta1, own.beta2, own.weight_decay,
                    own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",        "beta1",
                                    "beta2",         "weight_decay", "schedule"};
};

/// Steps of one length, along the sign of a momentum.
///   w -= rate weight_decay w,  w -= rate sign(beta1 m + (1 - beta1) g),  m = beta2 m + (1 - beta2) g
/// State: "first_moment". Throws ValueError for options out of range, and as Optimizer for
/// parameters. Source: Chen et al., Symbolic Discovery of Optimization Algorithms (2023), algorithm
/// 2.
class Lion : public OptimizerOf<LionOptions> {
 public:
  explicit Lion(const Parameters& parameters, const LionOptions& options = {});

 private:
  void check_for(const LionOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const LionOptions& options) const override;
  void update(const LionOptions& options, const Update& parameter) const override;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
