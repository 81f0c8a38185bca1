// Sparse gradients: of a table of which `take` uses few rows, backward keeps these alone.

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

using Ints = std::vector<std::int64_t>;

constexpr TakeOptions sparse{.sparse_grad = true};

Tensor table(const Shape& shape, Dtype dtype = Dtype::float64) {
  return Rng(3).uniform(shape, -1, 1, dtype).set_requires_grad(true);
}
/// Of few binary digits: sums are exact in any order, which differs between compilers.
Tensor exact_table() {
  return (Rng(3).integers(-64, 65, {4, 2}).to(Dtype::float64) / 16).set_requires_grad(true);
}

Ints rows_of(const Tensor& w) {
  const std::optional<RowsGradient> gradient = w.sparse_grad();
  REQUIRE(gradient);
  return gradient->rows.to_vector<std::int64_t>();
}

/// Bytes that the process has ever asked for, as the pool keeps what it gets.
std::int64_t address_space() {
  std::int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

}  // namespace

TEST_CASE("sparse gradient: rows in rising order, each once, and the dense tensor on request") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor w = table({5, 2}, dtype);
    CHECK_FALSE(w.sparse_grad());
    const Tensor weights = tensor({{1, 2}, {3, 4}, {5, 6}, {7, 8}}).to(dtype);
    sum(take(w, tensor({3, 0, -2, 3}), 0, sparse) * weights).backward();
    CHECK(rows_of(w) == Ints{0, 3});
    CHECK(values(w.sparse_grad()->values) == Doubles{3, 4, 1 + 5 + 7, 2 + 6 + 8});
    CHECK(w.sparse_grad()->values.dtype() == dtype);
    CHECK(values(w.grad()) == Doubles{3, 4, 0, 0, 0, 0, 13, 16, 0, 0});
    CHECK(w.sparse_grad());  // reading has changed nothing
    w.zero_grad();
    CHECK_FALSE(w.sparse_grad());
    CHECK_FALSE(w.grad().defined());
  }
}

TEST_CASE("sparse gradient: that of the dense sweep, bit for bit, in every shape") {
  Rng rng(5);
  const auto check = [&](const Shape& shape, const Shape& words, Dtype dtype) {
    const Tensor a = table(shape, dtype), b = table(shape, dtype);
    const Tensor index = floor(rng.uniform(words, 0, static_cast<double>(shape[0]), Dtype::float64))
                             .to(Dtype::int64);
    sum(sin(take(a, index, 0, sparse))).backward();
    sum(sin(take(b, index))).backward();
    CHECK(a.sparse_grad());
    CHECK_FALSE(b.sparse_grad());
    CHECK(values(a.grad()) == values(b.grad()));
    const RowsGradient rows = *a.sparse_grad();
    CHECK(values(scatter_add(rows.values, rows.rows, shape)) == values(b.grad()));
  };
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    check({300}, {500}, dtype);
    check({5, 3}, {4}, dtype);
    check({5, 3}, {}, dtype);
    check({5, 0}, {4}, dtype);
    check({700, 3}, {20, 10}, dtype);
    check({70000, 2, 2}, {1000}, dtype);
    check({3, 17}, {1000}, dtype);
    check({3, 2}, {0}, dtype);
  }
}

TEST_CASE("sparse gradient: the uses of a table add up, in one sweep and over several") {
  const Tensor w = table({6, 2}), v = table({6, 2});
  const Tensor seed = tensor({{1.0, 2.0}});
  for (const auto& [x, options] : {std::pair{w, sparse}, std::pair{v, TakeOptions{}}}) {
    for (int pass = 0; pass < 3; ++pass) {
      Tensor loss = zeros({}, Dtype::float64);
      for (std::int64_t step = 0; step < 4; ++step) {
        const Tensor at = tensor({step, 5 - step});
        loss = loss + sum(square(take(x, at, 0, options)) * seed * static_cast<double>(pass + 1));
      }
      loss.backward({.retain_graph = true});
      loss.backward();
    }
  }
  CHECK(rows_of(w) == Ints{0, 1, 2, 3, 4, 5});
  const Doubles found = values(w.grad()), expected = values(v.grad());
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-14));
}

TEST_CASE("sparse gradient: float32 terms of a row keep their digits") {
  const Tensor w = zeros({4}, Dtype::float32).set_requires_grad(true);
  sum(take(w, zeros({20000}, Dtype::int64), 0, sparse) * 0.1).backward();
  CHECK(values(w.grad())[0] == doctest::Approx(20000 * 0.1f).epsilon(1e-7));
  w.zero_grad();
  Tensor loss = zeros({});
  for (int use = 0; use < 5000; ++use) loss = loss + sum(take(w, tensor({2}), 0, sparse) * 0.1);
  loss.backward();
  CHECK(rows_of(w) == Ints{2});
  CHECK(values(w.grad())[2] == doctest::Approx(5000 * 0.1f).epsilon(1e-7));
}

TEST_CASE("sparse gradient: beside uses of the whole it is dense, whichever comes first") {
  const Tensor index = tensor({1, 3, 1});
  const auto gradient = [&](auto loss) {
    const Tensor w = exact_table();
    loss(w).backward();
    CHECK_FALSE(w.sparse_grad());
    return values(w.grad());
  };
  const auto some = [&](const Tensor& w) { return sum(square(take(w, index, 0, sparse))); };
  const auto plain = [&](const Tensor& w) { return sum(square(take(w, index))); };
  const auto whole = [](const Tensor& w) { return sum(w * 3.0); };
  const auto part = [](const Tensor& w) { return sum(slice(w, {range(1, 3)})) * 5.0; };
  for (const auto& other : {std::function<Tensor(const Tensor&)>(whole), {part}}) {
    const Doubles expected = gradient([&](const Tensor& w) { return plain(w) + other(w); });
    CHECK(gradient([&](const Tensor& w) { return some(w) + other(w); }) == expected);
    CHECK(gradient([&](const Tensor& w) { return other(w) + some(w); }) == expected);
  }
  // Over several passes, too.
  const Tensor w = exact_table(), v = exact_table();
  for (const bool first : {true, false}) {
    for (const Tensor& x : {w, v}) {
      x.zero_grad();
      const auto one = [&] { x.node() == w.node() ? some(x).backward() : plain(x).backward(); };
      if (first) one();
      whole(x).backward();
      if (!first) one();
      CHECK_FALSE(x.sparse_grad());
    }
    CHECK(values(w.grad()) == values(v.grad()));
  }
  // A gradient that others hold stays as it was.
  whole(w).backward();
  const Tensor held = w.grad();
  const Doubles before = values(held);
  some(w).backward();
  CHECK(values(held) == before);
}

TEST_CASE("sparse gradient: parts of the whole on rows, in float32, keep their digits") {
  const Tensor w = zeros({3}, Dtype::float32).set_requires_grad(true);
  Tensor loss = sum(w * 16777216.0);
  for (int use = 0; use < 200; ++use)
    loss = loss + sum(take(w, tensor({1}), 0, sparse)) + sum(slice(w, {range(1, 2)}));
  loss.backward();
  CHECK(values(w.grad()) == Doubles{16777216, 16777616, 16777216});
}

TEST_CASE("sparse gradient: dense where the table is no leaf, in grad(), hooks and higher orders") {
  const Tensor index = tensor({1, 3, 1});
  const auto some = [&](const Tensor& x) { return sum(pow(take(x, index, 0, sparse), 3)); };
  const auto expected = [&](const Tensor& w, auto slope) {
    Doubles result(static_cast<std::size_t>(w.size()));
    const Doubles x = values(w.detach());
    for (const std::size_t row : {1u, 3u, 1u})
      for (std::size_t j = 0; j < 2; ++j) result[2 * row + j] += slope(x[2 * row + j]);
    return result;
  };
  const auto close = [](const Tensor& found, const Doubles& wanted) {
    const Doubles got = values(found.detach());
    for (std::size_t i = 0; i < got.size(); ++i)
      CHECK(got[i] == doctest::Approx(wanted[i]).epsilon(1e-14));
  };
  const Tensor w = table({5, 2});
  const Doubles first = expected(w, [](double x) { return 3 * x * x; });
  const Doubles second = expected(w, [](double x) { return 6 * x; });

  some(w * 1.0).backward();
  CHECK_FALSE(w.sparse_grad());
  close(w.grad(), first);

  const Tensor middle = w * 1.0;
  middle.retain_grad();
  some(middle).backward();
  CHECK_FALSE(middle.sparse_grad());
  close(middle.grad(), first);

  const Tensor slope = grad(some(w), {w}, {.create_graph = true})[0];
  close(slope, first);
  close(grad(sum(slope), {w})[0], second);
  close(grad(some(w), {w})[0], first);

  w.zero_grad();
  Tensor seen;
  {
    const LeafHook hook = on_leaf_gradient(w, [&](const Tensor& g) {
      seen = g;
      return 2 * g;
    });
    some(w).backward();
  }
  close(seen, first);
  CHECK_FALSE(w.sparse_grad());
  close(w.grad() / 2, first);
}

TEST_CASE("sparse gradient: vmap, forward mode, checkpoint, gradcheck") {
  const Tensor index = tensor({{1, 3, 1}, {0, 0, 2}});
  const Tensor w = table({5, 2});
  const auto some = [&](const Tensor& x, const Tensor& at) {
    return sum(pow(take(x, at, 0, sparse), 3));
  };
  const auto of_each = [&](const Tensor& at) {
    return grad([&](const Tensor& x) { return some(x, at); })(w.detach());
  };
  const Tensor all = vmap(of_each)(index);
  for (const std::int64_t i : {0, 1}) CHECK(values(all[i]) == values(of_each(index[i])));

  sum(vmap([&](const Tensor& at) { return some(w, at); })(index)).backward();
  CHECK(values(w.grad()) == values(all[0] + all[1]));

  const auto first = [&](const Tensor& x) { return some(x, index[0]); };
  CHECK(gradcheck(first, w.detach(), {.order = 2}));
  const Tensor direction = ones({5, 2}, Dtype::float64);
  CHECK(jvp(first, w.detach(), direction).second.item() ==
        doctest::Approx(sum(all[0]).item()).epsilon(1e-14));

  w.zero_grad();
  checkpoint(first, w).backward();
  CHECK(values(w.grad()) == values(all[0]));
}

TEST_CASE("sparse gradient: what is read of it is a copy that takes no assignment") {
  const Tensor w = table({5, 2});
  sum(take(w, tensor({1}), 0, sparse)).backward();
  const std::string text =
      "assign: what tells of a sparse gradient is a copy, the gradient stays; got ";
  CHECK(error_of<GradError>([&] {
          w.grad().assign(ones({5, 2}, Dtype::float64));
        }) == text + "float64[5, 2] (clone() first)");
  CHECK(error_of<GradError>([&] {
          w.sparse_grad()->values.assign(ones({1, 2}, Dtype::float64));
        }) == text + "float64[1, 2] (clone() first)");
  CHECK(error_of<GradError>([&] {
          return detail::begin_assign(w.grad(), {5, 2});
        }) == text + "float64[5, 2] (clone() first)");
  const Tensor copy = w.grad().clone();
  copy.assign(ones({5, 2}, Dtype::float64));
  CHECK(values(w.grad()) == Doubles{0, 0, 1, 1, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("sparse gradient: a leaf that is frozen, cloned or changes its dtype") {
  const Tensor w = table({5, 2});
  const auto use = [&](const Tensor& x) { sum(take(x, tensor({1, 1}), 0, sparse)).backward(); };
  use(w);
  CHECK_FALSE(w.clone().grad().defined());
  CHECK_FALSE(w.detach().sparse_grad());
  w.set_requires_grad(false);
  w.set_requires_grad(true);
  CHECK_FALSE(w.sparse_grad());
  const nn::Embedding layer(4, 2, {.sparse = true});
  sum(layer(tensor({1, 2}))).backward();
  const nn::Embedding other = clone(layer);
  CHECK_FALSE(other.weight.grad().defined());
  CHECK(rows_of(layer.weight) == Ints{1, 2});
  layer.to(Dtype::float64);
  CHECK_FALSE(layer.weight.grad().defined());
}

TEST_CASE("sparse gradient: an embedding keeps the rows of its words, but for the padding") {
  for (const bool first : {true, false}) {
    nn::Embedding words(6, 2, {.padding_index = 2, .sparse = true, .dtype = Dtype::float64});
    const Tensor at = first ? tensor({{2, 4}, {2, 1}}) : tensor({{1, 4}, {4, 1}});
    sum(square(words(at)) * tensor({1.0, 2.0})).backward();
    CHECK(rows_of(words.weight) == Ints{1, 4});
    const nn::Embedding same(6, 2, {.padding_index = 2, .dtype = Dtype::float64});
    same.weight.assign(words.weight.detach());
    sum(square(same(at)) * tensor({1.0, 2.0})).backward();
    CHECK(values(words.weight.grad()) == values(same.weight.grad()));
  }
  nn::Embedding empty(6, 2, {.padding_index = 2, .sparse = true});
  sum(empty(tensor({2, 2}))).backward();
  CHECK(rows_of(empty.weight).empty());
  CHECK(error_of<IndexError>([&] { return empty(tensor({6})); }) ==
        "embedding: words must lie in [0, 6); got 6");
  nn::Embedding shortened(4, 2, {.max_norm = 1, .sparse = true});
  shortened.weight.assign(full({4, 2}, 3));
  sum(shortened(tensor({1, 1}))).backward();
  CHECK(rows_of(shortened.weight) == Ints{1});
  CHECK(values(shortened.weight.grad()) == Doubles{0, 0, 2, 2, 0, 0, 0, 0});
  CHECK(shortened.weight(1, 0).item() < 1);
}

TEST_CASE("sparse gradient: the values of later passes do not change what was read") {
  const Tensor w = table({5, 2});
  const auto use = [&](std::int64_t row) { sum(take(w, tensor({row}), 0, sparse)).backward(); };
  use(1);
  const RowsGradient first = *w.sparse_grad();
  use(1);
  use(0);
  CHECK(values(first.values) == Doubles{1, 1});
  CHECK(first.rows.to_vector<std::int64_t>() == Ints{1});
  CHECK(rows_of(w) == Ints{0, 1});
  CHECK(values(w.grad()) == Doubles{1, 1, 2, 2, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("sparse gradient: a seed that is handed on is not kept as it changes") {
  const Tensor w = table({3, 2});
  const Tensor seed = ones({1, 2}, Dtype::float64);
  take(w, tensor({2}), 0, sparse).backward(seed);
  seed.assign(zeros({1, 2}, Dtype::float64));
  CHECK(values(w.sparse_grad()->values) == Doubles{1, 1});
}

TEST_CASE("sparse gradient: threads add to one table") {
  const Tensor w = zeros({50, 3}, Dtype::float64).set_requires_grad(true);
  std::vector<std::thread> threads;
  for (std::int64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < 100; ++i)
        sum(take(w, tensor({t, (t * 100 + i) % 50}), 0, sparse)).backward();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sum(w.grad()).item() == 4 * 100 * 2 * 3);
}

TEST_CASE("sparse gradient: no tensor of the size of the table is made") {
  const Tensor w = zeros({1 << 20, 16}, Dtype::float32).set_requires_grad(true);  // 64 MB
  const std::int64_t before = address_space();
  optim::SGD optimizer({w}, {.learning_rate = 0.1});
  sum(take(w, tensor({5, 1 << 19, 5}), 0, sparse)).backward();
  optimizer.step();
  CHECK(address_space() - before < 32 << 20);
  CHECK(w(5, 0).item() == doctest::Approx(-0.2));
}

TEST_CASE("sparse gradient: what a rule may send, and refusals") {
  const Tensor w = table({3, 2});
  CHECK(error_of<ValueError>([&] { return take(w, tensor({0}), 1, sparse); }) ==
        "take: a sparse gradient is one of rows along axis 0; got axis 1");
  const auto sending = [&](const Shape& shape, Dtype dtype) {
    return record("rows", w.detach(), {w}, [=](const Tensor&, const Send& send) {
      send.add_rows(0, tensor({2}), ones(shape, dtype));
    });
  };
  sum(sending({1, 2}, Dtype::float64)).backward();
  CHECK(rows_of(w) == Ints{2});
  for (const auto& [shape, dtype] :
       {std::pair{Shape{1, 3}, Dtype::float64}, std::pair{Shape{1, 2}, Dtype::float32}})
    CHECK_THROWS_AS(sum(sending(shape, dtype)).backward(), GradError);
  for (const std::int64_t row : {3, -1}) {
    const Tensor y = record("rows", w.detach(), {w}, [=](const Tensor&, const Send& send) {
      send.add_rows(0, tensor({row}), ones({1, 2}, Dtype::float64));
    });
    CHECK(error_of<GradError>([&] { sum(y).backward(); }) ==
          "rows: rows of the gradient of input 0 must lie in [0, 3); the rule sent " +
              std::to_string(row));
  }
  CHECK(rows_of(w) == Ints{2});
  CHECK(error_of<GradError>([&] {
          return grad(sum(sending({1, 2}, Dtype::float64)), {w}, {.create_graph = true})[0];
        }) == "rows: a backward pass that is differentiated needs whole gradients (see add_rows)");
}
