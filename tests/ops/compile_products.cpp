// Replays take a relu, or its slope, into the product before it: with the bits of one after the
// other.
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/compiled.hpp"
#include "support/threads.hpp"

using namespace xtape;

namespace {

/// Five calls of f and of what compile makes of it, on different inputs.
template <class F>
void check_replays(const F& f, const Tensor& x) {
  auto compiled = compile(f);
  for (int call = 0; call < 5; ++call) {
    CAPTURE(call);
    const Tensor moved = (x * (1 - call * 0.25)).detach();
    const Tensors got = compiled(moved), expected = f(moved);
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(mismatch(got[i], expected[i]) == "");
  }
  CHECK(compiled.replays() == 3);
}

/// relu(x w + b) v and its gradients by everything: a linear map and then relu, a product and then
/// its slope.
struct TwoLayers {
  Tensor w, b, v;

  TwoLayers(Rng& rng, std::int64_t in, std::int64_t width, std::int64_t out, Dtype dtype)
      : w(rng.normal({in, width}, 0, 1).to(dtype)),
        b(rng.normal({width}, 0, 1).to(dtype)),
        v(rng.normal({width, out}, 0, 1).to(dtype)) {
    for (Tensor* each : {&w, &b, &v}) each->set_requires_grad(true);
  }
  Tensors operator()(const Tensor& given) const {
    Tensor x = given.detach();
    x.set_requires_grad(true);
    const Tensor y = matmul(relu(linear(x, w, b)), v);
    const auto [dx, dw, db, dv] = grad(sum(square(y)), {x, w, b, v});
    return {dx, dw, db, dv, y.detach()};
  }
};

}  // namespace

TEST_CASE("compile: a relu in the product before it") {
  Rng rng(5);
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const std::int64_t terms : {1, 2, 3, 4, 5}) {
      for (const std::int64_t width : {15, 16, 64, 70, 130}) {
        CAPTURE(dtype);
        CAPTURE(terms);
        CAPTURE(width);
        const TwoLayers net(rng, terms, width, terms, dtype);
        check_replays(net, rng.normal({37, terms}, 0, 1).to(dtype));
        check_replays(net, rng.normal({3, 5, terms}, 0, 1).to(dtype));
        check_replays(net, transpose(rng.normal({terms, 20}, 0, 1).to(dtype)));
        check_replays(net, zeros({0, terms}, dtype));
      }
    }
  }
}

TEST_CASE("compile: a relu in the products of many models") {
  Rng rng(10);
  for (const std::int64_t width : {16, 70}) {
    const Tensor v = rng.normal({5, width, 3}, 0, 1), b = rng.normal({5, width}, 0, 1),
                 w = rng.normal({5, 2, width}, 0, 1);
    const auto net = [&](const Tensor& in) {
      const auto loss = [&](const Tensors& p) {
        return sum(square(matmul(relu(linear(in, p[0], p[1])), p[2])));
      };
      return vmap(grad(loss))(Tensors{w, b, v});
    };
    check_replays(net, rng.normal({40, 2}, 0, 1));
    check_replays(net, rng.normal({2, 9, 2}, 0, 1));
  }
}

TEST_CASE("compile: a relu in a product that threads share") {
  Rng rng(6);
  const TwoLayers net(rng, 2, 512, 3, Dtype::float32);
  const Tensor x = rng.normal({1000, 2}, 0, 1).to(Dtype::float32);
  for (const int count : {1, 2, 4}) {
    CAPTURE(count);
    const Threads threads(count);
    check_replays(net, x);
  }
}

TEST_CASE("compile: a relu in the product before it keeps NaN and infinities") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(),
                   infinity = std::numeric_limits<double>::infinity();
  Rng rng(7);
  const TwoLayers net(rng, 2, 33, 2, Dtype::float64);
  check_replays(
      net, tensor({{nan, 1.0}, {0.0, -infinity}, {infinity, 2.0}, {0.0, 0.0}}, Dtype::float64));
}

TEST_CASE("compile: a product whose values others need too stays one") {
  Rng rng(8);
  const Tensor w = rng.normal({2, 32}, 0, 1), b = rng.normal({32}, 0, 1);
  const Tensor x = rng.normal({9, 2}, 0, 1);
  check_replays(
      [&](const Tensor& in) {
        const Tensor y = linear(in, w, b);
        return Tensors{relu(y), y};
      },
      x);
  check_replays(
      [&](const Tensor& in) {
        const Tensor y = linear(in, w, b);
        const Tensor z = relu(y);
        return Tensors{z + tanh(y)};
      },
      x);
  check_replays(
      [&](const Tensor& in) {
        const Tensor y = linear(in, w, b);
        return Tensors{relu(y), transpose(y)};
      },
      x);
  check_replays([&](const Tensor& in) { return Tensors{relu(transpose(linear(in, w, b)))}; }, x);
}

TEST_CASE("compile: what the product reads changes before the relu") {
  Rng rng(9);
  const Tensor start = rng.normal({2, 32}, 0, 1), b = rng.normal({32}, 0, 1);
  const Tensor x = rng.normal({9, 2}, 0, 1);
  const auto over = [&](const Tensor& w) {
    return [&](const Tensor& in) {
      const Tensor y = linear(in, w, b);
      w.assign(w * 0.5);
      return Tensors{relu(y)};
    };
  };
  const Tensor mine = start.clone(), theirs = start.clone();
  const auto plain = over(mine);
  auto compiled = compile(over(theirs));
  for (int call = 0; call < 5; ++call) CHECK(mismatch(compiled(x)[0], plain(x)[0]) == "");
  CHECK(compiled.replays() == 3);
}
