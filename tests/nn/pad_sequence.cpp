// Sequences of different lengths as one batch, and out of it again.
#include <cstdint>
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
