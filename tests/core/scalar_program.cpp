// A program of C++ for numbers is one for tensors: compound assignment, numbers that stay numbers,
// and elements by their indices.
#include <doctest/doctest.h>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr Dtype float32 = Dtype::float32, float64 = Dtype::float64;

Tensor leaf(double value, Dtype dtype = float64) {
  return full({}, value, dtype).set_requires_grad(true);
}
Tensor vector(const std::vector<double>& values) { return from_vector(values); }

/// ((s² s + 1/2) s + 1/2) s + 1/2
template <class T>
T horner(T s) {
  T a = 0;
  a += s * s;
  for (int i = 0; i < 3; ++i) a = a * s + 0.5;
  return a;
}
double horner_slope(double s) { return 5 * s * s * s * s + 0.5 * (2 * s + 1); }

/// All four assignments, with a number and a variable on the right.
template <class T>
T assigned(T s) {
  T a = 1;
  a /= s;
  a -= 0.1;
  a *= s;
  a += 3;
  a *= 2;
  a -= s;
  a /= 4;
  return a;  // ((1 - 0.1 s + 3) 2 - s) / 4
}

/// Factorials beyond int64 and an accumulator that starts as an integer: exp by its series.
template <class T>
T exponential(T s) {
  T sum = 1, power = 1, factorial = 1;
  for (int k = 1; k < 26; ++k) {
    power *= s;
    factorial *= k;
    sum += power / factorial;
  }
  return sum;
}

/// Newton's method for the square root of s.
template <class T>
T root(T s) {
  T x = s;
  for (int i = 0; i < 8; ++i) x = 0.5 * (x + s / x);
  return x;
}

/// One function for both.
template <class F>
void check_program(F program, const std::function<double(double)>& slope, double at) {
  const double expected = program(at);
  const Tensor s = leaf(at);
  const Tensor y = program(s);
  CHECK(y.dtype() == float64);
  CHECK(y.item() == doctest::Approx(expected).epsilon(4e-15));
  y.backward();
  CHECK(s.grad().item() == doctest::Approx(slope(at)).epsilon(1e-14));
  CHECK(grad(program)(full({}, at, float64)).item() == s.grad().item());

  const Tensor t = leaf(at, float32);
  const Tensor narrow = program(t);
  CHECK(narrow.dtype() == float32);
  CHECK(narrow.item() == doctest::Approx(expected).epsilon(2e-6));
  narrow.backward();
  CHECK(t.grad().dtype() == float32);
  CHECK(t.grad().item() == doctest::Approx(slope(at)).epsilon(2e-6));

  const Tensor number = program(Tensor(at));
  CHECK(number.item() == doctest::Approx(expected).epsilon(4e-15));
  CHECK((number + tensor({1.0}, float64)).dtype() == float64);
  CHECK((number + tensor({1.0}, float32)).dtype() == float32);
}

template <class A, class B>
concept Assignable = requires(A&& a, B&& b) {
  std::forward<A>(a) = std::forward<B>(b);
};
template <class A, class B>
concept Plus = requires(A&& a, B&& b) {
  std::forward<A>(a) += std::forward<B>(b);
};
template <class A, class B>
concept Minus = requires(A&& a, B&& b) {
  std::forward<A>(a) -= std::forward<B>(b);
};
template <class A, class B>
concept Times = requires(A&& a, B&& b) {
  std::forward<A>(a) *= std::forward<B>(b);
};
template <class A, class B>
concept Over = requires(A&& a, B&& b) {
  std::forward<A>(a) /= std::forward<B>(b);
};
template <class A, class B>
concept Compound = Plus<A, B> || Minus<A, B> || Times<A, B> || Over<A, B>;
template <class A, class B>
concept AllCompound = Plus<A, B> && Minus<A, B> && Times<A, B> && Over<A, B>;
template <class X>
concept AssignsParts = requires(X x) {
  x[0] = 1;
}
|| requires(X x) { x[0] = x; }
|| requires(X x) { x(0, 1) = 1.0; }
|| requires(X x) { (x + x) = x; }
|| requires(X x) { x[0] += 1; }
|| requires(X x) { x(0, 1) *= x; };
template <class X, class... I>
concept Indexed = requires(const X& x, I... i) {
  x(i...);
};

// What has no name cannot be assigned to: it would be lost.
static_assert(Assignable<Tensor&, Tensor> && Assignable<Tensor&, const Tensor&> &&
              Assignable<Tensor&, int>);
static_assert(!Assignable<Tensor, Tensor> && !Assignable<Tensor, const Tensor&> &&
              !Assignable<Tensor, int> && !Assignable<const Tensor&, Tensor>);
static_assert(!AssignsParts<Tensor>);
static_assert(AllCompound<Tensor&, Tensor> && AllCompound<Tensor&, int> &&
              AllCompound<Tensor&, double> && AllCompound<Tensor&, const nn::Parameter&>);
static_assert(!Compound<Tensor, int> && !Compound<const Tensor&, int> &&
              !Compound<double&, Tensor>);

// A registered tensor is not bound to another one.
static_assert(!Compound<nn::Parameter&, Tensor> && !Compound<nn::Parameter&, double> &&
              !Compound<nn::Buffer&, int> && !Compound<nn::Parameter&, nn::Parameter&> &&
              !Compound<const nn::Parameter&, double> && !Compound<nn::Parameter, double>);
static_assert(!Assignable<nn::Parameter&, Tensor> && !Assignable<nn::Parameter&, double>);

static_assert(!std::invocable<Tensor, Tensor>);
static_assert(!std::invocable<Tensor, double> && !std::invocable<Tensor, const char*>);
static_assert(Indexed<Tensor> && Indexed<Tensor, int> &&
              Indexed<Tensor, int, std::size_t, char, bool> &&
              Indexed<Tensor, int, int, int, int, int, int, int, int> &&
              !Indexed<Tensor, int, int, int, int, int, int, int, int, int>);

}  // namespace

TEST_CASE("scalar programs: a template has the values and slopes of double") {
  for (const double at : {0.3, 1.7, 2.0}) {
    CAPTURE(at);
    check_program([](auto s) { return horner(s); }, horner_slope, at);
    check_program([](auto s) { return assigned(s); }, [](double) { return -0.3; }, at);
    check_program([](auto s) { return exponential(s); }, [](double s) { return std::exp(s); }, at);
    check_program([](auto s) { return root(s); }, [](double s) { return 0.5 / std::sqrt(s); }, at);
  }
  const auto [y, slope] = value_and_grad(horner<Tensor>)(full({}, 2, float64));
  CHECK(y.item() == horner(2.0));
  CHECK(slope.item() == horner_slope(2));
  CHECK(horner<Tensor>(2).item() == horner(2.0));
  CHECK(horner<Tensor>(leaf(2)).item() == horner(2.0));
  CHECK(hessian([](const Tensor& s) { return horner(s); }, full({}, 2, float64)).item() ==
        doctest::Approx(20.0 * 8 + 1));
}

TEST_CASE("scalar programs: a constant function has the derivative 0") {
  const auto constant = [](const Tensor&) -> Tensor { return 0.25; };
  const auto [y, dx] = value_and_grad(constant)(full({}, 3, float64));
  CHECK(y.item() == 0.25);
  CHECK(dx.dtype() == float64);
  CHECK(dx.item() == 0);
  CHECK(grad([](const Tensor&) { return 1; })(full({}, 3, float64)).item() == 0);
}

TEST_CASE("scalar programs: derivatives at a number are those at a tensor of the default dtype") {
  const Tensor dx = grad([](const Tensor& x) { return x * x; })(0.1);
  CHECK(dx.dtype() == float32);
  CHECK(dx.item() == 2 * double{0.1F});
  CHECK(grad([](const Tensor& x) { return x * x * x; })(2).item() == 12);
  CHECK(hvp([](const Tensor& x) { return x * x * x; }, 2, 1).item() == 12);
  const Tensor x = full({}, 3, float64);
  CHECK(hvp([](const Tensor& t) { return t * t * t; }, x, 0.1).item() ==
        doctest::Approx(1.8).epsilon(1e-15));
  CHECK(vjp([](const Tensor& t) { return t * t; }, x).second(0.1).item() == 6 * 0.1);
}

TEST_CASE("compound assignment binds the handle and leaves values alone") {
  Tensor a = vector({1, 2});
  const Tensor before = a, also = a;
  a += 1;
  a *= a;
  CHECK(values(a) == Doubles{4, 9});
  CHECK(values(before) == Doubles{1, 2});
  CHECK(&before.body() == &also.body());
  (a -= 1) /= 2;
  CHECK(values(a) == Doubles{1.5, 4});
  a += vector({1, 2}).to(float32);
  CHECK(a.dtype() == float64);
  Tensor column = vector({1, 2});
  column += zeros({3, 2});
  CHECK(column.shape() == Shape{3, 2});
  CHECK_THROWS_AS(column += zeros({4}), ShapeError);
  CHECK(column.shape() == Shape{3, 2});
  Tensor undefined;
  CHECK_THROWS_AS(undefined += 1, ValueError);
}

TEST_CASE("compound assignment leaves what the tape has saved alone") {
  const Tensor x = vector({2, 3}).set_requires_grad(true);
  Tensor y = x;
  y *= x;
  const Tensor squares = y;
  y *= x;
  y += 1;
  sum(y).backward();
  CHECK(values(x.grad()) == Doubles{12, 27});
  CHECK(values(squares) == Doubles{4, 9});
  CHECK(x.is_leaf());
}

TEST_CASE("indices: x[i] and x(i, j) are views, and differentiable") {
  const Tensor x = reshape(arange(24).to(float64), {2, 3, 4}).set_requires_grad(true);
  CHECK(values(x[1][2]) == Doubles{20, 21, 22, 23});
  CHECK(values(x[-2][-1]) == Doubles{8, 9, 10, 11});
  CHECK(values(x(1, 2)) == values(x[1][2]));
  CHECK(x(1, 2, 3).item() == 23);
  CHECK(x(-1, 0, -2).item() == 14);
  CHECK(x(1).shape() == Shape{3, 4});
  CHECK(x(0, 0, 1).shape() == Shape{});
  CHECK(x[std::size_t{1}](std::uint8_t{2}, short{3}).item() == 23);
  CHECK(x[true](1L, 'a' - 'a').item() == 16);
  (x(1, 2, 3) * x(1, 2, 3) + x[0][1][2] * 5).backward();
  Doubles expected(24, 0);
  expected[23] = 46;
  expected[6] = 5;
  CHECK(values(x.grad()) == expected);
  const Tensor c = vector({1, 2, 3});
  const Tensor second = c[1];
  CHECK(second.data<double>().data() == c.data<double>().data() + 1);
}

TEST_CASE("indices: names of an enumeration are those that they stand for") {
  enum Column { price, area, year };
  const Tensor house = vector({9, 7, 5});
  CHECK(house[area].item() == 7);
  CHECK(house(year).item() == 5);
  CHECK(stack({house, house + 1})(area, price).item() == 10);
  enum class Scoped { first };
  static_assert(!Indexed<Tensor, Scoped>);
}

TEST_CASE("indices: they are differentiable to any order") {
  const Tensor x = vector({2, 3, 5}).set_requires_grad(true);
  const Tensor slopes = grad(x[0] * x[0] * x[2], {x}, {.create_graph = true})[0];
  CHECK(values(slopes) == Doubles{20, 0, 4});
  CHECK(values(grad(slopes[0], {x})[0]) == Doubles{10, 0, 4});
}

TEST_CASE("indices: a polynomial by its elements") {
  const auto norm = [](const auto& v) {
    auto sum = 0 * v[0];
    for (std::size_t i = 0; i < 3; ++i) sum += v[i] * v[i];
    return sum;
  };
  const std::vector<double> at{1, -2, 3};
  CHECK(norm(vector(at)).item() == norm(at));
  CHECK(values(grad([&](const Tensor& v) { return norm(v); })(vector(at))) == Doubles{2, -4, 6});
}

TEST_CASE("indices: what is out of range, and too many") {
  const Tensor x = zeros({2, 3});
  CHECK(error_of<IndexError>([&] { return x[2]; }) ==
        "index: the place along axis 0 must lie in [-2, 2); got 2");
  CHECK(error_of<IndexError>([&] { return x(0, -4); }) ==
        "index: the place along axis 1 must lie in [-3, 3); got -4");
  CHECK(error_of<IndexError>([&] { return x(0, 0, 0); }) ==
        "index: at most one an axis is possible; got 3 for float32[2, 3]");
  CHECK(error_of<IndexError>([&] { return tensor(1.0)[0]; }) ==
        "index: at most one an axis is possible; got 1 for float32[]");
  CHECK(error_of<IndexError>([&] { return zeros({0})[0]; }) ==
        "index: the place along axis 0 must exist, and there is none; got 0");
  CHECK(error_of<IndexError>([&] { return x[UINT64_MAX]; }) ==
        "index: a number must fit in int64; got 18446744073709551615");
  CHECK_THROWS_AS(static_cast<void>(x[INT64_MIN]), IndexError);
  CHECK_THROWS_AS(static_cast<void>(Tensor()[0]), ValueError);
}
