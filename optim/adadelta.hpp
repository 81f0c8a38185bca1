#pragma once
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/optim/optimizer.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

struct AdadeltaOptions {
  Setting<double> learning_rate = Preset{1.0};
  Setting<double> decay = Preset{0.0};
  Setting<double> rho = Preset{0.9};
  Setting<double> epsilon =
      Preset{1e-6};  ///< inside the roots; 0 / 0 where it is 0 and so are all gradients
  Setting<double> weight_decay = Preset{0.0};  ///< times w is added to the gradient
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.rho, own.epsilon, own.weight_decay,
                    own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",        "rho",
                                    "epsilon",       "weight_decay", "schedule"};
};

/// Steps in the units of the parameter: gradients times a running root mean square of the steps
/// over one of the gradients.
///   c = rho c + (1 - rho) g²,  d = sqrt(s + epsilon) / sqrt(c + epsilon) g
///   s = rho s + (1 - rho) d²,  w -= rate d
/// State: "cache" and "cache_of_steps". Throws ValueError for options out of range, and as
/// Optimizer for parameters.
/// Source: Zeiler, ADADELTA: An Adaptive Learning Rate Method (2012), algorithm 1.
class Adadelta : public OptimizerOf<AdadeltaOptions> {
 public:
  explicit Adadelta(const Parameters& parameters, const AdadeltaOptions& options = {});

 private:
  void check_for(const AdadeltaOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const AdadeltaOptions& options) const override;
  void update(const AdadeltaOptions& options, const Update& parameter) const override;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
