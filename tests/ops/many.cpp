// Operations that take many elements at a time give what they give one by one.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/rng.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/fourier.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/products.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/search.hpp>
#include <xtape/ops/statistics.hpp>

#include "support/compare.hpp"

using namespace xtape;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

Tensor random(const Shape& shape, std::uint64_t seed, Dtype dtype = Dtype::float64) {
  return Rng(seed).normal(shape, 0, 1, dtype);
}

Tensor of(const Doubles& x) { return from_vector(x); }

/// The place of the greatest, or the first NaN, by the definition.
std::int64_t place_of_greatest(const Doubles& row) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (std::isnan(row[i])) return static_cast<std::int64_t>(i);
    if (row[i] > row[best]) best = i;
  }
  return static_cast<std::int64_t>(best);
}

}  // namespace

TEST_CASE("Fourier transforms of many rows are those of each row") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const double tolerance = dtype == Dtype::float32 ? 1e-4 : 2e-13;
    for (const std::int64_t n : {1, 2, 6, 7, 22, 37, 45, 47, 53, 94, 106, 128, 141}) {
      for (const std::int64_t rows : {2, 5, 9, 19, 33}) {
        CAPTURE(n);
        CAPTURE(rows);
        const Tensor x = random({rows, n, 2}, 1, dtype), real = random({rows, n}, 2, dtype);
        const Tensor forwards = fft(x, {.axis = 1}), half = rfft(real);
        const Tensor back = irfft(half, {.n = n, .axis = 1});
        for (std::int64_t i = 0; i < rows; ++i) {
          CHECK(mismatch(forwards[i], fft(x[i]), tolerance) == "");
          CHECK(mismatch(half[i], rfft(real[i]), tolerance) == "");
        }
        CHECK(mismatch(ifft(forwards, {.axis = 1}), x, tolerance) == "");
        CHECK(mismatch(back, real, tolerance) == "");
      }
    }
  }
}

TEST_CASE("argmax and argmin find the first among equals and the first NaN, wherever they lie") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64, Dtype::int64}) {
    for (const std::int64_t n : {1, 15, 16, 63, 64, 100, 255, 512, 600, 1300}) {
      CAPTURE(n);
      const Tensor x = floor(random({7, n}, 3) * 2).to(dtype);
      std::vector<std::int64_t> greatest, least;
      for (std::int64_t i = 0; i < 7; ++i) {
        greatest.push_back(place_of_greatest(values(x[i])));
        least.push_back(place_of_greatest(values(-x[i])));
      }
      CHECK(argmax(x, 1).to_vector<std::int64_t>() == greatest);
      CHECK(argmin(x, 1).to_vector<std::int64_t>() == least);
      const Tensor columns = transpose(x).contiguous(), wide = tile(columns, {1, 13});
      CHECK(argmax(columns, 0).to_vector<std::int64_t>() == greatest);
      CHECK(argmin(columns, 0).to_vector<std::int64_t>() == least);
      CHECK(mismatch(argmax(wide, 0), tile(argmax(columns, 0), {13})) == "");
      if (!is_floating(dtype)) continue;
      for (const std::int64_t place : {n - 1, n / 2}) {
        const Tensor at = arange(n) >= place;
        CHECK(argmax(where(at, quiet_nan, x), 1).to_vector<std::int64_t>() ==
              std::vector<std::int64_t>(7, place));
        CHECK(argmin(where(expand_dims(at, 1), quiet_nan, columns), 0).to_vector<std::int64_t>() ==
              std::vector<std::int64_t>(7, place));
      }
    }
  }
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(argmax(full({2000}, -infinity)).item() == 0);
  CHECK(argmin(full({3, 100}, infinity), 1).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>(3, 0));
}

TEST_CASE("comparisons of many truths are those of numbers") {
  const Tensor a = random({1000}, 4) > 0, b = random({1000}, 5) > 0.5;
  const Tensor x = a.to(Dtype::int64), y = b.to(Dtype::int64);
  const auto agree = [&](auto f) { CHECK(mismatch(f(a, b), f(x, y)) == ""); };
  using T = const Tensor&;
  agree([](T u, T v) { return u < v; });
  agree([](T u, T v) { return u <= v; });
  agree([](T u, T v) { return u > v; });
  agree([](T u, T v) { return u >= v; });
  agree([](T u, T v) { return u == v; });
  agree([](T u, T v) { return u != v; });
  agree([](T u, T v) { return logical_and(u, v); });
  agree([](T u, T v) { return logical_or(u, v); });
  agree([](T u, T v) { return logical_xor(u, v); });
  CHECK(logical_xor(of({quiet_nan, quiet_nan}), of({0, 1})).to_vector<double>() == Doubles{1, 0});
}

TEST_CASE("counts of many truths") {
  for (const std::int64_t n : {1, 63, 64, 300, 16'320, 16'384, 20'000, 100'001}) {
    CAPTURE(n);
    CHECK(count_nonzero(full({n}, true, Dtype::boolean)).item() == static_cast<double>(n));
    CHECK(sum(remainder(arange(n), 3) == 0).item() == static_cast<double>((n + 2) / 3));
  }
}

TEST_CASE("vdot is the sum of the products, of any length") {
  for (const std::int64_t n : {1, 3, 16, 64, 100, 1024, 5000, 100'003}) {
    CAPTURE(n);
    const Tensor a = random({n}, 6), b = random({n}, 7);
    double expected = 0;
    const Doubles left = values(a), right = values(b);
    for (std::size_t i = 0; i < left.size(); ++i) expected += left[i] * right[i];
    const double size = std::sqrt(static_cast<double>(n));
    CHECK(std::abs(vdot(a, b).item() - expected) < 1e-14 * size);
    const Tensor narrow_a = a.to(Dtype::float32), narrow_b = b.to(Dtype::float32);
    const double rounded = vdot(narrow_a, narrow_b).item();
    CHECK(
        std::abs(rounded - vdot(narrow_a.to(Dtype::float64), narrow_b.to(Dtype::float64)).item()) <
        1e-6 * size);
  }
}

TEST_CASE("rows backwards, and gradients through them") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64, Dtype::int64}) {
    for (const std::int64_t n : {1, 2, 3, 5, 8, 21}) {
      const Tensor x = arange(6 * n).to(dtype), rows = reshape(x, {6, n});
      Doubles expected;
      for (std::int64_t i = 0; i < 6 * n; ++i)
        expected.push_back(static_cast<double>(i / n * n + n - 1 - i % n));
      CHECK(values(flip(rows, 1).contiguous()) == expected);
      if (!is_floating(dtype)) continue;
      const Tensor weights = random({6, n}, 8, dtype);
      const auto slope =
          grad([&](const Tensor& at) { return sum(flip(at, 1) * weights) + sum(at); })(rows);
      CHECK(mismatch(slope, flip(weights, 1) + 1, 1e-6) == "");
    }
  }
}

TEST_CASE("a histogram of equal intervals is that between its edges") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const std::int64_t bins : {1, 3, 10, 97}) {
      const auto compare = [&](const Tensor& x, std::pair<double, double> range) {
        const Histogram equal = histogram(x, bins, {.range = range});
        CHECK(mismatch(equal.counts, histogram(x, equal.edges).counts) == "");
      };
      compare(random({5000}, 9, dtype), {-0.7, 1.1});
      const Tensor edges = linspace(-0.7, 1.1, bins + 1, dtype);  // elements on them, and beside
      const double grain = dtype == Dtype::float32 ? 1e-7 : 2e-16;
      compare(concatenate({edges, edges * (1 + grain), edges * (1 - grain)}), {-0.7, 1.1});
      compare(of({quiet_nan, 3, 3, 1e30, -1e30}).to(dtype), {3, 3});
    }
  }
}

TEST_CASE("isin looks integers up, near and far") {
  const Tensor x = from_vector(std::vector<std::int64_t>{-5, 0, 3, 7, INT64_MAX, INT64_MIN});
  const auto found = [&](std::vector<std::int64_t> values) {
    return isin(x, from_vector(std::move(values))).to_vector<double>();
  };
  CHECK(found({3, -5, 3}) == Doubles{1, 0, 1, 0, 0, 0});
  CHECK(found({INT64_MAX, 0}) == Doubles{0, 1, 0, 0, 1, 0});
  CHECK(found({INT64_MIN, INT64_MAX, 7}) == Doubles{0, 0, 0, 1, 1, 1});
  CHECK(found({INT64_MIN}) == Doubles{0, 0, 0, 0, 0, 1});
}
