#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

/// The full convolution as it is defined.
Doubles convolved(const Doubles& a, const Doubles& b) {
  Doubles y(a.size() + b.size() - 1);
  for (std::size_t k = 0; k < y.size(); ++k) {
    long double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (i <= k && k - i < b.size()) sum += static_cast<long double>(a[i]) * b[k - i];
    }
    y[k] = static_cast<double>(sum);
  }
  return y;
}

Doubles part(const Doubles& full, std::size_t from, std::size_t count) {
  const auto begin = full.begin() + static_cast<std::ptrdiff_t>(from);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE("convolve and correlate give what NumPy's pages show") {
  const Tensor a = tensor({1.0, 2.0, 3.0}), v = tensor({0.0, 1.0, 0.5});
  CHECK(mismatch(convolve(a, v), tensor({0.0, 1.0, 2.5, 4.0, 1.5})) == "");
  CHECK(mismatch(convolve(a, v, Overlap::same), tensor({1.0, 2.5, 4.0})) == "");
  CHECK(mismatch(convolve(a, v, Overlap::valid), tensor({2.5})) == "");
  CHECK(mismatch(correlate(a, v), tensor({3.5})) == "");
  CHECK(mismatch(correlate(a, v, Overlap::same), tensor({2.0, 3.5, 3.0})) == "");
  CHECK(mismatch(correlate(a, v, Overlap::full), tensor({0.5, 2.0, 3.5, 3.0, 0.0})) == "");
}

TEST_CASE("of an even number of elements, and of two integers, the middle is NumPy's") {
  const Tensor a = tensor({1, 2, 3, 4, 5, 6}), v = tensor({10, 20, 30, 40});
  CHECK(mismatch(correlate(v, a, Overlap::same), tensor({320, 500, 400, 300, 200, 110})) == "");
  CHECK(mismatch(correlate(a, v, Overlap::same), tensor({110, 200, 300, 400, 500, 320})) == "");
  CHECK(mismatch(convolve(a, v, Overlap::same), tensor({40, 100, 200, 300, 400, 430})) == "");
}

TEST_CASE("convolve is the sum of its definition, of short and long signals") {
  for (const std::int64_t n : {1, 2, 7, 31, 129, 300, 1030}) {
    for (const std::int64_t m : {1, 2, 5, 16, 33, 150, 700}) {
      CAPTURE(n);
      CAPTURE(m);
      const Tensor a = drawn({n}, -1, 1), b = drawn({m}, -1, 1) + 0.25;
      const Doubles full = convolved(values(a), values(b));
      const auto longer = static_cast<std::size_t>(std::max(n, m)),
                 shorter = static_cast<std::size_t>(std::min(n, m));
      const auto check = [&](auto f, double tolerance, std::size_t middle) {
        const auto expect = [&](const Doubles& expected, Overlap overlap) {
          const Tensor wide = f(a, b, overlap),
                       narrow = f(a.to(Dtype::float32), b.to(Dtype::float32), overlap);
          CHECK(mismatch(wide, from_vector(expected), tolerance) == "");
          CHECK(narrow.dtype() == Dtype::float32);
          CHECK(mismatch(narrow.to(Dtype::float64), from_vector(expected), 2e-5) == "");
        };
        expect(full, Overlap::full);
        expect(part(full, middle, longer), Overlap::same);
        expect(part(full, shorter - 1, longer - shorter + 1), Overlap::valid);
      };
      const std::size_t middle = (shorter - 1) / 2;
      check([](const Tensor& x, const Tensor& v, Overlap o) { return convolve(x, v, o); }, 2e-14,
            middle);
      check([](const Tensor& x, const Tensor& v, Overlap o) { return fftconvolve(x, v, o); }, 2e-13,
            middle);
      // NumPy's counts from the other end where the longer one comes second.
      check(
          [](const Tensor& x, const Tensor& v, Overlap o) { return correlate(x, flip(v, -1), o); },
          2e-14, n < m ? shorter / 2 : middle);
    }
  }
}

TEST_CASE("convolve of integers is exact and wraps, of two dtypes it has the promoted one") {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Tensor y = convolve(tensor({most, std::int64_t{1}}), tensor({std::int64_t{2}}));
  CHECK(y.to_vector<std::int64_t>() == std::vector<std::int64_t>{-2, 2});
  const Tensor big = tensor({(std::int64_t{1} << 53) + 1, std::int64_t{3}});
  CHECK(convolve(big, tensor({std::int64_t{1}})).to_vector<std::int64_t>() ==
        big.to_vector<std::int64_t>());
  CHECK(convolve(tensor({1, 2}), tensor({true, true})).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 3, 2});
  CHECK(convolve(tensor({1, 2}), ones({2}, Dtype::float64)).dtype() == Dtype::float64);
  CHECK(fftconvolve(tensor({1, 2}), tensor({1, 2})).dtype() == Dtype::float64);
}

TEST_CASE("signals along the last axis: the others broadcast, strides do not matter") {
  const Tensor a = drawn({3, 1, 8}, -1, 1), b = drawn({2, 5}, -1, 1);
  const Tensor y = convolve(a, b);
  REQUIRE(y.shape() == Shape{3, 2, 12});
  for (std::int64_t i = 0; i < 3; ++i) {
    for (std::int64_t j = 0; j < 2; ++j) CHECK(mismatch(y(i, j), convolve(a(i, 0), b[j])) == "");
  }
  const Tensor strided = transpose(drawn({8, 3}, -1, 1));
  CHECK(mismatch(correlate(strided, b[0]), correlate(strided.contiguous(), b[0])) == "");
  CHECK(convolve(zeros({0, 4}), ones({2})).shape() == Shape{0, 5});
}

TEST_CASE("beyond the end of a signal there is nothing, not zeros: infinities and NaN") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = tensor({1.0, 2.0, 3.0});
  CHECK(mismatch(convolve(x, tensor({inf, 1.0})), tensor({inf, inf, inf, 3.0})) == "");
  CHECK(mismatch(convolve(x, tensor({nan, 1.0})), tensor({nan, nan, nan, 3.0})) == "");
  CHECK(mismatch(convolve(tensor({1.0, inf, 1.0}), tensor({1.0, 2.0})),
                 tensor({1.0, inf, inf, 2.0})) == "");
  CHECK(mismatch(correlate(tensor({1.0, 1.0}), tensor({inf, 0.0, 1.0}), Overlap::full),
                 tensor({1.0, 1.0, inf, inf})) == "");
}

TEST_CASE("signals: errors") {
  CHECK(error_of<ShapeError>([] { return convolve(tensor(1.0), ones({2})); }) ==
        "convolve: signals have an axis; got float32[] and float32[2]");
  CHECK(error_of<ShapeError>([] {
          return correlate(ones({2, 4}), ones({3, 2}));
        }) ==
        "correlate: shapes must broadcast (be equal or 1, axis by axis from the last); got [2] and "
        "[3]");
  CHECK(error_of<DtypeError>([] { return convolve(tensor({true}), tensor({false})); }) ==
        "convolve: numbers are needed; got boolean[1] and boolean[1]");
}
