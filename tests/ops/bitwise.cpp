// Operations on bits, against those of C++ where these are defined, and NumPy where they are not.
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/bitwise.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;
using Integers = std::vector<std::int64_t>;

namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max(), least = -most - 1;
const Integers numbers{0, 1, -1, 2, -2, 5, -6, 12, 255, -256, 1LL << 40, -(1LL << 53), most, least};

/// f of all pairs is `exact` of each.
template <class F, class Exact>
void check_pairs(F f, Exact exact, const Integers& right) {
  Integers a, b, expected;
  for (const std::int64_t x : numbers) {
    for (const std::int64_t y : right) {
      a.push_back(x);
      b.push_back(y);
      expected.push_back(exact(x, y));
    }
  }
  CHECK(mismatch(f(from_vector(a), from_vector(b)), from_vector(expected)) == "");
  const Tensor column = from_vector(numbers, {static_cast<std::int64_t>(numbers.size()), 1});
  CHECK(mismatch(reshape(f(column, from_vector(right)), {-1}), from_vector(expected)) == "");
}

}  // namespace

TEST_CASE("bits of integers: both, one, just one, the others") {
  using Int = std::int64_t;
  check_pairs([](auto a, auto b) { return bitwise_and(a, b); }, [](Int a, Int b) { return a & b; },
              numbers);
  check_pairs([](auto a, auto b) { return bitwise_or(a, b); }, [](Int a, Int b) { return a | b; },
              numbers);
  check_pairs([](auto a, auto b) { return bitwise_xor(a, b); }, [](Int a, Int b) { return a ^ b; },
              numbers);
  Integers others;
  for (const Int x : numbers) others.push_back(~x);
  CHECK(mismatch(bitwise_not(from_vector(numbers)), from_vector(others)) == "");
}

TEST_CASE("shifts: what leaves is lost, the sign stays, counts out of range leave 0 or the sign") {
  using Int = std::int64_t;
  const Integers counts{0, 1, 2, 31, 32, 62, 63, 64, 65, 1000, -1, -64, most, least};
  const auto inside = [](Int count) { return count >= 0 && count < 64; };
  check_pairs([](auto a, auto b) { return left_shift(a, b); },
              [&](Int a, Int b) {
                if (!inside(b)) return Int{0};
                const std::uint64_t staying = ~std::uint64_t{0} >> b;
                return static_cast<Int>((static_cast<std::uint64_t>(a) & staying) << b);
              },
              counts);
  check_pairs([](auto a, auto b) { return right_shift(a, b); },
              [&](Int a, Int b) { return inside(b) ? a >> b
                                         : a < 0   ? -1
                                                   : 0; }, counts);
}

TEST_CASE("bits of booleans and of numbers, dtypes, layouts, examples") {
  const Tensor no_yes = tensor({false, true}), x = tensor({{6, -7, 3}, {0, 9, 1}});
  const Tensor column = tensor({{false}, {true}});
  CHECK(mismatch(bitwise_and(no_yes, column), tensor({{false, false}, {false, true}})) == "");
  CHECK(mismatch(bitwise_or(no_yes, column), tensor({{false, true}, {true, true}})) == "");
  CHECK(mismatch(bitwise_xor(no_yes, column), tensor({{false, true}, {true, false}})) == "");
  CHECK(mismatch(bitwise_not(no_yes), tensor({true, false})) == "");
  CHECK(mismatch(left_shift(no_yes, no_yes), tensor({0, 2})) == "");
  CHECK(mismatch(bitwise_and(no_yes, tensor({7, 6})), tensor({0, 0})) == "");
  CHECK(mismatch(bitwise_and(x, 3), tensor({{2, 1, 3}, {0, 1, 1}})) == "");
  CHECK(mismatch(left_shift(1, tensor({0, 4})), tensor({1, 16})) == "");
  CHECK(bitwise_or(5, 8).item() == 13);
  CHECK(mismatch(bitwise_xor(transpose(x), 0), transpose(x).contiguous()) == "");
  CHECK(mismatch(right_shift(flip(x, 1), 1), tensor({{1, -4, 3}, {0, 4, 0}})) == "");
  CHECK(left_shift(zeros({0, 3}, Dtype::int64), x[0]).shape() == Shape{0, 3});
  CHECK(bitwise_not(tensor(5)).shape() == Shape{});
  const auto f = [](const std::vector<Tensor>& v) { return left_shift(v[0], v[1]); };
  const std::vector<Tensor> examples{x, tensor({1, 2})};
  CHECK(mismatch(vmap(f)(examples), tensor({{12, -14, 6}, {0, 36, 4}})) == "");
  const auto wrong = [](const Tensor& row) { return bitwise_or(row, tensor({1, 2})); };
  CHECK(error_of<ShapeError>([&] { return vmap(wrong)(x); }) ==
        error_of<ShapeError>([&] { return wrong(x[0]); }));
}

TEST_CASE("bits of floating numbers are refused by name") {
  const Tensor x = tensor({1, 2}), single = tensor({1.0, 2.0});
  for (auto f : {bitwise_and, bitwise_or, bitwise_xor, left_shift, right_shift}) {
    CHECK_THROWS_AS(f(x, single), DtypeError);
    CHECK_THROWS_AS(f(single, x), DtypeError);
    CHECK_THROWS_AS(f(x, 1.5), DtypeError);
    CHECK_THROWS_AS(f(x, tensor({1, 2, 3})), ShapeError);
  }
  CHECK(error_of<DtypeError>([&] { return left_shift(x, single); }) ==
        "left_shift: integers or booleans are needed; got float32[2]");
  CHECK(error_of<DtypeError>([&] { return right_shift(x, 1.5); }) ==
        "right_shift: integers or booleans are needed; got 1.5");
  CHECK(error_of<DtypeError>([&] { return bitwise_not(single); }) ==
        "bitwise_not: integers or booleans are needed; got float32[2]");
  CHECK(error_of<ShapeError>([&] {
          return bitwise_and(x, tensor({1, 2, 3}));
        }).starts_with("bitwise_and: "));
}
