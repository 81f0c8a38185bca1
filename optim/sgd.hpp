#pragma once
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/optim/optimizer.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

/// What momentum accumulates. It makes a difference when the learning rate changes: steps keep the
/// rate at which they were made, gradients take that of the present.
enum class Velocity { of_steps, of_gradients };

struct SGDOptions {
  Setting<double> learning_rate = Preset{1.0};
  Setting<double> decay = Preset{0.0};
  Setting<double> momentum = Preset{0.0};
  Setting<double> dampening =
      Preset{0.0};  ///< from the second step on, 1 - dampening of each gradient
  Setting<bool> nesterov = Preset{false};
  Setting<Velocity> velocity = Preset{Velocity::of_steps};
  Setting<double> weight_decay = Preset{0.0};  ///< times w is added to the gradient
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.momentum, own.dampening, own.nesterov,
                    own.velocity, own.weight_decay, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",    "momentum",     "dampening",
                                    "nesterov",      "velocity", "weight_decay", "schedule"};
};

/// Stochastic gradient descent.
///   without momentum   w -= rate g
///   of steps           v = momentum v - rate g,  w += v;       Nesterov  w += momentum v - rate g
///   of gradients       v = momentum v + g,       w -= rate v;  Nesterov  w -= rate (g + momentum v)
/// State: "velocity" of steps, "momentum_buffer" of gradients; none without momentum.
/// Of a sparse gradient (`Tensor::sparse_grad`) only the named rows are stepped over; with momentum
/// it is made dense.
/// Throws ValueError for options out of range, Nesterov without momentum or with dampening, and
/// dampening without momentum, and in step for weight_decay where a gradient is sparse; as
/// Optimizer for parameters. Source: Sutskever et al., On the importance of initialization and
/// momentum in deep learning (2013), section 2; Nesterov's step is taken from the point looked
/// ahead to, as in Bengio et al., Advances in Optimizing Recurrent Networks (2012). Velocity of
/// gradients is PyTorch's.
class SGD : public OptimizerOf<SGDOptions> {
 public:
  explicit SGD(const Parameters& parameters, const SGDOptions& options = {});

 private:
  void check_for(const SGDOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const SGDOptions& options) const override;
  bool takes_rows(const SGDOptions& options) const override;
  void update(const SGDOptions& options, const Update& parameter) const override;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
