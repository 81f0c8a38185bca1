// A tensor made of a number stays a number: it takes the dtype of what it stands beside, exactly.
#include <doctest/doctest.h>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

using Integers = std::vector<std::int64_t>;

constexpr Dtype boolean = Dtype::boolean, int64 = Dtype::int64, float32 = Dtype::float32,
                float64 = Dtype::float64;

Tensor leaf(double value) { return full({}, value, float64).set_requires_grad(true); }

// Numbers convert, and nothing that is none.
enum Unscoped { one };
enum Large : std::uint64_t { largest = 18446744073709551615U };
enum Truth : bool { no, yes };
static_assert(std::convertible_to<bool, Tensor> && std::convertible_to<std::uint8_t, Tensor> &&
              std::convertible_to<long double, Tensor> && std::convertible_to<float, Tensor>);
static_assert(!std::convertible_to<std::nullptr_t, Tensor> && !std::convertible_to<void*, Tensor> &&
              !std::convertible_to<const char*, Tensor> &&
              !std::convertible_to<std::string, Tensor> && !std::convertible_to<Unscoped, Tensor> &&
              !std::convertible_to<Dtype, Tensor> && !std::convertible_to<Shape, Tensor> &&
              !std::convertible_to<std::vector<double>, Tensor> &&
              !std::convertible_to<Tensor, double> && !std::convertible_to<Tensor, bool>);

}  // namespace

TEST_CASE("numbers: they take the dtype of what they stand beside") {
  const Tensor half = 0.5, two = 2, truth = true;
  CHECK(half.dtype() == float32);
  CHECK(two.dtype() == int64);
  CHECK(truth.dtype() == boolean);
  CHECK(half.shape() == Shape{});
  for (const Dtype dtype : {float32, float64}) {
    const Tensor x = ones({2}, dtype), s = ones({}, dtype);
    for (const Tensor& number : {half, two, truth}) {
      CHECK((x + number).dtype() == dtype);
      CHECK((number / s).dtype() == dtype);
      CHECK(pow(number, x).dtype() == dtype);
      CHECK(where(x > number, number, x).dtype() == dtype);
      CHECK(clip(x, number, 2).dtype() == dtype);
      CHECK(clip(number, s, x).dtype() == dtype);
      Tensor a = number;
      a += x;
      CHECK(a.dtype() == dtype);
      CHECK(stack({number, s}).dtype() == dtype);
    }
  }
  const Tensor integers = tensor({1, 2});
  CHECK((integers + half).dtype() == float64);
  CHECK((integers * two).dtype() == int64);
  CHECK((integers + truth).dtype() == int64);
  CHECK((tensor({true}) + two).dtype() == int64);
  CHECK(((half + two) * integers).dtype() == float64);
  CHECK((two * 3 * integers).dtype() == int64);
}

TEST_CASE("numbers: their value is exact beside float64, and rounds once to float32") {
  const Tensor tenth = 0.1, wide = full({}, 1, float64);
  CHECK((tenth * wide).item() == 0.1);
  CHECK((wide + -tenth).item() == 1 + -0.1);
  CHECK((tenth * full({}, 1, float32)).item() == double{0.1F});
  CHECK(((tenth + 0.2) * wide).item() == 0.1 + 0.2);
  CHECK((exp(tenth) * wide).item() == exp(full({}, 0.1, float64)).item());
  CHECK(stack({tenth, wide})[0].item() == 0.1);
  CHECK(where(wide > 0, tenth, wide).item() == 0.1);
  CHECK(where(tensor(true), tenth, 2).to(float64).item() == 0.1);
  CHECK((where(wide > 0, tenth, 0.2) * wide).item() == 0.1);
  CHECK((clip(tenth, 0, 1) * wide).item() == 0.1);
  CHECK((clip(tenth, 0.3, 1) * wide).item() == 0.3);
  CHECK((maximum(tenth, 0.05) * wide).item() == 0.1);
  CHECK(equal(tenth, full({}, 0.1, float64)).item() == 1);
  CHECK(equal(tenth, full({}, 0.1, float32)).item() == 1);
  CHECK((wide == tenth * 10).item() == 1);
  const Tensor huge = 1e300;  // float32 has no such number
  CHECK(huge.dtype() == float64);
  CHECK((huge * wide).item() == 1e300);
  CHECK(error_of<ValueError>([&] { return huge * ones({2}); }) ==
        "multiply: a number must fit in float32; got 1e+300");
  const Tensor infinite = std::numeric_limits<double>::infinity();
  CHECK(infinite.dtype() == float32);
  CHECK((infinite * ones({})).item() == std::numeric_limits<double>::infinity());
  CHECK(std::isnan((Tensor(std::nan("")) + 1).item()));
}

TEST_CASE("numbers: of numbers alone come numbers, as C++ computes them") {
  Tensor a = 1;
  a /= 3;
  CHECK(a.item() == 1.0 / 3);
  CHECK((a * ones({}, float64)).item() == 1.0 / 3);
  CHECK((Tensor(7) * 6).to_vector<std::int64_t>() == Integers{42});
  CHECK((Tensor(INT64_MAX) - 1).to_vector<std::int64_t>() == Integers{INT64_MAX - 1});
  CHECK((Tensor(INT64_MAX) + 1).item() == 0x1p63);  // beyond int64: floating
  CHECK(square(Tensor(std::int64_t{1} << 40)).item() == 0x1p80);
  CHECK(pow(Tensor(10), 30).item() == doctest::Approx(1e30));
  CHECK(((Tensor(3) > 2.5) * ones({}, float32)).dtype() == float32);
  CHECK((Tensor(1) < std::uint64_t{1} << 63).item() == 1);
  CHECK((Tensor(0.5) == 0.5).dtype() == boolean);
  CHECK((!Tensor(0)).item() == 1);
  CHECK(isnan(Tensor(0.5)).item() == 0);
  CHECK(isfinite(Tensor(0.5)).item() == 1);
  CHECK((add(1, 2) * ones({}, float32)).dtype() == float32);
  CHECK_THROWS_AS(pow(Tensor(2), -1), ValueError);
  CHECK_FALSE((Tensor(1) + 1).requires_grad());
  const DefaultDtypeGuard guard(float64);
  CHECK(Tensor(0.5).dtype() == float64);
  CHECK((Tensor(0.1) * ones({}, float32)).dtype() == float32);
  CHECK((Tensor(0.1) + 0.2).item() == 0.1 + 0.2);
}

TEST_CASE("numbers: elsewhere they are tensors of the default dtype") {
  const Tensor tenth = 0.1;
  const auto ordinary = [](const Tensor& x) {
    return x.dtype() == float32 && (x + tensor({1.0}, float64)).dtype() == float64 &&
           (x * tensor({1})).dtype() == float64 && (x + x).dtype() == float32 &&
           (x * tensor(1.0, float64)).item() == double{0.1F};
  };
  CHECK(tenth.item() == 0.1);
  CHECK(tenth.to_vector<double>() == Doubles{0.1});
  CHECK(tenth.data<float>()[0] == 0.1F);
  CHECK(tenth.describe() == "float32[]");
  CHECK(sum(tenth).item() == double{0.1F});
  CHECK(ordinary(sum(tenth)));
  CHECK(values(reshape(tenth, {1, 1})) == Doubles{0.1F});
  CHECK(values(broadcast_to(tenth, {2})) == Doubles{0.1F, 0.1F});
  CHECK(stack({tenth, tenth}).dtype() == float32);
  CHECK(stack({1, tenth}).dtype() == float32);
  CHECK(stack({1, 2}).dtype() == int64);
  CHECK(stack({tenth, tensor(1)}).dtype() == float64);
  CHECK(stack({tenth, tensor(1)})[0].item() == 0.1);
  CHECK(where(tensor({true, false}), tenth, 2).dtype() == float32);
  CHECK(where(tensor({true, false}), Tensor(1), 2).dtype() == int64);
  CHECK(error_of<ShapeError>([&] { return matmul(tenth, tenth); }).find("float32[]") !=
        std::string::npos);

  CHECK(tenth.clone().item() == double{0.1F});
  CHECK(ordinary(tenth.clone()));
  CHECK(tenth.to(float32).item() == double{0.1F});
  CHECK(ordinary(tenth.to(float32)));
  CHECK(tenth.to(float64).item() == 0.1);
  CHECK((tenth.to(float64) + ones({})).dtype() == float64);
  CHECK(Tensor(2.75).to(int64).item() == 2);
  CHECK(Tensor(2.75).to(boolean).item() == 1);
  CHECK_THROWS_AS(Tensor(1e30).to(int64), ValueError);
  CHECK((tenth.detach() * ones({}, float64)).item() == 0.1);
  CHECK((tenth.contiguous() * ones({}, float64)).item() == 0.1);
  CHECK((reshape(tenth, Shape{}) * ones({}, float64)).item() == 0.1);

  CHECK(error_of<ValueError>([] { return Tensor(std::uint64_t{1} << 63); }) ==
        "tensor: a number must fit in int64; got 9223372036854775808");
  CHECK_THROWS_AS(static_cast<void>(tenth[0]), IndexError);
}

TEST_CASE("numbers: as leaves they are ordinary tensors") {
  const Tensor w = 0.1, other = w.detach();
  CHECK(&w.set_requires_grad(true).body() == &w.body());
  CHECK(w.requires_grad());
  CHECK(w.item() == double{0.1F});
  (w * full({}, 3, float64)).backward();
  CHECK(w.grad().item() == 3);
  CHECK(w.grad().dtype() == float32);
  CHECK((other * ones({}, float64)).item() == 0.1);
  CHECK_THROWS_AS(Tensor(1).set_requires_grad(true), DtypeError);
  CHECK((Tensor(1).set_requires_grad(false) * ones({}, float32)).dtype() == float32);

  const Tensor x = zeros({}, float64), y = 0.5;
  x.assign(0.1);
  CHECK(x.item() == 0.1);
  x.assign(3);
  CHECK(x.item() == 3);
  y.assign(full({}, 0.25, float32));
  CHECK(y.item() == 0.25);
  CHECK((y * ones({}, float64)).item() == 0.25);
  y.assign(0.1);
  CHECK(y.item() == double{0.1F});
  CHECK_THROWS_AS(zeros({}, int64).assign(0.5), DtypeError);
  CHECK_THROWS_AS(zeros({}, boolean).assign(2), DtypeError);
  CHECK_THROWS_AS(zeros({2}).assign(2), ShapeError);
  CHECK_THROWS_AS(zeros({}).assign(1e300), ValueError);

  struct Scale : nn::Module {
    nn::Parameter factor = parameter("factor", 0.1);
    nn::Buffer count = buffer("count", 0);
  };
  const Scale module;
  CHECK(module.factor.item() == double{0.1F});
  CHECK((module.count * ones({}, float32)).dtype() == float64);
  module.factor.assign(2);
  CHECK(module.factor.item() == 2);
  CHECK(nn::clone(module).factor.item() == 2);
}

TEST_CASE("numbers: as gradients they take the dtype that is needed") {
  const Tensor x = leaf(3);
  (x * x).backward(Tensor(0.1));
  CHECK(x.grad().item() == 0.1 * 3 + 0.1 * 3);
  const std::vector<Tensor> inputs{x};
  CHECK(grad({x * x}, inputs, {.seeds = {0.1}})[0].item() == 0.1 * 3 + 0.1 * 3);
  CHECK(grad({x * x}, inputs, {.seeds = {2}})[0].dtype() == float64);
  const Tensor y =
      record("slope", x.detach() * 0.1, {x}, [](const Tensor&, const Send& send) { send(0, 0.1); });
  const Tensor dx = grad(y, {x})[0];
  CHECK(dx.item() == 0.1);
  CHECK((dx * ones({}, float32)).dtype() == float64);  // no number any more
}

TEST_CASE("numbers: as results of an operation of one's own they are ordinary tensors") {
  const Tensor x = leaf(3);
  const Tensor y = record("constant", 2.5, {x},
                          [](const Tensor& g, const Send& send) { send(0, g.to(float64)); });
  CHECK(y.dtype() == float32);
  CHECK(y.requires_grad());
  const Tensor z = y * x;
  CHECK(z.dtype() == float64);
  CHECK(grad(z, {x})[0].item() == 3 + 2.5);
}

TEST_CASE("numbers: they print as themselves") {
  const auto text = [](const Tensor& x) {
    std::ostringstream stream;
    stream << x;
    return stream.str();
  };
  CHECK(text(0.1) == "0.1");
  CHECK(text(Tensor(0.1) + 0.2) == "0.30000000000000004");
  CHECK(to_string(Tensor(1) / 3) == "0.3333333333333333");
  CHECK(text(2) == "2");
  CHECK(text(true) == "True");
  CHECK(text(Tensor(2) > 3) == "False");
}

TEST_CASE("numbers: calls of C++'s functions stay what they were") {
  static_assert(std::same_as<decltype(tanh(1.0)), double>);
  static_assert(std::same_as<decltype(sqrt(2)), double>);
  static_assert(std::same_as<decltype(pow(2.0, 3)), double>);
  static_assert(std::same_as<decltype(exp(1)), double>);
  static_assert(std::floating_point<decltype(log(2.0F))>);
  static_assert(std::same_as<decltype(std::abs(-1.0)), double>);
  CHECK(pow(leaf(3), 2).item() == 9);
  CHECK(pow(2, leaf(3)).item() == 8);
  CHECK(tensor(1.0).dtype() == float32);
  CHECK((tensor(1.0) + ones({}, float64)).dtype() == float64);
  CHECK(concatenate({ones({2}), ones({1})}).size() == 3);
  CHECK(std::vector<Tensor>(3).size() == 3);
  const Tensor x = leaf(2);
  const Tensor y = x * x;
  y.backward({true});
  y.backward({.retain_graph = true});
  y.backward();
  CHECK(x.grad().item() == 12);
  std::ostringstream stream;
  stream << 1.5 << ' ' << 2 << std::boolalpha << true;
  CHECK(stream.str() == "1.5 2true");
}

TEST_CASE("numbers: an operand made a tensor is its holder's, whom backward does not follow") {
  const auto as_tensor = [](const Operand& number) {
    Tensor made;
    return number.tensor("test", float32, made);
  };
  const Tensor x = ones({2}).set_requires_grad(true);
  Tensor c = as_tensor(3.0);
  const Tensor y = sum(x * c);
  c.assign(tensor(100.0));
  y.backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{3, 3});
}

TEST_CASE("numbers: what changes nothing of them leaves them numbers") {
  const Tensor tenth = 0.1;
  for (const Tensor& same :
       {tenth(), slice(tenth, {}), transpose(tenth), reshape(tenth, Shape{}), squeeze(tenth),
        broadcast_to(tenth, {}), tenth.detach(), tenth.contiguous()}) {
    CHECK((same * ones({}, float64)).item() == 0.1);
    CHECK((same * ones({}, float32)).dtype() == float32);
  }
  CHECK(values(block({{tenth, ones({1}, float64)}})) == Doubles{0.1, 1});
  CHECK(values(block({{tenth}, {ones({1, 1}, float64)}})) == Doubles{0.1, 1});
  CHECK(block({{tenth, tensor({1.0F}, float32)}}).dtype() == float32);
  CHECK(block({{tenth, 2}}).dtype() == float32);
  CHECK(values(stack({tenth, ones({}, float64)})) == Doubles{0.1, 1});
}

TEST_CASE("numbers: a name of an enumeration is the number that it stands for") {
  CHECK(full({}, largest, float64).item() == 18446744073709551615.0);
  CHECK_THROWS_AS(static_cast<void>(full({}, largest, int64)), ValueError);
  CHECK(full({}, yes, boolean).item() == 1);
  CHECK(full({}, one, int64).item() == 0);
}
