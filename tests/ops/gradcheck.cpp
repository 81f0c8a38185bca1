#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/cumulative.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/hook.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/claimed.hpp"
#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;
using namespace claims;

namespace {

const Tensor a = tensor({0.5, -1.5, 2.0}), b = tensor({{3.0}, {-0.25}});

}  // namespace

TEST_CASE("gradcheck: right derivatives pass, in a CHECK") {
  CHECK(gradcheck([](auto& v) { return sum(sin(v[0]) * v[1]); }, {a, b}));
  CHECK(gradcheck([](const auto& v) { return sin(v[0]) * v[1]; }, {a, b}, {.order = 3}));
  CHECK(gradcheck([](auto& v) { return std::vector{exp(v[0]), sum(v[0] * v[1])}; }, {a, b}));
  CHECK(gradcheck([](auto& v) { return exp(v[0] * v[1]); }, {a, b}, {.order = 2, .fast = true}));
  CHECK(gradcheck([](auto& v) { return tanh(v[0]) / v[1]; }, {a, b},
                  {.order = 2, .stencil = Stencil::two_point}));
  const NoGradGuard off;
  CHECK(gradcheck([](auto& v) { return square(v[0]); }, {a}));
}

TEST_CASE("gradcheck counts what it has compared") {
  const auto result = gradcheck([](auto& v) { return v[0] * v[1]; }, {a, b});
  CHECK(result.compared == 6 * 5);
  CHECK(printed(result) == "gradcheck: 30 derivatives of order 1 agree");
}

TEST_CASE("gradcheck names the worst entry: input, index, analytic, numeric and one-sided values") {
  const auto result =
      gradcheck([](auto& v) { return claimed(v[1], 1.25) + slice(claimed(v[0], 3), {1}) * v[1]; },
                {a, b}, {.names = {"scale", "shift"}});
  CHECK(!result);
  CHECK(result.order == 1);
  CHECK(result.compared == 10);
  CHECK(result.differing == 4);
  CHECK(result.worst.input == "scale[1]");
  CHECK(result.worst.output == "output[0, 0]");
  CHECK(result.worst.analytic == 9);
  CHECK(result.worst.numeric == doctest::Approx(3).epsilon(1e-9));
  CHECK(result.worst.left == doctest::Approx(3).epsilon(1e-9));
  CHECK(result.worst.right == doctest::Approx(3).epsilon(1e-9));
  CHECK(begins(printed(result),
               "gradcheck: 4 of 10 derivatives of order 1 differ from their finite "
               "differences, most of all d output[0, 0] / d scale[1]\n  analytic  9\n"));
}

TEST_CASE(
    "gradcheck sees errors of one part in a million, with two points of one in ten thousand") {
  CHECK(!check_at({0.5}, [](auto& x) { return claimed(x, 1 + 3e-6); }));
  CHECK(!check_at({0.5}, [](auto& x) { return claimed(x, 1 + 1e-4); },
                  {.stencil = Stencil::two_point}));
  CHECK(check_at({0.5}, [](auto& x) { return claimed(x, 1.01); }, {.rtol = 0.02}));
  CHECK(check_at({0.5}, [](auto& x) { return claimed(x, 1.01); }, {.atol = 0.02}));
}

TEST_CASE("gradcheck: derivatives of higher order that are wrong, or cut off") {
  const auto detached = [](const Tensor& x) {  // exp whose rule forgets that y depends on x
    const Tensor y = exp(x.detach());
    return record("detached", y.detach(), {x},
                  [y](const Tensor& g, const Send& send) { send(0, g * y); });
  };
  CHECK(check_at({0.5, 1.0}, detached));
  const auto second = check_at({0.5, 1.0}, detached, {.order = 2});
  CHECK(!second);
  CHECK(second.order == 2);
  CHECK(second.worst.output == "output");
  CHECK(begins(second.worst.input, "input["));

  const auto once = [](const Tensor& x) {
    return record("once", x.detach(), {x},
                  once_differentiable([](const Tensor& g, const Send& send) { send(0, g); }));
  };
  CHECK(check_at({0.5}, once));
  CHECK_THROWS_AS(check_at({0.5}, once, {.order = 2}), GradError);
}

TEST_CASE("gradcheck: rules that are not linear in the cotangent") {
  const auto squared = check_at(
      {0.5, 1.0}, [](auto& x) { return with_rule(x, [](const Tensor& g) { return g * g; }); });
  CHECK(squared.problem == "the gradient of input[0] is not linear in the cotangents");
  const auto shifted =
      check_at({0.5}, [](auto& x) { return with_rule(x, [](const Tensor& g) { return g + 1; }); });
  CHECK(shifted.problem == "cotangents of zero must give gradients of zero");
}

TEST_CASE("gradcheck: randomness") {
  Rng rng(1);
  const auto noisy = [&](const Tensor& x) { return x * rng.uniform(x.shape()); };
  CHECK(check_at({0.5}, noisy).problem == "two calls of the function differ: is it random?");
  const auto noisy_rule = [&](const Tensor& x) {
    return with_rule(x, [&](const Tensor& g) { return g * (1 + 1e-9 * rng.uniform()); });
  };
  CHECK(check_at({0.5}, noisy_rule).problem == "two backward passes over one graph differ");
  double factor = 1;
  const auto changing = [&](const Tensor& x) { return claimed(x, factor += 1e-9); };
  CHECK(check_at({0.5}, changing).problem == "the gradients of two calls differ");
}

TEST_CASE("gradcheck: every subset of the inputs") {
  const auto careless = [](auto& v) {  // wrong when the first input wants nothing
    return record("careless", v[0].detach() + v[1].detach(), {v[0], v[1]},
                  [](const Tensor& g, const Send& send) {
                    send(0, g);
                    send(1, send.wanted(0) ? g : -g);
                  });
  };
  const Tensor x = tensor({1.0, 2.0});
  CHECK(gradcheck(careless, {x, x}).problem.find("if only some inputs require gradients") !=
        std::string::npos);
  CHECK(gradcheck(careless, {x, x}, {.subsets = false}));
  CHECK(gradcheck([](auto& v) { return v[0] + v[1] + v[2] + v[3] + v[4] + v[5] + v[6]; },
                  {x, x, x, x, x, x, x}));
}

TEST_CASE("gradcheck at kinks: the derivative lies between the one-sided ones") {
  CHECK(check_at({0.0}, [](auto& x) { return abs(x); }));
  CHECK(check_at({0.0}, [](auto& x) { return relu(x); }));
  CHECK(check_at({1.0, -1.0}, [](auto& x) { return clip(x, -1, 1); }));
  CHECK(check_at({2e-3, -1e-4}, [](auto& x) { return abs(x); }));  // inside of the stencil
  CHECK(check_at({0.0, 2e-3}, [](auto& x) { return relu(x); }, {.fast = true}));
  CHECK(check_at({0.0}, [](auto& x) { return claimed(x, relu(x), 1); }));
  const auto wrong = check_at({0.0}, [](auto& x) { return claimed(x, relu(x), 1.5); });
  CHECK(!wrong);
  CHECK(wrong.worst.left == doctest::Approx(0));
  CHECK(wrong.worst.right == doctest::Approx(1));
  CHECK(!check_at({2e-3}, [](auto& x) { return claimed(x, abs(x), 0.5); }));
}

TEST_CASE("gradcheck at infinite derivatives and undefined values") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(check_at({0.0, 1e-3}, [](auto& x) { return sqrt(x); }));
  CHECK(check_at({0.0, 1e-3}, [](auto& x) { return log(x); }));
  CHECK(check_at({0.0}, [](auto& x) { return pow(x, 1.5); }));
  CHECK(check_at({0.0}, [](auto& x) { return sqrt(x) - 1000 * x; }));
  CHECK(!check_at({0.0}, [](auto& x) { return claimed(x, pow(x, 1.5), 0.5); }));
  CHECK(!check_at({0.0}, [inf](auto& x) { return claimed(x, sqrt(x), -inf); }));
  CHECK(!check_at({0.0}, [inf](auto& x) { return claimed(x, abs(x), inf); }));
  CHECK(!check_at({0.0}, [](auto& x) { return claimed(x, sqrt(x), 1e9); }));
  CHECK(!check_at({0.25}, [inf](auto& x) { return claimed(x, inf); }));
  CHECK(!check_at({0.25}, [inf](auto& x) { return claimed(x, x + 1e8, inf); }));
  CHECK(!check_at({0.25}, [nan](auto& x) { return claimed(x, log(0 * x), nan); }));
  CHECK(check_at({0.25}, [](auto& x) { return claimed(x, log(0 * x), 0); }));
  CHECK(!check_at({0.25}, [](auto& x) { return claimed(x, log(0 * x), 1); }));
  CHECK(!check_at({0.25}, [nan](auto& x) { return claimed(x, nan); }));
  CHECK(check_at({0.25}, [nan](auto& x) { return claimed(x, x * nan, 0); }));
  CHECK(!check_at({0.25}, [nan](auto& x) { return claimed(x, x * nan, 1); }));
}

TEST_CASE("gradcheck: by what is infinite or NaN nothing is compared") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double edge : {inf, -inf, nan}) {
    const auto at_edge = [&](auto f) { return check_at({0.5, edge}, f); };
    CHECK(at_edge([](auto& x) { return x * x; }));
    CHECK(at_edge([](auto& x) { return exp(x); }));
    CHECK(at_edge([](auto& x) { return relu(x); }));
    CHECK(check_at({0.5, edge}, [](auto& x) { return x * x * x; }, {.order = 2}));
    CHECK(check_at({0.5, edge}, [](auto& x) { return exp(x); }, {.order = 2}));
    CHECK(gradcheck([](auto& v) { return v[0] * v[1]; }, {tensor({edge, 1.0}), tensor({2.0, 0.5})},
                    {.order = 2}));
    CHECK(!at_edge([](auto& x) { return claimed(x, 2.0); }));
    CHECK(check_at({0.5, edge}, [](auto& x) { return x * x; }, {.fast = true}));
    CHECK(!check_at({0.5, edge}, [](auto& x) { return claimed(x, 2.0); }, {.fast = true}));
  }
  CHECK(check_at({nan}, [](auto& x) { return x * x; }).problem ==
        "there is nothing to compare: no input is finite");
}

TEST_CASE("gradcheck: float32 inputs are raised, others passed on, the tensors left alone") {
  const Tensor x = tensor({1.0, 2.0}).set_requires_grad(true), index = tensor({1, 1, 0});
  sum(x).backward();
  CHECK(gradcheck(
      [](auto& v) {
        CHECK(v[0].dtype() == Dtype::float64);
        CHECK(v[1].dtype() == Dtype::int64);
        return sum(v[0]) * v[1];
      },
      {x, index}));
  CHECK(x.dtype() == Dtype::float32);
  CHECK(mismatch(x.grad(), tensor({1.0, 1.0})) == "");
}

TEST_CASE("gradcheck: wrong use") {
  CHECK(error_of<DtypeError>([] {
          return gradcheck([](auto& v) { return v[0].to(Dtype::float32); }, {a});
        }) == "gradcheck: the function must compute in float64; got an output float32[3]");
  CHECK(error_of<ValueError>([] {
          return gradcheck([](auto& v) { return v[0]; }, {a}, {.names = {"x", "y"}});
        }) == "gradcheck: one name an input is needed; got 2 for 1");
  const std::string nothing = "there is nothing to compare: no input, or no result, is floating";
  CHECK(gradcheck([](auto& v) { return v[0] > 0; }, {a}).problem == nothing);
  CHECK(gradcheck([](auto& v) { return v[0] * 2.5; }, {tensor({1, 2})}).problem == nothing);
}

namespace {

struct Affine {
  Tensor weight = tensor({{0.5, 2.0}, {-1.0, 0.25}}).set_requires_grad(true);
  Tensor bias = tensor({1.0, -1.0}).set_requires_grad(true);
  Tensor frozen = tensor({2.0, 3.0});
  Tensor input = tensor({{1.0, 2.0}}, Dtype::float64);
  Tensor operator()() const { return tanh(matmul(input, weight) + bias) * frozen; }
  NamedTensors named_parameters() const {
    return {{"weight", weight}, {"bias", bias}, {"frozen", frozen}};
  }
};

}  // namespace

TEST_CASE("gradcheck of named leaves, in float64, puts them back as they were") {
  const Affine module;
  sum(square(module.weight)).backward();
  const Tensor handle = module.weight;
  const float* memory = module.weight.data<float>().data();
  const auto unchanged = [&] {
    CHECK(mismatch(handle, Affine().weight) == "");
    CHECK(module.weight.data<float>().data() == memory);
    CHECK(mismatch(handle.grad(), Affine().weight * 2) == "");
    CHECK(mismatch(module.bias, Affine().bias) == "");
    CHECK(module.bias.requires_grad());
    CHECK(!module.bias.grad().defined());
    CHECK(mismatch(module.frozen, Affine().frozen) == "");
    CHECK(!module.frozen.requires_grad());
  };
  SUBCASE("a module") {
    const auto result = gradcheck(module, module, {.order = 2});
    CHECK(result);
    CHECK(result.compared == 4 + 2 + 2);  // weight, bias and the cotangents
    unchanged();
  }
  SUBCASE("a list, with a wrong derivative: its name") {
    const auto result = gradcheck([&] { return module() * claimed(module.bias, -2); },
                                  {{"weight", module.weight}, {"bias", module.bias}});
    CHECK(!result);
    CHECK(begins(result.worst.input, "bias["));
    CHECK(module.frozen.dtype() == Dtype::float32);
    unchanged();
  }
  SUBCASE("when the function throws") {
    int calls = 0;
    const auto throwing = [&] {
      if (++calls == 5) throw std::runtime_error("fifth call");
      return module();
    };
    CHECK_THROWS_AS(gradcheck(throwing, module), std::runtime_error);
    unchanged();
  }
  CHECK(mismatch(module().to(Dtype::float32), Affine()().to(Dtype::float32)) == "");
}

TEST_CASE("gradcheck, relative: wrong digits of tiny derivatives, and points close to 0") {
  const auto cancels = [](const Tensor& x) {  // 1 - y^2 for tanh has few digits in the tail
    return record("cancels", tanh(x.detach()), {x}, [x](const Tensor& g, const Send& send) {
      const Tensor y = tanh(x);
      send(0, g * (1 - y * y));
    });
  };
  const Tensor tail = tensor({15.0, -16.0}, Dtype::float64);
  const GradcheckOptions absolute{.order = 2}, relative{.order = 2, .relative = true};
  CHECK(gradcheck([&](auto& v) { return cancels(v[0]); }, {tail}, absolute));
  CHECK(!gradcheck([&](auto& v) { return cancels(v[0]); }, {tail}, relative));
  CHECK(gradcheck([](auto& v) { return tanh(v[0]); }, {tail}, relative));
  const Tensor tiny =
      tensor({1e-6, 1e-4}, Dtype::float64);  // where a step of 1e-3 leaves the domain
  CHECK(!gradcheck([](auto& v) { return log(v[0]); }, {tiny}, absolute));
  CHECK(gradcheck([](auto& v) { return log(v[0]); }, {tiny}, relative));
}

TEST_CASE("gradcheck takes a function of one tensor, and the functions that grad and vmap give") {
  const Tensor x = drawn({3, 2}, 0.5, 2);
  CHECK(gradcheck([](const Tensor& at) { return sin(at) * at; }, x, {.order = 3}));
  CHECK(gradcheck(grad([](const Tensor& at) { return sum(exp(at) / at); }), x));
  CHECK(gradcheck(vmap([](const Tensor& row) { return cumsum(row * row, 0); }), x));
  const auto wrong = [](const Tensor& at) { return at * at.detach(); };
  CHECK(!gradcheck(wrong, x));
  CHECK(gradcheck(wrong, x).compared == 36);
}
