// Dropout of channels, of examples and for selu; rows of an embedding that are too long.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

struct Kind {
  std::string name, printed;
  std::function<nn::AnyModule(double, Rng&)> make;
  Shape input;
  std::int64_t together;  // elements that have one mask
};

std::vector<Kind> kinds() {
  return {
      {"Dropout1d",
       "Dropout1d(0.25)",
       [](double p, Rng& r) { return nn::Dropout1d(p, r); },
       {100, 20, 6},
       6},
      {"Dropout2d",
       "Dropout2d(0.25)",
       [](double p, Rng& r) { return nn::Dropout2d(p, r); },
       {100, 20, 2, 3},
       6},
      {"Dropout3d",
       "Dropout3d(0.25)",
       [](double p, Rng& r) { return nn::Dropout3d(p, r); },
       {100, 20, 2, 3, 1},
       6},
      {"Dropout2d of one image",
       "Dropout2d(0.25)",
       [](double p, Rng& r) { return nn::Dropout2d(p, r); },
       {2000, 2, 3},
       6},
      {"StochasticDepth",
       "StochasticDepth(0.25)",
       [](double p, Rng& r) { return nn::StochasticDepth(p, {}, r); },
       {2000, 2, 3},
       6},
  };
}

}  // namespace

TEST_CASE("dropout of parts: all or none of each, scaled, none in evaluation") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    Rng rng(4);
    const nn::AnyModule layer = kind.make(0.25, rng);
    const Tensor x = drawn(kind.input, 1, 2), y = layer(x);
    const Tensor kept = reshape(y / x, {-1, kind.together});
    CHECK(mismatch(amax(kept, 1), amin(kept, 1), 1e-15) == "");
    const double share = mean(kept == 0).item();
    CHECK(std::abs(share - 0.25) < 0.04);
    CHECK(amax(kept).item() == doctest::Approx(4.0 / 3));
    CHECK(mismatch(layer(x), y) != "");  // another mask each time
    layer->eval();
    CHECK(mismatch(layer(x), x) == "");
    CHECK(layer->state()[0].first == "stream");
    CHECK(layer->type() + "(" + layer->arguments() + ")" == kind.printed);
    const nn::AnyModule all = kind.make(1, rng), none = kind.make(0, rng);
    CHECK(mismatch(all(x / 0), zeros_like(x)) == "");
    CHECK(mismatch(none(x), x) == "");
  }
}

TEST_CASE(
    "dropout of parts: the derivative goes through the same mask, and each example has its own") {
  for (const Kind& kind : kinds()) {
    CAPTURE(kind.name);
    Rng rng(4);
    const nn::AnyModule layer = kind.make(0.5, rng);
    const auto state = layer->state();
    const Tensor x = drawn(kind.input, 1, 2), y = layer(x);
    layer->restore(state);
    CHECK(mismatch(grad([&](const Tensor& at) { return sum(square(layer(at))); })(x), 2 * y * y / x,
                   1e-14) == "");
    layer->restore(state);
    CHECK(mismatch(jvp([&](const Tensor& at) { return layer(at); }, x, x).second, y, 1e-15) == "");
    const Tensor both = vmap([&](const Tensor& at) { return layer(at); })(stack({x, x}));
    CHECK(mismatch(both[0], both[1]) != "");
  }
}

TEST_CASE("StochasticDepth: a whole batch") {
  Rng rng(2);
  const nn::StochasticDepth layer(0.5, {.mode = nn::DropMode::batch}, rng);
  CHECK(layer.arguments() == "0.5, mode=batch");
  const Tensor x = ones({8, 3}, Dtype::float64);
  int dropped = 0;
  for (int i = 0; i < 200; ++i) {
    const Doubles y = values(layer(x));
    CHECK((y == Doubles(24, 0) || y == Doubles(24, 2)));
    dropped += y[0] == 0 ? 1 : 0;
  }
  CHECK(std::abs(dropped - 100) < 30);
  CHECK(error_of<ShapeError>([&] { return layer(tensor(1.0)); }).find("stochastic_depth") == 0);
}

TEST_CASE("AlphaDropout keeps mean and variance of standard normal numbers") {
  Rng rng(6);
  const nn::AlphaDropout layer(0.2, rng);
  const Tensor x = rng.randn({400, 500}, Dtype::float64), y = layer(x);
  CHECK(std::abs(mean(y).item()) < 0.01);
  CHECK(std::abs(var(y).item() - 1) < 0.02);
  CHECK(mismatch(nn::AlphaDropout(1, rng)(x), zeros_like(x)) == "");
  layer.eval();
  CHECK(mismatch(layer(x), x) == "");
}

TEST_CASE("channel dropout refuses other ranks in evaluation too") {
  const nn::Dropout2d layer(0.5);
  layer.eval();
  CHECK(error_of<ShapeError>([&] {
          return layer(ones({3, 4}));
        }) == "dropout: [n, c, extents...] of 2 axes is needed, or one image; got float32[3, 4]");
  CHECK(error_of<DtypeError>([&] {
          return layer(ones({1, 2, 3, 4}, Dtype::int64));
        }) == "dropout: the input must be floating; got int64[1, 2, 3, 4]");
}

TEST_CASE("Embedding: rows that are looked up are shortened to max_norm, in the weight itself") {
  for (const Dtype dtype : {Dtype::float64, Dtype::float32}) {
    nn::Embedding layer(4, 2, {.max_norm = 5, .dtype = dtype});
    layer.weight.assign(tensor({{6.0, 8.0}, {3.0, 4.0}, {30.0, 40.0}, {0.0, 7.0}}).to(dtype));
    const Tensor y = layer(tensor({{0, 1}, {0, 3}}));
    const Tensor expected =
        tensor({{{3.0, 4.0}, {3.0, 4.0}}, {{3.0, 4.0}, {0.0, 5.0}}}, Dtype::float64);
    CHECK(mismatch(y.detach().to(Dtype::float64), expected, 1e-6) == "");
    CHECK(mismatch(layer.weight.detach()[2], tensor({30.0, 40.0}).to(dtype)) == "");
    sum(y).backward();
    CHECK(values(layer.weight.grad()) == Doubles{2, 2, 1, 1, 0, 0, 1, 1});
    const auto state = layer.state();
    static_cast<void>(layer(tensor({0, 0, 1})));  // they are short enough now
    CHECK(mismatch(layer.weight, state[0].second) == "");
    CHECK_THROWS_AS(layer(tensor({2, 9})), IndexError);
    CHECK_THROWS_AS(layer(tensor({2, -1})), IndexError);
    CHECK(mismatch(layer.weight, state[0].second) == "");
    CHECK(error_of<ValueError>([&] {
            return vmap([&](const Tensor& word) { return layer(word); })(tensor({0, 1}));
          }).find("max_norm") != std::string::npos);
  }
}
