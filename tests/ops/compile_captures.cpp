// What a compiled function captures, and whose memory its results have.
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
TEST_CASE("compile: results that are views outlive what they look at") {
  const Tensor w = reshape(arange(6), {2, 3}).to(Dtype::float64);
  auto of_argument = compile([](const Tensor& x) {
    return Tensors{transpose(x), reshape(x, {6})};
  });
  auto of_captured = compile([&] { return transpose(w); });
  Tensors kept;
  Tensor seen;
  for (int call = 0; call < 3; ++call) {
    kept = of_argument(w * 2);
    seen = of_captured();
  }
  static_cast<void>(w * 3 + w * 4);  // which uses memory that was given back
  CHECK(mismatch(kept[0], transpose(w) * 2) == "");
  CHECK(mismatch(kept[1], reshape(w, {6}) * 2) == "");
  const Tensor before = transpose(w).clone();
  w.assign(w * 2);
  CHECK(mismatch(seen, before) == "");
}

TEST_CASE("compile: captured tensors change in the middle, under views of them") {
  const Tensor a = reshape(arange(9), {3, 3}).to(Dtype::float64), b = a.clone();
  const auto turn = [](const Tensor& w) {
    return [&w] {
      w.assign(transpose(w) + 1);
      const Tensor before = w.detach();
      w.assign(transpose(w));
      return matmul(transpose(w), before);
    };
  };
  const auto plain = turn(a);
  auto replayed = compile(turn(b));
  for (int call = 0; call < 5; ++call) {
    CHECK(mismatch(replayed(), plain()) == "");
    CHECK(mismatch(b, a) == "");
  }
  CHECK(replayed.replays() == 3);
}

TEST_CASE("compile: products and loops one after another") {
  Rng rng(3);
  for (const std::int64_t n : {2048, 1025}) {
    const Tensor a = rng.normal({n, n}, 0, 0.01), w = rng.normal({16, 1}, 0, 1);
    const auto steps = [&](const Tensor& x) {
      Tensor v = x;
      for (int i = 0; i < 3; ++i) v = v + 0.1 * tanh(matmul(a, v));
      return v;
    };
    const auto rows = [&](const Tensor& x) { return sigmoid(matmul(x, w)) * 2; };
    auto f = compile(steps);
    auto g = compile(rows);
    for (int call = 0; call < 3; ++call) {
      const Tensor x = rng.normal({n, 4}, 0, 1), y = rng.normal({4 * n + 1, 16}, 0, 1);
      CHECK(mismatch(f(x), steps(x)) == "");
      CHECK(mismatch(g(y), rows(y)) == "");
    }
  }
}

TEST_CASE("compile: how arguments are split") {
  auto f = compile([](const Tensors& a, const Tensors& b) {
    return a[0] * static_cast<double>(a.size()) - b[0];
  });
  for (int call = 0; call < 3; ++call)
    CHECK(mismatch(f(Tensors{small, small}, Tensors{other}), small * 2 - other) == "");
  CHECK(mismatch(f(Tensors{small}, Tensors{small, other}), small - small) == "");
}

TEST_CASE("compile: values that are read of captured tensors are looked at again") {
  const Tensor scale = tensor(2.0, Dtype::float64);
  int calls = 0;
  auto f = compile([&](const Tensor& x) {
    ++calls;
    return x * scale.detach().item();
  });
  for (int call = 0; call < 3; ++call) CHECK(mismatch(f(small), small * 2) == "");
  const int traced = calls;
  for (int call = 0; call < 3; ++call) CHECK(mismatch(f(small), small * 2) == "");
  CHECK(calls == traced);  // as long as the value is that which was read
  scale.assign(tensor(3.0, Dtype::float64));
  CHECK(mismatch(f(small), small * 3) == "");
  CHECK(calls > traced);
  const Tensor alpha = 0.5;
  auto g = compile([&](const Tensor& x) { return x * alpha; });
  for (int call = 0; call < 3; ++call) CHECK(mismatch(g(small), small * 0.5) == "");
  alpha.assign(tensor(2.0F));
  CHECK(mismatch(g(small), small * 2) == "");
  const Tensor count = zeros({}, Dtype::float64);
  CHECK(contains(refusal([&](const Tensor& x) {
                   count.assign(count + 1);
                   return count.item() < 2 ? x : -x;
                 }),
                 "item, which reads what the function has assigned"));
}

TEST_CASE("compile: a refusal that the function catches is thrown all the same") {
  CHECK(contains(refusal([](const Tensor& x) {
                   try {
                     return x * sum(x).item();
                   } catch (const std::exception&) {
                     return x;
                   }
                 }),
                 "item, which reads the result of sum"));
}

TEST_CASE("compile: parameters that are frozen and thawed in a step") {
  const auto step = [](const Tensor& w, const Tensor& v) {
    return [&w, &v](const Tensor& x) {
      w.set_requires_grad(false);
      sum(w * v * x).backward();
      w.set_requires_grad(true);
      sum(square(w) * v * x).backward();
      return w.grad() + v.grad();
    };
  };
  const Tensor w = small.clone().set_requires_grad(true), v = other.clone().set_requires_grad(true),
               w2 = w.clone(), v2 = v.clone();
  const auto plain = step(w, v);
  auto replayed = compile(step(w2, v2));
  for (int call = 0; call < 5; ++call)
    CHECK(mismatch(replayed(small + call), plain(small + call)) == "");
}

TEST_CASE("compile: an element of what elementwise operations make is read when it is there") {
  const auto f = [](const Tensor& x) {
    const Tensor y = exp(x) + 1;
    return Tensors{y - slice(y, {range(1, 2)}), var(y), y * y[2]};
  };
  auto replayed = compile(f);
  for (int call = 0; call < 4; ++call) {
    const Tensor x = small * (call + 1);
    const Tensors got = replayed(x), expected = f(x);
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(mismatch(got[i], expected[i]) == "");
  }
  CHECK(replayed.replays() == 2);
}

TEST_CASE("compile: what an operation hands on of a captured tensor is kept by another") {
  const Tensor w = small.clone();
  const auto f = [&w] {
    const Tensor x = w.detach().set_requires_grad(true), same = transpose(x);
    return grad(sum(exp(rms_norm(same, same))), {x})[0];
  };
  auto replayed = compile(f);
  for (int call = 0; call < 4; ++call) {
    w.assign(small * (call + 1));
    CHECK(mismatch(replayed(), f()) == "");
  }
  CHECK(replayed.replays() == 2);
}
