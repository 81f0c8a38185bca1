// What compile replays has the bits of the function itself, for each operation, forward and
// backward.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/ops/compile.hpp>
#include <xtape/ops/distributions.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/cases.hpp"
#include "support/check_rows.hpp"
#include "support/rows.hpp"

using namespace xtape;
using namespace xtape::distributions;
using Tensors = std::vector<Tensor>;

namespace {

Tensors leaves(const Tensors& inputs) {
  Tensors result;
  for (const Tensor& x : inputs) {
    result.push_back(x.defined() ? x.detach() : x);
    if (x.defined() && is_floating(x.dtype())) result.back().set_requires_grad(true);
  }
  return result;
}

/// Gradients of what is recorded by the floating inputs; zeros stand for what none depends on.
Tensors gradients_of(const Tensors& outputs, const Tensors& inputs, bool create_graph) {
  Tensors recorded, wanted;
  GradOptions options{.create_graph = create_graph, .allow_unused = true};
  for (const Tensor& y : outputs) {
    if (!y.defined() || !y.requires_grad()) continue;
    recorded.push_back(y);
    options.seeds.push_back(
        reshape(remainder(arange(y.size()) * 5, 13) - 6, y.shape()).to(y.dtype()));
  }
  for (const Tensor& x : inputs)
    if (x.defined() && x.requires_grad()) wanted.push_back(x);
  if (recorded.empty() || wanted.empty()) return {};
  Tensors gradients;
  for (const Tensor& gradient : grad(recorded, wanted, options))
    if (gradient.defined()) gradients.push_back(gradient);
  return gradients;
}

/// Value, gradients and their gradients.
template <class F>
Tensors outcome(const F& apply, const Tensors& x, bool twice) {
  const Tensors given = leaves(x);
  Tensors all = apply(given);
  const Tensors first = gradients_of(all, given, twice);
  const Tensors second = twice ? gradients_of(first, given, false) : Tensors();
  all.insert(all.end(), first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  for (Tensor& each : all) each = each.defined() ? each.detach() : each;
  return all;
}

/// The inputs a little nearer to 0, `times` times.
Tensors moved(const Tensors& inputs, int times) {
  Tensors result;
  for (const Tensor& x : inputs)
    result.push_back(is_floating(x.dtype()) ? (x * (1 - times * 0.0009765625)).detach() : x);
  return result;
}

template <class F>
void check_replayed(const F& apply, const Tensors& inputs, bool twice, double tolerance = 0) {
  auto compiled = compile([&](const Tensors& x) { return outcome(apply, x, twice); });
  for (int call = 0; call < 4; ++call) {
    CAPTURE(call);
    const Tensors x = moved(inputs, call);
    const Tensors got = compiled(x), expected = outcome(apply, x, twice);
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CAPTURE(i);
      CHECK(mismatch(got[i], expected[i], tolerance) == "");
    }
  }
  CHECK(compiled.replays() == 2);
}

auto list_of(const Row& row) {
  return [&row](const Tensors& x) { return Tensors{row.apply(x)}; };
}

Tensors drawn_for(const Row& row, const std::vector<Shape>& shapes, Dtype dtype) {
  Tensors inputs;
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    const Row::Input& input = row.inputs[i];
    inputs.push_back(drawn(shapes[i % shapes.size()], input.low, input.high, i).to(dtype));
  }
  return inputs;
}

}  // namespace

TEST_CASE("replay: every row, value and gradients of order 1 and 2") {
  for (const Row& row : elementwise_rows()) {
    CAPTURE(row.name);
    const bool twice = has_derivative(row);
    check_replayed(list_of(row), drawn_for(row, {{3, 37}}, Dtype::float32), twice);
    check_replayed(list_of(row), drawn_for(row, {{3, 1}, {1, 4}, {}}, Dtype::float64), twice);
    check_replayed(list_of(row), drawn_for(row, {{}}, Dtype::float64), twice);
    check_replayed(list_of(row), drawn_for(row, {{70, 70}, {}}, Dtype::float32), twice);
  }
}

TEST_CASE("replay: every structural operation, value and gradients of order 1 and 2") {
  for (const Case& use : structural_cases()) {
    CAPTURE(use.name);
    if (use.name.find("sample") != std::string::npos) continue;  // draws, see below
    // A quotient of products is taken only where the values allow it: a replay does not look.
    const bool other_way = use.name.starts_with("prod");
    check_replayed(use.apply, use.inputs, true, other_way ? tolerance_of(Dtype::float64) : 0);
  }
}

TEST_CASE("replay: every operation without a gradient") {
  for (const Case& use : constant_cases()) {
    CAPTURE(use.name);
    check_replayed(use.apply, use.inputs, false);
  }
}

TEST_CASE("replay: distributions draw afresh, as the function does") {
  const Tensor location = sixteenths({3}), scale = tensor({0.5, 1.0, 2.0}, Dtype::float64);
  Rng one(3), two(3);
  const auto draws = [&](Rng& rng) {
    return [&](const Tensor& at) {
      const Tensor leaf = at.detach().set_requires_grad(true);
      const Tensor y = Normal(leaf, scale).rsample(rng, {4});
      return Tensors{y.detach(), grad({y}, {leaf}, {.seeds = {ones(y.shape(), y.dtype())}})[0],
                     rng.permutation(5)};
    };
  };
  auto replayed = compile(draws(one));
  const auto plain = draws(two);
  for (int call = 0; call < 5; ++call) {
    const Tensors got = replayed(location * call), expected = plain(location * call);
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(mismatch(got[i], expected[i]) == "");
  }
  CHECK(replayed.replays() == 3);
}
