// Gradients that come in parts: what slices, splits, steps and taken rows send back is added in
// place into the gradient of the whole.

#include <doctest/doctest.h>

#include <vector>

#include <xtape/xtape.hpp>

using namespace xtape;
using Values = std::vector<double>;

namespace {

/// 0, 1, 2, ... in a shape, requiring a gradient.
Tensor counted(const Shape& shape, Dtype dtype) {
  return reshape(arange(shape.size()), shape).to(dtype).set_requires_grad(true);
}

std::vector<double> gradient(const Tensor& x) { return x.grad().to_vector<double>(); }

}  // namespace

TEST_CASE("regions: overlapping parts of every kind add up, among uses of the whole") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = counted({4, 3}, dtype);
    const Tensor rows = tensor({3, 0, -1}, Dtype::int64);
    std::vector<double> expected(12, 0);
    const auto expect = [&](auto weight) {
      for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 3; ++j) expected[3 * i + j] += weight(i, j);
    };
    SUBCASE("parts first") {
      Tensor loss = sum(slice(x, {range(1, 3)}) * 2.0);
      expect([](std::size_t i, std::size_t) { return i == 1 || i == 2 ? 2 : 0; });
      loss = loss + sum(slice(x, {Slice::all, range({}, {}, -2)}) * 3.0);
      expect([](std::size_t, std::size_t j) { return j != 1 ? 3 : 0; });
      loss = loss + sum(x * 5.0);
      expect([](std::size_t, std::size_t) { return 5; });
      loss.backward();
    }
    SUBCASE("the whole first") {
      Tensor loss = sum(x * 5.0) + slice(x, {2, 1}) * 7.0;
      expect([](std::size_t i, std::size_t j) { return i == 2 && j == 1 ? 12 : 5; });
      loss = loss + sum(take(x, rows) * 11.0);
      expect([](std::size_t i, std::size_t) { return i == 3 ? 22 : i == 0 ? 11 : 0; });
      loss = loss + sum(split(x, 2)[1] * 13.0) + sum(flip(x, 0) * 17.0);
      expect([](std::size_t i, std::size_t) { return (i >= 2 ? 13 : 0) + 17; });
      loss.backward();
    }
    CHECK(gradient(x) == expected);
    CHECK(x.grad().dtype() == dtype);
  }
}

TEST_CASE("regions: a gradient that others have too is not written into") {
  const Tensor a = counted({3}, Dtype::float64), b = counted({3}, Dtype::float64);
  const Tensor part = sum(slice(a, {range(0, 2)}) * 10.0);  // recorded first, swept last
  (sum(a + b) + part).backward();
  CHECK(gradient(a) == std::vector<double>{11, 11, 1});
  CHECK(gradient(b) == std::vector<double>{1, 1, 1});

  const Tensor c = counted({3}, Dtype::float64);
  const Tensor seed = ones({3}, Dtype::float64);
  const Tensor element = slice(c, {0}) * 4.0;
  const Tensor y = c + broadcast_to(element, {3});
  y.backward(seed);
  CHECK(seed.to_vector<double>() == std::vector<double>{1, 1, 1});
  CHECK(gradient(c) == std::vector<double>{13, 1, 1});
}

TEST_CASE("regions: an element that is read very often keeps its digits") {
  const Tensor x = full({2}, 1, Dtype::float32).set_requires_grad(true);
  constexpr int reads = 20000;
  Tensor total = zeros({}, Dtype::float32);
  for (int i = 0; i < reads; ++i) total = total + slice(x, {1}) * 0.1;
  total.backward();
  const double step = static_cast<double>(0.1F);
  CHECK(gradient(x)[1] == doctest::Approx(reads * step).epsilon(1e-7));
  CHECK(gradient(x)[0] == 0);
}

TEST_CASE("regions: parts side by side and on one another, in whatever order, keep their digits") {
  const auto check = [](auto&& visit) {
    const Tensor x = counted({100, 2}, Dtype::float32);
    Values expected(200, 0);
    Tensor loss = zeros({});
    const auto read = [&](std::int64_t row, int times) {
      for (int i = 0; i < times; ++i) loss = loss + sum(slice(x, {row})) * 0.1f;
      for (std::size_t j = 0; j < 2; ++j)
        expected[static_cast<std::size_t>(2 * row) + j] += times * static_cast<double>(0.1f);
    };
    visit(read, x, loss, expected);
    loss.backward();
    const Values found = gradient(x);
    for (std::size_t i = 0; i < found.size(); ++i)
      CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-7));
  };
  const auto rows = [](auto& read, bool down, int times) {
    for (std::int64_t i = 0; i < 100; ++i) read(down ? 99 - i : i, times);
  };
  check([&](auto& read, auto&...) { rows(read, true, 1); });
  check([&](auto& read, auto&...) { rows(read, false, 1), read(50, 3000); });
  check([&](auto& read, auto&...) { read(99, 3000), rows(read, true, 2), read(0, 3000); });
  check([&](auto& read, const Tensor& x, Tensor& loss, Values& expected) {
    rows(read, true, 1);
    for (int i = 0; i < 3000; ++i) loss = loss + sum(slice(x, {Slice::all, 1})) * 0.1f;
    for (std::size_t i = 1; i < 200; i += 2) expected[i] += 3000 * static_cast<double>(0.1f);
  });
}

TEST_CASE("regions: float32 terms of one row are summed before they meet the rest") {
  for (const auto& rows : {Values{0, 0}, Values{0, 0, 1, 1, 1}, Values{1, 0, 0}}) {
    const Tensor x = zeros({2}, Dtype::float32).set_requires_grad(true);
    const Tensor index = from_vector(Values(rows)).to(Dtype::int64);
    (sum(take(x, index)) + sum(x * 16777216.0)).backward();
    CHECK(gradient(x)[0] == 16777218);
  }
}

TEST_CASE("regions: a seed that requires a gradient stays outside") {
  const Tensor c = counted({3}, Dtype::float64);
  const Tensor seed = ones({3}, Dtype::float64).set_requires_grad(true);
  const Tensor y = c + broadcast_to(slice(c, {0}) * 4.0, {3});
  y.backward(seed);
  CHECK_FALSE(c.grad().requires_grad());
  CHECK(gradient(c) == std::vector<double>{13, 1, 1});
}

TEST_CASE("regions: gradients of gradients, and an inner tensor in parts") {
  // y = sum_i (x_i^2)^2 by reading the inner squares one by one: y' = 4 x^3, y'' = 12 x^2.
  const Tensor x = tensor({0.5, -1.5, 2.0}, Dtype::float64).set_requires_grad(true);
  const Tensor squares = x * x;
  Tensor y = zeros({}, Dtype::float64);
  for (const std::int64_t i : {0, 1, 2}) y = y + square(slice(squares, {i}));
  const Tensor first = grad(y, {x}, {.create_graph = true})[0];
  CHECK(first.detach().to_vector<double>() == std::vector<double>{0.5, -13.5, 32});
  CHECK(grad(sum(first), {x})[0].to_vector<double>() == std::vector<double>{3, 27, 48});
}

TEST_CASE("regions: a rule may add to parts only where nobody differentiates it") {
  const Tensor x = counted({2}, Dtype::float64);
  const auto y = [&] {
    return record("parts", x.detach(), {x}, [](const Tensor& g, const Send& send) {
      send.add_to(0, [&](const Tensor& sum) { sum.assign(sum + g); });
    });
  };
  sum(y()).backward();
  CHECK(gradient(x) == std::vector<double>{1, 1});
  CHECK_THROWS_AS(static_cast<void>(grad(sum(y()), {x}, {.create_graph = true})), GradError);
}
