#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/optim/optimizer.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

struct MuonOptions {
  Setting<double> learning_rate = Preset{0.02};
  Setting<double> decay = Preset{0.0};
  Setting<double> momentum = Preset{0.95};
  Setting<bool> nesterov = Preset{true};
  Setting<std::int64_t> iterations = Preset{std::int64_t{5}};  ///< of Newton and Schulz
  Setting<bool> outputs_first = Preset{false};                 ///< weights are [outputs, inputs]
  Setting<double> weight_decay = Preset{0.0};  ///< w is shrunk by it, times the rate, as AdamW does
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.momentum, own.nesterov, own.iterations,
                    own.outputs_first, own.weight_decay, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",         "momentum",     "nesterov",
                                    "iterations",    "outputs_first", "weight_decay", "schedule"};
};

/// Momentum made orthogonal: for the weights between hidden layers, each [inputs, outputs], as of
/// Dense, or with `outputs_first` the other way round, as of recurrent layers and attention's
/// in_proj_weight. Biases, embeddings and the last layer go to another optimizer.
///   m = momentum m + (1 - momentum) g,  d = m, with Nesterov momentum m + (1 - momentum) g
///   d = d / |d|,  then a few times  d = 3.4445 d - 4.775 d dᵀ d + 2.0315 (d dᵀ)² d
///   w -= rate sqrt(max(1, outputs / inputs)) d
/// The singular values of d come close to 1, between about 0.7 and 1.2.
/// State: "momentum_buffer". Throws ValueError for options out of range, ShapeError for a parameter
/// that is no matrix, and as Optimizer for parameters.
/// Source: Jordan et al., Muon: An optimizer for hidden layers in neural networks (2024).
class Muon : public OptimizerOf<MuonOptions> {
 public:
  explicit Muon(const Parameters& parameters, const MuonOptions& options = {});

 private:
  void check_for(const MuonOptions& options, Dtype dtype) const override;
  void check_parameter(const std::string& name, const Tensor& parameter) const override;
  std::vector<std::string> slots(const MuonOptions& options) const override;
  void update(const MuonOptions& options, const Update& parameter) const override;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
