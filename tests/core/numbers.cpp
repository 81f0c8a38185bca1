// Numbers keep their value or throw: on their way from C++ into elements, as literals, as operands
// and by conversion.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/rows.hpp"

using namespace xtape;
using Integers = std::vector<std::int64_t>;
using Truths = std::vector<bool>;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr std::int64_t least = INT64_MIN, most = INT64_MAX;
constexpr std::int64_t odd = (std::int64_t{1} << 53) + 1;  // double does not hold it
constexpr std::uint64_t beyond = std::uint64_t{1} << 63, greatest = UINT64_MAX;
const double not_a_number = std::nan("");

Integers integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }
Truths truths(const Tensor& x) { return x.to_vector<bool>(); }

}  // namespace

TEST_CASE("literals that their dtype does not hold throw, naming the number") {
  CHECK(error_of<ValueError>([] { return tensor({beyond}); }) ==
        "tensor: a number must fit in int64; got 9223372036854775808");
  CHECK(error_of<ValueError>([] {
          return tensor({1, 2}) + greatest;
        }) == "add: a number must fit in int64; got 18446744073709551615");
  CHECK(error_of<ValueError>([] { return full({2}, 1e30, Dtype::int64); }) ==
        "full: a number must fit in int64; got 1e+30");
  CHECK(error_of<ValueError>([] { return tensor({-not_a_number}, Dtype::int64); }) ==
        "tensor: a number must fit in int64; got nan");
  CHECK(error_of<ValueError>([] {
          return tensor({1.0, -inf}, Dtype::int64);
        }) == "tensor: a number must fit in int64; got -inf");
  CHECK(error_of<ValueError>([] { return tensor(1e300); }) ==
        "tensor: a number must fit in float32; got 1e+300");
  CHECK(error_of<ValueError>([] { return full({}, -1e39); }) ==
        "full: a number must fit in float32; got -1e+39");
  CHECK_THROWS_AS(full({}, 0x1p63, Dtype::int64), ValueError);
  CHECK_THROWS_AS(arange(0.0, 1e300, 1e299), ValueError);
  CHECK_THROWS_AS(arange(0.0, 1e30, 1e29, Dtype::int64), ValueError);
  CHECK_THROWS_AS(linspace(0, 1e39, 3), ValueError);
  CHECK_THROWS_AS(linspace(not_a_number, 1, 3), ValueError);
  CHECK_THROWS_AS(linspace(-1.5e308, 1.5e308, 3, Dtype::float64), ValueError);
  Rng rng(0);
  CHECK_THROWS_AS(rng.uniform({2}, 0, 1e39), ValueError);
  CHECK_THROWS_AS(rng.normal({2}, 1e39, 1), ValueError);
  CHECK_THROWS_AS(rng.normal({2}, not_a_number, 1), ValueError);
}

TEST_CASE("literals that their dtype holds are exact") {
  CHECK(integers(full({2}, odd, Dtype::int64)) == Integers{odd, odd});
  CHECK(integers(full({}, most, Dtype::int64)) == Integers{most});
  CHECK(integers(full({}, static_cast<std::uint64_t>(most), Dtype::int64)) == Integers{most});
  CHECK(integers(tensor({least, std::int64_t{-1}, most})) == Integers{least, -1, most});
  CHECK(integers(full({}, -0x1p63, Dtype::int64)) == Integers{least});
  CHECK(integers(tensor({-2.0, 2.0}, Dtype::int64)) == Integers{-2, 2});
  CHECK(integers(tensor({true, 3}, Dtype::int64)) == Integers{1, 3});
  CHECK(values(tensor({inf, -inf})) == Doubles{inf, -inf});
  CHECK(std::isnan(tensor(not_a_number).item()));
  CHECK(tensor(1e300, Dtype::float64).item() == 1e300);
  CHECK(tensor(greatest, Dtype::float64).item() == 0x1p64);
  CHECK(full({}, std::numeric_limits<float>::max()).item() == 0x1.fffffep127);
  CHECK(full({}, 0x1.fffffefp127).item() == 0x1.fffffep127);  // rounds to the greatest float
  CHECK(truths(tensor({not_a_number, 0.0, 1e300}, Dtype::boolean)) == Truths{true, false, true});
  CHECK(truths(full({}, greatest, Dtype::boolean)) == Truths{true});
  CHECK(tensor({'a'}).item() == 97);
}

TEST_CASE("operands that do not fit beside the other one throw") {
  const Tensor a = ones({2});
  CHECK(error_of<ValueError>([&] { return a * 1e300; }) ==
        "multiply: a number must fit in float32; got 1e+300");
  CHECK(error_of<ValueError>([&] { return -1e39 - a; }) ==
        "subtract: a number must fit in float32; got -1e+39");
  CHECK(error_of<ValueError>([&] { return where(a > 0, a, 1e39); }) ==
        "where: a number must fit in float32; got 1e+39");
  CHECK(error_of<ValueError>([&] { return clip(a, -1e39, 1); }) ==
        "clip: a number must fit in float32; got -1e+39");
  CHECK(error_of<ValueError>([&] { return maximum(tensor({1}), beyond); }) ==
        "maximum: a number must fit in int64; got 9223372036854775808");
  CHECK_THROWS_AS(where(a > 0, 1e39, 2), ValueError);
  CHECK_THROWS_AS(pow(a, 1e39), ValueError);
  CHECK_THROWS_AS(leaky_relu(a, 1e39), ValueError);
  CHECK_THROWS_AS(a < 1e39, ValueError);
  CHECK_THROWS_AS(clip(tensor({5}), beyond, beyond), ValueError);
  CHECK(values(a * inf) == Doubles{inf, inf});
  CHECK(values(ones({1}, Dtype::float64) * 1e300) == Doubles{1e300});
  CHECK((tensor({1}) * 1e300).describe() == "float64[1]");
  CHECK(values(a + greatest) == Doubles{0x1p64, 0x1p64});
  CHECK(integers(tensor({0}) + odd) == Integers{odd});
}

TEST_CASE("integers beyond int64 compare and bound as what they are") {
  const Tensor x = tensor({least, std::int64_t{5}, most});
  const Truths all(3, true), none(3, false);
  CHECK(truths(x < beyond) == all);
  CHECK(truths(x <= beyond) == all);
  CHECK(truths(x > beyond) == none);
  CHECK(truths(x >= beyond) == none);
  CHECK(truths(x == beyond) == none);
  CHECK(truths(x != beyond) == all);
  CHECK(truths(beyond > x) == all);
  CHECK(truths(greatest <= x) == none);
  CHECK(truths(tensor({true}) < beyond) == Truths{true});
  CHECK(truths(zeros({2, 0}, Dtype::int64) < beyond).empty());
  CHECK(integers(clip(x, 0, greatest)) == Integers{0, 5, most});
}

TEST_CASE("to int64 takes what int64 holds") {
  const auto converted = [](double value, Dtype dtype) {
    return tensor({1.0, value}, dtype).to(Dtype::int64);
  };
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const double bad : {not_a_number, inf, -inf, 0x1p63, -0x1p64, 1e30})
      CHECK_THROWS_AS(converted(bad, dtype), ValueError);
    for (const double good : {0.0, -2.0, 0x1p62, 0x1p53, -0x1p63})
      CHECK(integers(converted(good, dtype)) == Integers{1, static_cast<std::int64_t>(good)});
  }
  CHECK(error_of<ValueError>([&] { return converted(1e30, Dtype::float64); }) ==
        "to: a number must fit in int64; got 1e+30");
  CHECK(integers(tensor({-2.75, 0.5}).to(Dtype::int64)) == Integers{-2, 0});
  CHECK(values(tensor({1e39, 2.0}, Dtype::float64).to(Dtype::float32)) == Doubles{inf, 2});
  CHECK(truths(tensor({not_a_number, 0.0}).to(Dtype::boolean)) == Truths{true, false});
}

TEST_CASE("messages show numbers as they are") {
  CHECK(detail::text(0.1) == "0.1");
  CHECK(detail::text(0.1F) == "0.1");
  CHECK(detail::text(1.0) == "1");
  CHECK(detail::text(-0.0) == "-0");
  CHECK(detail::text(1.0000000000000002) == "1.0000000000000002");
  CHECK(detail::text(5e-324) == "5e-324");
  CHECK(detail::text(-inf) == "-inf");
  CHECK(detail::text(-not_a_number) == "nan");
  CHECK(detail::text(std::copysign(not_a_number, -1)) == "nan");
  CHECK(detail::text(most) == "9223372036854775807");
  CHECK(Number(greatest).text() == "18446744073709551615");
  CHECK(Number(true).text() == "true");
}

TEST_CASE("sums and products of integers wrap around") {
  const std::int64_t half = INT64_MAX / 2 + 1;  // 2^62
  for (const std::int64_t n : {5, 37, 1000}) {
    const std::uint64_t total = static_cast<std::uint64_t>(n % 4) << 62;  // n 2^62
    const Tensor x = full({n, 3}, half, Dtype::int64);
    for (const Tensor& y : {sum(x, 0), sum(transpose(x), 1), sum(transpose(x).contiguous(), 1)})
      CHECK(y.to_vector<std::int64_t>()[1] == static_cast<std::int64_t>(total));
    CHECK(prod(full({n}, 3, Dtype::int64) * half).to_vector<std::int64_t>()[0] == 0);
  }
}

TEST_CASE(
    "a number beside a tensor is a tensor full of it, for every number and row of two inputs") {
  for (const Row& row : elementwise_rows()) {
    if (row.inputs.size() != 2) continue;
    CAPTURE(row.name);
    for (const Dtype dtype : {Dtype::int64, Dtype::float64}) {
      if (dtype == Dtype::int64 && !row.takes_integers) continue;
      const Tensor x = tensor({1, 2, 20, 35}).to(dtype);
      for (std::int64_t k = 1; k <= 48; ++k) {
        CAPTURE(k);
        const Tensor number = k, all = full({4}, k, dtype);
        CHECK(mismatch(row.apply({x, number}), row.apply({x, all})) == "");
        CHECK(mismatch(row.apply({number, x}), row.apply({all, x})) == "");
      }
    }
  }
}
