#pragma once
#include <cstdint>
#include <type_traits>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::optim {

template <class F>
concept FactorOfStep = std::is_invocable_r_v<double, F&, std::int64_t>;

/// The factor by which the learning rate is multiplied in step t = 0, 1, ...: a value, made from
/// any function double(std::int64_t), which may be composed:
/// ```
/// linear_warmup(100).then(cosine(900))     // one after another
/// linear_warmup(100) * exponential(0.999)  // both at once
/// ```
/// A schedule has a length: the steps after which `then` goes on. Without one that follows, the
/// schedules below stay at the factor they end with.
class Schedule {
 public:
  static constexpr std::int64_t endless = INT64_MAX;

  /// 1 in every step.
  Schedule() = default;
  /// Endless. Throws ValueError for an empty function.
  template <FactorOfStep F>
  Schedule(F factor) : factor_(std::move(factor)) {
    check();
  }

  double operator()(std::int64_t step) const { return factor_ ? factor_(step) : 1; }

  /// In steps; `endless` if it never ends.
  std::int64_t length() const { return length_; }
  /// The same factors with another length. Throws ValueError if negative.
  Schedule lasting(std::int64_t steps) const;
  /// This schedule for its length, then `next`, which counts from there. Throws ValueError if this
  /// one is endless.
  Schedule then(Schedule next) const;

 private:
  void check() const;

  std::function<double(std::int64_t)> factor_;
  std::int64_t length_ = endless;
};

/// The product of two schedules, as long as the longer one.
Schedule operator*(Schedule a, Schedule b);

/// Schedules that are often used. Each throws ValueError for arguments out of range: numbers of
/// steps, factors and gammas may not be negative, nor infinite or NaN.
namespace schedule {

/// The same factor in every step; endless.
Schedule constant(double factor = 1);

/// 1 / (1 + decay t); endless. The same as the option `decay`.
Schedule inverse_time(double decay);

/// gamma^floor(t / every): a factor of gamma more after every so many steps; endless.
Schedule step(std::int64_t every, double gamma = 0.1);

/// gamma^t; endless.
Schedule exponential(double gamma);

struct CosineOptions {
  double last = 0;  ///< factor in the end
};
/// last + (1 - last) (1 + cos(pi t / steps)) / 2: from 1 in step 0 to `last` in step `steps`.
/// Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017),
/// equation 5.
Schedule cosine(std::int64_t steps, const CosineOptions& options = {});

struct LinearWarmupOptions {
  double first = 0;  ///< factor of step 0
};
/// first + (1 - first) t / steps: from `first` in step 0 to 1 in step `steps`.
Schedule linear_warmup(std::int64_t steps, const LinearWarmupOptions& options = {});

struct OneCycleOptions {
  double pct_start = 0.3;         ///< part of the steps in which the rate rises, in [0, 1]
  double div_factor = 25;         ///< first factor: 1 / div_factor
  double final_div_factor = 1e4;  ///< last factor: 1 / div_factor / final_div_factor
};
/// Up to 1 in step pct_start steps - 1 and down again to the end in step steps - 1, both along half
/// a cosine. The learning rate of the optimizer is the greatest one.
/// Source: Smith and Topin, Super-Convergence: Very Fast Training of Neural Networks Using Large
/// Learning Rates (2018), in the form of PyTorch's OneCycleLR.
Schedule one_cycle(std::int64_t steps, const OneCycleOptions& options = {});

}  // namespace schedule
}  // namespace xtape::optim

XTAPE_EXPORT_END
