// Hooks on modules: before and after forward and backward.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

struct Twice : nn::Module {  // a module of a user's, which knows nothing of hooks
  Tensor operator()(const Tensor& x) const { return 2 * x; }
};

struct Called : nn::Module {
  nn::Dense inner = child("inner", nn::Dense(2, 2, {.weight_init = nn::init::constant(0.5)}));
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return inner(in) + in; });
  }
};

/// Hooks that write down what they see.
nn::ModuleHooks noting(std::string& events, const std::string& name) {
  const auto note = [&events, name](const char* when) {
    return [&events, name, when](const Tensor& x) {
      events += name + " " + when + " " + to_string(x.detach()) + "\n";
    };
  };
  return {.before_forward = note("x"),
          .after_forward = note("y"),
          .before_backward = note("dy"),
          .after_backward = note("dx")};
}

}  // namespace

TEST_CASE("a module's hooks see input and result, and their gradients") {
  std::string events;
  const Called model;
  const Tensor x = tensor({{1.0, 3.0}}).set_requires_grad(true);
  {
    const nn::ModuleHook outer = model.hook(noting(events, "outer")),
                         inner = model.inner.hook(noting(events, "inner"));
    sum(5 * model(x)).backward();
  }
  CHECK(events ==
        "outer x [[1. 3.]]\ninner x [[1. 3.]]\ninner y [[2. 2.]]\nouter y [[3. 5.]]\n"
        "outer dy [[5. 5.]]\ninner dy [[5. 5.]]\ninner dx [[5. 5.]]\nouter dx [[10. 10.]]\n");
  events.clear();
  sum(5 * model(x)).backward();
  CHECK(events.empty());  // the hooks are gone
}

TEST_CASE(
    "a container calls the hooks of what it holds: layers, modules and functions, once each") {
  std::string events;
  const nn::Sequential model{nn::ReLU(), Twice(), [](const Tensor& x) { return x + 1; }};
  std::vector<nn::ModuleHook> hooks;
  hooks.push_back(model.hook(noting(events, "all")));
  for (std::size_t i = 0; i < 3; ++i)
    hooks.push_back(model[i]->hook(noting(events, std::to_string(i))));
  CHECK(model(tensor({1.0, -1.0})).to_vector<double>() == std::vector<double>{3, 1});
  CHECK(events ==
        "all x [ 1. -1.]\n0 x [ 1. -1.]\n0 y [1. 0.]\n1 x [1. 0.]\n1 y [2. 0.]\n"
        "2 x [2. 0.]\n2 y [3. 1.]\nall y [3. 1.]\n");
}

TEST_CASE("a module's hooks may replace what they see, and several do so in turn") {
  const nn::Sequential model{Twice()};
  const Tensor x = tensor({1.0, -1.0}).set_requires_grad(true);
  const auto plus = [](double number) {
    return [number](const Tensor& at) { return at + number; };
  };
  nn::ModuleHook first = model.hook({.before_forward = plus(1), .after_forward = plus(10)});
  const nn::ModuleHook second =
      model.hook({.after_forward = [](const Tensor& y) { return 3 * y; },
                  .before_backward = [](const Tensor& g) { return 7 * g; },
                  .after_backward = [](const Tensor&) { return Tensor(); }});  // as it is
  const Tensor y = model(x);
  CHECK(mismatch(y, tensor({42.0, 30.0})) == "");  // 3 (2 (x + 1) + 10)
  sum(y).backward();
  CHECK(mismatch(x.grad(), tensor({42.0, 42.0})) == "");
  first = model.hook({});
  CHECK(mismatch(model(x), tensor({6.0, -6.0})) == "");
}

TEST_CASE("hooks of copies are shared, those of clones their own") {
  int calls = 0;
  const Called model;
  const nn::ModuleHook hook = model.hook({.after_forward = [&](const Tensor&) { ++calls; }});
  const Called copy = model, other = clone(model);
  copy(ones({1, 2}));
  CHECK(calls == 1);
  other(ones({1, 2}));
  CHECK(calls == 1);
}

TEST_CASE("a hook that outlives its module, and what hooks may not do") {
  struct Thrown {};
  const Called model;
  const Tensor x = ones({1, 2}).set_requires_grad(true);
  {
    const nn::ModuleHook hook =
        model.inner.hook({.after_backward = [](const Tensor& g) { return sum(g); }});
    CHECK(
        error_of<GradError>([&] { sum(model(x)).backward(); }) ==
        "after_backward: the hook must give a gradient of float32[1, 2]; got float32[] (in inner)");
  }
  {
    const nn::ModuleHook hook =
        model.inner.hook({.before_forward = [](const Tensor&) { throw Thrown(); }});
    CHECK_THROWS_AS(model(x), Thrown);
    CHECK_THROWS_AS(model(x), Thrown);
  }
  CHECK(!x.grad().defined());
  CHECK(!model.inner.weight.grad().defined());
  const nn::ModuleHook late = [] { return Called().hook({}); }();
}

TEST_CASE("the tape names parameters by their paths, at the time of asking") {
  const auto labels = [](const Tensor& loss) {
    std::vector<std::string> all;
    for (const Node* leaf : Tape(loss).leaves()) all.push_back(leaf->label());
    std::sort(all.begin(), all.end());
    return all;
  };
  const nn::Dense alone(2, 2);
  CHECK(labels(sum(alone(ones({1, 2})))) == std::vector<std::string>{"bias", "weight"});
  const nn::Sequential model{alone, nn::Dense(2, 1)};
  const Tensor x = ones({1, 2}).set_requires_grad(true).set_name("x");
  const std::vector<std::string> wanted{"0.bias", "0.weight", "1.bias", "1.weight", "x"};
  CHECK(labels(sum(model(x))) == wanted);
  CHECK(labels(sum(clone(model)(x))) == wanted);
  model.to(Dtype::float64);
  CHECK(labels(sum(model(x.to(Dtype::float64)))) == wanted);
  alone.weight.set_requires_grad(false);
  const nn::Dense frozen = clone(alone);
  CHECK(!frozen.weight.requires_grad());
  CHECK(labels(sum(frozen(ones({1, 2}, Dtype::float64)))) == std::vector<std::string>{"bias"});
  frozen.weight.set_requires_grad(true);
  CHECK(labels(sum(frozen(ones({1, 2}, Dtype::float64)))) ==
        std::vector<std::string>{"bias", "weight"});
  CHECK(error_of<GradError>([&] { return ones({2}).set_name("x"); }) ==
        "set_name: the tensor must be a leaf with set_requires_grad(true); got float32[2]");
}

TEST_CASE("a module's hooks on gradients end with their guard, between forward and backward too") {
  int calls = 0;
  const nn::Sequential model{Twice()};
  const Tensor x = tensor({1.0, -1.0}).set_requires_grad(true);
  Tensor loss;
  {
    const nn::ModuleHook hook = model.hook({.before_backward = [&](const Tensor&) { ++calls; },
                                            .after_backward = [&](const Tensor&) { ++calls; }});
    loss = sum(model(x));
  }
  loss.backward();
  CHECK(calls == 0);
  CHECK(mismatch(x.grad(), tensor({2.0, 2.0})) == "");
}

TEST_CASE("a module's hooks are called in the order in which they came, backward too") {
  std::string order;
  const nn::Sequential model{Twice()};
  const auto note = [&](char c) { return [&order, c](const Tensor&) { order += c; }; };
  const nn::ModuleHook first = model.hook({.after_forward = note('a'),
                                           .before_backward = note('b'),
                                           .after_backward = note('c')}),
                       second = model.hook({.after_forward = note('A'),
                                            .before_backward = note('B'),
                                            .after_backward = note('C')});
  sum(model(ones({2}).set_requires_grad(true))).backward();
  CHECK(order == "aAbBcC");
}
