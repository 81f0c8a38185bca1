#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

using Row = std::vector<long double>;

/// The last axis, row by row, by a function of the elements so far.
Tensor by_rows(const Tensor& x, const std::function<long double(const Row&)>& f) {
  const Doubles all = values(x);
  const auto n = static_cast<std::size_t>(x.extent(-1));
  Doubles results;
  Row so_far;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % n == 0) so_far.clear();
    so_far.push_back(all[i]);
    results.push_back(static_cast<double>(f(so_far)));
  }
  return from_vector(std::move(results), x.shape());
}

struct Running {
  const char* name;
  std::function<Tensor(const Tensor&, std::int64_t)> along;
  std::function<long double(const Row&)> of_row;
};

const std::vector<Running>& all_running() {
  static const std::vector<Running> all{
      {"cumsum", [](auto& x, auto axis) { return cumsum(x, axis); },
       [](const Row& x) {
         long double sum = 0;
         for (const long double value : x) sum += value;
         return sum;
       }},
      {"cumprod", [](auto& x, auto axis) { return cumprod(x, axis); },
       [](const Row& x) {
         long double product = 1;
         for (const long double value : x) product *= value;
         return product;
       }},
      {"logcumsumexp", [](auto& x, auto axis) { return logcumsumexp(x, axis); },
       [](const Row& x) {
         long double sum = 0;
         for (const long double value : x) sum += std::exp(value);
         return std::log(sum);
       }},
      {"cummax", [](auto& x, auto axis) { return cummax(x, axis); },
       [](const Row& x) {
         long double greatest = x[0];
         for (const long double value : x) greatest = value > greatest ? value : greatest;
         return greatest;
       }},
      {"cummin", [](auto& x, auto axis) { return cummin(x, axis); },
       [](const Row& x) {
         long double smallest = x[0];
         for (const long double value : x) smallest = value < smallest ? value : smallest;
         return smallest;
       }},
  };
  return all;
}

/// The derivative of cumprod as it is defined: the product of the others.
Doubles slopes_of_products(const Doubles& x, const Doubles& g) {
  Doubles slopes(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (std::size_t i = k; i < x.size(); ++i) {
      double others = g[i];
      for (std::size_t j = 0; j <= i; ++j) others *= j == k ? 1 : x[j];
      slopes[k] += others;
    }
  }
  return slopes;
}

}  // namespace

TEST_CASE("running results are those of plain loops, along each axis, of any layout and dtype") {
  const Tensor x = drawn({3, 4, 5}, -2, 2);
  for (const Running& op : all_running()) {
    CAPTURE(op.name);
    for (const int axis : {0, 1, 2, -1}) {
      CAPTURE(axis);
      const Tensor expected =
          swapaxes(by_rows(swapaxes(x, axis, 2).contiguous(), op.of_row), axis, 2);
      const Tensor y = op.along(x, axis);
      CHECK(mismatch(y, expected, 1e-14) == "");
      CHECK(mismatch(op.along(x.to(Dtype::float32), axis), expected.to(Dtype::float32), 1e-6) ==
            "");
      CHECK(mismatch(op.along(transpose(transpose(x).contiguous()), axis), y) == "");
      CHECK(mismatch(op.along(flip(flip(x, 2).contiguous(), 2), axis), y) == "");
      for (std::int64_t i = 0; i < 3; ++i) {  // one example's bits do not depend on the others
        if (axis != 0) CHECK(mismatch(op.along(x[i], axis < 0 ? axis : axis - 1), y[i]) == "");
      }
    }
    CHECK(mismatch(vmap([&](const Tensor& at) { return op.along(at, 0); })(x), op.along(x, 1)) ==
          "");
    CHECK(op.along(zeros({2, 0}), 1).shape() == Shape{2, 0});
    CHECK(op.along(zeros({0, 2}), 1).shape() == Shape{0, 2});
  }
}

TEST_CASE("running results of integers and truth values, as NumPy's") {  // tests/reference/order.py
  const Tensor x = tensor({{{3, -1, 2}, {0, 5, 2}}, {{-7, 4, 4}, {1, -1, 0}}});
  CHECK(mismatch(cumsum(x, 0), tensor({{{3, -1, 2}, {0, 5, 2}}, {{-4, 3, 6}, {1, 4, 2}}})) == "");
  CHECK(mismatch(cumsum(x, 2), tensor({{{3, 2, 4}, {0, 5, 7}}, {{-7, -3, 1}, {1, 0, 0}}})) == "");
  CHECK(mismatch(cumprod(x, 1), tensor({{{3, -1, 2}, {0, -5, 4}}, {{-7, 4, 4}, {-7, -4, 0}}})) ==
        "");
  CHECK(mismatch(cumprod(x, 2),
                 tensor({{{3, -3, -6}, {0, 0, 0}}, {{-7, -28, -112}, {1, -1, 0}}})) == "");
  CHECK(mismatch(cummax(x, 2), tensor({{{3, 3, 3}, {0, 5, 5}}, {{-7, 4, 4}, {1, 1, 1}}})) == "");
  CHECK(mismatch(cummin(x, 1), tensor({{{3, -1, 2}, {0, -1, 2}}, {{-7, 4, 4}, {-7, -1, 0}}})) ==
        "");
  const Tensor truths = tensor({false, true, true, false});
  CHECK(mismatch(cumsum(truths, 0), tensor({0, 1, 2, 2})) == "");
  CHECK(mismatch(cumprod(truths, 0), tensor({0, 0, 0, 0})) == "");
  CHECK(mismatch(cummax(truths, 0), tensor({false, true, true, true})) == "");
  CHECK(logcumsumexp(tensor({1, 2}), 0).dtype() == Dtype::float64);
  CHECK(mismatch(cumsum(x[0]), tensor({3, 2, 4, 4, 9, 11})) == "");
  CHECK(mismatch(cumprod(tensor({{1, 2}, {3, 4}})), tensor({1, 2, 6, 24})) == "");
  CHECK(mismatch(cumsum(tensor(2.5)), tensor({2.5})) == "");
  const std::int64_t most = INT64_MAX;
  CHECK(cumsum(from_vector(std::vector{most, most}), 0).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{most, -2});
}

TEST_CASE("cumsum: float32 keeps its digits over a million terms, forward and backward") {
  const Tensor x = full({1000000}, 0.1F).set_requires_grad(true);
  const Tensor y = cumsum(x, 0);
  CHECK(y[999999].item() == doctest::Approx(1e5).epsilon(1e-7));
  CHECK(cumsum(reshape(x, {500000, 2}), 0)(499999, 1).item() == doctest::Approx(5e4).epsilon(1e-7));
  sum(y * 0.1F).backward();
  CHECK(x.grad()[0].item() == doctest::Approx(1e5).epsilon(1e-7));
  CHECK(x.grad()[999999].item() == doctest::Approx(0.1));
  CHECK(std::signbit(cumsum(tensor({-0.0}), 0).item()));
}

TEST_CASE("cumprod: slopes are the products of the others, whatever the number of zeros") {
  const Doubles g{1, -2, 3, 0.5, 4};
  for (const Doubles& x :
       {Doubles{2, -3, 4, 0.5, 7}, Doubles{2, 0, 3, 5, -1}, Doubles{0, 2, 3, 4, 5},
        Doubles{2, 0, 3, 0, 5}, Doubles{1, 2, 3, 4, 0}, Doubles{0, 0, 0, 0, 0}}) {
    CAPTURE(x);
    const Tensor at = from_vector(x), seed = from_vector(g);
    const auto loss = [&](const Tensor& v) { return sum(seed * cumprod(v, 0)); };
    CHECK(mismatch(grad(loss)(at), from_vector(slopes_of_products(x, g)), 1e-15) == "");
    CHECK(gradcheck([&](auto& v) { return loss(v[0]); }, {at}, {.order = 3}));
    CHECK(gradcheck([&](auto& v) { return prod(v[0]); }, {at}, {.order = 3}));
    const auto [y, dy] = jvp([](const Tensor& v) { return cumprod(v, 0); }, at, seed);
    double slope = 0;  // of the last product
    for (std::size_t k = 0; k < x.size(); ++k) {
      double others = g[k];
      for (std::size_t j = 0; j < x.size(); ++j) others *= j == k ? 1 : x[j];
      slope += others;
    }
    CHECK(dy[4].item() == doctest::Approx(slope).epsilon(1e-14));
  }
}

TEST_CASE("logcumsumexp: NumPy's values, and far from 0 neither overflow nor lost digits") {
  const Tensor x = tensor({-1.0, 0.5, -700.0, 3.0, 1000.0, 999.0}, Dtype::float64);
  const Tensor expected = tensor({-1.0, 0.7014132779827524, 0.7014132779827524, 3.0956743294143823,
                                  1000.0, 1000.3132616875182},
                                 Dtype::float64);
  CHECK(mismatch(logcumsumexp(x, 0), expected, 4e-16) == "");
  const auto slope = [](const Tensor& at) {
    return grad([](const Tensor& v) { return logcumsumexp(v, 0)[-1]; })(at);
  };
  CHECK(mismatch(slope(x), softmax(x), 1e-15) == "");
  CHECK(mismatch(slope(full({4}, 1e17, Dtype::float64)), full({4}, 0.25, Dtype::float64)) == "");
  const Tensor low = tensor({-inf, -inf, -1000.0, -1000.0, inf}, Dtype::float64);
  CHECK(mismatch(logcumsumexp(low, 0),
                 tensor({-inf, -inf, -1000.0, -1000 + std::log(2.0), inf}, Dtype::float64),
                 1e-15) == "");
  CHECK(mismatch(slope(slice(low, {range(0, 4)})), tensor({0.0, 0.0, 0.5, 0.5}, Dtype::float64),
                 1e-15) == "");
  CHECK(mismatch(slope(slice(low, {range(0, 2)})), zeros({2}, Dtype::float64)) == "");
  CHECK(std::isnan(logcumsumexp(tensor({1.0, quiet_nan, 2.0}), 0)[2].item()));
}

TEST_CASE("cummax and cummin: NaN stays, and a gradient goes to the first of equal elements") {
  const Tensor x = tensor({1.0, 3.0, 3.0, quiet_nan, 5.0}, Dtype::float64);
  CHECK(mismatch(cummax(x, 0), tensor({1.0, 3.0, 3.0, quiet_nan, quiet_nan}, Dtype::float64)) ==
        "");
  CHECK(mismatch(cummin(x, 0), tensor({1.0, 1.0, 1.0, quiet_nan, quiet_nan}, Dtype::float64)) ==
        "");
  const Tensor weights = tensor({1.0, 10.0, 100.0, 1000.0, 10000.0}, Dtype::float64);
  const auto slope = [&](auto f) {
    return grad([&](auto& at) { return sum(weights * f(at, 0)); })(x);
  };
  CHECK(mismatch(slope([](auto& at, int axis) { return cummax(at, axis); }),
                 tensor({1.0, 110.0, 0.0, 11000.0, 0.0}, Dtype::float64)) == "");
  CHECK(mismatch(slope([](auto& at, int axis) { return cummin(at, axis); }),
                 tensor({111.0, 0.0, 0.0, 11000.0, 0.0}, Dtype::float64)) == "");
}

TEST_CASE("running results: what cannot be is an error that names the function") {
  for (const Running& op : all_running()) {
    CHECK(error_of<ValueError>([&] { return op.along(Tensor(), 0); }) ==
          std::string(op.name) + ": x must be defined; got an undefined tensor");
    CHECK(error_of<IndexError>([&] {
            return op.along(tensor(1.0), 0);
          }).starts_with(std::string(op.name) + ": axis must exist"));
  }
}
