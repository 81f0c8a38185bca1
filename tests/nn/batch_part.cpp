// What layers drop of a part of a batch, against what they drop of its rows in the whole batch.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/errors.hpp"

using namespace xtape;

namespace {

using Values = std::vector<double>;

struct Case {
  std::string name;
  Shape example;
  std::function<std::function<Tensor(const Tensor&)>(Rng&)> layer;
};

template <class Layer>
std::function<Tensor(const Tensor&)> in_float64(Layer layer) {
  layer.to(Dtype::float64);
  return layer;
}

std::vector<Case> cases() {
  const auto with = [](const std::string& name, const Shape& example, auto make) {
    return Case{name, example, [make](Rng& rng) { return in_float64(make(rng)); }};
  };
  return {
      with("Dropout, small", {3}, [](Rng& rng) { return nn::Dropout(0.5, rng); }),
      with("Dropout, a block", {512}, [](Rng& rng) { return nn::Dropout(0.5, rng); }),
      with("Dropout, odd", {7, 101}, [](Rng& rng) { return nn::Dropout(0.3, rng); }),
      with("Dropout2d", {9, 4, 4}, [](Rng& rng) { return nn::Dropout2d(0.5, rng); }),
      with("AlphaDropout", {37}, [](Rng& rng) { return nn::AlphaDropout(0.4, rng); }),
      with("StochasticDepth", {3}, [](Rng& rng) { return nn::StochasticDepth(0.5, {}, rng); }),
      with("StochasticDepth, batch", {3},
           [](Rng& rng) { return nn::StochasticDepth(0.5, {.mode = nn::DropMode::batch}, rng); }),
      Case{"attention",
           {6, 8},
           [](Rng& rng) {
             const nn::MultiheadAttention layer(8, 2, {.dropout = 0.5}, rng);
             layer.to(Dtype::float64);
             return [layer](const Tensor& x) { return layer(x, x, x); };
           }},
      with("transformer", {6, 8},
           [](Rng& rng) {
             return nn::TransformerEncoder(8, 2, 2, {.feed_forward_width = 16, .dropout = 0.3},
                                           rng);
           }),
      Case{"LSTM", {5, 4}, [](Rng& rng) {
             const nn::LSTM layer(4, 6, {.layers = 3, .dropout = 0.5}, rng);
             layer.to(Dtype::float64);
             return [layer](const Tensor& x) { return layer(x); };
           }}};
}

Shape with_rows(std::int64_t rows, const Shape& example) {
  Shape shape{rows};
  for (int axis = 0; axis < example.rank(); ++axis) shape.push_back(example[axis]);
  return shape;
}

}  // namespace

TEST_CASE("part of a batch: layers drop what they drop of these rows in the whole batch") {
  constexpr std::int64_t total = 7;
  for (const Case& one : cases()) {
    CAPTURE(one.name);
    Rng rng(1);
    const Tensor x = rng.normal(with_rows(total, one.example)).to(Dtype::float64);
    Rng seeds(2);
    const auto whole = one.layer(seeds);
    std::vector<Tensor> expected;
    for (int call = 0; call < 2; ++call) {
      const Tensor own = x.clone().set_requires_grad(true);
      const Tensor y = whole(own);
      expected.push_back(y.detach());
      expected.push_back(grad(sum(y * y), {own})[0]);
    }
    for (const auto& rows : std::vector<std::pair<std::int64_t, std::int64_t>>{
             {0, 3}, {3, 4}, {4, 7}, {1, 7}, {0, 7}}) {
      const std::int64_t first = rows.first, last = rows.second;
      CAPTURE(first);
      CAPTURE(last);
      Rng again(2);
      const auto layer = one.layer(again);
      const auto part = [&](const Tensor& t) { return slice(t, {range(first, last)}); };
      const BatchPart scope(first, last - first, total);
      for (int call = 0; call < 2; ++call) {
        const auto place = static_cast<std::size_t>(2 * call);
        const Tensor own = part(x).contiguous().clone().set_requires_grad(true);
        const Tensor y = layer(own);
        CHECK(allclose(y.detach(), part(expected[place]), {.rtol = 1e-12, .atol = 1e-13}));
        CHECK(allclose(grad(sum(y * y), {own})[0], part(expected[place + 1]),
                       {.rtol = 1e-12, .atol = 1e-13}));
      }
    }
  }
}

TEST_CASE(
    "part of a batch: dropout gives the same bits in both dtypes, whatever is computed beside") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    Rng rng(3);
    const Tensor x = rng.normal({40, 333}).to(dtype);
    Rng a(4), b(4);
    const nn::Dropout whole(0.25, a), parts(0.25, b);
    const Tensor y = whole(x);
    const BatchPart scope(11, 20, 40);
    CHECK(parts(slice(x, {range(11, 31)})).to_vector<double>() ==
          slice(y, {range(11, 31)}).to_vector<double>());
  }
}

TEST_CASE("part of a batch: what has no rows, and what is no part") {
  Rng rng(5);
  const nn::Dropout layer(0.5, rng);
  const BatchPart part(4, 3, 8);
  CHECK(layer(ones({6, 2})).shape() == Shape{6, 2});  // two rows an example
  CHECK(error_of<ShapeError>([&] {
          return layer(ones({5, 2}));
        }) ==
        "dropout: in a part of a batch its rows must lie along the first axis (see BatchPart); got "
        "float32[5, 2] for 3 rows");
  const BatchPart whole(0, 1, 1);
  CHECK(layer(ones({5, 2})).shape() == Shape{5, 2});
  const BatchPart none(4, 0, 8);
  CHECK(layer(ones({0, 2})).shape() == Shape{0, 2});
}

TEST_CASE("part of a batch: the first part is refused what the others are") {
  Rng rng(5);
  const nn::Dropout layer(0.5, rng);
  const BatchPart part(0, 3, 8);
  CHECK(error_of<ShapeError>([&] {
          return layer(ones({5, 2}));
        }).ends_with("got float32[5, 2] for 3 rows"));
}

TEST_CASE("part of a batch: a recurrent net of two sequences a row") {
  Rng rng(6);
  const nn::LSTM net(2, 3, {.layers = 2, .dropout = 0.5}, rng);
  const nn::LSTM whole = nn::clone(net);
  const Tensor x = rng.normal({8, 3, 2}), all = whole(x).detach();
  for (const std::int64_t first : {0, 2}) {
    const nn::LSTM own = nn::clone(net);
    const Slice columns = range(2 * first, 2 * first + 4);
    const BatchPart part(first, 2, 4);
    CHECK(allclose(own(slice(x, {columns})).detach(), slice(all, {columns}),
                   {.rtol = 1e-6, .atol = 1e-7}));
  }
  const BatchPart part(0, 3, 4);
  CHECK(error_of<ShapeError>([&] { return net(x); }) ==
        "recurrent dropout: in a part of a batch there must be as many sequences of each row; got "
        "8 for 3 rows");
}

TEST_CASE("part of a batch: bad input") {
  for (const auto& [first, rows, total] : std::vector<std::array<std::int64_t, 3>>{
           {-1, 1, 2}, {0, -1, 2}, {0, 3, 2}, {2, 1, 2}, {INT64_MAX, 1, INT64_MAX}, {0, 0, -1}}) {
    const std::int64_t from = first, count = rows, all = total;
    CHECK_THROWS_AS(BatchPart(from, count, all), ValueError);
  }
  CHECK(BatchPart::current() == nullptr);
}
