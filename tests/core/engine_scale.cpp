#include <cmath>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
#include <xtape/core/memory.hpp>

#include "../support/small_ops.hpp"
#include "../support/small_stack.hpp"

using namespace xtape;
using namespace small;

namespace {

constexpr int million = 1000000;

Tensor chain(const Tensor& x, int length) {
  Tensor y = x;
  for (int i = 0; i < length; ++i) y = pass(y);
  return y;
}

}  // namespace

TEST_CASE("a chain of a million nodes, on a thread with a small stack") {
  const std::int64_t before = memory::live_nodes();
  on_small_stack([] {
    const Tensor x = leaf(2);
    SUBCASE("swept: each node is freed on the way") {
      const Tensor y = chain(x, million);
      CHECK(memory::live_nodes() >= million);
      y.backward();
      CHECK(x.grad().item() == 1);
    }
    SUBCASE("swept and kept, then dropped") {
      chain(x, million).backward({.retain_graph = true});
      CHECK(x.grad().item() == 1);
    }
    SUBCASE("dropped without backward") { chain(x, million); }
    SUBCASE("with an exception in the middle of the sweep") {
      const Tensor y = chain(broken(chain(x, million / 2)), million / 2);
      CHECK_THROWS_AS(y.backward(), std::runtime_error);
      CHECK(!x.grad().defined());
    }
    SUBCASE("differentiated and recorded again") {
      const Tensor dx = grad(multiply(chain(x, million / 4), x), {x}, {.create_graph = true})[0];
      CHECK(dx.item() == 4);
      dx.backward();
      CHECK(x.grad().item() == 2);
    }
    SUBCASE("of saved values that hold each other's nodes") {
      Tensor y = x;
      for (int i = 0; i < million / 4; ++i) y = multiply(y, y.detach());
    }
  });
  CHECK(memory::live_nodes() == before);
}

TEST_CASE("diamonds 64 deep take linear time") {
  const Tensor x = leaf(1);
  Tensor y = x;
  for (int i = 0; i < 64; ++i) y = add(y, y);
  y.backward();  // each of the 2^64 paths on its own would never end
  CHECK(x.grad().item() == std::ldexp(1.0, 64));

  SUBCASE("and recorded") {
    Tensor z = x;
    for (int i = 0; i < 64; ++i) z = scale(multiply(z, z), 1);
    const Tensor dx = grad(z, {x}, {.create_graph = true})[0];  // x^(2^64) at 1
    CHECK(dx.item() == std::ldexp(1.0, 64));
  }
}

TEST_CASE("a hundred thousand consumers of one tensor") {
  constexpr int count = 100000;
  const Tensor w = leaf(3);
  SUBCASE("of a leaf") {
    Tensor sum = scalar(0);
    for (int i = 0; i < count; ++i) sum = add(sum, scale(w, i % 2 == 0 ? 1 : 2));
    sum.backward();
    CHECK(w.grad().item() == 1.5 * count);
  }
  SUBCASE("of a result, and by one operation") {
    const Tensor x = multiply(w, w);
    const Tensor y = add_all(std::vector<Tensor>(count, x));
    y.backward();
    CHECK(w.grad().item() == 6.0 * count);
  }
}

TEST_CASE("a wide graph of many leaves") {
  std::vector<Tensor> leaves;
  leaves.reserve(10000);
  for (int i = 0; i < 10000; ++i) leaves.push_back(leaf(i));
  add_all(leaves).backward();
  bool all_one = true;
  for (const Tensor& x : leaves) all_one = all_one && x.grad().item() == 1;
  CHECK(all_one);
}
