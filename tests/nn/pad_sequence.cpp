// Sequences of different lengths as one batch, and out of it again.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

TEST_CASE("pad_sequence: one below the other, filled up behind the end") {
  const Tensor a = tensor({1, 2, 3}), b = tensor({4}), none = zeros({0}, Dtype::int64);
  const Tensor y = nn::pad_sequence({a, b, none});
  CHECK(y.dtype() == Dtype::int64);
  CHECK(y.shape() == Shape{3, 3});
  CHECK(values(y) == Doubles{1, 2, 3, 4, 0, 0, 0, 0, 0});
  CHECK(values(nn::pad_sequence({a, b}, {.value = -100, .length = 4})) ==
        Doubles{1, 2, 3, -100, 4, -100, -100, -100});
  CHECK(nn::sequence_lengths({a, b, none}).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{3, 1, 0});

  const std::vector<Tensor> again = nn::unpad_sequence(y, nn::sequence_lengths({a, b, none}));
  REQUIRE(again.size() == 3);
  CHECK(values(again[0]) == values(a));
  CHECK(values(again[1]) == values(b));
  CHECK(again[2].shape() == Shape{0});
}

TEST_CASE("pad_sequence: each sequence gets its part of the gradient") {
  Rng rng(1);
  const Tensor a = rng.uniform({3, 2}, -1, 1, Dtype::float64),
               b = rng.uniform({2, 2}, -1, 1, Dtype::float64);
  CHECK(gradcheck(
      [](auto& v) {
        return square(nn::pad_sequence({v[0], v[1]}, {.value = 0.5, .length = 4}));
      },
      {a, b}, {.order = 2}));
  CHECK(gradcheck(
      [](const Tensor& x) {
        const std::vector<Tensor> parts = nn::unpad_sequence(x, tensor({1, 3}));
        return sum(square(parts[0])) + sum(sin(parts[1]));
      },
      rng.uniform({2, 3, 2}, -1, 1, Dtype::float64), {.order = 2}));
}

TEST_CASE("pad_sequence: an LSTM gives of a padded batch what it gives of each sequence") {
  Rng rng(2);
  const nn::LSTM layer(3, 4, {}, rng);
  const std::vector<Tensor> sequences{rng.randn({5, 3}), rng.randn({2, 3}), rng.randn({4, 3})};
  const Tensor lengths = nn::sequence_lengths(sequences);
  const Tensor output = layer(nn::pad_sequence(sequences), {.lengths = lengths}).output;
  const std::vector<Tensor> outputs = nn::unpad_sequence(output, lengths);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Doubles alone = values(layer(expand_dims(sequences[i], 0)).detach());
    const Doubles found = values(outputs[i].detach());
    REQUIRE(found.size() == alone.size());
    for (std::size_t k = 0; k < alone.size(); ++k)
      CHECK(found[k] == doctest::Approx(alone[k]).epsilon(1e-6));
  }
}

namespace {

/// Results and gradients do not depend on what stands behind a length, nor are they touched there
/// by a weight that is infinite.
template <class Layer>
void check_padded() {
  Rng rng(1);
  const Layer layer(3, 4, {}, rng);
  const Tensor clean = rng.randn({2, 5, 3});
  const auto all_of = [&](const Tensor& given, bool composed) {
    const Tensor x = given.clone().set_requires_grad(true);
    const Tensor y = layer(x, {.lengths = tensor({5, 2})}).output;
    std::vector<Tensor> wanted = layer.parameters();
    wanted.push_back(x);
    std::vector<Tensor> found = grad(sum(sin(y)), wanted, {.create_graph = composed});
    found.push_back(y);
    std::vector<Doubles> numbers;
    for (const Tensor& one : found) numbers.push_back(values(one.detach()));
    return numbers;
  };
  for (const bool composed : {false, true}) {
    for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")})
      CHECK(all_of(set(clean, {1, range(2, 5)}, bad), composed) == all_of(clean, composed));
  }
  const Tensor weight = layer.parameters()[0];
  weight.assign(set(weight.detach(), {0, 0}, std::numeric_limits<double>::infinity()));
  for (const bool composed : {false, true}) {
    const Tensor x = clean.clone().set_requires_grad(true);
    const Tensor y = layer(x, {.lengths = tensor({5, 0})}).output;
    const Tensor dx = grad(sum(y), {x}, {.create_graph = composed})[0].detach();
    CHECK(values(y.detach()[1]) == Doubles(20, 0));
    CHECK(values(dx[1]) == Doubles(15, 0));
  }
}

}  // namespace

TEST_CASE("pad_sequence: nothing comes out of what stands behind the end of a sequence") {
  check_padded<nn::RNN>();
  check_padded<nn::GRU>();
  check_padded<nn::LSTM>();
}

TEST_CASE("pad_sequence: refuses what does not fit") {
  CHECK(error_of<ValueError>([] { return nn::pad_sequence({}); }) ==
        "pad_sequence: sequences are needed; got none");
  CHECK(error_of<ShapeError>([] {
          return nn::pad_sequence({zeros({2, 3}), zeros({2, 4})});
        }) ==
        "pad_sequence: the sequences must be alike but for the first axis; got float32[2, 3] and "
        "float32[2, 4]");
  CHECK(error_of<ShapeError>([] {
          return nn::pad_sequence({zeros({2}), zeros({})});
        }) == "pad_sequence: a sequence needs an axis; got float32[]");
  CHECK(error_of<DtypeError>([] {
          return nn::pad_sequence({zeros({2}), arange(3)});
        }) == "pad_sequence: the sequences must have one dtype; got float32[2] and int64[3]");
  CHECK_THROWS_AS(nn::pad_sequence({zeros({2}), Tensor()}), ValueError);
  const Tensor y = zeros({2, 3});
  CHECK(error_of<ShapeError>([&] { return nn::unpad_sequence(y, tensor({1})).size(); }) ==
        "unpad_sequence: [n, length, ...] and lengths [n] are needed; got float32[2, 3] and "
        "int64[1]");
  CHECK(error_of<DtypeError>([&] { return nn::unpad_sequence(y, ones({2})).size(); }) ==
        "unpad_sequence: lengths must be int64; got float32[2]");
  CHECK(error_of<ValueError>([&] {
          return nn::unpad_sequence(y, tensor({1, 4})).size();
        }) == "unpad_sequence: lengths must lie in [0, 3]; got 4");
}
