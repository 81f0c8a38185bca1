#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/optim/reduce_on_plateau.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;
using optim::PlateauMode;
using optim::ReduceOnPlateau;

namespace {

/// The factor after each observation.
Doubles factors(const ReduceOnPlateau& plateau, const Doubles& observed) {
  Doubles all;
  for (const double value : observed) {
    plateau.observe(value);
    all.push_back(plateau.factor());
  }
  return all;
}

}  // namespace

TEST_CASE("a plateau is one observation longer than the patience") {
  // best 5, 4; then 4, 5, 4 do not improve: the third is one too many.
  CHECK(factors(ReduceOnPlateau({.factor = 0.5, .patience = 2}), {5, 4, 4, 5, 4, 4, 4, 4, 3}) ==
        Doubles{1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25});
  CHECK(factors(ReduceOnPlateau({.factor = 0.5, .patience = 0}), {1, 1, 1, 0.5, 1}) ==
        Doubles{1, 0.5, 0.25, 0.25, 0.125});
  const ReduceOnPlateau preset;
  CHECK(factors(preset, Doubles(11, 1.0)).back() == 1);
  CHECK(factors(preset, {1.0}).back() == 0.1);
}

TEST_CASE("an improvement is more than the threshold's part of the best") {
  const auto reduced = [](double threshold, PlateauMode mode, double first, double second) {
    return factors(ReduceOnPlateau({.patience = 0, .threshold = threshold, .mode = mode}),
                   {first, second})
               .back() != 1;
  };
  CHECK(reduced(0.25, PlateauMode::min, 8, 6));
  CHECK(!reduced(0.25, PlateauMode::min, 8, 5.9));
  CHECK(reduced(0.25, PlateauMode::min, -8, -10));
  CHECK(!reduced(0.25, PlateauMode::min, -8, -10.1));
  CHECK(reduced(0.25, PlateauMode::max, 8, 10));
  CHECK(!reduced(0.25, PlateauMode::max, 8, 10.1));
  CHECK(reduced(0.25, PlateauMode::max, -8, -6));
  CHECK(!reduced(0.25, PlateauMode::max, -8, -5.9));
  CHECK(reduced(0, PlateauMode::min, 8, 8));
  CHECK(!reduced(0, PlateauMode::min, 8, std::nextafter(8.0, 0.0)));
}

TEST_CASE("the cooldown after a reduction counts nothing as bad") {
  CHECK(factors(ReduceOnPlateau({.factor = 0.5, .patience = 1, .cooldown = 2}),
                {1, 1, 1, 1, 1, 1, 1}) == Doubles{1, 1, 0.5, 0.5, 0.5, 0.5, 0.25});
}

TEST_CASE("the factor ends at min_factor") {
  CHECK(factors(ReduceOnPlateau({.factor = 0.5, .patience = 0, .min_factor = 0.3}), {1, 1, 1, 1}) ==
        Doubles{1, 0.5, 0.3, 0.3});
}

TEST_CASE("NaN and infinite values are no improvement on anything, but finite ones are on them") {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  CHECK(factors(ReduceOnPlateau({.factor = 0.5, .patience = 0}), {nan, 3, nan, inf, 2}) ==
        Doubles{0.5, 0.5, 0.25, 0.125, 0.125});
  CHECK(factors(ReduceOnPlateau({.factor = 0.5, .patience = 1, .mode = PlateauMode::max}),
                {-inf, 3, nan, -inf, 4}) == Doubles{1, 1, 1, 0.5, 0.5});
}

TEST_CASE("a plateau is a schedule, alone and composed, and its copies are the same one") {
  const ReduceOnPlateau plateau({.factor = 0.5, .patience = 0});
  const Tensor a = leaf({0}), b = leaf({0});
  optim::SGD optimizer({a}, {.schedule = plateau});
  optimizer.add_group({b}, {.schedule = optim::schedule::linear_warmup(4) * plateau});
  const auto step = [&] {
    optimizer.zero_grad();
    sum(a + b).backward();
    optimizer.step();
  };
  step();
  step();
  plateau.observe(1);
  plateau.observe(1);
  step();
  CHECK(optimizer.learning_rate(0) == 0.5);
  CHECK(optimizer.learning_rate(1) == 0.25);
  check_close(a, {-1 - 1 - 0.5});
  check_close(b, {-0.0 - 0.25 - 0.25});
  const optim::Schedule later = optim::schedule::constant(3).lasting(2).then(plateau);
  CHECK(later(1) == 3);
  CHECK(later(2) == 0.5);
  CHECK((plateau * plateau)(0) == 0.25);
}

TEST_CASE("a plateau goes on from its state") {
  const optim::ReduceOnPlateauOptions options{.factor = 0.5, .patience = 2, .cooldown = 3};
  const Doubles observed{5, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2};
  for (std::size_t stop = 0; stop <= observed.size(); ++stop) {
    const auto middle = observed.begin() + static_cast<std::ptrdiff_t>(stop);
    const Doubles rest(middle, observed.end());
    const ReduceOnPlateau plateau(options), resumed(options);
    factors(plateau, Doubles(observed.begin(), middle));
    resumed.restore(plateau.state());
    CHECK(resumed.factor() == plateau.factor());
    CHECK(factors(resumed, rest) == factors(plateau, rest));
  }
}

TEST_CASE("a plateau refuses options and states out of range") {
  const auto error = [](const optim::ReduceOnPlateauOptions& options) {
    return error_of<ValueError>([&] { return ReduceOnPlateau(options).factor(); });
  };
  CHECK(error({.factor = 1}) == "reduce on plateau: factor must lie in [0, 1); got 1");
  CHECK(error({.patience = -1}) == "reduce on plateau: patience must not be negative; got -1");
  CHECK(error({.threshold = -1}) == "reduce on plateau: threshold must lie in [0, inf); got -1");
  CHECK(error({.min_factor = 2}) == "reduce on plateau: min_factor must lie in [0, 1]; got 2");
  CHECK(error({.cooldown = -1}) == "reduce on plateau: cooldown must not be negative; got -1");

  const ReduceOnPlateau plateau({.patience = 0, .min_factor = 0.01});
  factors(plateau, {1, 1});
  const NamedTensors good = plateau.state();
  NamedTensors bad = good;
  const auto refused = [&] {
    const std::string text = error_of<Error>([&] {
      plateau.restore(bad);
      return 0;
    });
    bad = good;
    return text;
  };
  bad[0].second = full({}, 2, Dtype::float64);
  CHECK(refused() == "reduce on plateau: \"factor\" must lie in [min_factor, 1]; got 2");
  bad[0].second = full({}, 0.005, Dtype::float64);
  CHECK(refused() == "reduce on plateau: \"factor\" must lie in [min_factor, 1]; got 0.005");
  bad[1].second = full({}, std::nan(""), Dtype::float64);
  CHECK(refused() == "reduce on plateau: \"best\" must lie in [-inf, inf]; got nan");
  bad[2].second = from_vector(std::vector<std::int64_t>{-1}, {});
  CHECK(refused() == "restore: \"bad_observations\" must not be negative; got -1");
  bad.pop_back();
  CHECK(refused() == "restore: the entries must be those of state(); missing: \"cooldown\"");
  CHECK(plateau.factor() == 0.1);
}
