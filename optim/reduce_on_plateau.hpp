#pragma once
#include <cstdint>
#include <memory>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

enum class PlateauMode { min, max };

struct ReduceOnPlateauOptions {
  double factor = 0.1;         ///< of each reduction, in [0, 1)
  std::int64_t patience = 10;  ///< observations without improvement that are borne
  double threshold = 1e-4;     ///< what counts as an improvement: more than threshold |best|
  double min_factor = 0;       ///< where reducing ends, in [0, 1]
  std::int64_t cooldown = 0;   ///< observations after a reduction that do not count as bad
  PlateauMode mode = PlateauMode::min;  ///< whether the value should fall or rise
};

/// A schedule that follows what is observed, such as the loss on test data after each epoch:
/// `factor` is multiplied into it when the value has not improved for more than `patience`
/// observations.
/// ```
/// optim::ReduceOnPlateau plateau({.factor = 0.5, .patience = 3});
/// optim::SGD optimizer(model.parameters(), {.schedule = plateau});
/// ... plateau.observe(loss.item());
/// ```
/// Copies are the same schedule. Throws ValueError for options out of range.
class ReduceOnPlateau {
 public:
  explicit ReduceOnPlateau(const ReduceOnPlateauOptions& options = {});

  /// NaN is no improvement.
  void observe(double value) const;

  /// The factor at present: 1 at first.
  double factor() const;
  /// The same, for any step: what makes this a Schedule.
  double operator()(std::int64_t) const { return factor(); }

  /// What it has learned: "factor" and "best", float64; "bad_observations" and "cooldown", int64.
  NamedTensors state() const;
  /// Throws ValueError, ShapeError or DtypeError, with nothing changed, for a state of another
  /// form.
  void restore(const NamedTensors& state) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace xtape::optim

XTAPE_EXPORT_END
