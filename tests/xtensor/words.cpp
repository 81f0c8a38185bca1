// xtensor's words for tensors: each is run on containers and on tensors, and compared.
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtensor.hpp>

#include "xmath.hpp"

#include <xtape/core/rng.hpp>
#include <xtape/ops/gradcheck.hpp>

#include "support/compare.hpp"

using namespace xtape;

namespace {

template <class T>
using Array = xt::xarray<T, xt::layout_type::row_major>;

/// The elements of an expression, asked for one by one: xtensor's loops over whole expressions,
/// compiled once a word, are most of what this file would take.
template <class E>
Tensor elements_of(const E& expression) {
  if constexpr (std::is_arithmetic_v<E>) {
    return full({}, expression, Dtype::float64);
  } else {
    const Shape shape = detail::xt_shape(expression.shape());
    std::vector<std::size_t> index(expression.dimension());
    Doubles elements;
    while (std::ssize(elements) < shape.size()) {
      elements.push_back(static_cast<double>(expression.element(index.begin(), index.end())));
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        auto& place = index[static_cast<std::size_t>(axis)];
        if (static_cast<std::int64_t>(++place) < shape[axis]) break;
        place = 0;
      }
    }
    return from_vector(std::move(elements), shape);
  }
}

Tensor tracked(const Tensor& x) { return x.clone().set_requires_grad(true); }

/// A word of containers against that of tensors of a dtype: values, shape and dtype.
void compare(const std::string& word, Dtype dtype, const Tensor& expected, const Tensor& got,
             const Tensor& recorded) {
  CAPTURE(word);
  CHECK(mismatch(got.to(Dtype::float64), expected, tolerance_of(dtype)) == "");
  CHECK((got.dtype() == dtype || !is_floating(got.dtype())));
  CHECK(mismatch(recorded.detach(), got) == "");
}

/// `word` of containers of double against that of tensors, in both floating dtypes.
template <class F, std::same_as<Tensor>... X>
void check_word(const char* word, const F& f, const X&... of) {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const auto in_dtype = [&](const auto&... x) {
      compare(word, dtype, elements_of(f(to_xarray<double>(x.to(Dtype::float64))...)), f(x...),
              f(tracked(x)...));
    };
    in_dtype(of.to(dtype)...);
  }
}

Tensor points(double low, double high, std::uint64_t seed = 0) {
  return drawn({4, 5}, low, high, seed);
}

}  // namespace

TEST_CASE("xtensor's functions of one element") {
#define XTAPE_XT_UNARY(word, formula, low, high) \
  check_word(                                    \
      #word, [](const auto& x) { return xt::word(x); }, points(low, high));
#include <xtape/xtensor/words.def>
#undef XTAPE_XT_UNARY
}

TEST_CASE(
    "xtensor's functions of two elements, with a tensor, a container or a number beside a tensor") {
  const Tensor a = points(0.3, 3.0), b = points(0.3, 3.0, 1);
  const Array<double> of_a = to_xarray<double>(a), of_b = to_xarray<double>(b);
#define XTAPE_XT_BINARY(word, formula, low, high)                                            \
  check_word(                                                                                \
      #word, [](const auto& x, const auto& y) { return xt::word(x, y); }, points(low, high), \
      points(low, high, 1));                                                                 \
  CHECK_MESSAGE(mismatch(xt::word(a, of_b), xt::word(a, b)) == "", #word);                   \
  CHECK_MESSAGE(mismatch(xt::word(of_a, b), xt::word(a, b)) == "", #word);                   \
  check_word(                                                                                \
      #word, [](const auto& x) { return xt::word(x, 1.5); }, points(low, high));             \
  check_word(                                                                                \
      #word, [](const auto& x) { return xt::word(1.5, x); }, points(low, high));
#include <xtape/xtensor/words.def>
#undef XTAPE_XT_BINARY
}

TEST_CASE("xtensor's reductions: all axes, one, lists, braces, kept dimensions") {
#define XTAPE_XT_REDUCTION(word, formula)                                                    \
  check_word(                                                                                \
      #word, [](const auto& x) { return xt::word(x); }, points(0.3, 2.0));                   \
  check_word(                                                                                \
      #word, [](const auto& x) { return xt::word(x, {0}); }, points(0.3, 2.0));              \
  check_word(                                                                                \
      #word,                                                                                 \
      [](const auto& x) {                                                                    \
        return xt::word(x, {0, 1});                                                          \
      },                                                                                     \
      points(0.3, 2.0));                                                                     \
  check_word(                                                                                \
      #word,                                                                                 \
      [](const auto& x) { return xt::word(x, std::vector<std::size_t>{1}, xt::keep_dims); }, \
      points(0.3, 2.0));                                                                     \
  check_word(                                                                                \
      #word, [](const auto& x) { return xt::word(x, {1}, xt::keep_dims); }, points(0.3, 2.0));
#include <xtape/xtensor/words.def>
#undef XTAPE_XT_REDUCTION
  check_word(
      "sum", [](const auto& x) { return xt::sum(x, 1); }, points(-1, 1));
  check_word(
      "sum", [](const auto& x) { return xt::sum(2 * x + 1, {-1}); }, points(-1, 1));
  check_word(
      "sum", [](const auto& x) { return xt::sum(x)() + xt::mean(x)(); }, points(-1, 1));
  CHECK(xt::sum<double>(full({3}, 0.1, Dtype::float32)).dtype() == Dtype::float64);
  CHECK(xt::sum(ones({2, 3}), {0}, xt::evaluation_strategy::immediate).describe() == "float32[3]");
}

TEST_CASE("xtensor's variance: a number is ddof, axes are a list") {
  const Tensor x = tensor({{1.0, 2.0, 6.0}, {2.0, 2.0, 8.0}}, Dtype::float64);
  CHECK(values(xt::variance(x)) == Doubles{39.5 / 6});
  CHECK(values(xt::variance(x, 1))[0] == doctest::Approx(39.5 / 5).epsilon(1e-15));
  CHECK(values(xt::variance(x, {1})) == Doubles{14.0 / 3, 8});
  CHECK(values(xt::variance(x, {1}, 1)) == Doubles{7, 12});
  CHECK(values(xt::variance(x, std::vector<int>{0}, 1)) == Doubles{0.5, 0, 2});
  CHECK(values(xt::stddev(x, {0}, xt::keep_dims)) == Doubles{0.5, 0, 1});
  CHECK(xt::stddev(x, {0}, xt::keep_dims).shape() == Shape{1, 3});
}

TEST_CASE("xtensor's words along an axis") {
  check_word(
      "cumsum", [](const auto& x) { return xt::cumsum(x); }, points(-1, 1));
  check_word(
      "cumsum", [](const auto& x) { return xt::cumsum(x, 1); }, points(-1, 1));
  check_word(
      "cumprod", [](const auto& x) { return xt::cumprod(x, 0); }, points(-1, 1));
  check_word(
      "argmax", [](const auto& x) { return xt::argmax(x, 1); }, points(-1, 1));
  check_word(
      "argmin", [](const auto& x) { return xt::argmin(x, 0); }, points(-1, 1));
  check_word(
      "sort", [](const auto& x) { return xt::sort(x); }, points(-1, 1));
  check_word(
      "argsort", [](const auto& x) { return xt::argsort(x, 0); }, points(-1, 1));
  check_word(
      "diff", [](const auto& x) { return xt::diff(x, 2); }, points(-1, 1));
  check_word(
      "median", [](const auto& x) { return xt::median(x, 1); }, points(-1, 1));
  CHECK(xt::cumsum<double>(arange(3)).dtype() == Dtype::float64);
  CHECK(xt::cumprod<double>(arange(3), 0).dtype() == Dtype::float64);
  // Of containers it needs a reduction that is wrong in C++20 before xtensor 0.26.
  CHECK(values(xt::trapz(tensor({{1.0, 2.0, 6.0}, {2.0, 2.0, 8.0}}), 0.5)) == Doubles{2.75, 3.5});
}

TEST_CASE("xtensor's words of three operands, and of truth") {
  const Tensor x = points(-2, 2);
  const Array<double> of_x = to_xarray<double>(x);
  check_word(
      "where", [](const auto& a) { return xt::where(a > 0.5, a, 0.5); }, x);
  check_word(
      "clip", [](const auto& a) { return xt::clip(a, -0.5, 0.75); }, x);
  check_word(
      "fma", [](const auto& a) { return xt::fma(a, a, 2.0); }, x);
  check_word(
      "isclose", [](const auto& a) { return xt::isclose(a, a * (1 + 1e-4), 1e-3); }, x);
  CHECK(mismatch(xt::where(of_x > 0.5, x, of_x), x) == "");
  CHECK(xt::all(xt::isfinite(x)));
  CHECK(!xt::any(x > 2));
  CHECK(xt::allclose(x, of_x));
  CHECK(!xt::allclose(x, of_x + 1));
  CHECK(xt::cast<float>(x).dtype() == Dtype::float32);
  CHECK(xt::cast<int>(x).dtype() == Dtype::int64);
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  const Array<double> a{1, inf, inf, nan}, b{1, inf, -inf, nan};
  for (const bool equal_nan : {false, true}) {
    const auto near = [&](const auto& u, const auto& v) {
      return xt::isclose(u, v, 1e-5, 1e-8, equal_nan);
    };
    CHECK(mismatch(near(from_xt(a), from_xt(b)), from_xt(near(a, b))) == "");
  }
}

TEST_CASE("where C++ and NumPy differ, xtensor's words mean what C++ does") {
  const Array<double> halves{-2.5, -1.5, -0.5, 0.49999999999999994,
                             0.5,  1.5,  2.5,  4503599627370497.5};
  check_word(
      "round", [](const auto& x) { return xt::round(x); }, from_xt(halves));
  check_word(
      "rint", [](const auto& x) { return xt::rint(x); }, from_xt(halves));
  const Array<double> a{5, -5, 5, -5, 2.5, -2.5, 1e18, 3.5, 7, 0.1},
      b{3, 3, -3, -3, 1, 1, 7, 1, 2, 0.3};
  check_word(
      "remainder", [](const auto& x, const auto& y) { return xt::remainder(x, y); }, from_xt(a),
      from_xt(b));
  check_word(
      "fmod", [](const auto& x, const auto& y) { return xt::fmod(x, y); }, from_xt(a), from_xt(b));
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const Array<double> u{nan, 1, nan, 2, inf}, v{1, nan, nan, 3, inf};
  check_word(
      "fdim", [](const auto& x, const auto& y) { return xt::fdim(x, y); }, from_xt(u), from_xt(v));
  check_word(
      "fmax", [](const auto& x, const auto& y) { return xt::fmax(x, y); }, from_xt(u), from_xt(v));
  check_word(
      "fmin", [](const auto& x, const auto& y) { return xt::fmin(x, y); }, from_xt(u), from_xt(v));
}

TEST_CASE("operators between tensors and containers give tensors") {
  const Array<double> a{{1, 2}, {3, 4}};
  const Array<double> row{10, 20};
  const Tensor x = from_xt(a).set_requires_grad(true);
  CHECK(values(x + a) == Doubles{2, 4, 6, 8});
  CHECK(values(a - x) == Doubles{0, 0, 0, 0});
  CHECK(values(x * row) == Doubles{10, 40, 30, 80});
  CHECK(values(row / x) == Doubles{10, 10, 10.0 / 3, 5});
  CHECK(values(x * (a + 1)) == Doubles{2, 6, 12, 20});
  CHECK(values(x < row) == Doubles{1, 1, 1, 1});
  CHECK(values(row <= x) == Doubles{0, 0, 0, 0});
  CHECK(values((x > 1.5) & (a < 4)) == Doubles{0, 1, 1, 0});
  CHECK(values(x == a) == Doubles{1, 1, 1, 1});
  sum(x * x * row).backward();
  CHECK(values(x.grad()) == Doubles{20, 80, 60, 160});
  CHECK((ones({2}) + row).dtype() == Dtype::float64);  // float32 beside double
}

TEST_CASE("one generic function for containers and tensors, differentiable to any order") {
  const auto f = [](const auto& x) { return xt::sum(xt::square(1 - xt::exp(x))); };
  const Array<double> a{{-0.5, 0.25}, {0.75, 1}};
  CHECK(f(from_xt(a)).item() == doctest::Approx(f(a)()).epsilon(1e-15));
  const auto rosenbrock = [](const auto& x) {
    const auto first = xt::view(x, xt::range(0, 3)), next = xt::view(x, xt::range(1, 4));
    return xt::sum(100 * xt::pow(next - xt::square(first), 2) + xt::square(1 - first));
  };
  const auto many = [&](const auto& x) {
    return xt::mean(xt::where(x > 0, xt::log1p(xt::abs(x)), xt::sin(x)) * xt::hypot(x, 2.0), {0}) +
           xt::norm_l2(x, {0}) + xt::remainder(x, 0.7) / 3;
  };
  const auto check = [](const auto& function, const Tensor& at) {
    const auto report =
        gradcheck([&](const std::vector<Tensor>& x) { return function(x[0]); }, {at}, {.order = 2});
    CHECK_MESSAGE(report.passed, report);
  };
  check(f, from_xt(a));
  check(rosenbrock, tensor({-1.2, 1.0, 0.5, 2.0}, Dtype::float64));
  check(many, tensor({{-1.2, 1.0}, {0.5, 2.0}}, Dtype::float64));
}
