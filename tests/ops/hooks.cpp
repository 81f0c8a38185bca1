// Gradients on their way: of leaves, of results that retain them, of hooks that see or replace
// them.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

Tensor leaf(std::initializer_list<double> values) {
  return from_vector(std::vector<double>(values)).set_requires_grad(true);
}
Tensor row(std::initializer_list<double> values) {
  return from_vector(std::vector<double>(values));
}

}  // namespace

TEST_CASE("retain_grad: a result collects its gradient as a leaf does") {
  const Tensor x = leaf({1, -2});
  const Tensor y = (x * x).retain_grad(), other = y.detach();
  const Tensor loss = sum(3 * y + y * y);  // dL/dy = 3 + 2 y
  loss.backward({.retain_graph = true});
  CHECK(mismatch(y.grad(), row({5, 11})) == "");
  CHECK(mismatch(x.grad(), row({10, -44})) == "");
  loss.backward({.retain_graph = true});
  CHECK(mismatch(y.grad(), row({10, 22})) == "");
  CHECK(mismatch(x.grad(), row({20, -88})) == "");
  y.zero_grad();
  CHECK(!y.grad().defined());
  CHECK(mismatch(grad(loss, {x}, {.retain_graph = true})[0], row({10, -44})) == "");
  CHECK(!y.grad().defined());  // grad() leaves what backward collects untouched
  loss.backward();
  CHECK(mismatch(y.grad(), row({5, 11})) == "");
  CHECK(!other.grad().defined());
}

TEST_CASE("retain_grad: asked for after others have used the result, twice, and of the output") {
  const Tensor x = leaf({1, -2});
  const Tensor y = x * 2, z = sum(y * y);
  CHECK(&y.retain_grad().body() == &y.body());
  y.retain_grad();
  z.retain_grad();
  x.retain_grad();
  z.backward();
  CHECK(mismatch(y.grad(), row({4, -8})) == "");
  CHECK(z.grad().item() == 1);
  CHECK(mismatch(x.grad(), row({8, -16})) == "");
}

TEST_CASE("retain_grad: nothing is kept longer than the result, or of a pass that throws") {
  const Tensor x = leaf({1, -2});
  const std::int64_t nodes = memory::live_nodes(), bytes = memory::live_bytes();
  {
    const Tensor y = (x * x).retain_grad();
    sum(y).backward();
    x.zero_grad();
  }
  CHECK(memory::live_nodes() == nodes);
  CHECK(memory::live_bytes() == bytes);
  struct Thrown {};
  const Tensor through = on_gradient(x, [](const Tensor&) { throw Thrown(); });
  const Tensor y = (through * x).retain_grad();
  CHECK_THROWS_AS(sum(y).backward(), Thrown);
  CHECK(!y.grad().defined());
  CHECK(!x.grad().defined());
}

TEST_CASE("retain_grad: what has no gradient says so") {
  const Tensor x = leaf({1, -2});
  CHECK(error_of<GradError>([&] { return ones({2}).retain_grad(); }) ==
        "retain_grad: the tensor must depend on one with set_requires_grad(true); got the constant "
        "float32[2]");
  CHECK(error_of<GradError>([&] { return (x * x).grad(); }) ==
        "grad: backward collects gradients of leaves, and of what retain_grad() asked for; got "
        "float64[2], the result of multiply");
  CHECK(error_of<GradError>([&] {
          return vmap([](const Tensor& at) { return (at * at).retain_grad(); })(x);
        }) == "retain_grad: not within vmap; got float64[]");
  const NoGradGuard off;
  CHECK(!(x * x).retain_grad().grad().defined());
  CHECK(!ones({2}).grad().defined());
}

TEST_CASE("a leaf's hook is called once a pass, with its whole gradient, before any leaf changes") {
  const Tensor x = leaf({1, -2}), w = leaf({3, 4});
  std::vector<Tensor> seen;
  const LeafHook hook = on_leaf_gradient(x, [&](const Tensor& g) {
    seen.push_back(g);
    if (seen.size() == 1) CHECK(!w.grad().defined());
  });
  const Tensor loss = sum(x * x * w + 5 * x);
  loss.backward({.retain_graph = true});
  REQUIRE(seen.size() == 1);
  CHECK(mismatch(seen[0], row({11, -11})) == "");
  CHECK(mismatch(x.grad(), row({11, -11})) == "");
  w.zero_grad();
  loss.backward({.retain_graph = true});
  REQUIRE(seen.size() == 2);
  CHECK(mismatch(seen[1], row({11, -11})) == "");  // of this pass
  CHECK(mismatch(x.grad(), row({22, -22})) == "");
  static_cast<void>(grad(loss, {x}));
  CHECK(seen.size() == 2);
  x.zero_grad();
  w.zero_grad();
  sum(w).backward();  // does not reach x
  sum(x).backward();
  CHECK(seen.size() == 3);
}

TEST_CASE("leaves are complete while the pass goes on: the last layer's first") {
  const Tensor x = ones({1, 2}, Dtype::float64);
  std::vector<Tensor> weights;
  for (int i = 0; i < 3; ++i)
    weights.push_back(full({2, 2}, 0.5, Dtype::float64).set_requires_grad(true));
  std::vector<std::string> events;
  std::vector<LeafHook> hooks;
  for (std::size_t i = 0; i < 3; ++i) {
    hooks.push_back(on_leaf_gradient(
        weights[i], [&, i](const Tensor&) { events.push_back("w" + std::to_string(i)); }));
  }
  Tensor y = x;
  for (std::size_t i = 0; i < 3; ++i) {
    y = on_gradient(matmul(y, weights[i]),
                    [&, i](const Tensor&) { events.push_back("y" + std::to_string(i)); });
  }
  sum(y).backward();
  CHECK(events == std::vector<std::string>{"y2", "w2", "y1", "w1", "y0", "w0"});
  events.clear();
  weights[1].set_requires_grad(false);
  sum(matmul(matmul(x, weights[0]), weights[1])).backward();
  CHECK(events == std::vector<std::string>{"w0"});  // a frozen one has no gradient
  const LeafHook of_loss =
      on_leaf_gradient(weights[2], [&](const Tensor&) { events.push_back("loss"); });
  weights[2].backward(ones({2, 2}, Dtype::float64));
  CHECK(events == std::vector<std::string>{"w0", "w2", "loss"});
}

TEST_CASE("a leaf's hook may replace its gradient, and end the pass, until its guard ends it") {
  const Tensor x = leaf({1, -2}), w = leaf({3, 4});
  const auto pass = [&] {
    x.zero_grad();
    w.zero_grad();
    sum(x * w).backward();
  };
  {
    const LeafHook doubled = on_leaf_gradient(x, [](const Tensor& g) { return 2 * g; });
    const LeafHook shifted = on_leaf_gradient(x, [](const Tensor& g) { return g + 1; });
    LeafHook moved = on_leaf_gradient(w, [](const Tensor& g) { return g + 1; });
    const LeafHook kept = std::move(moved);
    pass();
    CHECK(mismatch(x.grad(), row({7, 9})) == "");
    CHECK(mismatch(w.grad(), row({2, -1})) == "");
  }
  pass();
  CHECK(mismatch(x.grad(), row({3, 4})) == "");
  CHECK(mismatch(w.grad(), row({1, -2})) == "");
  x.zero_grad();
  w.zero_grad();
  {
    const LeafHook wrong = on_leaf_gradient(x, [](const Tensor& g) { return sum(g); });
    CHECK(error_of<GradError>([&] { sum(x * w).backward(); }) ==
          "on_leaf_gradient: a gradient must be float64[2], as the leaf; the hook gave float64[]");
  }
  struct Thrown {};
  const LeafHook throwing = on_leaf_gradient(w, [](const Tensor&) { throw Thrown(); });
  CHECK_THROWS_AS(sum(x * w).backward(), Thrown);
  CHECK(!x.grad().defined());
  CHECK(!w.grad().defined());
  CHECK(error_of<GradError>([&] { return on_leaf_gradient(x * w, [](const Tensor&) {}); }) ==
        "on_leaf_gradient: the tensor must be a leaf with set_requires_grad(true); got float64[2] "
        "(see on_gradient)");
  CHECK(error_of<GradError>([&] { return on_leaf_gradient(ones({2}), [](const Tensor&) {}); }) ==
        "on_leaf_gradient: the tensor must be a leaf with set_requires_grad(true); got float32[2] "
        "(see on_gradient)");
}

TEST_CASE(
    "a leaf's hook stays with a parameter that changes its dtype, and with one that is frozen") {
  nn::Dense dense(2, 1);
  std::vector<std::string> seen;
  const LeafHook hook =
      on_leaf_gradient(dense.weight, [&](const Tensor& g) { seen.push_back(g.describe()); });
  dense.to(Dtype::float64);
  sum(dense(ones({1, 2}, Dtype::float64))).backward();
  dense.weight.set_requires_grad(false);
  sum(dense(ones({1, 2}, Dtype::float64))).backward();
  dense.weight.set_requires_grad(true);
  sum(dense(ones({1, 2}, Dtype::float64))).backward();
  CHECK(seen == std::vector<std::string>{"float64[2, 1]", "float64[2, 1]"});
}

TEST_CASE(
    "a leaf with hooks that was recorded before its dtype changed is an error, not a lost hook") {
  const nn::Dense dense(2, 1);
  int calls = 0;
  const LeafHook hook = on_leaf_gradient(dense.weight, [&](const Tensor&) { ++calls; });
  const Tensor loss = sum(dense(ones({1, 2})));
  dense.to(Dtype::float64);
  dense.to(Dtype::float32);
  CHECK(error_of<GradError>([&] { loss.backward(); }) ==
        "backward: a leaf with hooks must be recorded again after to(); got the gradient "
        "float32[2, 1] of one that has changed its dtype since");
  CHECK(calls == 0);
  CHECK(!dense.bias.grad().defined());
}

TEST_CASE("a leaf's hook may end others, and is not called for one that is frozen meanwhile") {
  const Tensor x = leaf({1, -2});
  std::optional<LeafHook> second;
  int calls = 0;
  const LeafHook first = on_leaf_gradient(x, [&](const Tensor&) { second.reset(); });
  second.emplace(on_leaf_gradient(x, [&](const Tensor&) { ++calls; }));
  sum(x * x).backward();
  CHECK(calls == 0);
  const LeafHook third = on_leaf_gradient(x, [&](const Tensor&) { ++calls; });
  const Tensor loss = sum(x * x);
  x.set_requires_grad(false);
  CHECK(error_of<GradError>([&] { loss.backward(); }) == "(nothing was thrown)");
  CHECK(calls == 0);
}

TEST_CASE("on_gradient: a hook that replaces, within vmap and around it") {
  const Tensor xs = tensor({{1.0, -2.0, 3.0}, {-4.0, 5.0, 0.5}}, Dtype::float64);
  const auto per_example = [&](auto hook) {
    return vmap(grad([=](const Tensor& x) { return sum(on_gradient(x * x, hook)); }))(xs);
  };
  CHECK(mismatch(per_example([](const Tensor& g) { return 2 * g; }), 4 * xs) == "");
  CHECK(mismatch(per_example([](const Tensor& g) { return clip(g, -0.5, 0.25); }), 0.5 * xs) == "");
  CHECK(mismatch(per_example([](const Tensor& g) { return g + g; }), 4 * xs) == "");
  CHECK(mismatch(per_example([](const Tensor& g) { return ones_like(g) * 3; }), 6 * xs) == "");
  const auto clipped = [](const Tensor& x) {  // gradients of other length in each example
    const Tensor y = on_gradient(x, [](const Tensor& g) { return g / sqrt(sum(g * g)); });
    return sum(y * y * y);
  };
  const Tensor slopes = 3 * xs * xs;
  CHECK(mismatch(vmap(grad(clipped))(xs),
                 slopes / sqrt(sum(slopes * slopes, 1, {.keep_dims = true})), 1e-14) == "");
  const auto pulled = [](const Tensor& x) {  // a cotangent of its own, the same in each example
    const auto [y, pull] = vjp([](const Tensor& at) { return sin(at) * exp(at); }, x);
    return pull(ones_like(y) * 2);
  };
  CHECK(mismatch(vmap(pulled)(xs), 2 * exp(xs) * (sin(xs) + cos(xs)), 1e-14) == "");
}
