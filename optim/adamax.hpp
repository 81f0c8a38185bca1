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

struct AdamaxOptions {
  Setting<double> learning_rate = Preset{2e-3};
  Setting<double> decay = Preset{0.0};
  Setting<double> beta1 = Preset{0.9};
  Setting<double> beta2 = Preset{0.999};
  Setting<double> epsilon =
      Preset{1e-8};  ///< added to |g|; 0 / 0 where it is 0 and so are all gradients
  Setting<double> weight_decay = Preset{0.0};  ///< times w is added to the gradient
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.beta1, own.beta2, own.epsilon,
                    own.weight_decay, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",        "beta1",   "beta2",
                                    "epsilon",       "weight_decay", "schedule"};
};

/// Adam by the greatest gradient, which is forgotten by and by, in place of the second moment.
///   m = beta1 m + (1 - beta1) g,  u = max(beta2 u, |g| + epsilon),  w -= rate / (1 - beta1^t) m / u
/// State: "first_moment" and "greatest_gradient". Throws ValueError for options out of range, and
/// as Optimizer for parameters.
/// Source: Kingma and Ba, Adam (2015), algorithm 2; epsilon as in PyTorch.
class Adamax : public OptimizerOf<AdamaxOptions> {
 public:
  explicit Adamax(const Parameters& parameters, const AdamaxOptions& options = {});

 private:
  void check_for(const AdamaxOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const AdamaxOptions& options) const override;
  void update(const AdamaxOptions& options, const Update& parameter) const override;

  mutable BiasCorrection correction_;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
