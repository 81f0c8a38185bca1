// Forward mode and vmap of every row of elementwise.def and every use of another operation in
// support/cases.hpp, against the backward pass and a loop.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/cases.hpp"
#include "support/check_rows.hpp"
#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

struct Function {
  std::string name;
  Tensors inputs;
  std::function<Tensor(const Tensors&)> apply;  // what it gives, in one vector
};

Tensor in_one(const Tensors& outputs) {
  Tensors flat;
  for (const Tensor& y : outputs) flat.push_back(reshape(y, {-1}));
  return flat.size() == 1 ? flat[0] : concatenate(flat);
}

std::vector<Function> functions() {
  std::vector<Function> result;
  Rng rng(3);
  for (const Row& row : elementwise_rows()) {
    Tensors inputs;
    const Shape shapes[] = {{2, 3}, {3}, {2, 1}};  // they broadcast
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      const Row::Input& input = row.inputs[i];
      const Tensor x = rng.uniform(shapes[i], input.low, input.high, Dtype::float64);
      inputs.push_back(input.is_order ? floor(x) : x);
    }
    result.push_back(
        {row.name, inputs, [row](const Tensors& x) { return in_one({row.apply(x)}); }});
  }
  for (const Case& one : structural_cases()) {
    if (one.name.find("of nothing") != std::string::npos) continue;
    if (one.name.starts_with("dropout")) continue;  // it draws for each example: see vmap.cpp
    result.push_back(
        {one.name, one.inputs, [one](const Tensors& x) { return in_one(one.apply(x)); }});
  }
  return result;
}

/// The function of its floating inputs alone.
Function of_floating(const Function& f) {
  Function result{f.name, {}, {}};
  for (const Tensor& x : f.inputs) {
    if (is_floating(x.dtype())) result.inputs.push_back(x);
  }
  result.apply = [f](const Tensors& given) {
    Tensors all = f.inputs;
    auto next = given.begin();
    for (Tensor& x : all) {
      if (is_floating(x.dtype())) x = *next++;
    }
    return f.apply(all);
  };
  return result;
}

Tensors directions(const Tensors& inputs, Rng& rng) {
  Tensors result;
  for (const Tensor& x : inputs) result.push_back(rng.normal(x.shape(), 0, 1, x.dtype()));
  return result;
}

double sum_of_products(const Tensors& a, const Tensors& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += sum(a[i] * b[i]).item();
  return total;
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-9 * (1 + std::abs(a) + std::abs(b)); }

bool is_comparison(const Function& f) { return !is_floating(f.apply(f.inputs).dtype()); }

/// Three examples of an input: itself, and what lies half way to its elements in reverse order and
/// in the middle, so that the function's domain holds them.
Tensor examples_of(const Tensor& x) {
  if (!is_floating(x.dtype())) return stack({x, x, x});
  const Tensor reversed = reshape(flip(reshape(x, {-1}), 0), x.shape());
  return stack({x, 0.5 * (x + reversed), 0.75 * x + 0.25 * reversed});
}

Tensors example(const Tensors& stacked, std::int64_t i) {
  Tensors result;
  for (const Tensor& x : stacked) result.push_back(slice(x, {i}));
  return result;
}

Tensor loop(const std::function<Tensor(const Tensors&)>& f, const Tensors& stacked) {
  Tensors results;
  for (std::int64_t i = 0; i < stacked[0].extent(0); ++i) results.push_back(f(example(stacked, i)));
  return stack(results);
}

std::string difference(const Tensor& a, const Tensor& b) { return mismatch(a, b, 1e-12); }

}  // namespace

TEST_CASE("forward mode: the transpose of the backward pass, for every operation") {
  Rng rng(1);
  for (const Function& every : functions()) {
    if (is_comparison(every)) continue;
    const Function f = of_floating(every);
    CAPTURE(f.name);
    const Tensors v = directions(f.inputs, rng);
    const auto [y, dy] = jvp(f.apply, f.inputs, v);
    CHECK(mismatch(y, f.apply(f.inputs)) == "");
    const Tensor w = rng.normal(y.shape(), 0, 1, y.dtype());
    CHECK(close(sum_of_products({w}, {dy}), sum_of_products(v, vjp(f.apply, f.inputs).second(w))));
  }
}

TEST_CASE("forward mode: one input at a time, for every operation") {
  Rng rng(2);
  for (const Function& every : functions()) {
    if (is_comparison(every)) continue;
    const Function f = of_floating(every);
    CAPTURE(f.name);
    const Tensors v = directions(f.inputs, rng);
    Tensor total;
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {
      const auto of_one = [&](const Tensor& x) {
        Tensors all = f.inputs;
        all[i] = x;
        return f.apply(all);
      };
      const Tensor dy = jvp(of_one, f.inputs[i], v[i]).second;
      total = total.defined() ? total + dy : dy;
    }
    CHECK(difference(total, jvp(f.apply, f.inputs, v).second) == "");
  }
}

TEST_CASE("forward mode: orders two and three, mixed with the backward pass") {
  Rng rng(4);
  for (const Function& every : functions()) {
    if (is_comparison(every)) continue;
    const Function f = of_floating(every);
    CAPTURE(f.name);
    const Tensors v = directions(f.inputs, rng);
    const Tensor w = rng.normal(f.apply(f.inputs).shape(), 0, 1, f.inputs[0].dtype());
    const auto weighted = [&](const Tensors& x) { return sum(w * f.apply(x)); };
    const auto along = [&](auto g) {
      return [=](const Tensors& x) { return jvp(g, x, v).second; };
    };
    const auto against = [&](auto g) {
      return [=](const Tensors& x) {
        Tensor total = zeros({}, Dtype::float64);
        const Tensors gradient = grad(g)(x);
        for (std::size_t i = 0; i < v.size(); ++i) total = total + sum(gradient[i] * v[i]);
        return total;
      };
    };
    const double second = against(against(weighted))(f.inputs).item();
    CHECK(close(along(along(weighted))(f.inputs).item(), second));
    CHECK(close(along(against(weighted))(f.inputs).item(), second));
    CHECK(close(against(along(weighted))(f.inputs).item(), second));
    const double third = against(against(against(weighted)))(f.inputs).item();
    CHECK(close(along(along(along(weighted)))(f.inputs).item(), third));
    CHECK(close(along(against(along(weighted)))(f.inputs).item(), third));
  }
}

TEST_CASE("vmap: a loop over the examples, for every operation") {
  for (const Function& f : functions()) {
    CAPTURE(f.name);
    Tensors stacked;
    for (const Tensor& x : f.inputs) stacked.push_back(examples_of(x));
    CHECK(difference(vmap(f.apply)(stacked), loop(f.apply, stacked)) == "");
    for (std::size_t i = 0; i < f.inputs.size(); ++i) {  // the others are the same for all
      const auto of_one = [&](const Tensors& x) {
        Tensors all = f.inputs;
        all[i] = x[0];
        return f.apply(all);
      };
      CHECK(difference(vmap(of_one)(Tensors{stacked[i]}), loop(of_one, {stacked[i]})) == "");
    }
  }
}

TEST_CASE("vmap: nested, of gradients, tangents and their derivatives, for every operation") {
  Rng rng(5);
  for (const Function& every : functions()) {
    if (is_comparison(every)) continue;
    const Function f = of_floating(every);
    CAPTURE(f.name);
    Tensors stacked, twice;
    for (const Tensor& x : f.inputs) stacked.push_back(examples_of(x));
    for (const Tensor& x : stacked) twice.push_back(stack({x, flip(x, 0)}));
    const auto each = [](auto g) { return [g](const Tensors& x) { return vmap(g)(x); }; };
    CHECK(difference(each(each(f.apply))(twice), loop(each(f.apply), twice)) == "");

    const Tensor w = rng.normal(f.apply(f.inputs).shape(), 0, 1, f.inputs[0].dtype());
    const Tensors v = directions(f.inputs, rng);
    const auto weighted = [&](const Tensors& x) { return sum(w * f.apply(x)); };
    const auto gradient = [&](const Tensors& x) { return in_one(grad(weighted)(x)); };
    CHECK(difference(each(gradient)(stacked), loop(gradient, stacked)) == "");
    const auto tangent = [&](const Tensors& x) { return jvp(f.apply, x, v).second; };
    CHECK(difference(each(tangent)(stacked), loop(tangent, stacked)) == "");
    const auto curvature = [&](const Tensors& x) {
      return in_one(grad([&](const Tensors& at) { return sum(gradient(at) * gradient(at)); })(x));
    };
    CHECK(difference(each(curvature)(stacked), loop(curvature, stacked)) == "");

    // Differentiated from outside: the same as without vmap.
    const auto total = [&](auto g) { return [=](const Tensors& x) { return sum(sin(g(x))); }; };
    const auto looped = [](auto g) { return [=](const Tensors& x) { return loop(g, x); }; };
    CHECK(difference(in_one(grad(total(each(f.apply)))(stacked)),
                     in_one(grad(total(looped(f.apply)))(stacked))) == "");
    CHECK(difference(in_one(grad(total(each(gradient)))(stacked)),
                     in_one(grad(total(looped(gradient)))(stacked))) == "");
    Tensors directions_of_all;
    for (const Tensor& x : stacked)
      directions_of_all.push_back(rng.normal(x.shape(), 0, 1, x.dtype()));
    CHECK(difference(jvp(each(gradient), stacked, directions_of_all).second,
                     jvp(looped(gradient), stacked, directions_of_all).second) == "");
  }
}

TEST_CASE("functions that differentiate are checked by finite differences like any other") {
  const auto f = [](const Tensor& x) { return sum(sin(x) * x * x) + exp(sum(x)) / 4; };
  const auto field = [](const Tensor& x) { return sin(x) * flip(x, 0); };
  const auto loss = [](const Tensor& x) { return sum(tanh(x) * square(x)); };
  const Tensor x = drawn({3}, -1, 1), v = drawn({3}, -1, 1, 1), rows = drawn({2, 3}, -1, 1, 2);
  const auto check = [](auto&& function, const Tensors& inputs, int order = 2) {
    const GradcheckResult result = gradcheck(function, inputs, {.order = order});
    INFO(result);
    CHECK(result.passed);
  };
  check([&](const Tensors& at) { return grad(f)(at[0]); }, {x});
  check([&](const Tensors& at) { return value_and_grad(f)(at[0]).second * at[1]; }, {x, v});
  check([&](const Tensors& at) { return vjp(field, at[0]).second(at[1]); }, {x, v});
  check([&](const Tensors& at) { return jvp(field, at[0], at[1]).second; }, {x, v});
  check([&](const Tensors& at) { return jacobian(field, at[0]); }, {x});
  check([&](const Tensors& at) { return hessian(f, at[0]); }, {x});
  check([&](const Tensors& at) { return hvp(f, at[0], at[1]); }, {x, v});
  check([&](const Tensors& at) { return vmap(grad(loss))(at[0]); }, {rows});
  check([&](const Tensors& at) { return checkpoint(field, at[0]); }, {x});
  check([&](const Tensors& at) { return jvp(grad(f), at[0], at[1]).second; }, {x, v}, 1);
  const auto cubic = [](const Tensor& y, const Tensor& t) { return y * y * y + y - t; };
  check([&](const Tensors& at) { return root(cubic, zeros_like(at[0]), at[0]); }, {x});
  const auto contraction = [](const Tensor& y, const Tensor& t) { return 0.3 * cos(y) + t; };
  check([&](const Tensors& at) { return fixed_point(contraction, zeros_like(at[0]), at[0]); }, {x});
}
