#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/vertical.hpp>

#include "../support/errors.hpp"
#include "../support/float_bits.hpp"

using namespace xtape;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

// All figures are NumPy's, compared without tolerance. With s = np.random.RandomState(seed) and
// X = np.zeros((k * n, 2)):
//   for c in range(k):
//     X[n * c : n * (c + 1)] = np.c_[s.randn(n) * 0.1 + c / 3, s.randn(n) * 0.1 + 0.5]

TEST_CASE("vertical is NumPy's, to the last bit") {
  Rng rng(0);
  const auto [x, y] = data::vertical(100, 3, rng, Dtype::float64);
  CHECK(x.shape() == Shape{300, 2});
  const Doubles values = x.to_vector<double>();
  CHECK(Doubles(values.begin(), values.begin() + 4) ==
        Doubles{0.1764052345967664, 0.6883150697056255, 0.040015720836722335, 0.3652240938857554});
  CHECK(Doubles(values.end() - 2, values.end()) ==
        Doubles{0.6588811910725816, 0.4821410907912671});  // X[-1]
  CHECK(double_bits(x) == 0x8056a1398a235745);
  CHECK(rng.normal() == -1.550429345083481);  // s.randn(): the stream goes on where NumPy's does

  Rng more(0), odd(42);
  CHECK(double_bits(data::vertical(1000, 3, more, Dtype::float64).x) == 0x215cfb9a8aea3a);
  CHECK(double_bits(data::vertical(7, 5, odd, Dtype::float64).x) == 0x806348be361ca9e7);
}

TEST_CASE("vertical in float32") {
  Rng rng(0), twin(0);
  const Tensor x = data::vertical(100, 3, rng).x;
  CHECK(x.dtype() == Dtype::float32);
  CHECK(float_bits(x) == 0x82b50b48);
  data::vertical(100, 3, twin, Dtype::float64);
  CHECK(rng == twin);
}

TEST_CASE("labels of vertical") {
  Rng rng(1);
  CHECK(data::vertical(2, 3, rng).y.to_vector<std::int64_t>() == Integers{0, 0, 1, 1, 2, 2});
}

TEST_CASE("vertical refuses") {
  Rng rng(0);
  CHECK(error_of<ValueError>([&] { return data::vertical(0, 3, rng); }) ==
        "vertical: samples_per_class must be at least 1; got 0");
  CHECK(error_of<ValueError>([&] { return data::vertical(100, -1, rng); }) ==
        "vertical: classes must be at least 1; got -1");
  CHECK(error_of<DtypeError>([&] { return data::vertical(100, 3, rng, Dtype::int64); }) ==
        "vertical: the dtype must be floating; got int64");
  CHECK_THROWS_AS(data::vertical(INT64_MAX, 3, rng), ShapeError);
  CHECK(rng == Rng(0));  // nothing was drawn
}
