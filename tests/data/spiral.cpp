#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/spiral.hpp>

#include "../support/errors.hpp"
#include "../support/float_bits.hpp"

using namespace xtape;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

// All figures are NumPy's, compared without tolerance. With s = np.random.RandomState(seed) and
// X = np.zeros((k * n, 2)):
//   for c in range(k):
//     r = np.linspace(0.0, 1, n)
//     t = np.linspace(c * 4, (c + 1) * 4, n) + s.randn(n) * 0.2
//     X[n * c : n * (c + 1)] = np.c_[r * np.sin(t * 2.5), r * np.cos(t * 2.5)]

TEST_CASE("spiral is NumPy's, to the last bit") {
  Rng rng(0);
  const auto [x, y] = data::spiral(100, 3, rng, Dtype::float64);
  CHECK(x.shape() == Shape{300, 2});
  CHECK(y.shape() == Shape{300});
  const Doubles values = x.to_vector<double>();
  CHECK(Doubles(values.begin(), values.begin() + 4) ==
        Doubles{0, 0, 0.0029955566779434318, 0.00964660796601254});
  CHECK(Doubles(values.end() - 2, values.end()) ==
        Doubles{-0.9427887647158077, 0.3333906794222676});  // X[-1]
  CHECK(double_bits(x) == 0x810a0f857102f8ef);
  CHECK(rng.normal() == -1.3065268517353166);  // s.randn(): the stream goes on where NumPy's does

  Rng more(0), odd(42);
  CHECK(double_bits(data::spiral(1000, 3, more, Dtype::float64).x) == 0x168408f2918b948);
  CHECK(double_bits(data::spiral(7, 5, odd, Dtype::float64).x) == 0x9526ae9ab19492);
}

TEST_CASE("spiral in float32") {
  Rng rng(0), twin(0);
  const auto [x, y] = data::spiral(100, 3, rng);
  CHECK(x.dtype() == Dtype::float32);
  CHECK(float_bits(x) == 0x88507bd4);
  data::spiral(100, 3, twin, Dtype::float64);
  CHECK(rng == twin);
}

TEST_CASE("labels of a spiral") {
  Rng rng(1);
  CHECK(data::spiral(2, 3, rng).y.to_vector<std::int64_t>() == Integers{0, 0, 1, 1, 2, 2});
}

TEST_CASE("a spiral of single points lies at the centre") {
  Rng rng(0);
  CHECK(data::spiral(1, 2, rng).x.to_vector<double>() == Doubles{0, 0, 0, 0});
}

TEST_CASE("spiral refuses") {
  Rng rng(0);
  CHECK(error_of<ValueError>([&] { return data::spiral(0, 3, rng); }) ==
        "spiral: samples_per_class must be at least 1; got 0");
  CHECK(error_of<ValueError>([&] { return data::spiral(100, -1, rng); }) ==
        "spiral: classes must be at least 1; got -1");
  CHECK(error_of<DtypeError>([&] { return data::spiral(100, 3, rng, Dtype::int64); }) ==
        "spiral: the dtype must be floating; got int64");
  CHECK_THROWS_AS(data::spiral(INT64_MAX, 3, rng), ShapeError);
  CHECK(rng == Rng(0));  // nothing was drawn
}
