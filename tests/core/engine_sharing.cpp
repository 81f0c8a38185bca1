// Several threads at one graph, one leaf, one process: what docs/threads.md promises.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/operation.hpp>

#include "../support/child.hpp"
#include "../support/errors.hpp"
#include "../support/small_ops.hpp"

using namespace xtape;
using namespace small;

namespace {

/// Runs both at the same time, as near as can be.
void at_once(const std::function<void()>& first, const std::function<void()>& second) {
  std::atomic<int> there{0};
  const auto meet = [&](const std::function<void()>& work) {
    ++there;
    while (there < 2) std::this_thread::yield();
    work();
  };
  std::thread thread(meet, first);
  meet(second);
  thread.join();
}

}  // namespace

TEST_CASE(
    "threads: of two sweeps that share nodes and do not retain them one is refused, none is hurt") {
  for (int round = 0; round < 300; ++round) {
    const Tensor w = leaf(1);
    Tensor h = multiply(w, scalar(2));
    for (int i = 0; i < 10; ++i) h = multiply(small::exp(multiply(h, scalar(0))), w);  // w
    const Tensor a = multiply(h, scalar(3)), b = multiply(h, scalar(4));
    std::atomic<int> refused{0};
    const auto sweep = [&](const Tensor& loss) {
      try {
        loss.backward();
      } catch (const GradError&) {
        ++refused;
      }
    };
    at_once([&] { sweep(a); }, [&] { sweep(b); });
    REQUIRE(refused == 1);
    const double gradient = w.grad().item();
    REQUIRE((gradient == 3 || gradient == 4));
  }
}

TEST_CASE(
    "threads: a sweep that retains and one that does not: the second may be refused, none is "
    "hurt") {
  for (int round = 0; round < 300; ++round) {
    const Tensor w = leaf(1);
    const Tensor h = multiply(multiply(w, w), w);
    const Tensor a = multiply(h, scalar(3)), b = multiply(h, scalar(4));
    std::atomic<int> refused{0};
    const auto sweep = [&](const Tensor& loss, bool retain) {
      try {
        loss.backward({.retain_graph = retain});
      } catch (const GradError&) {
        ++refused;
      }
    };
    at_once([&] { sweep(a, true); }, [&] { sweep(b, false); });
    REQUIRE(refused <= 1);
    REQUIRE(w.grad().item() >= 9);
  }
}

TEST_CASE("a sweep that is refused leaves its own nodes to be swept again") {
  const Tensor w = leaf(3);
  const Tensor h = multiply(w, w), mine = multiply(w, scalar(5));
  multiply(h, scalar(2)).backward();
  const Tensor both = add(mine, h);
  CHECK_THROWS_AS(both.backward(), GradError);
  mine.backward();
  CHECK(w.grad().item() == 12 + 5);
}

TEST_CASE("a rule that throws leaves the rules that have not run") {
  const Tensor w = leaf(3);
  const Tensor h = multiply(w, w);
  bool fail = true;
  const Tensor y = record("fails", h.detach(), {h}, [&fail](const Tensor& g, const Send& send) {
    if (fail) throw ValueError("fails: once");
    send(0, g);
  });
  CHECK_THROWS_AS(y.backward(), ValueError);
  fail = false;
  y.backward();
  CHECK(w.grad().item() == 6);
}

TEST_CASE("threads: memory of somebody else's is released without a lock held") {
  static Tensor watched;
  watched = leaf(1);
  std::vector<double> memory(1, 2.0);
  int released = 0;
  const auto release = [&] {
    ++released;
    watched.zero_grad();                      // the lock of gradients
    static_cast<void>(memory::live_bytes());  // the pool's
  };
  for (int way = 0; way < 4; ++way) {
    const Tensor w = leaf(3);
    Tensor y = multiply(w, scalar(1));
    y.backward(from_memory(memory.data(), {}, release), {.retain_graph = true});
    record("id", w.detach(), {w}, [](Tensor g, const Send& send) {
      send(0, std::move(g));
    }).backward(from_memory(memory.data(), {}, release));
    if (way == 0) w.zero_grad();
    if (way == 1) y.backward(scalar(1));
    if (way == 2) w.set_requires_grad(false);
  }
  CHECK(released == 8);
  watched = Tensor();
}

TEST_CASE("threads: a child process beside busy threads does not hang") {
#if defined(__SANITIZE_THREAD__)
  return;  // its runtime does not let a child of many threads go on
#else
  std::atomic<bool> stop{false};
  const Tensor w = leaf(1);
  std::thread busy([&] {
    while (!stop) {
      static_cast<void>(memory::live_bytes());
      static_cast<void>(zeros({1 << 19}));
      w.zero_grad();
    }
  });
  bool all_end = true;
  for (int i = 0; i < 100 && all_end; ++i) {
    all_end = child_ends([&] {
      static_cast<void>(zeros({1 << 19}));
      static_cast<void>(memory::live_bytes());
      multiply(w, w).backward();
    });
  }
  stop = true;
  busy.join();
  CHECK(all_end);
#endif
}

TEST_CASE("what is recorded after its consumer is refused") {
  // As a node of another copy of the library would be, whose count of nodes is its own.
  Tensor late = vector({1}).set_requires_grad(true);
  const Tensor y = record("early", vector({2}), {late}, [](const Tensor&, const Send&) {});
  const Tensor* inputs[] = {&y};
  struct Consumer {
    OpInfo info{"consumer"};
    void vjp(const Tensor&, const Send&) {}
  };
  Node* early = new detail::OperationNode<Consumer>({}, y, 1);
  const Tensor later = record("later", vector({2}), {late}, [](const Tensor&, const Send&) {});
  inputs[0] = &later;
  CHECK(error_of<GradError>([&] {
          return detail::attach(vector({2}), inputs, early);
        }).find("consumer: an input must be recorded before its consumer") == 0);
}

TEST_CASE("a leaf gets its gradient if it requires one when backward runs") {
  const Tensor x = vector({1, 2}).set_requires_grad(true);
  SUBCASE("frozen and thawed") {
    const Tensor y = total(multiply(x, x));
    x.set_requires_grad(false);
    x.set_requires_grad(true);
    y.backward();
    CHECK(values(x.grad()) == std::vector<double>{2, 4});
    CHECK(values(grad(total(multiply(x, x)), {x})[0]) == std::vector<double>{2, 4});
  }
  SUBCASE("frozen") {
    const Tensor y = total(multiply(x, x));
    x.set_requires_grad(false);
    y.backward();
    CHECK(!x.grad().defined());
    x.set_requires_grad(true);
    CHECK(!x.grad().defined());
  }
  SUBCASE("of another dtype by then: told, and nothing changed") {
    const Tensor w = vector({3, 4}).set_requires_grad(true);
    const Tensor y = total(multiply(multiply(x, x), w));
    detail::replace_value(x, x.detach().to(Dtype::float32));  // what to() of a module does
    CHECK(error_of<GradError>([&] { y.backward({.retain_graph = true}); }) ==
          "backward: a leaf must have the dtype it was recorded with; got float64[2] for what is "
          "float32 now (record again after to())");
    CHECK(!x.grad().defined());
    CHECK(!w.grad().defined());
    SUBCASE("changed back: the gradient arrives") {
      detail::replace_value(x, x.detach().to(Dtype::float64));
      y.backward();
      CHECK(values(x.grad()) == std::vector<double>{6, 16});
      CHECK(values(w.grad()) == std::vector<double>{1, 4});
    }
    SUBCASE("recorded again: the gradient arrives") {
      x.to(Dtype::float64).backward(vector({1, 2}));
      CHECK(x.grad().dtype() == Dtype::float32);
      CHECK(values(x.grad()) == std::vector<double>{1, 2});
    }
    SUBCASE("not even floating") {
      detail::replace_value(x, x.detach().to(Dtype::int64));
      y.backward();
      CHECK(!x.grad().defined());
      CHECK(values(w.grad()) == std::vector<double>{1, 4});
    }
  }
  SUBCASE("used as a constant while frozen") {
    x.set_requires_grad(false);
    const Tensor twice = scale(x, 2);
    x.set_requires_grad(true);
    total(multiply(twice, x)).backward();
    CHECK(values(x.grad()) == std::vector<double>{2, 4});
  }
}
