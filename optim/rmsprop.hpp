#pragma once
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/optim/optimizer.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

struct RMSpropOptions {
  Setting<double> learning_rate = Preset{1e-3};
  Setting<double> decay = Preset{0.0};
  Setting<double> rho = Preset{0.9};
  Setting<double> epsilon =
      Preset{1e-7};  ///< outside the root; 0 / 0 where it is 0 and so are all gradients
  Setting<bool> centered = Preset{false};      ///< divide by the running standard deviation
  Setting<double> momentum = Preset{0.0};      ///< of the steps, before the rate
  Setting<double> weight_decay = Preset{0.0};  ///< times w is added to the gradient
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.rho, own.epsilon, own.centered, own.momentum,
                    own.weight_decay, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",    "rho",          "epsilon",
                                    "centered",      "momentum", "weight_decay", "schedule"};
};

/// Gradients divided by a running root mean square of themselves.
///   c = rho c + (1 - rho) g²,  w -= rate g / (sqrt(c) + epsilon)
/// With `centered`, c - a² in the root, a = rho a + (1 - rho) g; with momentum, v = momentum v +
/// the quotient, w -= rate v.
/// State: "cache", if centered "mean_gradient", with momentum "momentum_buffer". Throws ValueError
/// for options out of range, and as Optimizer for parameters.
/// Source: Tieleman and Hinton, Neural Networks for Machine Learning (2012), lecture 6.5; Graves,
/// Generating Sequences With Recurrent Neural Networks (2013), section 4.2.
class RMSprop : public OptimizerOf<RMSpropOptions> {
 public:
  explicit RMSprop(const Parameters& parameters, const RMSpropOptions& options = {});

 private:
  void check_for(const RMSpropOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const RMSpropOptions& options) const override;
  void update(const RMSpropOptions& options, const Update& parameter) const override;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
