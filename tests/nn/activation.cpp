// Activations as modules; the functions themselves: gradients.cpp and ops/elementwise_limits.cpp.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

TEST_CASE("activations as modules compute their formulas") {
  struct Use {
    std::string name;
    std::function<Tensor(const Tensor&)> layer;
    std::function<double(double)> formula;
  };
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const std::vector<Use> table{
      {"ReLU", nn::ReLU(), [](double x) { return x > 0 ? x : 0; }},
      {"LeakyReLU", nn::LeakyReLU(), [](double x) { return x > 0 ? x : x / 100; }},
      {"LeakyReLU with a slope", nn::LeakyReLU(0.2), [](double x) { return x > 0 ? x : x / 5; }},
      {"ELU", nn::ELU(), [](double x) { return x > 0 ? x : std::exp(x) - 1; }},
      {"ELU with an alpha", nn::ELU(2), [](double x) { return x > 0 ? x : 2 * std::exp(x) - 2; }},
      {"GELU", nn::GELU(), [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2))); }},
      {"GELU with tanh", nn::GELU({.tanh_approximation = true}),
       [](double x) {
         return x / 2 * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
       }},
      {"SiLU", nn::SiLU(), [&](double x) { return x * sigmoid(x); }},
      {"Sigmoid", nn::Sigmoid(), sigmoid},
      {"Softplus with a beta", nn::Softplus({.beta = 2}),
       [](double x) { return std::log(1 + std::exp(2 * x)) / 2; }},
      {"LogSigmoid", nn::LogSigmoid(), [&](double x) { return std::log(sigmoid(x)); }},
      {"Mish", nn::Mish(), [](double x) { return x * std::tanh(std::log(1 + std::exp(x))); }},
      {"ReLU6", nn::ReLU6(), [](double x) { return std::min(std::max(x, 0.0), 6.0); }},
      {"SELU", nn::SELU(),
       [](double x) {
         return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (std::exp(x) - 1));
       }},
      {"CELU", nn::CELU(2), [](double x) { return x > 0 ? x : 2 * (std::exp(x / 2) - 1); }},
      {"Softsign", nn::Softsign(), [](double x) { return x / (1 + std::fabs(x)); }},
      {"Hardsigmoid", nn::Hardsigmoid(),
       [](double x) { return std::min(std::max(x + 3, 0.0), 6.0) / 6; }},
      {"Hardswish", nn::Hardswish(),
       [](double x) { return x * std::min(std::max(x + 3, 0.0), 6.0) / 6; }},
      {"Hardtanh", nn::Hardtanh(-0.5, 1),
       [](double x) { return std::min(std::max(x, -0.5), 1.0); }},
      {"Hardshrink", nn::Hardshrink(), [](double x) { return std::fabs(x) <= 0.5 ? 0 : x; }},
      {"Softshrink", nn::Softshrink(),
       [](double x) { return x > 0.5    ? x - 0.5
                             : x < -0.5 ? x + 0.5
                                        : 0; }},
      {"Threshold", nn::Threshold(-1, 9), [](double x) { return x > -1 ? x : 9; }},
      {"PReLU", nn::PReLU(1, {.dtype = Dtype::float64}),
       [](double x) { return x > 0 ? x : x / 4; }},
      {"Softplus", nn::Softplus(), [](double x) { return std::log(1 + std::exp(x)); }},
      {"Tanh", nn::Tanh(), [](double x) { return std::tanh(x); }},
  };
  const Doubles at{-3, -1, -0.25, 0, 0.5, 2};
  for (const Use& use : table) {
    CAPTURE(use.name);
    const Doubles y = values(use.layer(from_vector(at)));
    for (std::size_t i = 0; i < at.size(); ++i) {
      CHECK(y[i] == doctest::Approx(use.formula(at[i])).epsilon(1e-13));
    }
  }
}

TEST_CASE("softmax and its logarithm as modules, along either axis") {
  const Tensor x = tensor({{0.0, std::log(3.0)}, {0.0, std::log(3.0)}}, Dtype::float64);
  const auto close = [](const Tensor& got, const Doubles& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(values(got)[i] == doctest::Approx(expected[i]).epsilon(1e-14));
    }
  };
  close(nn::Softmax()(x), {0.25, 0.75, 0.25, 0.75});
  close(nn::Softmax(0)(x), {0.5, 0.5, 0.5, 0.5});
  close(nn::LogSoftmax()(x), {-std::log(4.0), std::log(0.75), -std::log(4.0), std::log(0.75)});
  close(nn::LogSoftmax(0)(x), Doubles(4, -std::log(2.0)));
}

TEST_CASE("gates: the first half of an axis times a function of the second") {
  const Tensor x = tensor({{2.0, -1.0, 0.0, 3.0}}, Dtype::float64);
  const auto check = [&](const auto& layer, auto gate) {
    const Doubles y = values(layer(x));
    CHECK(y[0] == doctest::Approx(2 * gate(0.0)));
    CHECK(y[1] == doctest::Approx(-gate(3.0)));
    CHECK(error_of<ShapeError>([&] {
            return layer(zeros({2, 3}));
          }).find("even") != std::string::npos);
  };
  const auto sigmoid_of = [](double v) { return 1 / (1 + std::exp(-v)); };
  check(nn::GLU(), sigmoid_of);
  check(nn::ReGLU(), [](double v) { return v; });
  check(nn::GEGLU(), [](double v) { return v / 2 * (1 + std::erf(v / std::sqrt(2))); });
  check(nn::SwiGLU(1), [&](double v) { return v * sigmoid_of(v); });
}

TEST_CASE("PReLU: a slope for each channel, learnt") {
  const nn::PReLU layer(2, {.dtype = Dtype::float64});
  CHECK(layer.state()[0].first == "weight");
  const Tensor x = tensor({{{-2.0, 3.0}, {-4.0, -1.0}}}, Dtype::float64);
  layer.weight.assign(tensor({0.5, 2.0}, Dtype::float64));
  CHECK(values(layer(x)) == Doubles{-1, 3, -8, -2});
  sum(layer(x)).backward();
  CHECK(values(layer.weight.grad()) == Doubles{-2, -5});
  CHECK(error_of<ShapeError>([&] {
          return layer(zeros({2, 3}, Dtype::float64));
        }) == "prelu: weight must be [1] or [channels]; got float64[2] for float64[2, 3]");
}

TEST_CASE("an error inside an activation names the layer") {
  struct Model : nn::Module {
    nn::ReLU rectify = child("rectify", nn::ReLU());
    nn::LogSoftmax log_softmax = child("output", nn::LogSoftmax(3));
  };
  const Model model;
  CHECK(error_of<ValueError>([&] { return model.rectify(Tensor()); }).find("(in rectify)") !=
        std::string::npos);
  CHECK(error_of<IndexError>([&] {
          return model.log_softmax(zeros({2, 2}));
        }) == "log_softmax: axis must lie in [-2, 2); got 3 (in output)");
}

TEST_CASE("a learnt slope: leaky_relu of a parameter") {
  const Tensor x = tensor({{-2.0, 3.0}, {-4.0, -1.0}}, Dtype::float64);
  const Tensor slope = tensor({0.25, 0.5}, Dtype::float64).set_requires_grad(true);
  const Tensor y = leaky_relu(x, slope);
  CHECK(values(y) == Doubles{-0.5, 3, -1, -0.5});
  sum(y).backward();
  CHECK(values(slope.grad()) == Doubles{-6, -1});
}

TEST_CASE("NaN comes through activations with thresholds, in value and slope") {
  using Function = Tensor (*)(const Tensor&);
  const std::vector<std::pair<std::string, Function>> functions{
      {"hardtanh", [](const Tensor& x) { return hardtanh(x); }},
      {"hardshrink", [](const Tensor& x) { return hardshrink(x); }},
      {"softshrink", [](const Tensor& x) { return softshrink(x); }},
      {"threshold", [](const Tensor& x) { return threshold(x, 0.5, 2); }},
      {"celu", [](const Tensor& x) { return celu(x, 2); }},
      {"relu6", [](const Tensor& x) { return relu6(x); }},
      {"hardswish", [](const Tensor& x) { return hardswish(x); }},
      {"hardsigmoid", [](const Tensor& x) { return hardsigmoid(x); }},
      {"rnn of relu", [](const Tensor& x) {
         const Tensor weight = ones({1, 1}, Dtype::float64);
         return rnn(reshape(x, {3, 1, 1}), {weight, weight}, zeros({1, 1}, Dtype::float64), {},
                    Nonlinearity::relu)
             .output;
       }}};
  for (const auto& named : functions) {
    CAPTURE(named.first);
    const Function f = named.second;
    const Tensor x = tensor({0.25, 2.0, std::nan("")}, Dtype::float64).set_requires_grad(true);
    const Tensor y = reshape(f(x), {3});
    sum(y).backward();
    CHECK(std::isnan(values(y)[2]));
    CHECK(std::isnan(values(x.grad())[2]));
    CHECK_FALSE(std::isnan(values(y)[1]));
  }
}
