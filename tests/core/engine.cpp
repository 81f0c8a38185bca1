#include <array>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/body.hpp>
#include <xtape/core/clone_scope.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/tape.hpp>

#include "../support/errors.hpp"
#include "../support/small_ops.hpp"

using namespace xtape;
using namespace small;
using Values = std::vector<double>;

TEST_CASE("backward: a tensor used several times collects the sum of its gradients") {
  const Tensor x = leaf(3);
  SUBCASE("x * x") {
    multiply(x, x).backward();
    CHECK(x.grad().item() == 6);
  }
  SUBCASE("x - x") {
    add(x, scale(x, -1)).backward();
    CHECK(x.grad().item() == 0);
  }
  SUBCASE("x in two layers") {  // y = (2x)(5 + x), dy = 10 + 4x
    multiply(scale(x, 2), add(scalar(5), x)).backward();
    CHECK(x.grad().item() == 22);
  }
  SUBCASE("an operation's own result in its rule") {  // exp(x) x, dy = exp(x) (1 + x)
    const Tensor y = small::exp(x);
    multiply(y, x).backward();
    CHECK(x.grad().item() == doctest::Approx(std::exp(3.0) * 4));
  }
}

TEST_CASE("backward adds to what the leaf has, and zero_grad forgets it") {
  const Tensor x = leaf(2);
  scale(x, 3).backward();
  const Tensor first = x.grad();
  scale(x, 4).backward();
  CHECK(x.grad().item() == 7);
  CHECK(first.item() == 3);
  x.zero_grad();
  CHECK(!x.grad().defined());
  scale(x, 5).backward();
  CHECK(x.grad().item() == 5);
}

TEST_CASE("backward from a leaf, and with a seed") {
  const Tensor x = leaf(2);
  x.backward();
  CHECK(x.grad().item() == 1);
  const Tensor v = vector({1, 2}).set_requires_grad(true);
  multiply(v, v).backward(vector({10, 100}));
  CHECK(values(v.grad()) == Values{20, 400});
}

TEST_CASE("backward: what is not asked for gets no gradient") {
  const Tensor x = leaf(2), constant = scalar(7), unused = leaf(1);
  multiply(x, constant).backward();
  CHECK(!constant.grad().defined());
  CHECK(!unused.grad().defined());
  CHECK(!constant.requires_grad());
}

TEST_CASE("a second sweep needs retain_graph") {
  const Tensor x = leaf(3);
  const Tensor y = multiply(x, x);
  SUBCASE("without: an error that says so, and no change") {
    y.backward();
    const std::string text = error_of<GradError>([&] { return y.backward(), 0; });
    CHECK(text.find("backward: a graph can be swept once unless retain_graph is set; the saved "
                    "values of multiply") == 0);
    CHECK(text.find("by detach()") != text.npos);
    CHECK(x.grad().item() == 6);
  }
  SUBCASE("with: exactly twice the gradient") {
    y.backward({.retain_graph = true});
    y.backward();
    CHECK(x.grad().item() == 12);
    CHECK_THROWS_AS(y.backward(), GradError);
  }
  SUBCASE("a graph that shares a swept part cannot be swept either") {
    const Tensor z = scale(y, 2);
    y.backward();
    CHECK_THROWS_AS(z.backward(), GradError);
  }
}

TEST_CASE("backward: errors before anything is computed") {
  const Tensor x = vector({1, 2}).set_requires_grad(true);
  CHECK(error_of<GradError>([&] { return x.backward(), 0; }) ==
        "backward: an output without a seed must be a scalar; got float64[2]");
  CHECK(error_of<GradError>([&] { return scalar(1).backward(), 0; }) ==
        "backward: the output must depend on a tensor with set_requires_grad(true); got the "
        "constant float64[]");
  CHECK(error_of<ShapeError>([&] { return x.backward(scalar(1)), 0; }) ==
        "backward: a seed has its output's shape; got float64[] for float64[2]");
  CHECK(error_of<DtypeError>([&] { return x.backward(ones({2})), 0; }) ==
        "backward: a seed has its output's dtype; got float32[2] for float64[2]");
  CHECK(!x.grad().defined());
  CHECK_THROWS_AS(Tensor().backward(), ValueError);
}

TEST_CASE("an exception in the middle of backward leaves the leaves' gradients as they were") {
  const Tensor a = leaf(1), b = leaf(2);
  scale(a, 5).backward();
  const std::int64_t before = memory::live_nodes();
  {
    // The newest operation sends to a; the broken one comes after it in the sweep.
    const Tensor y = add(a, broken(b));
    CHECK_THROWS_AS(y.backward(), std::runtime_error);
  }
  CHECK(a.grad().item() == 5);
  CHECK(!b.grad().defined());
  CHECK(memory::live_nodes() == before);
  scale(b, 3).backward();
  CHECK(b.grad().item() == 3);
  CHECK(recording());
}

TEST_CASE("backward uses the value that a leaf had when it was recorded") {
  const Tensor x = leaf(3), w = leaf(10);
  const Tensor y = multiply(x, w);
  x.assign(scalar(100));
  w.assign(scalar(1000));
  y.backward();
  CHECK(x.grad().item() == 10);
  CHECK(w.grad().item() == 3);
  CHECK(x.item() == 100);
}

TEST_CASE("gradients handed on by pass-through operations are not added to in place while shared") {
  // Each term's gradient is the same tensor, or another over the same memory; every x_i gets it
  // several times.
  const auto relabel = [](const Tensor& x) {
    return record("relabel", x.detach(), {x},
                  [](const Tensor& g, const Send& send) { send(0, g.detach()); });
  };
  for (const std::size_t n : {2U, 15U, 16U, 17U, 40U}) {
    CAPTURE(n);
    std::vector<Tensor> leaves, terms;
    for (std::size_t i = 0; i < n; ++i) {
      leaves.push_back(vector({1, 2}).set_requires_grad(true));
      terms.push_back(leaves.back());
      terms.push_back(pass(leaves.back()));
      terms.push_back(relabel(leaves.back()));
      if (i % 2 == 0) terms.push_back(scale(leaves.back(), 3));
    }
    const Tensor seed = vector({1, 10});
    add_all(terms).backward(seed);
    CHECK(values(seed) == Values{1, 10});
    for (std::size_t i = 0; i < n; ++i)
      CHECK(values(leaves[i].grad()) == (i % 2 == 0 ? Values{6, 60} : Values{3, 30}));
  }
}

TEST_CASE("gradients that one tensor was sent to can be assigned one by one") {
  const Tensor a = vector({1}).set_requires_grad(true), b = vector({1}).set_requires_grad(true);
  const Tensor seed = vector({4});
  SUBCASE("those of leaves") {
    add(a, b).backward(seed);
    a.grad().assign(vector({9}));
    CHECK(values(a.grad()) == Values{9});
    CHECK(values(b.grad()) == Values{4});
  }
  SUBCASE("those that grad returns, the same input twice among them") {
    const auto [da, db, again] = grad(add(a, b), {a, b, a}, {.seeds = {seed}});
    da.assign(vector({9}));
    CHECK(values(db) == Values{4});
    CHECK(values(again) == Values{4});
  }
  seed.assign(vector({7}));
  CHECK(values(seed) == Values{7});
  if (b.grad().defined()) CHECK(values(b.grad()) == Values{4});
}

TEST_CASE("an operation may return its input") {
  const Tensor constant = scalar(3), x = leaf(2);
  const auto first = [](const Tensor& a, const Tensor& b) {
    return record("first", a, {a, b}, [](const Tensor& g, const Send& send) {
      send(0, g);
      send(1, [&] { return scale(g, 0); });
    });
  };
  const Tensor y = first(constant, x);
  CHECK(!constant.requires_grad());
  CHECK(y.requires_grad());
  const Tensor z = first(x, constant);
  CHECK(x.is_leaf());
  z.backward();
  CHECK(x.grad().item() == 1);
}

TEST_CASE("NoGradGuard and constants record nothing") {
  const Tensor x = leaf(2);
  const std::int64_t before = memory::live_nodes();
  {
    const NoGradGuard guard;
    const Tensor y = multiply(x, x);
    CHECK(!y.requires_grad());
    CHECK(!recording());
  }
  const Tensor y = multiply(scalar(2), scalar(3));
  CHECK(!y.requires_grad());
  CHECK(!multiply(x.detach(), scalar(3)).requires_grad());
  CHECK(recording());
  CHECK(memory::live_nodes() == before);
}

TEST_CASE("live_nodes returns to its start") {
  const std::int64_t before = memory::live_nodes();
  {
    const Tensor x = leaf(2);
    const Tensor y =
        small::exp(multiply(x, x));  // `exp` keeps its own result: no cycle may hold it
    CHECK(memory::live_nodes() == before + 3);
    SUBCASE("dropped without backward") {}
    SUBCASE("swept") { y.backward(); }
    SUBCASE("swept twice") {
      y.backward({.retain_graph = true});
      y.backward({.retain_graph = true});
    }
    SUBCASE("differentiated twice") {
      const Tensor dx = grad(y, {x}, {.create_graph = true})[0];
      dx.backward();
      CHECK(x.grad().item() ==
            doctest::Approx(std::exp(4.0) * (2 + 16)));  // y'' = exp(x^2) (2 + 4 x^2)
    }
  }
  CHECK(memory::live_nodes() == before);
}

TEST_CASE("evaluating in a loop without NoGradGuard does not grow memory") {
  const Tensor w = vector(Values(100, 1.5)).set_requires_grad(true);
  Tensor y = multiply(w, w);
  const std::int64_t bytes = memory::live_bytes(), nodes = memory::live_nodes();
  for (int i = 0; i < 1000; ++i) y = multiply(add(w, w), w);
  y = multiply(w, w);
  CHECK(memory::live_bytes() == bytes);
  CHECK(memory::live_nodes() == nodes);
}

TEST_CASE("a sweep frees saved values and gradients after their last use") {
  constexpr std::int64_t count = 1 << 14, bytes_each = count * 8;
  const Shape shape{count};
  const Tensor x = vector({0}).set_requires_grad(true);
  std::int64_t at_the_end = 0;
  // Its rule runs last, when nearly all of the 50 saved values must be gone.
  Tensor y = record("first", zeros(shape, Dtype::float64), {x},
                    [&](const Tensor&, const Send&) { at_the_end = memory::live_bytes(); });
  for (int i = 0; i < 50; ++i) y = small::exp(y);
  y = total(y);
  const std::int64_t built = memory::live_bytes();
  y.backward();
  CHECK(built > 50 * bytes_each);
  CHECK(at_the_end < built - 47 * bytes_each);
}

TEST_CASE("a swept operation keeps no saved values, though its result lives on") {
  constexpr std::int64_t count = 1 << 14;
  const Tensor x = ones({count}, Dtype::float64).set_requires_grad(true);
  const Tensor y = multiply(small::exp(x), small::exp(x));
  const std::int64_t before = memory::live_bytes();
  y.backward(x.detach());
  CHECK(memory::live_bytes() < before - count * 8);  // two saved values gone, one gradient come
}

TEST_CASE("what a rule must not do") {
  const Tensor x = vector({1, 2}).set_requires_grad(true);
  const auto with_rule = [&](auto rule) {
    return record("faulty", x.detach(), {x, scalar(1)}, rule);
  };
  const Tensor seed = vector({1, 1});
  const auto sweep = [&](const Tensor& y) {
    return error_of<GradError>([&] { return y.backward(seed), 0; });
  };
  CHECK(
      sweep(with_rule([](const Tensor&, const Send& send) { send(0, scalar(1)); })) ==
      "faulty: the gradient of input 0 must be float64[2], as the input; the rule sent float64[]");
  CHECK(
      sweep(with_rule([](const Tensor&, const Send& send) { send(0, ones({2})); })) ==
      "faulty: the gradient of input 0 must be float64[2], as the input; the rule sent float32[2]");
  CHECK(sweep(with_rule([](const Tensor& g, const Send& send) { send(2, g); })) ==
        "faulty: the rule must name an input below 2; got 2");
  CHECK(sweep(with_rule([](const Tensor&, const Send& send) {
          return static_cast<void>(send.shape(1));
        })) == "faulty: the shape of input 1 is not kept, it is a constant (see wanted())");
  CHECK(!x.grad().defined());
  // What is sent to a constant is ignored, and a rule may send nothing.
  with_rule([](const Tensor& g, const Send& send) {
    CHECK(send.wanted(0));
    CHECK(!send.wanted(1));
    CHECK(send.shape(0) == Shape{2});
    CHECK(send.dtype(0) == Dtype::float64);
    send(1, g);
    send(1, [&]() -> Tensor { throw std::logic_error("computed though unwanted"); });
  }).backward(seed);
  CHECK(!x.grad().defined());
}

TEST_CASE(
    "CloneScope: copies of replaceable tensors are copies of their value, the same one each time") {
  const Tensor w = leaf(2), other = leaf(5);
  w.body().replaceable = true;
  Tensor first, second, plain;
  {
    const detail::CloneScope scope;
    first = w;
    second = w;
    plain = other;
  }
  CHECK(&first.body() == &second.body());
  CHECK(&first.body() != &w.body());
  CHECK(&plain.body() == &other.body());
  CHECK(&Tensor(w).body() == &w.body());
  CHECK(first.requires_grad());
  CHECK(first.item() == 2);
  first.assign(scalar(3));
  CHECK(w.item() == 2);
  multiply(first, w).backward();
  CHECK(first.grad().item() == 2);
  CHECK(w.grad().item() == 3);
  CHECK(!detail::CloneScope::active());
}
