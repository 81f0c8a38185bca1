// A million steps, counters beyond 2^31, and schedules far behind their ends: against closed forms.
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/optimizers.hpp"

using namespace xtape;

namespace {

/// Optimizers whose step along a gradient that never changes is the rate over 1 + epsilon / |g|,
/// from the first on: what their averages lack in the beginning is corrected for.
std::vector<std::unique_ptr<optim::Optimizer>> corrected(const Tensor& w, double rate) {
  std::vector<std::unique_ptr<optim::Optimizer>> all;
  const optim::Parameters parameters{{"w", w}};
  all.push_back(
      std::make_unique<optim::Adam>(parameters, optim::AdamOptions{.learning_rate = rate}));
  all.push_back(std::make_unique<optim::AdamW>(
      parameters, optim::AdamWOptions{.learning_rate = rate, .weight_decay = 0.0}));
  all.push_back(
      std::make_unique<optim::Adamax>(parameters, optim::AdamaxOptions{.learning_rate = rate}));
  return all;
}

Tensor& entry(NamedTensors& state, const std::string& name) {
  for (auto& [own, value] : state)
    if (own == name) return value;
  throw ValueError("no entry " + name);
}

}  // namespace

TEST_CASE("long runs: a million steps along one gradient go as far as the first, a million times") {
  constexpr int steps = 1'000'000;
  constexpr double rate = 1e-3, gradient = 0.25, epsilon = 0x1p-23;
  const Tensor w = leaf({0});
  optim::Adam adam({w}, {.learning_rate = rate, .epsilon = epsilon});
  give_gradient(w, {gradient});
  double first = 0;
  for (int step = 0; step < steps; ++step) {
    adam.step();
    if (step == 0) first = values(w)[0];
  }
  CHECK(first == doctest::Approx(-rate / (1 + epsilon / gradient)).epsilon(1e-14));
  // A sum of so many terms has an error of at most so many half units of its last place.
  CHECK(values(w)[0] == doctest::Approx(steps * first).epsilon(steps * 1.2e-16));
  CHECK(adam.steps() == steps);
}

TEST_CASE("long runs: behind 2^31 steps, and 2^53, an optimizer goes on as before") {
  for (const std::int64_t before :
       {(std::int64_t{1} << 31) - 1, std::int64_t{1} << 32, (std::int64_t{1} << 53) + 1}) {
    const std::size_t kinds = corrected(leaf({0}), 1).size();
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      CAPTURE(before);
      CAPTURE(kind);
      const Tensor w = leaf({5});
      const auto optimizer = std::move(corrected(w, 0.5)[kind]);
      step_along(*optimizer, w, {2});  // which makes the averages
      NamedTensors state = optimizer->state();
      entry(state, "steps") = tensor(before);
      entry(state, "w.updates") = tensor(before);
      const Tensor two = tensor({2.0}, Dtype::float64);
      for (auto& [name, value] :
           state) {  // after so many steps they are the gradient and its square
        if (name == "w.first_moment") value = two;
        if (name == "w.second_moment") value = two * two;
        if (name == "w.norm" || name == "w.greatest") value = two;
      }
      optimizer->restore(state);
      for (int step = 1; step <= 3; ++step) {
        const double from = values(w)[0];
        step_along(*optimizer, w, {2});
        CHECK(from - values(w)[0] == doctest::Approx(0.5).epsilon(1e-6));
        CHECK(optimizer->steps() == before + step);
        NamedTensors after = optimizer->state();
        CHECK(entry(after, "w.updates").to_vector<std::int64_t>()[0] == before + step);
      }
    }
  }
}

TEST_CASE("long runs: schedules stay at the factor that they end with, however long") {
  using namespace optim::schedule;
  constexpr std::int64_t steps = 1000;
  for (const std::int64_t late : {steps, steps + 1, std::int64_t{1} << 31, std::int64_t{1} << 53,
                                  std::numeric_limits<std::int64_t>::max()}) {
    CAPTURE(late);
    CHECK(cosine(steps, {.last = 0.125})(late) == 0.125);
    CHECK(linear_warmup(steps, {.first = 0.25})(late) == 1);
    CHECK(one_cycle(steps)(late) == one_cycle(steps)(steps - 1));
    CHECK(constant(0.5)(late) == 0.5);
    CHECK(exponential(1)(late) == 1);
    CHECK(optim::schedule::step(1, 1)(late) == 1);
    const double far = static_cast<double>(late);
    CHECK(inverse_time(0.5)(late) == doctest::Approx(1 / (1 + 0.5 * far)).epsilon(1e-15).scale(0));
    CHECK(linear_warmup(steps).then(cosine(steps, {.last = 0.5}))(late) ==
          (late == steps || late == steps + 1 ? doctest::Approx(1).epsilon(1e-5)
                                              : doctest::Approx(0.5)));
  }
  CHECK(exponential(0.5)(std::int64_t{1} << 40) == 0);
  CHECK(one_cycle(steps)(steps - 1) == doctest::Approx(1.0 / 25 / 1e4).epsilon(1e-12).scale(0));
}
