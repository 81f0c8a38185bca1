#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <xtape/core/error.hpp>
#include <xtape/optim/kernels/state.hpp>
#include <xtape/optim/reduce_on_plateau.hpp>

namespace xtape::optim {
namespace {

void check(const char* what, bool fits, const char* range, double value) {
  if (fits) return;
  throw ValueError("reduce on plateau: " + std::string(what) + " must lie in " + range + "; got " +
                   detail::text(value));
}

void check(const char* what, std::int64_t value) {
  if (value >= 0) return;
  throw ValueError("reduce on plateau: " + std::string(what) + " must not be negative; got " +
                   std::to_string(value));
}

}  // namespace

struct ReduceOnPlateau::State {
  explicit State(const ReduceOnPlateauOptions& given)
      : options(given),
        best(given.mode == PlateauMode::min ? std::numeric_limits<double>::infinity()
                                            : -std::numeric_limits<double>::infinity()) {}

  bool improved(double value) const {
    const double margin = std::isfinite(best) ? options.threshold * std::abs(best) : 0;
    return options.mode == PlateauMode::min ? value < best - margin : value > best + margin;
  }

  ReduceOnPlateauOptions options;
  double factor = 1, best;
  std::int64_t bad = 0, cooldown = 0;
};

ReduceOnPlateau::ReduceOnPlateau(const ReduceOnPlateauOptions& options)
    : state_(std::make_shared<State>(options)) {
  check("factor", options.factor >= 0 && options.factor < 1, "[0, 1)", options.factor);
  check("threshold", options.threshold >= 0 && std::isfinite(options.threshold), "[0, inf)",
        options.threshold);
  check("min_factor", options.min_factor >= 0 && options.min_factor <= 1, "[0, 1]",
        options.min_factor);
  check("patience", options.patience);
  check("cooldown", options.cooldown);
}

void ReduceOnPlateau::observe(double value) const {
  State& own = *state_;
  if (own.improved(value)) {
    own.best = value;
    own.bad = 0;
  } else {
    ++own.bad;
  }
  if (own.cooldown > 0) {
    --own.cooldown;
    own.bad = 0;
  }
  if (own.bad <= own.options.patience) return;
  own.factor = std::max(own.factor * own.options.factor, own.options.min_factor);
  own.cooldown = own.options.cooldown;
  own.bad = 0;
}

double ReduceOnPlateau::factor() const { return state_->factor; }

NamedTensors ReduceOnPlateau::state() const {
  return {{"factor", number(state_->factor)},
          {"best", number(state_->best)},
          {"bad_observations", number(state_->bad)},
          {"cooldown", number(state_->cooldown)}};
}

void ReduceOnPlateau::restore(const NamedTensors& given) const {
  const NamedTensors entries = entries_like(state(), given);
  const double factor = number<double>(entries[0].second);
  const double best = number<double>(entries[1].second);
  State& own = *state_;
  check("\"factor\"", factor >= own.options.min_factor && factor <= 1, "[min_factor, 1]", factor);
  check("\"best\"", !std::isnan(best), "[-inf, inf]", best);
  own.factor = factor;
  own.best = best;
  own.bad = number<std::int64_t>(entries[2].second);
  own.cooldown = number<std::int64_t>(entries[3].second);
}

}  // namespace xtape::optim
