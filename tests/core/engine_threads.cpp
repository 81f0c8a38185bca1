#include <cmath>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/memory.hpp>

#include "../support/small_ops.hpp"

using namespace xtape;
using namespace small;

namespace {

void in_parallel(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> workers;
  workers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) workers.emplace_back(work, i);
  for (std::thread& worker : workers) worker.join();
}

}  // namespace

TEST_CASE("threads: parts of a graph built on several threads, joined and swept on another") {
  const std::int64_t before = memory::live_nodes();
  {
    const Tensor w = leaf(2);
    std::vector<Tensor> parts(4);
    in_parallel(4, [&](int i) {
      Tensor y = w;
      for (int step = 0; step < 100; ++step) y = add(y, w);  // 101 w
      parts[static_cast<std::size_t>(i)] = multiply(y, scalar(i));
    });
    const Tensor y = add_all(parts);
    SUBCASE("swept here") {
      y.backward();
      CHECK(w.grad().item() == 101 * (0 + 1 + 2 + 3));
    }
    SUBCASE("swept there") {
      std::thread([&] { y.backward(); }).join();
      CHECK(w.grad().item() == 101 * (0 + 1 + 2 + 3));
    }
    SUBCASE("dropped") {}
  }
  CHECK(memory::live_nodes() == before);
}

TEST_CASE("threads: graphs of their own with leaves in common are swept, no gradient is lost") {
  const std::int64_t before = memory::live_nodes();
  {
    const Tensor w = vector({2, 3}).set_requires_grad(true),
                 b = vector({1, 1}).set_requires_grad(true);
    constexpr int rounds = 300, threads = 4;
    in_parallel(threads, [&](int) {
      for (int i = 0; i < rounds; ++i) total(add(multiply(w, w), b)).backward();
    });
    CHECK(values(w.grad()) == std::vector<double>{4.0 * rounds * threads, 6.0 * rounds * threads});
    CHECK(values(b.grad()) == std::vector<double>(2, rounds * threads));
  }
  CHECK(memory::live_nodes() == before);
}

TEST_CASE("threads: one graph is swept by many with retain_graph") {
  const Tensor w = leaf(3);
  const Tensor y = multiply(small::exp(multiply(w, w)), w);
  std::vector<double> results(4);
  in_parallel(4, [&](int i) {
    for (int round = 0; round < 50; ++round) {
      results[static_cast<std::size_t>(i)] = grad(y, {w}, {.retain_graph = true})[0].item();
    }
  });
  for (const double result : results)
    CHECK(result == doctest::Approx(std::exp(9.0) * 19));  // exp(w^2) (1 + 2 w^2)
}

TEST_CASE("threads: recording is switched for each thread on its own") {
  const Tensor w = leaf(3);
  const NoGradGuard guard;
  bool other_records = false;
  std::thread([&] { other_records = multiply(w, w).requires_grad(); }).join();
  CHECK(other_records);
  CHECK(!multiply(w, w).requires_grad());
}

TEST_CASE(
    "threads: a small tensor and its view share one block, which ends with the last of them") {
  const std::int64_t before = memory::live_bytes();
  for (const bool view_first : {true, false}) {
    CAPTURE(view_first);
    Tensor x = full({4}, 2.0);
    Tensor view = x.detach();
    (view_first ? view : x) = Tensor();
    CHECK(values(view_first ? x : view) == std::vector<double>(4, 2));
  }
  {
    const Tensor leaf = full({4}, 2.0);
    Tensor view = leaf.detach();
    leaf.assign(full({4}, 3.0));  // moves the leaf to other memory
    CHECK(values(view) == std::vector<double>(4, 2));
    view = Tensor();
    CHECK(values(leaf) == std::vector<double>(4, 3));
  }
  for (int round = 0; round < 1000; ++round) {
    Tensor x = full({4}, 2.0);
    std::vector<Tensor> both{x.detach(), std::move(x)};
    in_parallel(2, [&](int i) { both[static_cast<std::size_t>(i)] = Tensor(); });
  }
  CHECK(memory::live_bytes() == before);
}
