#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/alive.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/optim/parameters.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

struct AveragingOptions {
  std::optional<double> decay = {};  ///< of an exponential average; without it all count alike
  bool warm_up = false;              ///< a decay of at most (1 + n) / (10 + n) after n updates
};

/// A running average of parameters, beside those that an optimizer steps over: of an exponential
/// moving average (EMA), `{.decay = 0.999}`, or of the last part of a training (SWA), without it.
///   average += (1 - decay) (w - average),  or  average += (w - average) / n;  the first is w itself
/// ```
/// optim::Averaging averaging(model, {.decay = 0.999});
/// ... optimizer.step(); averaging.update();
/// { const auto in_use = averaging.apply(); evaluate(model); }   // then the model is as it was
/// ```
/// Running statistics, as those of batch normalization, are not averaged: after `apply`, a pass
/// over the data in training mode makes them anew.
/// Source: Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging (1992);
/// Izmailov et al., Averaging Weights Leads to Wider Optima (2018).
class Averaging {
 public:
  /// Throws ValueError unless 0 <= decay < 1, for no parameters, and for warm_up without a decay.
  explicit Averaging(const Parameters& parameters, const AveragingOptions& options = {});

  /// Takes in the values that the parameters have now.
  void update();
  std::int64_t updates() const { return updates_; }

  /// The averages by the names of the parameters; their values at first, before the first update.
  NamedTensors average() const;

  /// While it lives, the parameters have the averages for values. An update in the meantime throws
  /// ValueError, and what an optimizer steps to is forgotten.
  class [[nodiscard]] Applied {
   public:
    ~Applied();
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;
    /// Whether a parameter has been given another value since.
    bool changed() const;

   private:
    friend class Averaging;
    explicit Applied(Averaging& averaging);
    Averaging& averaging_;
    std::vector<Tensor> before_, values_;
  };
  Applied apply() { return Applied(*this); }

  /// "updates", and the averages by the names of the parameters. Throws as Optimizer.
  NamedTensors state() const;
  void restore(const NamedTensors& state);

 private:
  NamedTensors parameters_;
  std::vector<Tensor> averages_;
  AveragingOptions options_;
  std::int64_t updates_ = 0;
  bool applied_ = false;
  detail::Alive alive_;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
