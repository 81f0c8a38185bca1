// How compile is called: what is traced anew, what is refused, and in which words.
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/compiled.hpp"
#include "support/errors.hpp"

using namespace xtape;
TEST_CASE("compile: arguments and results of each form") {
  auto none = compile([calls = 0]() mutable { return ++calls, tensor(1.0) * 2; });
  auto one = compile([](const Tensor& x) { return x * x; });
  auto list = compile([](const Tensors& x) { return Tensors{x[0] + x[1], x[0]}; });
  auto mixed = compile(
      [](const Tensor& x, const Tensors& more) { return std::pair(x - more[0], more[1] * x); });
  Tensor seen = zeros({3}, Dtype::float64);
  auto nothing = compile([&](const Tensor& x) { seen.assign(x + seen); });
  for (int call = 0; call < 4; ++call) {
    const Tensor x = small + call;
    CHECK(none().item() == 2);
    CHECK(mismatch(one(x), x * x) == "");
    CHECK(mismatch(list(Tensors{x, small})[0], x + small) == "");
    CHECK(mismatch(list(Tensors{x, small})[1], x) == "");
    CHECK(mismatch(list({x, small})[0], x + small) == "");
    const auto [difference, product] = mixed(x, Tensors{small, other});
    CHECK(mismatch(difference, x - small) == "");
    CHECK(mismatch(product, other * x) == "");
    nothing(x);
  }
  CHECK(mismatch(seen, 4 * small + 6) == "");
  CHECK(one.replays() == 2);
  CHECK(nothing.replays() == 2);
  CHECK(list.replays() == 10);
}

TEST_CASE(
    "compile: results stay as they are when more calls follow, and arguments are not changed") {
  auto f = compile([](const Tensor& x) { return Tensors{exp(x), exp(x) + 1, x}; });
  Tensors kept;
  for (int call = 0; call < 5; ++call)
    for (const Tensor& y : f(small + call)) kept.push_back(y);
  for (int call = 0; call < 5; ++call) {
    const auto i = static_cast<std::size_t>(3 * call);
    CHECK(mismatch(kept[i], exp(small + call)) == "");
    CHECK(mismatch(kept[i + 1], exp(small + call) + 1) == "");
    CHECK(mismatch(kept[i + 2], small + call) == "");
  }
}

TEST_CASE("compile: other shapes and dtypes are traced anew, and each is kept") {
  auto f = compile([](const Tensor& x) { return sum(x.contiguous() * 2, 0); });
  const Tensor wide = reshape(arange(12), {3, 4}).to(Dtype::float64);
  const Tensors inputs{wide,
                       wide.to(Dtype::float32),
                       transpose(wide),
                       slice(wide, {range(0, 2)}),
                       slice(wide, {Slice::all, range({}, {}, 2)}),
                       zeros({0, 4}),
                       arange(5)};
  for (int round = 0; round < 4; ++round)
    for (const Tensor& x : inputs) CHECK(mismatch(f(x), sum(x * 2, 0)) == "");
  CHECK(mismatch(f(transpose(transpose(wide).contiguous())), sum(wide * 2, 0)) == "");
  CHECK(f.plans() == 7);
  CHECK(f.replays() == 15);
  f.forget();
  CHECK(f.plans() == 0);
  CHECK(mismatch(f(wide), sum(wide * 2, 0)) == "");
}

TEST_CASE("compile: what is captured is read anew") {
  const Tensor w = ones({3}, Dtype::float64).set_requires_grad(true),
               b = zeros({3}, Dtype::float64);
  auto f = compile([&](const Tensor& x) { return w * x + b; });
  for (int call = 0; call < 5; ++call) {
    w.assign(other * call);
    b.assign(small - call);
    CHECK(mismatch(f(small), other * call * small + (small - call)) == "");
  }
  CHECK(f.replays() == 3);
}

TEST_CASE("compile: a captured tensor that is replaced is traced anew") {
  Tensor w = ones({3}, Dtype::float64);
  auto f = compile([&](const Tensor& x) { return w * x; });
  for (int call = 0; call < 4; ++call) CHECK(mismatch(f(small), small) == "");
  w = tensor({2.0, 0.0, 1.0}, Dtype::float64);
  for (int call = 0; call < 4; ++call) CHECK(mismatch(f(small), w * small) == "");
  CHECK(f.replays() == 4);
}

TEST_CASE("compile: modes of modules, frozen parameters and dtypes") {
  Rng rng(2);
  const nn::Sequential model{nn::Dense(3, 4, {}, rng), nn::Dropout(0.5, rng)};
  const Tensor x = rng.normal({5, 3}, 0, 1);
  auto f = compile([&](const Tensor& given) { return model(given); });
  for (int call = 0; call < 3; ++call) static_cast<void>(f(x));
  model.eval();
  for (int call = 0; call < 3; ++call) CHECK(mismatch(f(x), model(x)) == "");
  model.train();
  CHECK(mismatch(f(x), f(x)) != "");
  auto gradient = compile([&](const Tensor& given) {
    const Tensor loss = sum(model(given));
    model.zero_grad();
    loss.backward();
    return loss.detach();
  });
  const Tensor weight = model.parameters()[0];
  for (int call = 0; call < 3; ++call) static_cast<void>(gradient(x));
  CHECK(weight.grad().defined());
  weight.set_requires_grad(false);
  static_cast<void>(gradient(x));
  weight.set_requires_grad(true);
  CHECK(!weight.grad().defined());
}

TEST_CASE("compile: what cannot be replayed is refused by name") {
  const Tensor w = tensor({1.0, 2.0, 3.0}, Dtype::float64).set_requires_grad(true);
  CHECK(contains(refusal([](const Tensor& x) { return x * sum(x).item(); }),
                 "item, which reads the result of sum, float64[],"));
  CHECK(contains(refusal([](const Tensor& x) { return x * x.data<double>()[0]; }),
                 "data, which reads an input, float64[3],"));
  CHECK(contains(refusal([](const Tensor& x) { return x * to_string(exp(x)).size(); }),
                 "printing, which reads the result of exp, float64[3],"));
  CHECK(contains(refusal([&](const Tensor& x) {
                   const Tensor y = x * w;
                   y.retain_grad();
                   sum(y).backward();
                   return y;
                 }),
                 "retain_grad"));
  Rng rng(1);
  CHECK(contains(refusal([&](const Tensor& x) { return x * rng.uniform(); }),
                 "another value than before (what changes must be an argument)"));
  int calls = 0;
  CHECK(contains(refusal([&](const Tensor& x) { return ++calls % 2 == 0 ? exp(x) : log(x); }),
                 "was exp"));
  CHECK(
      contains(refusal([&](const Tensor& x) { return x + ++calls; }), "another value than before"));
  CHECK(contains(refusal([&](const Tensor& x) { return slice(x, {range(++calls % 2, 3)}); }),
                 "was slice"));
  CHECK(contains(refusal([&](const Tensor& x) { return sum(outer(x, x), ++calls % 2); }),
                 "was sum axes="));
  const Tensor table = zeros({4, 2}, Dtype::float64).set_requires_grad(true);
  CHECK(contains(refusal([&](const Tensor& x) {
                   sum(take(table, tensor({1, 1}), 0, {.sparse_grad = true})).backward();
                   return x;
                 }),
                 "sparse gradient"));
  optim::SGD sgd({w});
  CHECK(contains(refusal([&](const Tensor& x) {
                   sgd.set_learning_rate(0.5);
                   return x;
                 }),
                 "set_learning_rate"));
}

TEST_CASE("compile: results whose shape depends on values") {
  auto f = compile([](const Tensor& x) { return masked_select(x, x > 0); });
  CHECK(f(small).size() == 3);
  CHECK(f(small).size() == 3);
  CHECK(f(small).size() == 3);
  CHECK(contains(error_of<ShapeError>([&] { return f(other); }), "was planned; got"));
  CHECK(f(small).size() == 3);
}

TEST_CASE("compile: bad arguments change nothing") {
  auto f = compile([](const Tensor& x) { return x + 1; });
  CHECK(error_of<ValueError>([&] { return f(Tensor()); }) ==
        "compile: argument 0 must be defined; got an undefined tensor");
  CHECK(contains(error_of<ValueError>([&] { return f(Tensor(2.0)); }), "rather than a number"));
  CHECK(contains(error_of<ValueError>([&] { return f(tensor(1.0).set_requires_grad(true)); }),
                 "not require a gradient"));
  CHECK(mismatch(f(small), small + 1) == "");
}

TEST_CASE("compile: a function that was moved from says so") {
  auto f = compile([](const Tensor& x) { return x + 1; });
  auto g = std::move(f);
  const std::string moved = "compile: a function is needed; this one was moved from";
  CHECK(error_of<ValueError>([&] { return f(small); }) == moved);
  CHECK(error_of<ValueError>([&] { return f(Tensor()); }) == moved);
  CHECK(error_of<ValueError>([&] { return f.replays(); }) == moved);
  CHECK(error_of<ValueError>([&] { return f.plans(); }) == moved);
  CHECK(error_of<ValueError>([&] {
          f.forget();
          return 0;
        }) == moved);
  f = std::move(g);
  CHECK(mismatch(f(small), small + 1) == "");
}

TEST_CASE(
    "compile: an error in the middle of a replay is that of the function, and the next call "
    "works") {
  const Tensor index = tensor({0, 1});
  auto f = compile([&](const Tensor& x) { return take(x, index) * 2; });
  for (int call = 0; call < 3; ++call) CHECK(mismatch(f(small), take(small, index) * 2) == "");
  index.assign(tensor({0, 7}));
  CHECK(contains(error_of<IndexError>([&] { return f(small); }), "take"));
  index.assign(tensor({2, 0}));
  CHECK(mismatch(f(small), take(small, index) * 2) == "");
}

TEST_CASE("compile: an optimizer that is gone is named") {
  const Tensor w = tensor({1.0}, Dtype::float64).set_requires_grad(true);
  auto sgd = std::make_unique<optim::SGD>(optim::Parameters{w});
  auto f = compile([&](const Tensor& x) {
    sgd->zero_grad();
    sum(w * x).backward();
    sgd->step();
  });
  for (int call = 0; call < 3; ++call) f(small);
  sgd.reset();
  CHECK(contains(error_of<ValueError>([&] {
                   f(small);
                   return 0;
                 }),
                 "optimizer that a step uses is gone"));
}

TEST_CASE("compile: generators") {
  auto inside =
      compile([](const Tensor& x) { return x * Rng(1).normal({3}, 0, 1, Dtype::float64); });
  CHECK(contains(error_of<ValueError>([&] {
                   for (int call = 0; call < 3; ++call) static_cast<void>(inside(small));
                   return 0;
                 }),
                 "a generator that a step uses is gone"));
  Rng rng(1);
  CHECK(contains(refusal([&](const Tensor& x) {
                   return x * rng.dirichlet({1.0, 2.0, 0.5}, {});
                 }),
                 "dirichlet"));
  auto f = compile([&](const Tensor& x) { return x * rng.normal({3}, 0, 1, Dtype::float64); });
  for (int call = 0; call < 3; ++call) static_cast<void>(f(small));
  rng = Rng(7);  // the same generator, elsewhere in its stream
  CHECK(mismatch(f(small), small * Rng(7).normal({3}, 0, 1, Dtype::float64)) == "");
}

TEST_CASE("compile: within another, vmap and a DebugGuard the function is called") {
  auto inner = compile([](const Tensor& x) { return exp(x); });
  auto outer = compile([&](const Tensor& x) { return inner(x) + 1; });
  for (int call = 0; call < 4; ++call)
    CHECK(mismatch(outer(small + call), exp(small + call) + 1) == "");
  CHECK(outer.replays() == 2);
  CHECK(inner.replays() == 0);
  const Tensor many = reshape(arange(6), {2, 3}).to(Dtype::float64);
  CHECK(mismatch(vmap([&](const Tensor& x) { return inner(x); })(many), exp(many)) == "");
  for (int call = 0; call < 3; ++call) static_cast<void>(inner(small));
  const DebugGuard guard;
  CHECK(contains(error_of<ValueError>([&] {
                   return inner(tensor({1e9, 0.0, 0.0}, Dtype::float64));
                 }),
                 "DebugGuard: exp"));
}

TEST_CASE("compile: one tensor given twice, and what shares memory") {
  auto f = compile([](const Tensor& a, const Tensor& b) { return a * 2 + b; });
  for (int call = 0; call < 3; ++call) {
    const Tensor x = small + call;
    CHECK(mismatch(f(x, x), x * 2 + x) == "");
    CHECK(mismatch(f(x, x.detach()), x * 2 + x) == "");
  }
  CHECK(mismatch(f(small, other), small * 2 + other) == "");
}

TEST_CASE("compile: captured tensors that share memory at first, with an argument too") {
  const Tensor a = ones({3}, Dtype::float64), b = a.detach();
  auto f = compile([&](const Tensor& x) { return a * x + b; });
  for (int call = 0; call < 3; ++call) CHECK(mismatch(f(a), ones({3}, Dtype::float64) * 2) == "");
  CHECK(mismatch(f(small), small + 1) == "");
  a.assign(small);
  CHECK(mismatch(f(other), small * other + 1) == "");
  for (int call = 0; call < 3; ++call) CHECK(mismatch(f(other), small * other + 1) == "");
}

TEST_CASE("compile: a model of each of many, by vmap, replayed") {
  Rng rng(4);
  const Tensor weights = rng.normal({16, 4, 3}, 0, 1), x = rng.normal({7, 4}, 0, 1);
  const auto loss = [&](const Tensor& w) { return sum(square(tanh(matmul(x, w)))); };
  auto f = compile([&](const Tensor& w) { return vmap(grad(loss))(w); });
  for (int call = 0; call < 4; ++call)
    CHECK(mismatch(f(weights * call), vmap(grad(loss))(weights * call)) == "");
  CHECK(f.replays() == 2);
}

TEST_CASE("compile: scalar chains, forward and backward") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor a = tensor(1.25, dtype).set_requires_grad(true);
    const auto chain = [&](const Tensor& x) {
      a.zero_grad();
      Tensor v = x;
      for (int i = 0; i < 300; ++i) v = i % 3 == 0 ? v * a : sin(v) + a;
      v.backward();
      return Tensors{v.detach(), a.grad()};
    };
    auto f = compile(chain);
    for (int call = 0; call < 4; ++call) {
      const Tensor x = tensor(0.5 + call, dtype);
      const Tensors expected = chain(x), got = f(x);
      CHECK(mismatch(got[0], expected[0]) == "");
      CHECK(mismatch(got[1], expected[1]) == "");
    }
    CHECK(f.replays() == 2);
  }
}
