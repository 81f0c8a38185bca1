#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <xtape/core/require.hpp>
#include <xtape/optim/schedule.hpp>

namespace xtape::optim {
namespace {

void check_steps(const char* what, std::int64_t steps, std::int64_t least = 0) {
  detail::require_at_least("schedule", what, steps, least);
}

void check_factor(const char* what, double factor) {
  detail::require_not_negative("schedule", what, factor);
}

/// From a to b along half a cosine, for x from 0 to 1.
double half_cosine(double a, double b, double x) {
  return b + (a - b) * (1 + std::cos(std::numbers::pi * x)) / 2;
}

/// How far t is on the way from `first` to `last`: from 0 to 1; 1 if there is no way.
double part(double t, double first, double last) {
  return t < last ? (t - first) / (last - first) : 1;
}

}  // namespace

void Schedule::check() const {
  if (!factor_) throw ValueError("schedule: a function is needed; got an empty one");
}

Schedule Schedule::lasting(std::int64_t steps) const {
  check_steps("the length", steps);
  Schedule copy = *this;
  copy.length_ = steps;
  return copy;
}

Schedule Schedule::then(Schedule next) const {
  if (length_ == endless)
    throw ValueError("schedule: what `then` follows must have an end (see lasting)");
  const std::int64_t end =
      next.length_ > endless - length_ ? endless : length_ + next.length_;  // without overflow
  return Schedule([first = *this, next = std::move(next)](std::int64_t t) {
           return t < first.length_ ? first(t) : next(t - first.length_);
         })
      .lasting(end);
}

Schedule operator*(Schedule a, Schedule b) {
  const std::int64_t length = std::max(a.length(), b.length());
  return Schedule([a = std::move(a), b = std::move(b)](std::int64_t t) { return a(t) * b(t); })
      .lasting(length);
}

namespace schedule {

Schedule constant(double factor) {
  check_factor("the factor", factor);
  return [factor](std::int64_t) { return factor; };
}

Schedule inverse_time(double decay) {
  check_factor("decay", decay);
  return [decay](std::int64_t t) { return 1 / (1 + decay * static_cast<double>(t)); };
}

Schedule step(std::int64_t every, double gamma) {
  check_steps("`every`", every, 1);
  check_factor("gamma", gamma);
  return [every, gamma](std::int64_t t) {
    const std::int64_t times = t / every;
    return std::pow(gamma, static_cast<double>(times));
  };
}

Schedule exponential(double gamma) {
  check_factor("gamma", gamma);
  return [gamma](std::int64_t t) { return std::pow(gamma, static_cast<double>(t)); };
}

Schedule cosine(std::int64_t steps, const CosineOptions& options) {
  check_steps("the number of steps", steps);
  check_factor("the last factor", options.last);
  const auto end = static_cast<double>(steps);
  return Schedule([end, last = options.last](std::int64_t t) {
           return half_cosine(1, last, part(static_cast<double>(t), 0, end));
         })
      .lasting(steps);
}

Schedule linear_warmup(std::int64_t steps, const LinearWarmupOptions& options) {
  check_steps("the number of steps", steps);
  check_factor("the first factor", options.first);
  const auto end = static_cast<double>(steps);
  return Schedule([end, first = options.first](std::int64_t t) {
           const double x = part(static_cast<double>(t), 0, end);
           return x < 1 ? first + (1 - first) * x : 1;
         })
      .lasting(steps);
}

Schedule one_cycle(std::int64_t steps, const OneCycleOptions& options) {
  check_steps("the number of steps", steps);
  const auto [pct_start, div_factor, final_div_factor] = options;
  detail::require_in("schedule", "pct_start", pct_start, 0.0, 1.0);
  detail::require_positive("schedule", "div_factor", div_factor);
  detail::require_positive("schedule", "final_div_factor", final_div_factor);
  const double first = 1 / div_factor, last = first / final_div_factor;
  check_factor("1 / div_factor / final_div_factor", last);
  const double end = static_cast<double>(steps) - 1, peak = pct_start * (end + 1) - 1;
  return Schedule([=](std::int64_t step) {
           const auto t = static_cast<double>(step);
           return t <= peak ? half_cosine(first, 1, part(t, 0, peak))
                            : half_cosine(1, last, part(t, peak, end));
         })
      .lasting(steps);
}

}  // namespace schedule
}  // namespace xtape::optim
