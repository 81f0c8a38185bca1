#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/sine.hpp>

#include "../support/errors.hpp"

using namespace xtape;
using Doubles = std::vector<double>;

// All figures are NumPy's, compared without tolerance:
//   X = np.arange(n).reshape(-1, 1) / n
//   y = np.sin(2 * np.pi * X)

namespace {

/// X.view(np.uint64).sum()
std::uint64_t sum_of_bits(const Tensor& x) {
  std::uint64_t sum = 0;
  for (const double value : x.data<double>()) sum += std::bit_cast<std::uint64_t>(value);
  return sum;
}

}  // namespace

TEST_CASE("sine is NumPy's, to the last bit") {
  const auto [x, y] = data::sine(7, Dtype::float64);
  CHECK(x.shape() == Shape{7, 1});
  CHECK(y.shape() == Shape{7, 1});
  CHECK(x.to_vector<double>() == Doubles{0.0, 0.14285714285714285, 0.2857142857142857,
                                         0.42857142857142855, 0.5714285714285714,
                                         0.7142857142857143, 0.8571428571428571});
  CHECK(y.to_vector<double>() == Doubles{0.0, 0.7818314824680298, 0.9749279121818236,
                                         0.43388373911755823, -0.433883739117558,
                                         -0.9749279121818236, -0.7818314824680299});
  const auto [wide_x, wide_y] = data::sine(1000, Dtype::float64);
  CHECK(sum_of_bits(wide_x) == 0x2436e978d4fdf3b6);
  CHECK(sum_of_bits(wide_y) == 0xbdee6cdf60406aa9);
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
