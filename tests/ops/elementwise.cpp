// Dtypes, shapes and values of elementwise operations; values of each row: gradients.cpp.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr Dtype boolean = Dtype::boolean, int64 = Dtype::int64;
constexpr Dtype float32 = Dtype::float32, float64 = Dtype::float64;
constexpr Dtype dtypes[] = {boolean, int64, float32, float64};
constexpr std::int64_t beyond_double = (std::int64_t{1} << 53) + 1;

std::vector<std::int64_t> integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }

}  // namespace

TEST_CASE("promotion of two tensors") {  // numpy.result_type(a, b)
  constexpr Dtype table[4][4] = {{boolean, int64, float32, float64},
                                 {int64, int64, float64, float64},
                                 {float32, float64, float32, float64},
                                 {float64, float64, float64, float64}};
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      const Tensor a = ones({2}, dtypes[i]), b = ones({2}, dtypes[j]);
      CHECK((a + b).dtype() == table[i][j]);
      CHECK(maximum(a, b).dtype() == table[i][j]);
      CHECK(where(tensor({true, false}), a, b).dtype() == table[i][j]);
      CHECK(clip(a, b, b).dtype() == table[i][j]);
      CHECK((a / b).dtype() == (is_floating(table[i][j]) ? table[i][j] : float64));
      CHECK((a < b).dtype() == boolean);
      CHECK(ones({}, dtypes[i]).dtype() == dtypes[i]);
      CHECK((ones({}, dtypes[i]) + b).dtype() == table[i][j]);  // rank 0 is no number
    }
  }
}

TEST_CASE("promotion with numbers, which are weak") {  // (numpy.ones(2, dtype) + number).dtype
  constexpr Dtype with_bool[] = {boolean, int64, float32, float64};
  constexpr Dtype with_int[] = {int64, int64, float32, float64};
  constexpr Dtype with_double[] = {float64, float64, float32, float64};
  for (std::size_t i = 0; i < 4; ++i) {
    const Tensor x = ones({2}, dtypes[i]);
    CHECK((x + true).dtype() == with_bool[i]);
    CHECK((2 * x).dtype() == with_int[i]);
    CHECK((x * 1.5).dtype() == with_double[i]);
    CHECK((1.5F - x).dtype() == with_double[i]);
    CHECK(where(tensor({true, false}), x, 0).dtype() == with_int[i]);
    CHECK(clip(x, 0.5, 1).dtype() == with_double[i]);
  }
  CHECK(where(tensor({true}), 1, 2).dtype() == int64);
  CHECK(where(tensor({true}), 1, 2.5).dtype() == float32);
  CHECK(mismatch(tensor({1, 2}) + 0.5, tensor({1.5, 2.5}, float64)) == "");
  CHECK(mismatch(tensor({1.0, 2.0}) + 0.1, tensor({1.1F, 2.1F})) == "");
}

TEST_CASE("integers are exact beyond 2^53") {
  const Tensor x = from_vector(std::vector{beyond_double, -beyond_double});
  using Values = std::vector<std::int64_t>;
  CHECK(integers(x + 1) == Values{beyond_double + 1, -beyond_double + 1});
  CHECK(integers(x + beyond_double) == Values{2 * beyond_double, 0});
  CHECK(integers(x * 3) == Values{3 * beyond_double, -3 * beyond_double});
  CHECK(integers(-x) == Values{-beyond_double, beyond_double});
  CHECK(integers(abs(x)) == Values{beyond_double, beyond_double});
  CHECK(integers(maximum(x, beyond_double - 1)) == Values{beyond_double, beyond_double - 1});
  CHECK(integers(clip(x, -beyond_double + 1, beyond_double - 1)) ==
        Values{beyond_double - 1, -beyond_double + 1});
  CHECK(integers(where(x > 0, x, 0)) == Values{beyond_double, 0});
  CHECK((x == beyond_double).to_vector<bool>() == std::vector{true, false});
  CHECK((x == beyond_double - 1).to_vector<bool>() == std::vector{false, false});
  CHECK((x > beyond_double - 1).to_vector<bool>() == std::vector{true, false});
  CHECK(integers(pow(tensor({3, -3, 0, -1}), tensor({39, 39, 0, 63}))) ==
        Values{4052555153018976267, -4052555153018976267, 1, -1});
}

TEST_CASE("booleans: + is or, * is and, as NumPy's") {
  const Tensor a = tensor({false, false, true, true}), b = tensor({false, true, false, true});
  using Values = std::vector<bool>;
  const Values either{false, true, true, true}, both{false, false, false, true};
  CHECK((a + b).to_vector<bool>() == either);
  CHECK((a * b).to_vector<bool>() == both);
  CHECK(maximum(a, b).to_vector<bool>() == either);
  CHECK(minimum(a, b).to_vector<bool>() == both);
  CHECK((a | b).to_vector<bool>() == either);
  CHECK((a & b).to_vector<bool>() == both);
  CHECK((!a).to_vector<bool>() == Values{true, true, false, false});
  CHECK((a == b).to_vector<bool>() == Values{true, false, false, true});
  CHECK((a < b).to_vector<bool>() == Values{false, true, false, false});
  CHECK((a + 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1, 2, 2});
  CHECK((tensor({0.5, 0.0, -1.0, 2.0}) & b).to_vector<bool>() == Values{false, false, false, true});
  CHECK((!tensor({0, 3})).to_vector<bool>() == Values{true, false});
  CHECK(error_of<DtypeError>([&] { return a - b; }) ==
        "subtract: numbers are needed; got boolean (see operator! and not_equal)");
  CHECK_THROWS_AS(-a, DtypeError);
  CHECK_THROWS_AS(sign(a), DtypeError);
}

TEST_CASE("operators are the functions") {
  const Tensor a = sixteenths({2, 3}), b = sixteenths({3}, 1);
  CHECK(mismatch(a + b, add(a, b)) == "");
  CHECK(mismatch(a - b, subtract(a, b)) == "");
  CHECK(mismatch(a * b, multiply(a, b)) == "");
  CHECK(mismatch(a / b, divide(a, b)) == "");
  CHECK(mismatch(-a, negative(a)) == "");
  CHECK(mismatch(2 - a, subtract(full({}, 2, float64), a)) == "");
  CHECK(mismatch(a <= b, less_equal(a, b)) == "");
  CHECK(mismatch(a >= b, greater_equal(a, b)) == "");
  CHECK(mismatch(a > b, greater(a, b)) == "");
  CHECK(mismatch(a != b, not_equal(a, b)) == "");
}

TEST_CASE("every path of the loops: dtypes, strides and lengths mixed, against index arithmetic") {
  const std::vector<std::vector<Shape>> shapes{{{3000}, {3000}},
                                               {{3000}, {1}},
                                               {{2, 1500}, {1500}},
                                               {{2, 1500}, {2, 1}},
                                               {{130, 9}, {9}},
                                               {{9, 130}, {9, 1}},
                                               {{1, 700, 3}, {5, 1, 3}},
                                               {{4, 1, 130}, {3, 1}},
                                               {{2, 3, 4}, {3, 1}},
                                               {{128}, {2, 1, 128}},
                                               {{2, 2, 2, 2}, {2, 1, 2}},
                                               {{1025}, {3, 1025}},
                                               {{5, 1}, {1, 1100}},
                                               {{5, 300, 3}, {5, 1, 3}},
                                               {{2, 3, 90, 7}, {2, 1, 1, 7}},
                                               {{3, 90, 64}, {3, 1, 64}},
                                               {{3, 400, 2}, {400, 2}},
                                               {{2, 700, 3}, {700, 1}},
                                               {{3, 1, 4}, {1, 4, 1}}};
  for (const auto& pair : shapes) {
    for (const Dtype first : dtypes) {
      for (const Dtype second : {int64, float32, float64}) {
        for (const bool turned : {false, true}) {
          Tensor a = (16 * sixteenths(pair[0])).to(first);
          const Tensor b = (16 * sixteenths(pair[1], 1)).to(second);
          if (turned) a = transpose(transpose(a).contiguous());
          const Tensor y = a - b;
          CAPTURE(a.describe());
          CAPTURE(b.describe());
          const auto x0 = a.to_vector<double>(), x1 = b.to_vector<double>();
          std::vector<double> expected;
          for (std::int64_t place = 0; place < y.size(); ++place) {
            std::size_t at[2] = {0, 0};
            std::int64_t rest = place, step[2] = {1, 1};
            for (std::int64_t axis = -1; axis >= -y.rank(); --axis) {
              const std::int64_t i = rest % y.extent(axis);
              rest /= y.extent(axis);
              for (std::size_t k = 0; k < 2; ++k) {
                const Tensor& x = k == 0 ? a : b;
                if (-axis > x.rank()) continue;
                at[k] += static_cast<std::size_t>(x.extent(axis) == 1 ? 0 : i * step[k]);
                step[k] *= x.extent(axis);
              }
            }
            expected.push_back(x0[at[0]] - x1[at[1]]);
          }
          CHECK(mismatch(y, from_vector(std::move(expected), y.shape()).to(y.dtype())) == "");
        }
      }
    }
  }
}

TEST_CASE("(4, 1) with (4, 0) is empty, its gradient zeros") {
  const Tensor a = ones({4, 1}).set_requires_grad(true), b = zeros({4, 0});
  const Tensor y = a * b;
  CHECK(y.shape() == Shape{4, 0});
  sum(y).backward();
  CHECK(mismatch(a.grad(), zeros({4, 1})) == "");
}

TEST_CASE("a rule may work in the memory of its gradient, but never in that of the caller") {
  const Tensor x = sixteenths({100}).set_requires_grad(true), seed = sixteenths({100}, 1);
  const Tensor before = seed.clone();
  exp(x).backward(seed);
  CHECK(mismatch(seed, before) == "");
  (-(x + x)).backward(seed);  // the sum hands one gradient to both of its inputs
  CHECK(mismatch(seed, before) == "");
  CHECK(mismatch(x.grad(), exp(x.detach()) * before - before - before, 1e-15) == "");
}

TEST_CASE("gradients come in the dtype of their input") {
  const Tensor a = ones({2}).set_requires_grad(true);
  const Tensor b = ones({3, 2}, float64).set_requires_grad(true);
  sum(a * b).backward();
  CHECK(mismatch(a.grad(), tensor({3.0, 3.0})) == "");
  CHECK(mismatch(b.grad(), ones({3, 2}, float64)) == "");
}

TEST_CASE("elementwise errors") {
  CHECK(
      error_of<ShapeError>([] {
        return ones({2, 3}) + ones({2});
      }) ==
      "add: shapes must broadcast (be equal or 1, axis by axis from the last); got [2, 3] and [2]");
  CHECK(error_of<ShapeError>([] { return clip(ones({2}), ones({3}), 1); }).find("[2] and [3]") !=
        std::string::npos);
  CHECK(error_of<DtypeError>([] { return where(ones({2}), 1, 0); }) ==
        "where: the condition must be boolean; got float32[2]");
  const auto named = [](const std::string& message, const char* name) {
    return message.starts_with(std::string(name) + ": ");
  };
  CHECK(named(error_of<ShapeError>([] { return where(ones({2}) > 0, ones({3}), ones({2})); }),
              "where"));
  CHECK(named(error_of<ShapeError>([] { return clip(ones({2}), ones({3}), 1); }), "clip"));
  CHECK(error_of<ValueError>([] {
          return pow(tensor({2, 3}), tensor({1, -1}));
        }) == "pow: integers have no negative powers; got the exponent -1");
  CHECK_THROWS_AS(exp(Tensor()), ValueError);
  CHECK_THROWS_AS(Tensor() + ones({2}), ValueError);
}

TEST_CASE("a scalar node takes at most 160 bytes, 96 if it keeps nothing") {
  const Tensor x = tensor(1.0, float64).set_requires_grad(true);
  const auto bytes_of_each = [&](Tensor (*step)(const Tensor&)) {
    constexpr int count = 1000;
    Tensor y = step(x);
    const std::int64_t before = memory::live_bytes();
    for (int i = 0; i < count; ++i) y = step(y);
    return static_cast<double>(memory::live_bytes() - before) / count;
  };
  CHECK(bytes_of_each([](const Tensor& y) { return y + 1; }) == 96);
  CHECK(bytes_of_each([](const Tensor& y) { return -y; }) == 96);
  CHECK(bytes_of_each([](const Tensor& y) { return y * 1.5; }) <= 160);
  CHECK(bytes_of_each([](const Tensor& y) { return abs(y); }) <= 160 + 256);  // and its value
}
