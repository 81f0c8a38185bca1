// Averages of parameters.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;
using optim::Averaging;

namespace {

void assign(const Tensor& w, double value) { w.assign(full(w.shape(), value, w.dtype())); }

}  // namespace

TEST_CASE("averaging: without a decay all updates count alike") {
  const Tensor w = leaf({7});
  Averaging averaging({w});
  CHECK(averaging.average()[0].second.item() == 7);
  for (const double value : {1.0, 2.0, 3.0, 10.0}) {
    assign(w, value);
    averaging.update();
  }
  CHECK(averaging.updates() == 4);
  CHECK(averaging.average()[0].second.item() == doctest::Approx(4));
  CHECK(w.detach().item() == 10);
}

TEST_CASE("averaging: an exponential average has its closed form") {
  // From 1 to values 0: decay^n.
  const Tensor w = leaf({1}, Dtype::float32);
  Averaging averaging({{"w", w}}, {.decay = 0.9});
  averaging.update();
  for (int n = 1; n <= 10; ++n) {
    assign(w, 0);
    averaging.update();
    CHECK(averaging.average()[0].second.item() == doctest::Approx(std::pow(0.9, n)));
  }
  CHECK(averaging.average()[0].first == "w");
  // With a warm-up the decays are at most 2 / 11, 3 / 12, ...
  const Tensor v = leaf({1});
  Averaging warm({v}, {.decay = 0.9, .warm_up = true});
  warm.update();
  assign(v, 0);
  warm.update();
  warm.update();
  CHECK(warm.average()[0].second.item() == doctest::Approx(2.0 / 11 * 3 / 12));
}

TEST_CASE("averaging: a model has the averages while they are applied and then its own again") {
  const nn::Dense layer(1, 1);
  Averaging averaging(layer);
  for (const double value : {1.0, 3.0}) {
    assign(layer.weight, value);
    averaging.update();
  }
  {
    const auto applied = averaging.apply();
    CHECK(layer.weight.detach().item() == 2);
    CHECK_THROWS_AS(averaging.update(), ValueError);
    CHECK_THROWS_AS(static_cast<void>(averaging.apply()), ValueError);
    assign(layer.weight, 99);  // is forgotten
  }
  CHECK(layer.weight.detach().item() == 3);
  CHECK(layer.weight.requires_grad());
  averaging.update();
  CHECK(averaging.average()[0].second.item() == doctest::Approx(7.0 / 3));
}

TEST_CASE("averaging: goes on from its state") {
  const Tensor w = leaf({1, 2}), v = leaf({0, 0});
  Averaging averaging({{"w", w}}, {.decay = 0.5}), other({{"w", v}}, {.decay = 0.5});
  averaging.update();
  assign(w, 5);
  averaging.update();
  other.restore(averaging.state());
  CHECK(other.updates() == 2);
  assign(w, -1), assign(v, -1);
  averaging.update(), other.update();
  CHECK(values(other.average()[0].second) == values(averaging.average()[0].second));
  CHECK_THROWS_AS(other.restore({{"updates", tensor(1)}}), ValueError);
  CHECK_THROWS_AS(other.restore({{"updates", tensor(1)}, {"w", zeros({3}, Dtype::float64)}}),
                  ShapeError);
}

TEST_CASE("averaging: bad options are refused") {
  CHECK_THROWS_AS(Averaging({leaf({1})}, {.warm_up = true}), ValueError);
  CHECK_THROWS_AS(Averaging(NamedTensors{}), ValueError);
}
