#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/tape.hpp>

#include "../support/errors.hpp"
#include "../support/small_ops.hpp"

using namespace xtape;
using namespace small;
using Values = std::vector<double>;

namespace {

/// x^2 with a rule that reads values: right, but not differentiable itself.
Tensor raw_square(const Tensor& x) {
  return record("raw_square", map(x, x, std::multiplies<>()), {x},
                once_differentiable([x = SavedInput(x)](const Tensor& g, const Send& send) {
                  std::vector<double> dx;
                  const Tensor constant = x.get().detach();
                  const auto upstream = g.data<double>(), value = constant.data<double>();
                  for (std::size_t i = 0; i < upstream.size(); ++i)
                    dx.push_back(2 * upstream[i] * value[i]);
                  send(0, from_vector(std::move(dx), g.shape()));
                }));
}

/// The same, without saying so.
Tensor silent_square(const Tensor& x) {
  return record("silent_square", map(x, x, std::multiplies<>()), {x},
                [x = SavedInput(x)](const Tensor& g, const Send& send) {
                  std::vector<double> dx;
                  const auto upstream = g.data<double>(), value = x.get().data<double>();
                  for (std::size_t i = 0; i < upstream.size(); ++i)
                    dx.push_back(2 * upstream[i] * value[i]);
                  send(0, from_vector(std::move(dx), g.shape()));
                });
}

}  // namespace

TEST_CASE("grad leaves the leaves' own gradients alone") {
  const Tensor x = leaf(3), y = leaf(4);
  const Tensor z = multiply(multiply(x, x), y);
  const auto [dx, dy] = grad(z, {x, y});
  CHECK(dx.item() == 24);
  CHECK(dy.item() == 9);
  CHECK(!x.grad().defined());
  CHECK(!dx.requires_grad());
  CHECK_THROWS_AS(grad(z, {x}), GradError);  // swept
}

TEST_CASE("grad: inputs may be results of operations, the output itself, and one twice") {
  const Tensor x = leaf(3);
  const Tensor y = multiply(x, x);
  const Tensor z = multiply(y, x);
  const auto [dy, dx, dz, again] = grad(z, {y, x, z, y});
  CHECK(dy.item() == 3);
  CHECK(dx.item() == 27);
  CHECK(dz.item() == 1);
  CHECK(again.item() == 3);
}

TEST_CASE("grad: several outputs are summed, weighted by their seeds") {
  const Tensor x = vector({1, 2}).set_requires_grad(true);
  const Tensor doubled = scale(x, 2), squared = multiply(x, x);
  SUBCASE("with seeds") {
    const auto gradients =
        grad({doubled, squared}, {x}, {.seeds = {vector({1, 10}), vector({100, 1000})}});
    CHECK(values(gradients[0]) == Values{202, 4020});
  }
  SUBCASE("scalars need none; one output may be made of another") {
    const Tensor a = total(doubled);
    const auto gradients =
        grad(std::vector<Tensor>{a, multiply(a, a)}, {x});  // a = 6: 2 + 2 * 6 * 2
    CHECK(values(gradients[0]) == Values{26, 26});
  }
  SUBCASE("the same output twice") {
    const Tensor a = total(doubled);
    CHECK(values(grad(std::vector<Tensor>{a, a}, {x})[0]) == Values{4, 4});
  }
}

TEST_CASE("grad: seeds that do not fit") {
  const Tensor x = vector({1, 2}).set_requires_grad(true);
  const Tensor y = scale(x, 2);
  const auto text = [&](std::vector<Tensor> seeds) {
    return error_of<Error>([&] { return grad(y, {x}, {.seeds = std::move(seeds)}); });
  };
  CHECK(text({}) == "grad: an output without a seed must be a scalar; got float64[2]");
  CHECK(text({y.detach(), y.detach()}) == "grad: one seed is needed for each output; got 2 for 1");
  CHECK(text({scalar(1)}) == "grad: a seed has its output's shape; got float64[] for float64[2]");
  CHECK(text({ones({2})}) == "grad: a seed has its output's dtype; got float32[2] for float64[2]");
  CHECK(error_of<GradError>([&] {
          return grad(scalar(1), {x});
        }).find("grad: the output must depend on") == 0);
  CHECK(values(grad(y, {x}, {.seeds = {vector({1, 1})}})[0]) == Values{2, 2});
}

TEST_CASE("grad: an input that the outputs do not depend on") {
  const Tensor x = leaf(3), other = leaf(4), constant = scalar(5);
  const Tensor y = multiply(x, constant);
  CHECK(error_of<GradError>([&] {
          return grad(y, {x, other});
        }) == "grad: the outputs do not depend on input 1, float64[] (see allow_unused)");
  CHECK(error_of<GradError>([&] { return grad(y, {constant}); }) ==
        "grad: the outputs do not depend on input 0, float64[] (see allow_unused)");
  const auto [dx, d_other, d_constant] = grad(y, {x, other, constant}, {.allow_unused = true});
  CHECK(dx.item() == 5);
  CHECK(!d_other.defined());
  CHECK(!d_constant.defined());
}

TEST_CASE("grad runs only the rules that the wanted gradients need") {
  const Tensor x = leaf(3), y = leaf(4);
  const Tensor z = add(multiply(x, x), broken(y));
  CHECK(grad(z, {x}, {.retain_graph = true})[0].item() == 6);
  CHECK_THROWS_AS(grad(z, {y}), std::runtime_error);
}

TEST_CASE("grad: retain_graph") {
  const Tensor x = leaf(3);
  const Tensor y = multiply(x, x);
  CHECK(grad(y, {x}, {.retain_graph = true})[0].item() == 6);
  CHECK(grad(y, {x}, {.create_graph = true})[0].item() == 6);  // implies it
  CHECK(grad(y, {x})[0].item() == 6);
  CHECK_THROWS_AS(grad(y, {x}), GradError);
}

TEST_CASE("create_graph: derivatives of any order") {
  const Tensor x = leaf(2);
  SUBCASE("x^4: 32, 48, 48, 24") {
    const Tensor square = multiply(x, x);
    Tensor y = multiply(square, square);
    for (const double expected : {32, 48, 48, 24}) {
      y = grad(y, {x}, {.create_graph = true})[0];
      CHECK(y.item() == expected);
    }
    CHECK(!y.requires_grad());  // a constant: nothing flows to x any more
  }
  SUBCASE("exp(3x), through an operation's own result: factors of 3") {
    Tensor y = small::exp(scale(x, 3));
    double expected = std::exp(6);
    for (int order = 1; order <= 4; ++order) {
      y = grad(y, {x}, {.create_graph = true})[0];
      expected *= 3;
      CHECK(y.item() == doctest::Approx(expected).epsilon(1e-14));
    }
  }
  SUBCASE("mixed: x^2 y by x, then y") {
    const Tensor y = leaf(5);
    const Tensor dx = grad(multiply(multiply(x, x), y), {x}, {.create_graph = true})[0];
    CHECK(grad(dx, {y})[0].item() == 4);
  }
  SUBCASE("a gradient penalty: d/dx (dy/dx)^2 with y = x^3 is 36 x^3") {
    const Tensor dx = grad(multiply(multiply(x, x), x), {x}, {.create_graph = true})[0];
    multiply(dx, dx).backward();
    CHECK(x.grad().item() == 36 * 8);
    CHECK(!x.grad().requires_grad());
  }
  SUBCASE("by the seed") {
    const Tensor seed = leaf(7);
    const Tensor dx = grad(multiply(x, x), {x}, {.create_graph = true, .seeds = {seed}})[0];
    CHECK(dx.item() == 28);
    CHECK(grad(dx, {seed})[0].item() == 4);
  }
}

TEST_CASE("a rule that is once differentiable") {
  const Tensor x = vector({1, 3}).set_requires_grad(true);
  const Tensor seed = vector({1, 10});
  SUBCASE("first order is as any") {
    CHECK(values(grad(raw_square(x), {x}, {.seeds = {seed}})[0]) == Values{2, 60});
  }
  SUBCASE(
      "a recorded sweep gives the gradient, and throws when that is differentiated, naming the "
      "operation") {
    const Tensor dx = grad(raw_square(x), {x}, {.create_graph = true, .seeds = {seed}})[0];
    CHECK(values(dx) == Values{2, 60});
    CHECK(dx.requires_grad());
    CHECK(
        error_of<GradError>([&] { return grad(total(dx), {x}); }) ==
        "raw_square: its rule is once differentiable; the derivative of its gradient is not known");
  }
  SUBCASE("also by the seed, on which the gradient depends") {
    const Tensor variable_seed = vector({1, 10}).set_requires_grad(true);
    const Tensor dx = grad(raw_square(x), {x}, {.create_graph = true, .seeds = {variable_seed}})[0];
    CHECK_THROWS_AS(grad(total(dx), {variable_seed}), GradError);
  }
  SUBCASE("what does not depend on its gradient can be differentiated") {
    const Tensor y = leaf(2);
    const Tensor z = add(total(raw_square(x)), multiply(y, multiply(y, y)));
    const auto [dx, dy] = grad(z, {x, y}, {.create_graph = true});
    CHECK(grad(dy, {y})[0].item() == 12);
  }
}

TEST_CASE("a rule that reads values while it is differentiated throws") {
  const Tensor x = vector({1, 3}).set_requires_grad(true);
  const Tensor seed = vector({1, 10});
  CHECK(values(grad(silent_square(x), {x}, {.seeds = {seed}})[0]) == Values{2, 60});
  CHECK(error_of<GradError>(
            [&] { return grad(silent_square(x), {x}, {.create_graph = true, .seeds = {seed}}); }) ==
        "data: the backward pass of silent_square is being differentiated and may not read values "
        "past the tape "
        "(see once_differentiable)");

  const auto reading = [&](auto read) {
    const Tensor y = record("reading", scalar(1), {x},
                            [read, x = SavedInput(x)](const Tensor&, const Send& send) {
                              read(x.get());
                              send(0, zeros({2}, Dtype::float64));
                            });
    return error_of<GradError>([&] { return grad(y, {x}, {.create_graph = true}); });
  };
  CHECK(reading([](const Tensor& t) {
          static_cast<void>(t.to_vector<double>());
        }).find("to_vector: the backward pass of reading") == 0);
  CHECK(reading([](const Tensor& t) {
          static_cast<void>(t.to_vector<float>());
        }).find("to_vector: the backward pass of reading") == 0);
  CHECK(reading([](const Tensor& t) {
          static_cast<void>(total(t).item());
        }).find("item: the backward pass of reading") == 0);
  CHECK(reading([](const Tensor& t) { static_cast<void>(t.detach().to_vector<double>()); }) ==
        "(nothing was thrown)");
}

TEST_CASE("grad runs only the rules that it needs, and needs only their saved values") {
  const Tensor x = vector({1, 2}).set_requires_grad(true),
               w = vector({3, 4}).set_requires_grad(true);
  const Tensor h = record("unwilling", vector({5, 6}), {x}, [](const Tensor&, const Send&) {
    throw ValueError("this rule must not run");
  });
  const Tensor seed = vector({1, 1});
  CHECK(values(grad({multiply(h, h)}, {h}, {.seeds = {seed}})[0]) == Values{10, 12});
  CHECK(values(grad({multiply(h, w)}, {w}, {.seeds = {seed}})[0]) == Values{5, 6});

  const Tensor shared = multiply(x, x);
  multiply(shared, shared).backward(seed);  // uses up what `shared` has saved
  CHECK(values(grad({multiply(shared, w)}, {w}, {.seeds = {seed}})[0]) == Values{1, 4});
  CHECK_THROWS_AS(grad({multiply(shared, w)}, {x}, {.seeds = {seed}}), GradError);
}

TEST_CASE(
    "a rule that reads its gradient's values throws when differentiated, a constant one too") {
  const Tensor x = vector({3}).set_requires_grad(true);
  const Tensor y = record("raw", vector({9}), {x}, [](const Tensor& g, const Send& send) {
    send(0, vector({6 * g.to_vector<double>()[0]}));
  });
  CHECK(values(grad({y}, {x}, {.retain_graph = true, .seeds = {vector({1})}})[0]) == Values{6});
  CHECK(error_of<GradError>([&] {
          return grad({y}, {x}, {.create_graph = true, .seeds = {vector({1})}});
        }).find("to_vector: the backward pass of raw is being differentiated") == 0);
}

TEST_CASE("results of no floating dtype are never recorded, and undefined gradients are refused") {
  const Tensor x = vector({3}).set_requires_grad(true);
  const auto no_rule = [](const Tensor&, const Send&) {};
  CHECK_FALSE(record("count", zeros({1}, Dtype::int64), {x}, no_rule).requires_grad());
  const Tensor y = record("empty_handed", vector({1}), {x},
                          [](const Tensor&, const Send& send) { send(0, Tensor()); });
  CHECK(error_of<GradError>([&] { return y.backward(vector({1})), 0; }) ==
        "empty_handed: the rule sent an undefined gradient of input 0");
}

namespace {

/// As a user writes it, in public operations.
Tensor my_exp(const Tensor& x) {
  Tensor y = small::map(x, x, [](double v, double) { return std::exp(v); });
  return record("my_exp", y, {x}, [y = SavedOutput(y)](const Tensor& g, const Send& send) {
    send(0, multiply(g, y.get(send)));
  });
}

template <class T>
concept ReadsWithoutTheSweep = requires(const T& saved) {
  saved.get();
};

}  // namespace

TEST_CASE("a saved output is differentiated through to any order") {
  static_assert(ReadsWithoutTheSweep<SavedInput> && !ReadsWithoutTheSweep<SavedOutput>);
  const Tensor x = leaf(1);
  Tensor y = multiply(my_exp(x), x);
  for (int order = 1; order <= 3; ++order) {  // the derivatives of e^x x are e^x (x + order)
    y = grad(y, {x}, {.create_graph = true})[0];
    CHECK(y.item() == doctest::Approx(std::exp(1.0) * (1 + order)));
  }
}

TEST_CASE("a saved output has as much memory as the operation's result") {
  const Tensor x = zeros({2, 2}, Dtype::float64).set_requires_grad(true);
  for (const std::int64_t count : {0, 1, 3}) {
    const auto sends_other = [other = SavedOutput(zeros({count}, Dtype::float64))](
                                 const Tensor&, const Send& send) { send(0, other.get(send)); };
    const Tensor y = record("my_op", zeros({2, 2}, Dtype::float64), {x}, sends_other);
    CHECK(error_of<GradError>([&] {
            return y.backward(zeros({2, 2}, Dtype::float64)), 0;
          }) == "my_op: SavedOutput must be made of the operation's own result");
    CHECK(!x.grad().defined());
  }
}

TEST_CASE("leaving the tape is said aloud: the values of a recorded tensor are read detached") {
  const Tensor x = vector({1, 3}).set_requires_grad(true);
  const Tensor y = scale(x, 2);
  CHECK(error_of<GradError>([&] { return y.data<double>(); }) ==
        "data: the tensor must not be recorded; got float64[2], the result of scale (detach() "
        "first, to leave the tape)");
  CHECK(error_of<GradError>([&] { return y.to_vector<double>(); }).find("to_vector: ") == 0);
  CHECK(y.detach().to_vector<double>() == Values{2, 6});
  SUBCASE("leaves are not the result of anything") {
    CHECK(x.data<double>()[1] == 3);
    CHECK(x.to_vector<double>() == Values{1, 3});
  }
  SUBCASE("one number and printing are for people") {
    CHECK(total(y).item() == 8);
    CHECK(to_string(y).find("6") != std::string::npos);
  }
  SUBCASE("under NoGradGuard what is made there is read, what was recorded before is not") {
    const NoGradGuard off;
    CHECK(scale(x, 3).to_vector<double>() == Values{3, 9});
    CHECK_THROWS_AS(y.to_vector<double>(), GradError);
  }
  SUBCASE("a first-order rule may read what it has saved") {
    const Tensor z = record("raw_scale", y.detach(), {y},
                            [y = SavedInput(y)](const Tensor& g, const Send& send) {
                              CHECK(y.get().to_vector<double>() == Values{2, 6});
                              send(0, g);
                            });
    z.backward(vector({1, 1}));
    CHECK(values(x.grad()) == Values{2, 2});
  }
}

namespace {

/// 2 x + 0 of the others, with a rule that is a template.
struct Doubled {
  static constexpr OpInfo info{"doubled", true};

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const { y.assign(map(x, x, std::plus<>())); }
  void vjp(const auto& g, const Send& send) const { send(0, add(g, g)); }
};

struct Nothing {
  static constexpr OpInfo info{"nothing"};

  Tensor run() const { return scalar(3); }
  void vjp(const Tensor&, const Send&) const {}
};

}  // namespace

TEST_CASE("an operation of one's own passes the door, whatever the form of its rule") {
  const Tensor x = vector({1, 2}).set_requires_grad(true);
  const Tensor y = apply(Doubled(), x);
  CHECK(values(y) == std::vector<double>{2, 4});
  CHECK(std::string(y.node()->name()) == "doubled");
  y.backward(vector({1, 10}));
  CHECK(values(x.grad()) == std::vector<double>{2, 20});
  CHECK_FALSE(apply(Doubled(), vector({1, 2})).requires_grad());
  CHECK_FALSE(apply(Nothing()).requires_grad());  // of no inputs: a constant
}
