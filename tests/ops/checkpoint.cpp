// checkpoint: the gradients of the function itself, for less memory.
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

Tensor curve(const Tensors& x) { return sin(x[0] * x[1]) * exp(x[0]); }

}  // namespace

TEST_CASE("checkpoint: value and derivatives of the function, to order three") {
  const Tensor a = drawn({3}, -1, 1), b = drawn({3}, -1, 1, 1);
  const auto kept = [](const Tensors& x) { return checkpoint(curve, x); };
  CHECK(mismatch(kept({a, b}), curve({a, b})) == "");
  const auto total = [](auto f) { return [=](const Tensors& x) { return sum(f(x)); }; };
  const auto slope = [](auto f) {
    return [=](const Tensors& x) { return sum(square(grad(f)(x)[0])); };
  };
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(mismatch(grad(total(kept))(Tensors{a, b})[i], grad(total(curve))(Tensors{a, b})[i]) ==
          "");
    CHECK(mismatch(grad(slope(total(kept)))(Tensors{a, b})[i],
                   grad(slope(total(curve)))(Tensors{a, b})[i], 1e-13) == "");
    CHECK(mismatch(grad(slope(slope(total(kept))))(Tensors{a, b})[i],
                   grad(slope(slope(total(curve))))(Tensors{a, b})[i], 1e-12) == "");
  }
  CHECK(mismatch(jvp(kept, Tensors{a, b}, Tensors{b, a}).second,
                 jvp(curve, Tensors{a, b}, Tensors{b, a}).second, 1e-13) == "");
  CHECK(mismatch(vmap(grad(total(kept)))(Tensors{stack({a, b}), stack({b, a})})[0],
                 vmap(grad(total(curve)))(Tensors{stack({a, b}), stack({b, a})})[0], 1e-13) == "");
}

TEST_CASE("checkpoint: gradients reach what is captured, and integers pass") {
  const Tensor w = tensor({2.0, 3.0}, Dtype::float64).set_requires_grad(true);
  const Tensor x = tensor({0.5, 1.5}, Dtype::float64), index = tensor({1, 0});
  const Tensor inner = w * 2;
  const Tensor y = checkpoint(
      [&](const Tensors& in) { return take(in[0], in[1]) * sin(w) * inner; }, Tensors{x, index});
  sum(y).backward();
  const Tensor v = w.detach();
  CHECK(mismatch(w.grad(), tensor({1.5, 0.5}, Dtype::float64) * (2 * sin(v) + 2 * v * cos(v)),
                 1e-14) == "");
}

TEST_CASE("checkpoint: of integers alone, what it captures is differentiated by") {
  const Tensor table = drawn({4, 2}, -1, 1).set_requires_grad(true);
  const Tensor index = tensor({2, 0, 2});
  sum(checkpoint([&](const Tensor& at) { return square(take(table, at)); }, index)).backward();
  const Tensor times = expand_dims(tensor({1.0, 0.0, 2.0, 0.0}, Dtype::float64), 1);
  CHECK(mismatch(table.grad(), 2 * table.detach() * times, 1e-15) == "");
}

TEST_CASE("checkpoint: within vmap, by whomever it is differentiated") {
  const Tensor xs = drawn({3, 2}, -1, 1), w = drawn({2}, -1, 1, 1), scale = drawn({3}, 1, 2, 2);
  const auto plain = [](const Tensors& in) { return sin(in[0] * in[1]) * exp(in[0]); };
  const auto kept = [&](const Tensors& in) { return checkpoint(plain, in); };
  // w is the same in each example, s is captured in the mapped function
  const auto of = [](auto f) {
    return [f](const Tensors& all) {
      return sum(vmap([&](const Tensors& one) {
        const Tensor& s = one[1];
        return sum(f(Tensors{one[0], all[1]})) * s + f(Tensors{one[0] * s, all[1] * s});
      })(Tensors{all[0], all[2]}));
    };
  };
  const auto capturing = [&](const Tensors& all) {
    return sum(vmap([&](const Tensors& one) {
      return checkpoint(
          [s = one[1], w = all[1], &plain](const Tensor& x) {
            return sum(plain({x, w})) * s + plain({x * s, w * s});
          },
          one[0]);
    })(Tensors{all[0], all[2]}));
  };
  const Tensors all{xs, w, scale};
  const auto slope = [](auto f) {
    return [f](const Tensors& in) {
      const Tensors g = grad(f)(in);
      return sum(square(g[0])) + sum(square(g[1])) + sum(square(g[2]));
    };
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(mismatch(grad(of(kept))(all)[i], grad(of(plain))(all)[i], 1e-13) == "");
    CHECK(mismatch(grad(capturing)(all)[i], grad(of(plain))(all)[i], 1e-13) == "");
    CHECK(mismatch(grad(slope(of(kept)))(all)[i], grad(slope(of(plain)))(all)[i], 1e-12) == "");
  }
  // differentiated in each example, and that by what all have in common
  const auto penalty = [&](auto f) {
    return [&xs, f](const Tensor& at) {
      return sum(square(vmap([&](const Tensor& x) {
        return grad([&](const Tensor& in) { return sum(f(Tensors{in, at})); })(x);
      })(xs)));
    };
  };
  CHECK(mismatch(grad(penalty(kept))(w), grad(penalty(plain))(w), 1e-12) == "");
}

TEST_CASE("checkpoint: a chain in parts keeps one part's values at a time") {
  constexpr int parts = 10, steps = 10;
  const auto part = [](const Tensor& x) {
    Tensor y = x;
    for (int i = 0; i < steps; ++i) y = sin(y);
    return y;
  };
  const Tensor x = drawn({2000}, -1, 1).set_requires_grad(true);
  const auto plainly = [&] {
    Tensor y = x;
    for (int i = 0; i < parts; ++i) y = part(y);
    return sum(y);
  };
  const auto in_parts = [&] {
    Tensor y = x;
    for (int i = 0; i < parts; ++i) y = checkpoint(part, y);
    return sum(y);
  };
  const auto kept_by = [](auto forward) {
    const std::int64_t before = memory::live_bytes();
    const Tensor y = forward();
    return memory::live_bytes() - before;
  };
  CHECK(kept_by(in_parts) * 4 < kept_by(plainly));
  CHECK(mismatch(grad(in_parts(), {x})[0], grad(plainly(), {x})[0]) == "");
}

TEST_CASE("checkpoint: the same masks again, and the stream moves once") {
  nn::Dropout drop(0.5);
  nn::Dropout same(0.5);
  static_cast<void>(same.restore(drop.state()));
  const Tensor x = drawn({50}, 1, 2);
  const Tensor direct = grad([&](const Tensor& at) { return sum(same(square(at))); })(x);
  const Tensor kept = grad([&](const Tensor& at) {
    return sum(checkpoint([&](const Tensor& in) { return drop(square(in)); }, at));
  })(x);
  CHECK(mismatch(kept, direct) == "");
  CHECK(mismatch(drop(x), same(x)) == "");  // both have drawn once

  seed(5);
  const Tensor noise = default_rng().normal({3}, 0, 1, Dtype::float64);
  const double after = default_rng().uniform();
  seed(5);
  const Tensor y = grad([&](const Tensor& at) {
    return sum(checkpoint(
        [](const Tensor& in) { return in * default_rng().normal({3}, 0, 1, Dtype::float64); }, at));
  })(drawn({3}, -1, 1));
  CHECK(mismatch(y, noise) == "");
  CHECK(default_rng().uniform() == after);
}

TEST_CASE("checkpoint: running statistics move once, and are as they were for the second time") {
  const Tensor running = tensor({1.0}, Dtype::float64);
  int runs = 0;
  const auto f = [&](const Tensor& x) {
    ++runs;
    const Tensor y = x * running.clone();
    running.assign(0.9 * running + 0.1 * x.detach());
    return y;
  };
  const Tensor x = tensor({3.0}, Dtype::float64);
  const Tensor dx = grad([&](const Tensor& at) { return sum(checkpoint(f, at)); })(x);
  CHECK(runs == 2);
  CHECK(dx.item() == 1.0);
  CHECK(running.item() == 0.9 * 1 + 0.1 * 3.0);
}

TEST_CASE("checkpoint: a function that gives another value the second time is refused") {
  const Tensor w = tensor({2.0}, Dtype::float64).set_requires_grad(true);
  Rng rng(1);
  const auto message =
      "checkpoint: the function must give the same value when it is computed again; "
      "it gave another: does it draw from a generator of its own, or was a parameter "
      "assigned since?";
  const Tensor random =
      checkpoint([&](const Tensor& x) { return x * rng.normal({1}, 0, 1, Dtype::float64); }, w);
  CHECK(error_of<GradError>([&] { random.backward(); }) == message);
  const Tensor y =
      checkpoint([&](const Tensor& x) { return x * w; }, tensor({3.0}, Dtype::float64));
  w.assign(tensor({5.0}, Dtype::float64));
  CHECK(error_of<GradError>([&] { y.backward(); }) == message);
  CHECK(!w.grad().defined());
}

TEST_CASE(
    "checkpoint: what is frozen or thawed between forward and backward misleads no gradient") {
  const auto leaf = [](double value) {
    return tensor({value}, Dtype::float64).set_requires_grad(true);
  };
  const Tensor x = tensor({3.0}, Dtype::float64);
  for (const bool first : {true, false}) {
    const Tensor a = leaf(2), b = leaf(5);
    const Tensor y = checkpoint([&](const Tensor& in) { return in * a + b * b; }, x);
    (first ? a : b).set_requires_grad(false);
    y.backward();
    CHECK_FALSE((first ? a : b).grad().defined());
    CHECK((first ? b : a).grad().item() == (first ? 10 : 3));
  }
  const Tensor frozen = leaf(2).set_requires_grad(false), w = leaf(5);
  const Tensor y = checkpoint([&](const Tensor& in) { return in * frozen * w; }, x);
  frozen.set_requires_grad(true);
  y.backward();
  CHECK(w.grad().item() == 6);
  CHECK_FALSE(frozen.grad().defined());
}

TEST_CASE("checkpoint: within jacobian, values captured on the way included") {
  const Tensor x = drawn({4}, -1, 1);
  const auto plain = [](const Tensor& at) { return at * exp(at); };
  const auto kept = [](const Tensor& at) {
    const Tensor h = exp(at);
    return checkpoint([h](const Tensor& in) { return in * h; }, at);
  };
  CHECK(mismatch(jacobian(kept, x), jacobian(plain, x), 1e-14) == "");
  const auto wide = [](auto f) {
    return [=](const Tensor& at) { return stack({f(at), 2 * f(at)}); };
  };
  CHECK(mismatch(jacobian(wide(kept), x), jacobian(wide(plain), x), 1e-14) == "");
}

TEST_CASE("checkpoint: the function may look at numbers, as outside of backward") {
  const Tensor x = tensor({2.0}, Dtype::float64).set_requires_grad(true);
  const auto f = [](const Tensor& in) { return sum(in * in).item() > 1 ? in * in : in; };
  checkpoint(f, x).backward();
  CHECK(x.grad().item() == 4);
  CHECK(grad(grad([&](const Tensor& at) { return sum(checkpoint(f, at)); }))(x.detach()).item() ==
        2);
}
