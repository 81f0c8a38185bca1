// Schedules against closed forms and figures worked out by hand.

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/optim/reduce_on_plateau.hpp>
#include <xtape/optim/schedule.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;
using namespace xtape::optim;
using namespace xtape::optim::schedule;

namespace {

doctest::Approx near(double x) { return doctest::Approx(x).epsilon(1e-14); }

void check_factors(const Schedule& schedule,
                   const std::vector<std::pair<std::int64_t, double>>& expected) {
  for (const auto& row : expected) {
    CAPTURE(row.first);
    CHECK(schedule(row.first) == near(row.second));
  }
}

constexpr std::int64_t far = std::int64_t{1} << 60;

}  // namespace

TEST_CASE("constant, inverse time, steps and exponential follow their formulas") {
  check_factors(Schedule(), {{0, 1}, {far, 1}});
  check_factors(constant(), {{0, 1}, {far, 1}});
  check_factors(constant(0.3), {{0, 0.3}, {far, 0.3}});
  check_factors(inverse_time(0), {{0, 1}, {far, 1}});
  check_factors(inverse_time(0.5), {{0, 1}, {1, 1 / 1.5}, {2, 0.5}, {18, 0.1}});
  // PyTorch's example of StepLR: 0.05 before epoch 30, 0.005 before 60, 0.0005 before 90.
  check_factors(step(30), {{0, 1}, {29, 1}, {30, 0.1}, {59, 0.1}, {60, 0.01}, {89, 0.01}});
  check_factors(step(1, 0.5), {{0, 1}, {1, 0.5}, {10, 0x1p-10}});
  check_factors(step(7, 1), {{0, 1}, {far, 1}});
  check_factors(exponential(0.9), {{0, 1}, {1, 0.9}, {2, 0.81}, {3, 0.729}});
  check_factors(exponential(1), {{0, 1}, {far, 1}});
  check_factors(exponential(0), {{0, 1}, {1, 0}, {far, 0}});
  for (const Schedule& all : {Schedule(), constant(), inverse_time(1), step(3), exponential(0.5)})
    CHECK(all.length() == Schedule::endless);
}

TEST_CASE("cosine goes from 1 to the last factor and stays there") {
  const double root = std::numbers::sqrt2 / 2;
  check_factors(cosine(8), {{0, 1}, {2, (1 + root) / 2}, {4, 0.5}, {6, (1 - root) / 2}});
  CHECK(cosine(8)(8) == 0);
  CHECK(cosine(8)(9) == 0);
  CHECK(cosine(8)(far) == 0);
  check_factors(cosine(6, {.last = 0.2}),
                {{0, 1}, {2, 0.2 + 0.8 * 0.75}, {3, 0.6}, {4, 0.2 + 0.8 * 0.25}, {6, 0.2}});
  CHECK(cosine(6, {.last = 0.2})(100) == 0.2);
  check_factors(cosine(5, {.last = 1}), {{0, 1}, {3, 1}, {5, 1}, {9, 1}});
  check_factors(cosine(1), {{0, 1}, {1, 0}});
  check_factors(cosine(0, {.last = 0.2}), {{0, 0.2}, {1, 0.2}});
  CHECK(cosine(8).length() == 8);
}

TEST_CASE("linear warmup goes from the first factor to 1 and stays there") {
  check_factors(linear_warmup(4), {{0, 0}, {1, 0.25}, {2, 0.5}, {3, 0.75}});
  CHECK(linear_warmup(4)(4) == 1);
  CHECK(linear_warmup(4)(far) == 1);
  // PyTorch's example of LinearLR: rate 0.05, start factor 0.5, 4 iterations.
  const Schedule half = linear_warmup(4, {.first = 0.5});
  const double published[] = {0.025, 0.03125, 0.0375, 0.04375, 0.05};
  for (int t = 0; t < 5; ++t) CHECK(0.05 * half(t) == near(published[t]));
  check_factors(linear_warmup(0), {{0, 1}, {1, 1}});
  check_factors(linear_warmup(3, {.first = 1}), {{0, 1}, {1, 1}, {3, 1}});
  CHECK(linear_warmup(4).length() == 4);
}

TEST_CASE("one cycle rises and falls along half a cosine each") {
  // PyTorch's OneCycleLR: up over the steps 0 to 0.3 * 10 - 1, down to step 9, from 1 / 25 and to
  // 1 / 25 / 1e4.
  const auto down = [](double x) { return 4e-6 + (1 - 4e-6) * (1 + std::cos(x)) / 2; };
  const double pi = std::numbers::pi;
  check_factors(one_cycle(10), {{0, 0.04},
                                {1, 0.52},
                                {2, 1},
                                {3, down(pi / 7)},
                                {5, down(3 * pi / 7)},
                                {8, down(6 * pi / 7)},
                                {9, 4e-6},
                                {10, 4e-6},
                                {far, 4e-6}});
  // Peak between two steps: pct_start steps - 1 = 1.5.
  check_factors(one_cycle(5, {.pct_start = 0.5, .div_factor = 2, .final_div_factor = 1}),
                {{0, 0.5}, {1, 0.875}, {2, 0.5 + 0.25 * (1 + std::cos(pi / 5))}, {4, 0.5}});
  check_factors(one_cycle(4, {.pct_start = 1, .div_factor = 4}), {{0, 0.25}, {3, 1}, {4, 25e-6}});
  check_factors(one_cycle(2, {.pct_start = 0.5}), {{0, 1}, {1, 4e-6}});  // no way up
  check_factors(one_cycle(1), {{0, 4e-6}, {1, 4e-6}});
  check_factors(one_cycle(0), {{0, 4e-6}, {1, 4e-6}});
  CHECK(one_cycle(10).length() == 10);
}

TEST_CASE("schedules come one after another") {
  const Schedule both = linear_warmup(4).then(cosine(6, {.last = 0.2}));
  check_factors(both, {{0, 0}, {3, 0.75}, {4, 1}, {6, 0.2 + 0.8 * 0.75}, {10, 0.2}, {11, 0.2}});
  CHECK(both.length() == 10);
  const Schedule more = both.then(constant(0.05));
  check_factors(more, {{9, both(9)}, {10, 0.05}, {far, 0.05}});
  CHECK(more.length() == Schedule::endless);
  // The same in another order of composition.
  const Schedule nested = linear_warmup(4).then(cosine(6, {.last = 0.2}).then(constant(0.05)));
  for (std::int64_t t = 0; t < 15; ++t) CHECK(nested(t) == more(t));
  // An endless one needs a length; its factors stay.
  const Schedule cut = exponential(0.5).lasting(3);
  check_factors(cut, {{2, 0.25}, {3, 0.125}});
  check_factors(cut.then(cut), {{2, 0.25}, {3, 1}, {4, 0.5}, {6, 0.125}});
  check_factors(linear_warmup(0).then(constant(0.5)), {{0, 0.5}, {1, 0.5}});
  CHECK(error_of<ValueError>([] { return exponential(0.5).then(constant()).length(); }) ==
        "schedule: what `then` follows must have an end (see lasting)");
  const Schedule long_one = constant().lasting(Schedule::endless - 1);
  CHECK(long_one.then(long_one).length() == Schedule::endless);
}

TEST_CASE("schedules multiply") {
  const Schedule product = linear_warmup(4) * exponential(0.5) * constant(3);
  check_factors(product, {{0, 0}, {1, 3 * 0.25 * 0.5}, {5, 3 * 0x1p-5}});
  CHECK(product.length() == Schedule::endless);
  CHECK((linear_warmup(4) * cosine(9)).length() == 9);
  const Schedule with_function = [](std::int64_t t) { return static_cast<double>(t); };
  check_factors(with_function * constant(0.5), {{0, 0}, {6, 3}});
  check_factors(constant(0.5) * [](int t) { return t + 1; }, {{0, 0.5}, {5, 3}});
}

TEST_CASE("decay and schedule multiply") {
  const Tensor w = leaf({0});
  optim::SGD optimizer({w}, {.learning_rate = 0.5, .decay = 0.25, .schedule = step(2, 0.5)});
  for (const double expected : {0.5, 0.5 / 1.25, 0.25 / 1.5, 0.25 / 1.75, 0.125 / 2}) {
    step_along(optimizer, w, {0});
    CHECK(optimizer.learning_rate() == near(expected));
  }
  // `decay` and inverse_time are the same.
  optim::SGD one({leaf({0})}, {.decay = 0.3}), other({leaf({0})}, {.schedule = inverse_time(0.3)});
  for (int t = 0; t < 10; ++t) {
    one.step();
    other.step();
    CHECK(one.learning_rate() == other.learning_rate());
  }
}

TEST_CASE("schedules refuse arguments out of range") {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  struct Refused {
    std::function<Schedule()> make;
    std::string text;
  };
  const std::vector<Refused> table{
      {[=] { return constant(-1); },
       "schedule: the factor must be finite and not negative; got -1"},
      {[=] { return constant(nan); },
       "schedule: the factor must be finite and not negative; got nan"},
      {[=] { return inverse_time(-1); }, "schedule: decay must be finite and not negative; got -1"},
      {[=] { return step(0); }, "schedule: `every` must be at least 1; got 0"},
      {[=] { return step(5, -0.5); }, "schedule: gamma must be finite and not negative; got -0.5"},
      {[=] { return exponential(inf); },
       "schedule: gamma must be finite and not negative; got inf"},
      {[=] { return cosine(-1); }, "schedule: the number of steps must be at least 0; got -1"},
      {[=] { return cosine(1, {.last = nan}); },
       "schedule: the last factor must be finite and not negative; got nan"},
      {[=] { return linear_warmup(-3); },
       "schedule: the number of steps must be at least 0; got -3"},
      {[=] { return linear_warmup(3, {.first = -1}); },
       "schedule: the first factor must be finite and not negative; got -1"},
      {[=] { return one_cycle(-1); }, "schedule: the number of steps must be at least 0; got -1"},
      {[=] { return one_cycle(9, {.pct_start = 1.5}); },
       "schedule: pct_start must lie in [0, 1]; got 1.5"},
      {[=] { return one_cycle(9, {.pct_start = nan}); },
       "schedule: pct_start must lie in [0, 1]; got nan"},
      {[=] { return one_cycle(9, {.div_factor = 0}); },
       "schedule: div_factor must be finite and above 0; got 0"},
      {[=] { return one_cycle(9, {.final_div_factor = -1}); },
       "schedule: final_div_factor must be finite and above 0; got -1"},
      {[=] { return constant().lasting(-1); }, "schedule: the length must be at least 0; got -1"},
      {[=] { return Schedule(std::function<double(std::int64_t)>()); },
       "schedule: a function is needed; got an empty one"},
  };
  for (const Refused& row : table) CHECK(error_of<ValueError>(row.make) == row.text);
}
