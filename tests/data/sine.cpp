#include <cmath>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/sine.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/float_bits.hpp"

using namespace xtape;
using Doubles = std::vector<double>;

TEST_CASE("sine: x is NumPy's, to the last bit") {
  // X = np.arange(n).reshape(-1, 1) / n
  const Tensor x = data::sine(7, Dtype::float64).x;
  CHECK(x.shape() == Shape{7, 1});
  CHECK(x.to_vector<double>() == Doubles{0.0, 0.14285714285714285, 0.2857142857142857,
                                         0.42857142857142855, 0.5714285714285714,
                                         0.7142857142857143, 0.8571428571428571});
  CHECK(double_bits(data::sine(1000, Dtype::float64).x) == 0x3f3f3df4dcdd22c4);
}

TEST_CASE("sine: y is sin(2 pi x)") {
  const double tolerance = tolerance_of(Dtype::float64);
  // The roots of 64 t^6 - 112 t^4 + 56 t^2 - 7, and 0, to 40 digits before they were rounded.
  const Doubles exact{0.0,
                      0.7818314824680298,
                      0.9749279121818236,
                      0.4338837391175581,
                      -0.4338837391175581,
                      -0.9749279121818236,
                      -0.7818314824680298};
  CHECK(mismatch(data::sine(7, Dtype::float64).y, from_vector(exact, {7, 1}), tolerance) == "");
  Doubles wide;
  for (int i = 0; i < 1000; ++i) {
    wide.push_back(static_cast<double>(std::sin(std::numbers::pi_v<long double> * i / 500)));
  }
  CHECK(mismatch(data::sine(1000, Dtype::float64).y, from_vector(wide, {1000, 1}), tolerance) ==
        "");
}

TEST_CASE("sine in float32") {
  const auto [x, y] = data::sine(1000);
  CHECK(x.dtype() == Dtype::float32);
  CHECK(y.dtype() == Dtype::float32);
  const Doubles exact = data::sine(1000, Dtype::float64).y.to_vector<double>();
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK(y.data<float>()[i] == static_cast<float>(exact[i]));
  }
}

TEST_CASE("sine begins at 0, rises to 1 and falls to -1") {
  const Doubles y = data::sine(4, Dtype::float64).y.to_vector<double>();
  CHECK(y[0] == 0);
  CHECK(y[1] == 1);
  CHECK(std::abs(y[2]) < 1e-15);
  CHECK(y[3] == -1);
  CHECK(data::sine(1).y.item() == 0);
}

TEST_CASE("sine refuses") {
  CHECK(error_of<ValueError>([] { return data::sine(0); }) ==
        "sine: samples must be at least 1; got 0");
  CHECK(error_of<DtypeError>([] { return data::sine(5, Dtype::boolean); }) ==
        "sine: the dtype must be floating; got boolean");
}
