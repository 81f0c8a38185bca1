#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/gradient_listener.hpp>
#include <xtape/xtape.hpp>

#include "support/errors.hpp"

using namespace xtape;

namespace {

/// Notes what it hears.
struct Listener : detail::GradientListener {
  std::vector<Tensor> leaves;
  mutable std::vector<std::string> heard;
  std::vector<std::pair<Tensor, Tensor>> given;  // leaves, and gradients they get instead
  bool throws = false;
  int rules = 0;

  bool wants(const Node& leaf) const override {
    for (const Tensor& one : leaves)
      if (one.node() == &leaf) return true;
    return false;
  }
  void complete(const Node& leaf, const Tensor& gradient) override {
    heard.push_back(leaf.label() + " " + std::to_string(static_cast<int>(gradient.item())) +
                    " after " + std::to_string(rules));
  }
  void rule_done() override { ++rules; }
  void finish(List<Node*>& nodes, List<Tensor>& gradients) override {
    heard.emplace_back("finish");
    if (throws) throw ValueError("no answer");
    for (const auto& [leaf, gradient] : given) {
      for (std::size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i] == leaf.node()) gradients[i] = gradient;
      if (std::find(nodes.begin(), nodes.end(), leaf.node()) != nodes.end()) continue;
      nodes.push_back(leaf.node());
      gradients.push_back(gradient);
    }
  }
};

Tensor leaf(double value, const char* name) {
  return full({}, value, Dtype::float64).set_requires_grad(true).set_name(name);
}

}  // namespace

TEST_CASE("a listener hears of leaves as they are complete, then gives what they get") {
  const Tensor a = leaf(2, "a"), b = leaf(3, "b"), c = leaf(5, "c"), d = leaf(7, "d");
  Listener listener;
  listener.leaves = {a, b, d};
  listener.given = {{a, full({}, 100, Dtype::float64)}, {d, full({}, 200, Dtype::float64)}};
  const Tensor inner = a * b, loss = inner * c * b;  // 2 * 3 * 5 * 3
  {
    const detail::Listening listening(listener);
    loss.backward();
    sum(d * d).backward();  // of the first alone
  }
  // The last rule to send to b is that of a * b, as to a; b, the newer, comes first or second.
  REQUIRE(listener.heard.size() == 3);
  CHECK(((listener.heard[0] == "a 45 after 2" && listener.heard[1] == "b 60 after 2") ||
         (listener.heard[0] == "b 60 after 2" && listener.heard[1] == "a 45 after 2")));
  CHECK(listener.heard[2] == "finish");
  CHECK(listener.rules == 3);
  CHECK(a.grad().item() == 100);
  CHECK(b.grad().item() == 60);
  CHECK(c.grad().item() == 18);
  CHECK(d.grad().item() == 214);  // 200, and 2 d of its own
}

TEST_CASE("a listener that throws: no leaf has changed") {
  const Tensor a = leaf(2, "a"), b = leaf(3, "b");
  Listener listener;
  listener.leaves = {a};
  listener.throws = true;
  const Tensor loss = a * b;
  const detail::Listening listening(listener);
  CHECK(error_of<ValueError>([&] {
          loss.backward();
          return 0;
        }) == "no answer");
  CHECK(!a.grad().defined());
  CHECK(!b.grad().defined());
}

TEST_CASE("a listener hears what hooks have made, and nothing of a grad()") {
  const Tensor a = leaf(2, "a");
  Listener listener;
  listener.leaves = {a};
  const LeafHook hook = on_leaf_gradient(a, [](const Tensor& g) { return g * 10; });
  const detail::Listening listening(listener);
  CHECK(grad(a * a, {a})[0].item() == 4);
  CHECK(listener.heard.empty());
  (a * a).backward();
  CHECK(listener.heard == std::vector<std::string>{"a 40 after 0", "finish"});
  CHECK(a.grad().item() == 40);
}

TEST_CASE("a listener hears the whole gradient of a table") {
  const Tensor table = ones({4, 1}, Dtype::float64).set_requires_grad(true);
  struct Sums : Listener {
    void complete(const Node&, const Tensor& gradient) override {
      heard.push_back(gradient.describe());
    }
  } listener;
  listener.leaves = {table};
  const detail::Listening listening(listener);
  sum(take(table, from_vector(std::vector<std::int64_t>{1, 1}))).backward();
  CHECK(listener.heard == std::vector<std::string>{"float64[4, 1]", "finish"});
  CHECK(table.grad().to_vector<double>() == std::vector<double>{0, 2, 0, 0});
}

TEST_CASE("gradients are set for all leaves, or none") {
  const Tensor a = leaf(2, "a"), b = leaf(3, "b");
  const Tensor one = ones({}, Dtype::float64);
  detail::set_gradients(std::vector{a, b}, std::vector{one, one * 2});
  CHECK(a.grad().item() == 1);
  CHECK(b.grad().item() == 2);
  CHECK_THROWS_AS(detail::set_gradients(std::vector{a, b}, std::vector{one * 3, ones({2})}),
                  GradError);
  CHECK_THROWS_AS(detail::set_gradients(std::vector{a, one}, std::vector{one * 3, one}), GradError);
  CHECK(a.grad().item() == 1);
  detail::set_gradients(std::vector{a, b}, std::vector{Tensor(), one * 4});
  CHECK(!a.grad().defined());
  CHECK(b.grad().item() == 4);
}
