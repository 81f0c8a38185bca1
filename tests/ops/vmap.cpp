// vmap: what it gives beside a loop (see transforms.cpp for every operation), and what it refuses.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Tensors = std::vector<Tensor>;

Tensor rows(std::int64_t n, std::int64_t columns, std::uint64_t seed = 0) {
  return drawn({n, columns}, -1, 1, seed);
}

Tensor cube_sum(const Tensor& x) { return sum(x * x * x); }

struct MapsInside {
  static constexpr OpInfo info{"maps_inside"};
  Tensor run(const Tensor& x) const { return vmap(cube_sum)(x) + 0 * jacobian(cube_sum, x)(0, 0); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, zeros(send.shape(0), g.dtype()) + sum(g));
  }
  Tensor batch(const Examples& x) const {
    return stack({apply(MapsInside(), x[0][0]), apply(MapsInside(), x[0][1])});
  }
};

}  // namespace

TEST_CASE("vmap: a tensor, a list, a pair of results") {
  const Tensor xs = rows(3, 2);
  CHECK(mismatch(vmap(cube_sum)(xs), sum(xs * xs * xs, 1), 1e-15) == "");
  const auto [y, dx] = vmap(value_and_grad(cube_sum))(xs);
  CHECK(mismatch(y, sum(xs * xs * xs, 1), 1e-15) == "");
  CHECK(mismatch(dx, 3 * xs * xs, 1e-15) == "");
  const auto both = vmap([](const Tensors& x) {
    return Tensors{x[0] + x[1], x[0] * 2};
  })({xs, 10 * xs});
  CHECK(mismatch(both[0], 11 * xs, 1e-15) == "");
  CHECK(mismatch(both[1], 2 * xs) == "");
}

TEST_CASE("vmap: of functions of several tensors") {
  const Tensor a = rows(4, 3), b = rows(4, 3, 1), c = drawn({4}, -1, 1, 2);
  const Tensor y = vmap([](const Tensor& p, const Tensor& q) { return dot(p, q); })(a, b);
  CHECK(mismatch(y, sum(a * b, 1), 1e-15) == "");
  const auto [first, second] = vmap([](const Tensor& p, const Tensor& q, const Tensor& r) {
    return std::pair(p * r, q - r);
  })(a, b, c);
  CHECK(mismatch(first, a * expand_dims(c, 1)) == "");
  CHECK(mismatch(second, b - expand_dims(c, 1)) == "");
  CHECK(error_of<ShapeError>([&] {
          return vmap([](const Tensor& p, const Tensor& q) { return p + q; })(a, rows(3, 3));
        }) != "");
}

TEST_CASE("vmap: what does not depend on the example is repeated") {
  const Tensor one = tensor(1.5, Dtype::float64);
  const Tensor ys = vmap([&](const Tensor&) { return one * 2; })(rows(4, 2));
  CHECK(mismatch(ys, full({4}, 3, Dtype::float64)) == "");
  CHECK(vmap(cube_sum)(zeros({0, 2})).shape() == Shape{0});
}

TEST_CASE("vmap: the gradient of each example sums to the gradient of the sum") {
  const Tensor w = drawn({3, 2}, -1, 1, 1), b = drawn({2}, -1, 1, 2), xs = rows(5, 3);
  const Tensor labels = tensor({0, 1, 1, 0, 1});
  const auto loss = [](const Tensor& x, const Tensor& label, const Tensors& p) {
    return nn::cross_entropy(linear(x, p[0], p[1]), label);
  };
  const auto of_one = [&](const Tensors& example) {
    const Tensor x = expand_dims(example[0], 0), label = expand_dims(example[1], 0);
    return grad([&](const Tensors& p) { return loss(x, label, p); })(Tensors{w, b});
  };
  const Tensors each = vmap(of_one)(Tensors{xs, labels});
  const Tensors all =
      grad([&](const Tensors& p) { return loss(xs, labels, p) * 5; })(Tensors{w, b});
  CHECK(each[0].shape() == Shape{5, 3, 2});
  for (std::size_t i = 0; i < 2; ++i) CHECK(mismatch(sum(each[i], 0), all[i], 1e-14) == "");
}

TEST_CASE("vmap: a linear map of which anything differs from example to example") {
  const std::int64_t examples = 4;
  for (const Shape& x : {Shape{3}, Shape{5, 3}, Shape{2, 5, 3}}) {
    for (unsigned differ = 1; differ < 8; ++differ) {
      CAPTURE(x);
      CAPTURE(differ);
      const std::vector<Shape> shapes{x, {3, 2}, {2}};
      Tensors own, shared;  // of all examples; of whichever does not differ the only one
      for (unsigned k = 0; k < 3; ++k) {
        Shape each = shapes[k];
        shared.push_back(drawn(each, -1, 1, k));
        each.insert(0, examples);
        if ((differ >> k & 1u) != 0) own.push_back(drawn(each, -1, 1, k + 3));
      }
      /// The value, and the gradients of its sine, of one example.
      const auto f = [&](const Tensors& given) {
        const auto of = [&](const Tensors& p) { return linear(p[0], p[1], p[2]); };
        Tensors p;
        std::size_t next = 0;
        for (unsigned k = 0; k < 3; ++k)
          p.push_back((differ >> k & 1u) != 0 ? given[next++] : shared[k]);
        Tensors all = grad([&](const Tensors& q) { return sum(sin(of(q))); })(p);
        all.push_back(of(p));
        all.push_back(jvp(of, p, Tensors{cos(p[0]), cos(p[1]), cos(p[2])}).second);
        return all;
      };
      const Tensors together = vmap(f)(own);
      for (std::int64_t i = 0; i < examples; ++i) {
        Tensors example;
        for (const Tensor& each : own) example.push_back(each[i]);
        const Tensors alone = f(example);
        for (std::size_t k = 0; k < alone.size(); ++k)
          CHECK(mismatch(together[k][i], alone[k], 1e-14) == "");
      }
      CHECK(gradcheck(
          [&](const Tensors& p) {
            return vmap([&](const Tensors& q) {
              std::size_t next = 0;
              Tensors all;
              for (unsigned k = 0; k < 3; ++k)
                all.push_back((differ >> k & 1u) != 0 ? q[next++] : shared[k]);
              return tanh(linear(all[0], all[1], all[2]));
            })(p);
          },
          own, {.order = 2}));
    }
  }
}

TEST_CASE("vmap: losses, labels of each example among them") {
  const Tensor logits = drawn({4, 3, 2}, -1, 1),
               labels = tensor({{0, 1, 1}, {1, 0, -1}, {0, 0, 0}, {1, 1, 0}});
  const auto looped = [](auto f, const Tensor& a, const Tensor& b) {
    Tensors results;
    for (std::int64_t i = 0; i < a.extent(0); ++i)
      results.push_back(f({slice(a, {i}), slice(b, {i})}));
    return stack(results);
  };
  const auto check = [&](auto f, const Tensor& a, const Tensor& b) {
    CHECK(mismatch(vmap(f)(Tensors{a, b}), looped(f, a, b), 1e-14) == "");
    const auto slope = [&](const Tensors& x) {
      return grad([&](const Tensor& at) { return f({at, x[1]}); })(x[0]);
    };
    CHECK(mismatch(vmap(slope)(Tensors{a, b}), looped(slope, a, b), 1e-14) == "");
    const auto total = [&](const Tensor& at) { return sum(vmap(f)(Tensors{at, b})); };
    CHECK(mismatch(grad(total)(a), looped(slope, a, b), 1e-14) == "");
  };
  check([](const Tensors& x) { return nn::cross_entropy(x[0], x[1], {.ignore_index = -1}); },
        logits, labels);
  check(
      [](const Tensors& x) { return nn::cross_entropy(x[0], abs(x[1]), {.label_smoothing = 0.1}); },
      logits, labels);
  const Tensor targets = drawn({4, 3, 2}, 0, 1, 5), p = drawn({4, 3, 2}, 0.1, 0.9, 6);
  check([](const Tensors& x) { return nn::binary_cross_entropy_with_logits(x[0], x[1]); }, logits,
        targets);
  check([](const Tensors& x) { return nn::binary_cross_entropy(x[0], x[1]); }, p, targets);
  check([](const Tensors& x) { return nn::mean_squared_error(x[0], x[1]); }, logits, targets);
  check([](const Tensors& x) { return nn::huber_loss(x[0], x[1]); }, logits, targets);
}

TEST_CASE("vmap: a label out of range in one example is refused as in a loop") {
  const Tensor logits = drawn({2, 1, 3}, -1, 1), labels = tensor({{0}, {3}});
  CHECK(error_of<IndexError>([&] {
          return vmap([](const Tensors& x) { return nn::cross_entropy(x[0], x[1]); })(
              Tensors{logits, labels});
        }).starts_with("cross_entropy: labels must lie in [0, 3); got 3"));
}

TEST_CASE("vmap: random masks differ from example to example, and backward has the same") {
  const Tensor xs = ones({64, 32}, Dtype::float64);
  const auto masked = [](const Tensor& x) { return dropout(x, 0.5, 7, 0); };
  const Tensor ys = vmap(masked)(xs);
  CHECK(mismatch(slice(ys, {0}), slice(ys, {1})) != "");
  CHECK(mismatch(vmap(grad([&](const Tensor& x) { return sum(masked(x)); }))(xs), ys) == "");
  CHECK(mismatch(vmap([&](const Tensor& x) {
                   return jvp(masked, x, ones({32}, Dtype::float64)).second;
                 })(xs),
                 ys) == "");
}

TEST_CASE("vmap: gradients reach what is captured, through vmap and derivatives in it") {
  const Tensor w = tensor({0.5, -1.5}, Dtype::float64).set_requires_grad(true), xs = rows(3, 2);
  sum(vmap([&](const Tensor& x) { return sum(sin(w * x)); })(xs)).backward();
  CHECK(mismatch(w.grad(), sum(xs * cos(w.detach() * xs), 0), 1e-14) == "");
  w.zero_grad();  // d/dw of sum_i |d/dx sin(w x)|^2 = sum_i (w cos(w x))^2
  sum(vmap([&](const Tensor& x) {
    return sum(square(grad([&](const Tensor& at) { return sum(sin(w * at)); })(x)));
  })(xs))
      .backward();
  const Tensor v = w.detach(), c = cos(v * xs), s = sin(v * xs);
  CHECK(mismatch(w.grad(), sum(2 * v * c * (c - v * xs * s), 0), 1e-13) == "");
}

TEST_CASE("vmap: under NoGradGuard it is plain, and stop_gradient stops at every level") {
  const Tensor w = tensor({0.5, -1.5}, Dtype::float64).set_requires_grad(true), xs = rows(3, 2);
  {
    const NoGradGuard off;
    CHECK(!vmap([&](const Tensor& x) { return w * x; })(xs).requires_grad());
  }
  const Tensor y = vmap([&](const Tensor& x) { return stop_gradient(w * x); })(xs);
  CHECK(!y.requires_grad());
  CHECK(!vmap([&](const Tensor& x) {
           const NoGradGuard off;
           return w * x;
         })(xs)
             .requires_grad());
}

TEST_CASE("vmap: bad input names it, and leaves everything as it was") {
  const Tensor xs = rows(3, 2);
  CHECK(error_of<ShapeError>([&] { return vmap(cube_sum)(tensor(1.0)); }) ==
        "vmap: the inputs must have one leading extent, that of the examples; got float32[]");
  const auto added = [](const Tensors& x) { return x[0] + x[1]; };
  CHECK(
      error_of<ShapeError>([&] {
        return vmap(added)(Tensors{xs, rows(2, 2)});
      }) ==
      "vmap: the inputs must have one leading extent, that of the examples; got float64[3, 2] and "
      "float64[2, 2]");
  CHECK(error_of<ValueError>([&] { return vmap(added)(Tensors{}); }) ==
        "vmap: at least one input is needed; got none");
  CHECK(
      error_of<ValueError>(
          [&] { return vmap([](const Tensor& x) { return sum(x).item() > 0 ? x : -x; })(xs); }) ==
      "item: inside vmap a tensor stands for the values of all examples, which cannot be read; got "
      "float64[]");
  for (const auto& reads : {+[](const Tensor& x) { return x.to_vector<double>().size(); },
                            +[](const Tensor& x) { return x.data<double>().size(); },
                            +[](const Tensor& x) { return to_string(x).size(); }}) {
    CHECK(error_of<ValueError>([&] {
            return vmap([&](const Tensor& x) { return x * static_cast<double>(reads(x)); })(xs);
          }).find("vmap") != std::string::npos);
  }
  CHECK(error_of<ValueError>([&] { return vmap([](const Tensor&) { return Tensor(); })(xs); }) ==
        "vmap: the result of the function must be defined; got an undefined tensor");
  Tensor escaped;
  static_cast<void>(vmap([&](const Tensor& x) { return escaped = x; })(xs));
  CHECK(error_of<ValueError>([&] { return escaped * 2; }) ==
        "multiply: a tensor of a mapped function is used outside of it; return it from there");
  const std::vector<std::function<Tensor(const Tensor&, const Tensor&)>> uses{
      [](const Tensor& x, const Tensor& before) { return x * before; },
      [](const Tensor&, const Tensor& before) { return before; },
      [](const Tensor& x, const Tensor& before) { return x * before.detach(); },
      [](const Tensor& x, const Tensor& before) { return x * before.clone(); },
      [](const Tensor& x, const Tensor& before) {
        return x * grad([](const Tensor& q) { return sum(q * q); })(before);
      }};
  for (const auto& later : uses) {
    CHECK(error_of<ValueError>([&] {
            return vmap([&](const Tensor& x) { return later(x, escaped); })(xs);
          }).find("used outside of it") != std::string::npos);
  }
  nn::Dense layer(1, 2);
  layer.to(Dtype::float64);
  CHECK(error_of<ValueError>([&] {
          return layer.restore({{"weight", ones({1, 2}, Dtype::float64)}, {"bias", escaped}});
        }).starts_with("restore: "));
  const Tensor w = tensor({1.0, 2.0}, Dtype::float64).set_requires_grad(true);
  CHECK(error_of<GradError>(
            [&] { return vmap([&](const Tensor& x) { return grad(sum(x * w), {w})[0]; })(xs); }) ==
        "grad: inside vmap a function is differentiated by what it is given, as in grad(f)(x), not "
        "by what all examples have in common; got float64[]");
  for (const bool solves : {true, false}) {
    CHECK(error_of<ValueError>([&] {
            return vmap([&](const Tensor& x) {
              const auto f = [](const Tensor& y, const Tensor& t) { return 0.5 * y + t; };
              return solves ? root(f, zeros_like(w), x) : fixed_point(f, zeros_like(w), x);
            })(xs);
          }) == std::string(solves ? "root" : "fixed_point") +
                    ": inside vmap a tensor stands for the values of all examples, which cannot be "
                    "read; got float64[2]");
  }
  // What one example would refuse, all do, in its own shapes.
  const Tensor ws = ones({3, 2, 4}, Dtype::float64);
  const auto refuses = [&](const Tensor& x, const Tensor& b) {
    return [=](const Tensor& each) { return linear(x, each, b); };
  };
  CHECK(error_of<DtypeError>([&] {
          return vmap(refuses(ones({5, 2}), ones({4})))(ws);
        }).starts_with("linear: input, weight and bias must share one floating dtype"));
  for (const Shape& shape : {Shape{1}, Shape{5, 4}, Shape{4, 4}}) {
    CHECK(error_of<ShapeError>([&] {
            return vmap(refuses(ones({5, 2}, Dtype::float64), ones(shape, Dtype::float64)))(ws);
          }).ends_with("for float64[2, 4]"));
  }
  CHECK(error_of<ShapeError>([&] {
          return vmap([](const Tensor& x) { return x + ones({4}); })(xs);
        }).ends_with("got [2] and [4]"));
  struct Own {  // an operation without a rule
    OpInfo info{"own"};
    Tensor run(const Tensor& x) const { return x.detach(); }
  };
  CHECK(error_of<ValueError>([&] {
          return vmap([](const Tensor& x) { return apply(Own(), x); })(xs);
        }) == "vmap: own has no rule for it (see `batch` of apply)");
  CHECK(mismatch(vmap(cube_sum)(xs), sum(xs * xs * xs, 1), 1e-15) == "");
}

TEST_CASE("vmap: cotangents and tangents of one dropout have its mask in common") {
  const Tensor x = drawn({4, 8}, 1, 2);
  const auto masked = [](const Tensor& at) { return dropout(square(at), 0.5, 7, 0); };
  const Tensor mask = dropout(ones({4, 8}, Dtype::float64), 0.5, 7, 0);
  const Tensor flat = reshape(2 * x * mask, {-1});
  const Tensor expected = one_hot(arange(32), 32, Dtype::float64) * flat;
  CHECK(mismatch(reshape(jacobian(masked, x), {32, 32}), expected, 1e-15) == "");
  const Tensor wide = jacobian([&](const Tensor& at) { return stack({masked(at), at}); }, x);
  CHECK(mismatch(reshape(slice(wide, {0}), {32, 32}), expected, 1e-15) == "");  // forward
  const Tensor xs = stack({x, x + 1});
  const Tensor each = vmap([&](const Tensor& at) { return jacobian(masked, at); })(xs);
  const Tensor masks = dropout(ones({2, 4, 8}, Dtype::float64), 0.5, 7, 0);
  for (std::int64_t i = 0; i < 2; ++i) {
    const Tensor of_one = reshape(slice(2 * xs * masks, {i}), {-1});
    CHECK(mismatch(reshape(slice(each, {i}), {32, 32}),
                   one_hot(arange(32), 32, Dtype::float64) * of_one, 1e-15) == "");
  }
}

TEST_CASE("vmap: of scalars, to the second order, and numbers chosen by a mapped condition") {
  const Tensor xs = tensor({0.5, 2.0, 4.0}, Dtype::float64);
  const auto second = [&](auto f) { return vmap(grad(grad(f)))(xs); };
  CHECK(mismatch(second([](const Tensor& x) { return log(x); }), -1 / (xs * xs), 1e-14) == "");
  CHECK(mismatch(second([](const Tensor& x) { return sqrt(x); }), -0.25 * pow(xs, -1.5), 1e-14) ==
        "");
  CHECK(mismatch(second([](const Tensor& x) { return log1p(x); }), -1 / square(1 + xs), 1e-14) ==
        "");
  CHECK(values(vmap([](const Tensor& x) { return where(x > 1, 1.0, 0.0); })(xs)) ==
        Doubles{0, 1, 1});
}

TEST_CASE(
    "vmap: what a cotangent within it depends on is not lost where parts are added in place") {
  const Tensor w = tensor({2.0}, Dtype::float64).set_requires_grad(true), xs = rows(3, 2);
  const auto scaled = [&](const Tensor& x) {
    return sum(on_gradient(slice(x, {range(0, 1)}), [&](const Tensor& g) { return g * w; }));
  };
  sum(vmap(grad(scaled))(xs)).backward();
  CHECK(values(w.grad()) == Doubles{3});
}

TEST_CASE("vmap: an operation that maps or differentiates inside leaves the level as it was") {
  const Tensor xs = stack({rows(3, 2), rows(3, 2, 1)});
  const Tensor slopes =
      vmap(grad([](const Tensor& x) { return sum(apply(MapsInside(), x * 2)); }))(xs);
  CHECK(mismatch(slopes, full({2, 3, 2}, 6, Dtype::float64)) ==
        "");  // 3 rows, by the rule, times 2
}

TEST_CASE("vmap: hessian times many vectors, forward mode in forward mode") {
  const auto f = [](const Tensor& x) { return sum(x * x * x); };
  const Tensor x = tensor({1.0, 2.0}, Dtype::float64);
  const Tensor vs = tensor({{1.0, 0.0}, {0.5, -1.0}, {0.0, 2.0}}, Dtype::float64);
  CHECK(mismatch(vmap([&](const Tensor& v) { return hvp(f, x, v); })(vs), 6 * x * vs) == "");
  CHECK(mismatch(vmap([&](const Tensor& at) { return hvp(f, at, at); })(vs), 6 * vs * vs) == "");
}

namespace {
template <class Rule>
struct Doubling {
  static constexpr OpInfo info{"doubling"};
  Rule rule;
  Tensor run(const Tensor& x) const {
    const NoGradGuard off;
    return x * 2;
  }
  Tensor batch(const Examples& x) const { return rule(x[0]); }
};
}  // namespace

TEST_CASE(
    "vmap: what differs at one level and not at the next collects the gradients of that one") {
  const Tensor xs = rows(3, 2), ys = rows(4, 2);
  const auto squares = [&](const Tensor& v) {
    return sum(vmap([&](const Tensor& y) { return sum(square(concatenate({v, y}, 0))); })(ys));
  };
  const auto slopes = vmap([&](const Tensor& x) { return grad(squares)(x); })(xs);
  CHECK(mismatch(slopes, 8 * xs, 1e-14) == "");  // twice x of each of the 4 y
}

TEST_CASE("vmap: what a batch rule gives has the examples in front") {
  const auto gives = [](auto rule) {
    return error_of<ShapeError>([&] {
      return vmap([&](const Tensor& x) { return apply(Doubling<decltype(rule)>{rule}, x); })(
          ones({2, 3}));
    });
  };
  const std::string rule =
      "doubling: batch must give the results of all 2 examples along the first axis; got ";
  CHECK(gives([](const Tensor& x) { return sum(x); }) == rule + "float32[]");
  CHECK(gives([](const Tensor& x) { return x[0]; }) == rule + "float32[3]");
  CHECK(gives([](const Tensor&) { return Tensor(); }) == rule + "an undefined tensor");
}
