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

struct SparseAdamOptions {
  Setting<double> learning_rate = Preset{1e-3};
  Setting<double> decay = Preset{0.0};
  Setting<double> beta1 = Preset{0.9};
  Setting<double> beta2 = Preset{0.999};
  Setting<double> epsilon =
      Preset{1e-8};  ///< beside the root of v itself, which is not corrected: not as in Adam
  Setting<Schedule> schedule = Preset{Schedule()};

  static auto fields(auto& own) {
    return std::tie(own.learning_rate, own.decay, own.beta1, own.beta2, own.epsilon, own.schedule);
  }
  static constexpr std::array names{"learning_rate", "decay",   "beta1",
                                    "beta2",         "epsilon", "schedule"};
};

/// Adam for tables of which each step uses few rows: of a sparse gradient (`Tensor::sparse_grad`)
/// only the named rows and their moments change, all others stay as they are. A dense gradient
/// names all rows.
///   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g²
///   w -= rate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
/// t counts the steps of the whole table. State: "first_moment" and "second_moment". Throws
/// ValueError for options out of range, and as Optimizer for parameters.
/// Source: PyTorch's SparseAdam, which takes sparse gradients alone; Kingma and Ba, Adam: A Method
/// for Stochastic Optimization (2015), end of section 2.
class SparseAdam : public OptimizerOf<SparseAdamOptions> {
 public:
  explicit SparseAdam(const Parameters& parameters, const SparseAdamOptions& options = {});

 private:
  void check_for(const SparseAdamOptions& options, Dtype dtype) const override;
  std::vector<std::string> slots(const SparseAdamOptions& options) const override;
  bool takes_rows(const SparseAdamOptions& options) const override;
  void update(const SparseAdamOptions& options, const Update& parameter) const override;

  mutable BiasCorrection first_correction_, second_correction_;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
