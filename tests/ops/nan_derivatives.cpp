// Where the gradient is NaN because an input is, no further derivative is a number: nobody can tell
// on which side of a kink a NaN lies.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/rows.hpp"
#include "support/slope.hpp"

using namespace xtape;

namespace {

using Function = std::function<Tensor(const Tensor&)>;

/// The derivative of the sum, backward or forward.
Function derivative(const Function& f, bool backward) {
  if (backward) return grad([f](const Tensor& x) { return sum(f(x)); });
  return [f](const Tensor& x) { return jvp(f, x, ones_like(x)).second; };
}

/// The lowest order at which the derivative at `at` is a number, of those up to 4 that follow one
/// which is NaN; 0 if there is none.
int number_behind_nan(const Function& f, double at, bool backward) {
  const Tensor x = full({1}, at, Dtype::float64);
  Function here = f;
  bool nan = false;
  for (int order = 1; order <= 4; ++order) {
    here = derivative(here, backward);
    const bool now = isnan(here(x)).item() != 0;
    if (nan && !now) return order;
    nan = nan || now;
  }
  return 0;
}

bool is_nan_in_every_order(const Function& f, double at) {
  const Tensor x = full({1}, at, Dtype::float64);
  for (const bool backward : {true, false}) {
    if (isnan(derivative(f, backward)(x)).item() == 0) return false;
    if (number_behind_nan(f, at, backward) != 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("no derivative of a row is a number behind one that is NaN") {
  for (const Row& row : elementwise_rows()) {
    if (row.name == "square") continue;  // a polynomial: its second derivative is 2, whatever x is
    CAPTURE(row.name);
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      if (!row.inputs[i].differentiable) continue;
      CAPTURE(i);
      std::vector<Tensor> inputs;
      for (const Row::Input& input : row.inputs)
        inputs.push_back(
            full({1}, input.is_order ? 1 : (input.low + input.high) / 2 + 0.125, Dtype::float64));
      const Function f = [&](const Tensor& x) {
        std::vector<Tensor> all = inputs;
        all[i] = x;
        return row.apply(all);
      };
      CHECK(number_behind_nan(f, quiet_nan, true) == 0);
      CHECK(number_behind_nan(f, quiet_nan, false) == 0);
    }
  }
}

TEST_CASE("functions with kinks have NaN slopes at NaN, and NaN derivatives from there on") {
  const std::vector<std::pair<std::string, Function>> functions{
      {"abs", [](const Tensor& x) { return abs(x); }},
      {"sign", [](const Tensor& x) { return sign(x); }},
      {"floor", [](const Tensor& x) { return floor(x); }},
      {"round", [](const Tensor& x) { return round(x); }},
      {"relu", [](const Tensor& x) { return relu(x); }},
      {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
      {"relu6", [](const Tensor& x) { return relu6(x); }},
      {"hardsigmoid", [](const Tensor& x) { return hardsigmoid(x); }},
      {"hardswish", [](const Tensor& x) { return hardswish(x); }},
      {"hardtanh", [](const Tensor& x) { return hardtanh(x); }},
      {"hardshrink", [](const Tensor& x) { return hardshrink(x); }},
      {"softshrink", [](const Tensor& x) { return softshrink(x); }},
      {"threshold", [](const Tensor& x) { return threshold(x, 0.5, 2); }},
      {"clip", [](const Tensor& x) { return clip(x, 0, 1); }},
      {"maximum", [](const Tensor& x) { return maximum(x, 1); }},
      {"minimum", [](const Tensor& x) { return minimum(1, x); }},
      {"copysign", [](const Tensor& x) { return copysign(2, x); }},
      {"heaviside", [](const Tensor& x) { return heaviside(x, 0.5); }},
      {"floor_divide", [](const Tensor& x) { return floor_divide(x, 2); }},
      {"amax",
       [](const Tensor& x) {
         return amax(concatenate({x, ones_like(x)}));
       }},
      {"amin",
       [](const Tensor& x) {
         return amin(concatenate({ones_like(x), x}));
       }},
      {"median",
       [](const Tensor& x) {
         return median(concatenate({x, ones_like(x)}));
       }},
      {"interp",
       [](const Tensor& x) {
         return interp(x, tensor({0.0, 1.0}), tensor({1.0, 3.0}));
       }},
      {"sinc", [](const Tensor& x) { return sinc(x); }},
      {"atan2", [](const Tensor& x) { return atan2(x, 1); }},
      {"hypot", [](const Tensor& x) { return hypot(1, x); }},
  };
  for (const auto& entry : functions) {
    CAPTURE(entry.first);
    CHECK(is_nan_in_every_order(entry.second, quiet_nan));
  }
  for (const double end : {inf, -inf})
    CHECK(is_nan_in_every_order([](const Tensor& x) { return sinc(x); }, end));
}

TEST_CASE("a NaN element does not reach the derivatives of its neighbours") {
  const Tensor x = of({quiet_nan, 1, -2});
  const auto total = [](const Tensor& at) { return sum(abs(at)); };
  const Tensor second = hessian(total, x);
  CHECK(isnan(second).to_vector<bool>() ==
        std::vector<bool>{true, false, false, false, false, false, false, false, false});
  CHECK(mismatch(grad(total)(slice(x, {range(1, {})})), of({1, -1})) == "");
}
