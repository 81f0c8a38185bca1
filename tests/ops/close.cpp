// Comparison with tolerances, as NumPy's isclose and allclose.
#include <limits>
#include <sstream>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("isclose: NumPy's tolerances, infinities and NaN") {
  const Tensor a = tensor({1.0, 1.0, 0.0, inf, inf, -inf, no_number, 1e300, 2.0}, Dtype::float64);
  const Tensor b =
      tensor({1.000009, 1.00002, 1e-9, inf, 1e308, inf, no_number, inf, 2.0}, Dtype::float64);
  // numpy.isclose(a, b)
  CHECK(values(isclose(a, b).to(Dtype::float64)) == Doubles{1, 0, 1, 1, 0, 0, 0, 0, 1});
  CHECK(values(isclose(a, b, {.equal_nan = true}).to(Dtype::float64)) ==
        Doubles{1, 0, 1, 1, 0, 0, 1, 0, 1});
  CHECK(values(isclose(tensor({1, 2}), tensor({1, 3})).to(Dtype::float64)) == Doubles{1, 0});
  CHECK(isclose(zeros({2, 1}), ones({3})).shape() == Shape{2, 3});
  CHECK(isclose(zeros({0}), zeros({0})).dtype() == Dtype::boolean);
}

TEST_CASE("allclose: of all elements, also recorded ones, dtypes promoted") {
  const Tensor x = tensor({1.0f, 2.0f}).set_requires_grad(true);
  CHECK(allclose(2 * x, tensor({2.0, 4.00001}, Dtype::float64)));
  CHECK_FALSE(allclose(x, tensor({1.0, 2.1}, Dtype::float64)));
  CHECK(allclose(x, tensor({1.0, 2.1}, Dtype::float64), {.rtol = 0.1}));
  CHECK(allclose(x, tensor({1.0, 2.1}, Dtype::float64), {.rtol = 0, .atol = 0.11}));
  CHECK(allclose(zeros({0}), zeros({0})));
  CHECK_THROWS_AS(static_cast<void>(allclose(zeros({2}), zeros({3}))), ShapeError);
}

TEST_CASE("a shape is printed as it is written") {
  std::ostringstream stream;
  stream << Shape{2, 3};
  CHECK(stream.str() == "[2, 3]");
}
