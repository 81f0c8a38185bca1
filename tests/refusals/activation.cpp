#include <cctype>
#include <string>

#include <xtape/core/create.hpp>
#include <xtape/nn/activation.hpp>
#include <xtape/ops/activation.hpp>
#include <xtape/ops/close.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: axes of activations") {
  const Tensor x = ones({2, 4});
  Counts rows = of_axis(
      "softmin: axis", [](auto& y, auto a) { return softmin(y, a); }, 2, false);
  const auto add = [&](const char* name, const std::function<void(std::int64_t)>& call) {
    const std::string op = std::string(name).substr(0, std::string(name).find(':'));
    std::string lower = op;
    for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
    rows.push_back({name,
                    Kind::index,
                    {2, -3, most, least},
                    call,
                    lower + ": axis must lie in [-2, 2); got "});
  };
  add("glu: axis", [&](auto a) { return glu(x, a); });
  add("reglu: axis", [&](auto a) { return reglu(x, a); });
  add("geglu: axis", [&](auto a) { return geglu(x, a); });
  add("swiglu: axis", [&](auto a) { return swiglu(x, a); });
  add("GLU: axis", [&](auto a) { return nn::GLU(a)(x); });
  add("ReGLU: axis", [&](auto a) { return nn::ReGLU(a)(x); });
  add("GEGLU: axis", [&](auto a) { return nn::GEGLU(a)(x); });
  add("SwiGLU: axis", [&](auto a) { return nn::SwiGLU(a)(x); });
  add("Softmin: axis", [&](auto a) { return nn::Softmin(a)(x); });
  rows.push_back({"PReLU: channels",
                  Kind::value,
                  {0, -1, least},
                  [](auto n) { return nn::PReLU(n); },
                  "prelu: channels must be at least 1; got "});
  check(rows);
}

TEST_CASE("refusals: numbers of activations") {
  const Tensor x = ones({2, 4});
  const std::vector<double> not_finite{not_a_number, inf, -inf}, negative{-1, not_a_number, inf};
  const std::string low = "hardtanh: low must be at most high; got ",
                    lambda = "lambda must be finite and not negative; got ";
  check(Numbers{
      {"hardtanh: low",
       Kind::value,
       {2, not_a_number},
       [&](auto v) { return hardtanh(x, v); },
       low},
      {"Hardtanh: low",
       Kind::value,
       {2, not_a_number},
       [](auto v) { return nn::Hardtanh(v); },
       low},
      {"celu: alpha", Kind::value, not_finite, [&](auto v) { return celu(x, v); },
       "celu: alpha must be finite; got "},
      {"celu: alpha",
       Kind::value,
       {0},
       [&](auto v) { return celu(x, v); },
       "celu: alpha must not be 0; got "},
      {"CELU: alpha",
       Kind::value,
       {0, -1, not_a_number, inf},
       [](auto v) { return nn::CELU(v); },
       "celu: alpha must be finite and above 0; got "},
      {"hardshrink: lambda", Kind::value, negative, [&](auto v) { return hardshrink(x, v); },
       "hardshrink: " + lambda},
      {"Hardshrink: lambda", Kind::value, negative, [](auto v) { return nn::Hardshrink(v); },
       "hardshrink: " + lambda},
      {"softshrink: lambda", Kind::value, negative, [&](auto v) { return softshrink(x, v); },
       "softshrink: " + lambda},
      {"Softshrink: lambda", Kind::value, negative, [](auto v) { return nn::Softshrink(v); },
       "softshrink: " + lambda},
      {"threshold: limit", Kind::value, not_finite, [&](auto v) { return threshold(x, v, 0); },
       "threshold: limit must be finite; got "},
      {"Threshold: value", Kind::value, not_finite, [](auto v) { return nn::Threshold(0, v); },
       "threshold: value must be finite; got "},
      {"PReLUOptions.init", Kind::value, not_finite,
       [](auto v) { return nn::PReLU(1, {.init = v}); }, "prelu: init must be finite; got "},
      {"SoftplusOptions.beta",
       Kind::value,
       {0, -1, not_a_number, inf},
       [](auto v) { return nn::Softplus({.beta = v}); },
       "softplus: beta must be finite and above 0; got "},
  });
}

TEST_CASE("refusals: tolerances of isclose") {
  const Tensor x = ones({2});
  const std::vector<double> wrong{-1, not_a_number, inf};
  check(Numbers{
      {"CloseOptions.rtol", Kind::value, wrong, [&](auto v) { return isclose(x, x, {.rtol = v}); },
       "isclose: rtol must be finite and not negative; got "},
      {"CloseOptions.atol", Kind::value, wrong, [&](auto v) { return isclose(x, x, {.atol = v}); },
       "isclose: atol must be finite and not negative; got "}});
}
