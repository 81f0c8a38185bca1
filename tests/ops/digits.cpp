// What the digits of a result must not depend on: neighbours, layout, and how many terms a sum has.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/cross_entropy.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

#include "support/compare.hpp"
#include "support/rows.hpp"
#include "support/slope.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

/// Numbers that take every path of the kernels, in random order.
Values mixture(std::size_t count) {
  std::mt19937_64 bits(3);
  const double sizes[] = {1e-300, 1e-30, 1e-3, 1, 3, 40, 800, 4e3, 1e5, 1e8, 1e30, 1e300};
  Values values{0.0, -0.0, inf, -inf, quiet_nan, 1, -1, 5e-324, 1e-310};
  while (values.size() < count) {
    const double size = sizes[bits() % std::size(sizes)];
    values.push_back(std::uniform_real_distribution(-size, size)(bits));
  }
  std::shuffle(values.begin(), values.end(), bits);
  return values;
}

/// Value and gradients of a row, one after another.
Tensors computed(const Row& row, const Tensors& inputs) {
  Tensors leaves;
  for (const Tensor& x : inputs) leaves.push_back(x.detach().set_requires_grad(true));
  const Tensor y = row.apply(leaves);
  Tensors results{y.detach()};
  if (!y.requires_grad()) return results;
  for (const Tensor& dx : grad(sum(y), leaves, {.allow_unused = true})) {
    if (dx.defined()) results.push_back(dx);
  }
  return results;
}

const double tenth = static_cast<double>(0.1F);

}  // namespace

TEST_CASE("the bits of an element do not depend on its neighbours: every row, value and slopes") {
  constexpr std::int64_t n = 997;
  for (const Row& row : elementwise_rows()) {
    CAPTURE(row.name);
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      Tensors inputs;
      for (std::size_t i = 0; i < row.inputs.size(); ++i) {
        const Tensor permutation = Rng(i).permutation(n);
        inputs.push_back(take(of(mixture(n)).to(dtype), permutation));
      }
      const Tensors together = computed(row, inputs);
      const Tensor moved = Rng(9).permutation(n);
      Tensors elsewhere;
      for (const Tensor& x : inputs) elsewhere.push_back(take(x, moved));
      const Tensors apart = computed(row, elsewhere);
      for (std::size_t k = 0; k < together.size(); ++k) {
        CHECK(mismatch(apart[k], take(together[k], moved)) == "");
      }
      for (std::int64_t i = 0; i < n; i += 7) {
        Tensors alone;
        for (const Tensor& x : inputs) alone.push_back(slice(x, {range(i, i + 1)}));
        const Tensors single = computed(row, alone);
        for (std::size_t k = 0; k < together.size(); ++k) {
          CHECK(mismatch(single[k], slice(together[k], {range(i, i + 1)})) == "");
        }
      }
    }
  }
}

TEST_CASE("the bits of a row of scatter_add do not depend on what others get") {
  const float little = 0x1p-24F;
  for (const std::int64_t ones_beside : {0, 1, 2, 64, 65, 1000}) {
    std::vector<float> values{1, little, little};
    std::vector<std::int64_t> rows{0, 0, 0};
    values.resize(static_cast<std::size_t>(3 + ones_beside), 1);
    rows.resize(values.size(), 1);
    const Tensor y = scatter_add(from_vector(values), from_vector(rows), {2});
    CHECK(y.to_vector<float>() ==
          std::vector<float>{1 + 0x1p-23F, static_cast<float>(ones_beside)});
  }
}

TEST_CASE("scatter_add sums each row in double, whatever its width and how often it is named") {
  Rng rng(5);
  for (const std::int64_t rows : {2, 20, 3000}) {
    for (const std::int64_t width : {1, 3, 15, 16, 70}) {
      constexpr std::int64_t n = 150, blocks = 2;
      const Tensor index = floor(rng.uniform({n}, 0, 100, Dtype::float64)).to(Dtype::int64);
      const Tensor x = rng.uniform({blocks, n, width}, -1, 1);
      const auto at = remainder(index, rows).to_vector<std::int64_t>();
      const auto terms = x.to_vector<float>();
      const auto block = static_cast<std::size_t>(rows * width);
      std::vector<double> sums(blocks * block);
      for (std::size_t i = 0; i < terms.size(); ++i) {
        const std::size_t term = i / static_cast<std::size_t>(width);
        const auto row = static_cast<std::size_t>(at[term % n] * width);
        const auto column = i % static_cast<std::size_t>(width);
        sums[term / n * block + row + column] += static_cast<double>(terms[i]);
      }
      CAPTURE(rows);
      CAPTURE(width);
      CHECK(scatter_add(x, remainder(index, rows), {blocks, rows, width}, 1).to_vector<float>() ==
            std::vector<float>(sums.begin(), sums.end()));
    }
  }
}

TEST_CASE("long float32 sums keep their digits: scatter_add, and the gradients of take") {
  constexpr std::int64_t n = 1'000'000, two_to_the_25 = std::int64_t{1} << 25;
  const Tensor nowhere = zeros({n}, Dtype::int64);
  CHECK(scatter_add(full({n}, 0.1), nowhere, {1}).item() == static_cast<double>(1e5F));
  CHECK(scatter_add(broadcast_to(ones({1}), {two_to_the_25}), zeros({two_to_the_25}, Dtype::int64),
                    {1})
            .item() == 33554432);
  const Tensor rows = scatter_add(full({n, 3}, 0.1), nowhere, {2, 3});
  CHECK(mismatch(rows, tensor({{1e5, 1e5, 1e5}, {0.0, 0.0, 0.0}})) == "");

  const Tensor w = ones({1, 1}).set_requires_grad(true);
  (0.1 * sum(take(w, zeros({100'000}, Dtype::int64)))).backward();
  CHECK(mismatch(w.grad(), tensor({{100'000 * tenth}}), 1e-7) == "");
}

TEST_CASE("long float32 sums keep their digits: gradients of broadcasting and of many uses") {
  const Tensor w = ones({2}).set_requires_grad(true), square = w * w;
  constexpr std::int64_t n = 100'000;
  sum(broadcast_to(w, {n, 2}) * full({n, 2}, 0.1)).backward();
  const Tensor expected = tensor({n * tenth, n * tenth});
  CHECK(mismatch(w.grad(), expected, 1e-7) == "");
  for (const Tensor& often : {w, square}) {  // a leaf, and what is none
    w.zero_grad();
    Tensors uses;
    for (std::int64_t i = 0; i < n; ++i) uses.push_back(often * 0.1);
    const Tensor total = sum(concatenate(uses));
    total.backward();
    CHECK(mismatch(w.grad(), often.is_leaf() ? expected : 2 * expected, 1e-7) == "");
  }
}

TEST_CASE("long float32 sums keep their digits: products of few rows and columns") {
  constexpr std::int64_t n = 1'000'000;
  const double expected = static_cast<double>(static_cast<float>(n * tenth));
  for (const std::int64_t rows : {1, 2, 3}) {
    for (const std::int64_t columns : {1, 2, 4}) {
      const Tensor a = ones({rows, n}), b = full({n, columns}, 0.1);
      const Tensor products = full({rows, columns}, expected);
      CHECK(mismatch(matmul(a, b), products, 1e-6) == "");
      CHECK(mismatch(matmul(transpose(transpose(a).contiguous()), b), products, 1e-6) == "");
      CHECK(mismatch(matmul(a, transpose(transpose(b).contiguous())), products, 1e-6) == "");
      CHECK(mismatch(linear(a, b, ones({columns})), products + 1, 1e-6) == "");
    }
  }
  CHECK(matmul(ones({n}), full({n}, 0.1)).item() == doctest::Approx(expected).epsilon(1e-6));
}

TEST_CASE("the gradient of logsumexp sums to 1, however large its arguments") {
  for (const double size : {1.0, -1e9, 1e9, 1e30, -3e38}) {
    const auto f = [](const Tensor& x) { return logsumexp(x); };
    CHECK(mismatch(slope(f, {size, size, size, size}), of({0.25, 0.25, 0.25, 0.25})) == "");
  }
}

TEST_CASE("where one class is nearly sure, losses and slopes have the digits of the others") {
  for (const double gap : {1.0, 10.0, 20.0, 60.0, 85.0}) {
    const double rest = std::exp(-gap) + std::exp(-gap - 1);  // beside 1
    const Tensor x = of({-gap, 0, -gap - 1}).to(Dtype::float32).set_requires_grad(true);
    const Tensor row = reshape(x, {1, 3}), label = tensor({1});
    const auto close = [](double got, double expected) {
      return std::abs(got - expected) <= 4 * std::pow(2.0, -23) * std::abs(expected);
    };
    CHECK(close(nn::cross_entropy(row, label).item(), std::log1p(rest)));
    CHECK(close(logsumexp(x).item(), std::log1p(rest)));
    CHECK(close(-values(log_softmax(x))[1], std::log1p(rest)));
    const auto [dx] = grad(nn::cross_entropy(row, label), {x});
    CHECK(close(values(dx)[1], -rest / (1 + rest)));
    CHECK(close(values(dx)[0], std::exp(-gap) / (1 + rest)));
  }
}

TEST_CASE("the second derivative of every row is finite for huge arguments, where the value is") {
  for (const Row& row : elementwise_rows()) {
    if (row.inputs.size() != 1) continue;
    CAPTURE(row.name);
    for (const double size : {50.0, 1e4, 1e10, 1e19, 1e30, 1e100, 1e300}) {
      for (const double at : {size, -size}) {
        CAPTURE(at);
        const Tensor x = of({at}).set_requires_grad(true);
        const Tensor y = row.apply({x});
        if (!std::isfinite(y.detach().to_vector<double>()[0])) continue;
        const auto [first] = grad(sum(y), {x}, {.create_graph = true, .allow_unused = true});
        if (!first.defined() || !first.requires_grad()) continue;
        const auto [second] = grad(sum(first), {x}, {.allow_unused = true});
        if (second.defined()) CHECK(std::isfinite(second.to_vector<double>()[0]));
      }
    }
  }
}

TEST_CASE("where an input is NaN and the value with it, the gradient is NaN: every row") {
  // Linear in this input: the slope is there what it is elsewhere.
  const std::set<std::string> linear{
      "negative 0",   "add 0",      "add 1",    "subtract 0", "subtract 1",
      "multiply 0",   "multiply 1", "divide 0", "elu 1",      "sigmoid_cross_entropy 1",
      "times 0",      "times 1",    "over 0",   "where 1",    "where 2",
      "leaky_relu 1", "xlogy 0",    "xlog1py 0"};
  for (const Row& row : elementwise_rows()) {
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      if (!row.inputs[i].differentiable) continue;
      CAPTURE(row.name);
      CAPTURE(i);
      const auto slope_at = [&](double x) {
        Tensors inputs;
        for (const Row::Input& input : row.inputs) inputs.push_back(of({input.low}));
        inputs[i] = of({x}).set_requires_grad(true);
        const Tensor y = row.apply(inputs);
        return std::pair(values(y)[0], values(grad(sum(y), {inputs[i]})[0])[0]);
      };
      const auto [value, slope] = slope_at(quiet_nan);
      if (!std::isnan(value)) continue;  // the side that where does not look at
      if (linear.contains(row.name + " " + std::to_string(i)))
        CHECK(slope == slope_at(row.inputs[i].high).second);
      else
        CHECK(std::isnan(slope));
    }
  }
}

TEST_CASE("where an input is NaN and the value with it, the gradient is NaN: reductions") {
  const auto norm = [](const Tensor& x) { return sqrt(sum(x * x)); };
  const auto largest = [](const Tensor& x) { return amax(x); };
  const auto least = [](const Tensor& x) { return amin(x); };
  const auto product = [](const Tensor& x) { return prod(x); };
  const auto log_sum = [](const Tensor& x) { return logsumexp(x); };
  const auto shares = [](const Tensor& x) { return softmax(x) * of({1, 2, 3}).to(x.dtype()); };
  const auto logs = [](const Tensor& x) { return log_softmax(x) * of({1, 2, 3}).to(x.dtype()); };
  const auto at_nan = [](auto f) { return values(slope(f, {0.5, quiet_nan, 2}))[1]; };
  CHECK(std::isnan(at_nan(norm)));
  CHECK(std::isnan(at_nan(largest)));
  CHECK(std::isnan(at_nan(least)));
  CHECK(std::isnan(at_nan(log_sum)));
  CHECK(std::isnan(at_nan(shares)));
  CHECK(std::isnan(at_nan(logs)));
  CHECK(at_nan(product) == 1);  // linear in each factor
  CHECK(std::isnan(values(slope(product, {0.5, quiet_nan, 2}))[0]));
}

TEST_CASE("sums of few columns of a wider tensor are those of their copies, to the last bit") {
  // Dense rows of few elements are added up several in a register, which rows that lie apart are
  // not; and axes that merge in the copy may not in the view.
  Rng rng(5);
  for (const std::int64_t columns : {1, 2, 3, 5, 8, 16, 40}) {
    CAPTURE(columns);
    const Tensor base = rng.randn({60, 50, columns + 3}),
                 view = slice(base, {Slice::all, Slice::all, range(1, 1 + columns)});
    const Tensor halves = slice(base, {Slice::all, range(0, 25), range(1, 1 + columns)}),
                 turned = swapaxes(view, 0, 1);
    for (const Tensor& x : {view, halves, turned, slice(view, {7}), slice(base, {range(0, 9)})}) {
      const Tensor copy = from_vector(x.to_vector<float>(), x.shape());
      const auto check = [&](const Axes& axes) {
        CHECK(mismatch(sum(x, axes), sum(copy, axes)) == "");
        CHECK(mismatch(prod(x, axes), prod(copy, axes)) == "");
      };
      check(0);
      check(-2);
      check(-1);
      if (x.rank() == 3) check({0, 1});
    }
  }
}
