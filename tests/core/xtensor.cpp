#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtensor.hpp>

#if __has_include(<xtensor/views/xview.hpp>)
#include <xtensor/core/xmath.hpp>
#include <xtensor/misc/xmanipulation.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xview.hpp>
#endif

#include <xtape/core/body.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/memory.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

template <class E>
concept Accepted = requires(E expression) {
  from_xt(expression);
};
static_assert(!Accepted<int>);

/// y = a sin(b)
Tensor swing(const Tensor& a, const Tensor& b) {
  return custom_op(
      "swing", [](const auto& x, const auto& t) { return x * xt::sin(t); },
      [](const auto& g, const auto& x, const auto& t) {
        return std::make_tuple(g * xt::sin(t), g * x * xt::cos(t));
      },
      a, b);
}

Tensor softsign(const Tensor& input) {
  return custom_op(
      "softsign", [](const auto& x) { return x / (1 + xt::abs(x)); },
      [](const auto& g, const auto& x) { return g / xt::square(1.0 + xt::abs(x)); }, input);
}

}  // namespace

TEST_CASE("from_xt: a container that is given away is moved in") {
  SUBCASE("xarray") {
    xt::xarray<float> a{{1, 2, 3}, {4, 5, 6}};
    const float* const memory = a.data();
    const Tensor x = from_xt(std::move(a));
    CHECK(x.describe() == "float32[2, 3]");
    CHECK(x.data<float>().data() == memory);
    CHECK(values(x) == Doubles{1, 2, 3, 4, 5, 6});
  }
  SUBCASE("xtensor, and what the tensor does with it later") {
    xt::xtensor<double, 1> a{1, 2};
    const double* const memory = a.data();
    Tensor x = from_xt(std::move(a));
    CHECK(x.data<double>().data() == memory);
    const Tensor view = x.detach();
    x.assign(tensor({3, 4}, Dtype::float64));
    x = Tensor();
    CHECK(view.data<double>().data() == memory);
    CHECK(values(view) == Doubles{1, 2});
  }
  SUBCASE("integers and booleans") {
    CHECK(from_xt(xt::xarray<std::int64_t>{1, 2}).to_vector<std::int64_t>() ==
          std::vector<std::int64_t>{1, 2});
    CHECK(from_xt(xt::xarray<bool>{true, false}).to_vector<bool>() ==
          std::vector<bool>{true, false});
  }
  SUBCASE("of rank 0, and empty") {
    CHECK(from_xt(xt::xarray<double>(3.5)).describe() == "float64[]");
    CHECK(from_xt(xt::xarray<double>(3.5)).item() == 3.5);
    const Tensor empty = from_xt(xt::xarray<double>::from_shape({2, 0}));
    CHECK(empty.shape() == Shape{2, 0});
    CHECK(values(empty).empty());
  }
}

TEST_CASE("from_xt: anything else is copied") {
  xt::xarray<double> a{{1, 2, 3}, {4, 5, 6}};
  const Doubles rows{1, 2, 3, 4, 5, 6}, columns{1, 4, 2, 5, 3, 6};
  SUBCASE("a container that is kept") {
    const Tensor x = from_xt(a);
    a(0, 0) = 99;
    CHECK(values(x) == rows);
    CHECK(values(from_xt(std::as_const(a))).front() == 99);
    CHECK(a(0, 0) == 99);
  }
  SUBCASE("column-major containers") {
    xt::xtensor<double, 2, xt::layout_type::column_major> c = a;
    CHECK(values(from_xt(c)) == rows);
    CHECK(values(from_xt(std::move(c))) == rows);
    xt::xarray<double, xt::layout_type::dynamic> d(std::vector<std::size_t>{2, 3},
                                                   xt::layout_type::column_major);
    d = a;
    CHECK(values(from_xt(std::move(d))) == rows);
  }
  SUBCASE("a row-major container of dynamic layout") {
    xt::xarray<double, xt::layout_type::dynamic> d(std::vector<std::size_t>{2, 3},
                                                   xt::layout_type::row_major);
    d = a;
    CHECK(values(from_xt(std::move(d))) == rows);
  }
  SUBCASE("views, transposes, lazy expressions") {
    CHECK(values(from_xt(xt::view(a, xt::all(), 1))) == Doubles{2, 5});
    CHECK(values(from_xt(xt::view(a, 1, xt::range(0, 3, 2)))) == Doubles{4, 6});
    CHECK(values(from_xt(xt::transpose(a))) == columns);
    CHECK(values(from_xt(a * 2 - a)) == rows);
    CHECK(from_xt(a > 3.0).to_vector<bool>() ==
          std::vector<bool>{false, false, false, true, true, true});
    CHECK(values(from_xt(xt::sum(a, {0}))) == Doubles{5, 7, 9});
    CHECK(from_xt(xt::sum(a)).item() == 21);
    CHECK(from_xt(xt::sum(a)).rank() == 0);
  }
  SUBCASE("adaptors") {
    Doubles memory{7, 8};
    auto adaptor = xt::adapt(memory, std::vector<std::size_t>{2});
    const Tensor x = from_xt(std::move(adaptor));
    memory[0] = 0;
    CHECK(values(x) == Doubles{7, 8});
  }
}

TEST_CASE("from_xt: integers of other types become int64") {
  CHECK(from_xt(xt::xarray<int>{-1, 2}).describe() == "int64[2]");
  CHECK(values(from_xt(xt::xarray<int>{-1, 2})) == Doubles{-1, 2});
  CHECK(values(from_xt(xt::xarray<unsigned char>{200})) == Doubles{200});
  CHECK(from_xt(xt::xarray<long long>{5}).dtype() == Dtype::int64);
  const std::uint64_t great = std::uint64_t{1} << 63;
  CHECK(values(from_xt(xt::xarray<std::uint64_t>{1, 2})) == Doubles{1, 2});
  CHECK(from_xt(xt::xarray<std::uint64_t>{great - 1}).to_vector<std::int64_t>()[0] ==
        std::numeric_limits<std::int64_t>::max());
  CHECK(error_of<ValueError>([&] {
          return from_xt(xt::xarray<std::uint64_t>{1, great});
        }) == "from_xt: integers must fit in int64; got 9223372036854775808");
}

TEST_CASE("from_xt: more than 8 axes") {
  xt::xarray<float> a = xt::xarray<float>::from_shape(std::vector<std::size_t>(9, 1));
  a.fill(5);
  CHECK_THROWS_AS(from_xt(std::move(a)), ShapeError);
  CHECK(a.data()[0] == 5);  // NOLINT(bugprone-use-after-move): refused before it was moved
}

TEST_CASE("the container lives as long as a tensor needs it") {
  const std::int64_t before = memory::live_bytes();
  xt::xarray<double> kept;
  {
    const Tensor x = from_xt(xt::xarray<double>(xt::xarray<double>{1, 2, 3}));
    kept = to_xt<double>(detail::make_view(x, {3}, {-1}, 2));
  }
  CHECK(memory::live_bytes() == before);
  CHECK(kept == xt::xarray<double>{3, 2, 1});
}

TEST_CASE("to_xt shows a tensor without a copy") {
  const Tensor x = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  const auto view = to_xt<float>(x);
  CHECK(view.data() == x.data<float>().data());
  CHECK(view.dimension() == 2);
  CHECK(view(1, 2) == 6);
  CHECK(xt::sum(view)() == 21);
  CHECK(values(from_xt(xt::sum(view, {0}))) == Doubles{5, 7, 9});
  CHECK(values(from_xt(view + xt::xarray<float>{10, 20, 30})) == Doubles{11, 22, 33, 14, 25, 36});
  CHECK(values(from_xt(view * 2.0F)) == Doubles{2, 4, 6, 8, 10, 12});
  CHECK(values(from_xt(xt::view(view, xt::all(), 1))) == Doubles{2, 5});
  const auto fixed = to_xt<float, 2>(x);
  CHECK(fixed.data() == x.data<float>().data());
  CHECK(fixed(1, 0) == 4);
  CHECK(to_xt<double>(full({}, 3.5, Dtype::float64))() == 3.5);
  CHECK(to_xt<std::int64_t>(arange(4))(3) == 3);
  CHECK(to_xt<bool>(tensor({true, false}))(0));
  CHECK(to_xt<float>(zeros({0, 3})).size() == 0);
  const Tensor deep = zeros({1, 2, 1, 2, 1, 2, 1, 2});
  CHECK(to_xt<float>(deep).shape().size() == 8);
  CHECK(error_of<DtypeError>([&] { return to_xt<double>(x); }) ==
        "data: the element type must be that of the tensor; got float64 for float32[2, 3]");
  CHECK(error_of<ShapeError>([&] { return to_xt<float, 1>(x); }) ==
        "to_xt: the rank must be that of the tensor; got 1 for float32[2, 3]");
  CHECK_THROWS_AS(to_xt<float>(Tensor()), ValueError);
}

TEST_CASE("a view keeps the memory, and shows what was there") {
  Tensor x = from_vector(Doubles{1, 2, 3});
  auto view = to_xt<double>(x);
  const auto copy = view;
  const auto sum = to_xt<double>(x) + to_xt<double, 1>(x);  // a lazy expression that owns its views
  x.assign(from_vector(Doubles{7, 8, 9}));
  x = Tensor();
  CHECK(values(from_xt(view)) == Doubles{1, 2, 3});
  CHECK(values(from_xt(copy)) == Doubles{1, 2, 3});
  CHECK(values(from_xt(sum)) == Doubles{2, 4, 6});
}

TEST_CASE("a strided tensor is copied to be shown") {
  const Tensor base = from_vector(Doubles{0, 1, 2, 3, 4, 5});
  const Tensor x = detail::make_view(base, {3, 2}, {1, 3}).set_requires_grad(true);
  CHECK(values(from_xt(to_xt<double>(x))) == Doubles{0, 3, 1, 4, 2, 5});
  CHECK(to_xt<double, 2>(x)(2, 1) == 5);
}

TEST_CASE("to_xarray copies") {
  const Tensor x = from_vector(Doubles{1, 2}, {2, 1});
  auto a = to_xarray<double>(x);
  a(0, 0) = 99;
  CHECK(values(x) == Doubles{1, 2});
  CHECK(a.shape().size() == 2);
  CHECK_THROWS_AS(to_xarray<float>(x), DtypeError);
}

TEST_CASE("xtensor gets the values of leaves and constants, not of what is recorded") {
  const Tensor x = from_vector(Doubles{2, 3}).set_requires_grad(true);
  const Tensor y = softsign(x);
  CHECK(to_xt<double>(x)(1) == 3);
  CHECK(to_xt<double>(y.detach())(0) == 2.0 / 3);
  const std::string text =
      "to_xt: the tensor must not be recorded; got float64[2], the result of softsign (detach() "
      "first, to leave the tape)";
  CHECK(error_of<GradError>([&] { return to_xt<double>(y); }) == text);
  CHECK(error_of<GradError>([&] { return to_xt<double, 1>(y); }) == text);
  CHECK(error_of<GradError>([&] { return to_xarray<double>(y); }) == text);
}

TEST_CASE("custom_op: value and gradients") {
  const Tensor a = from_vector(Doubles{2, 3}).set_requires_grad(true),
               b = from_vector(Doubles{0, 1}).set_requires_grad(true);
  const Tensor y = swing(a, b);
  CHECK(values(y) == Doubles{0, 3 * std::sin(1.0)});
  y.backward(from_vector(Doubles{1, 10}));
  CHECK(values(a.grad()) == Doubles{0, 10 * std::sin(1.0)});
  CHECK(values(b.grad())[0] == 2);
  CHECK(values(b.grad())[1] == doctest::Approx(30 * std::cos(1.0)).epsilon(1e-15));
}

TEST_CASE("custom_op: one input, both floating dtypes, any layout") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = tensor({{-3.0, 0.0}, {1.0, 3.0}}, dtype).set_requires_grad(true);
    const Tensor y = softsign(x);
    CHECK(y.dtype() == dtype);
    CHECK(values(y) == Doubles{-0.75, 0, 0.5, 0.75});
    y.backward(ones({2, 2}, dtype));
    CHECK(x.grad().dtype() == dtype);
    CHECK(values(x.grad()) == Doubles{0.0625, 1, 0.25, 0.0625});
  }
  const Tensor base = from_vector(Doubles{1, 3, 7, 15});
  CHECK(values(softsign(detail::make_view(base, {2}, {-2}, 3))) == Doubles{15.0 / 16, 0.75});
  CHECK(values(softsign(zeros({0}))).empty());
  CHECK(softsign(full({}, 3)).item() == 0.75);
}

TEST_CASE("custom_op: a function may return containers") {
  const auto normalized = [](const Tensor& input) {
    return custom_op(
        "scaled",
        [](const auto& x) {
          xt::xarray<double> twice = 2 * x;
          return twice;
        },
        [](const auto& g, const auto&) {
          xt::xarray<double> dx = 2 * g;
          return std::make_tuple(dx);
        },
        input);
  };
  const Tensor x = tensor({1.0, 2.0}).set_requires_grad(true);
  const Tensor y = normalized(x);
  CHECK(y.describe() == "float32[2]");
  y.backward(tensor({1.0, 10.0}));
  CHECK(values(x.grad()) == Doubles{2, 20});
}

TEST_CASE("custom_op: saved values, constants, recording") {
  const Tensor a = from_vector(Doubles{2}).set_requires_grad(true), b = from_vector(Doubles{1});
  const Tensor y = swing(a, b);
  a.assign(from_vector(Doubles{100}));
  b.assign(from_vector(Doubles{200}));
  CHECK(y.node()->saved_bytes() == 16);
  y.backward(from_vector(Doubles{1}));
  CHECK(values(a.grad()) == Doubles{std::sin(1.0)});
  CHECK(!swing(b, b).requires_grad());
  const NoGradGuard guard;
  CHECK(!swing(a, b).requires_grad());
}

TEST_CASE("custom_op: second order throws, naming the operation") {
  const Tensor x = full({}, 3, Dtype::float64).set_requires_grad(true);
  const Tensor dx = grad(softsign(x), {x}, {.create_graph = true})[0];
  CHECK(dx.item() == 0.0625);
  CHECK(error_of<GradError>([&] { return grad(dx, {x}); }) ==
        "softsign: its rule is once differentiable; the derivative of its gradient is not known");
}

TEST_CASE("custom_op may be used in the rule of another operation, at first order") {
  const Tensor x = full({}, 3, Dtype::float64).set_requires_grad(true);
  const Tensor y =
      record("outer", x.detach(), {x},
             [x = SavedInput(x)](const Tensor&, const Send& send) { send(0, softsign(x.get())); });
  const Tensor dx = grad(y, {x}, {.create_graph = true})[0];
  CHECK(dx.item() == 0.75);
  CHECK(grad(dx, {x})[0].item() == 0.0625);
}

TEST_CASE("custom_op: errors") {
  const Tensor f = ones({2}).set_requires_grad(true), d = ones({2}, Dtype::float64);
  CHECK(error_of<DtypeError>([&] { return swing(f, d); }) ==
        "swing: the inputs must be all float32 or all float64; got float32[2] and float64[2]");
  CHECK(error_of<DtypeError>([&] { return softsign(arange(2)); }) ==
        "softsign: the inputs must be all float32 or all float64; got int64[2] and int64[2]");
  // A broadcast input needs its gradient summed: forgotten, it is refused.
  const Tensor one = ones({1}).set_requires_grad(true);
  const Tensor y = swing(one, f);
  CHECK(y.shape() == Shape{2});
  CHECK(
      error_of<GradError>([&] { return y.backward(ones({2})), 0; }) ==
      "swing: the gradient of input 0 must be float32[1], as the input; the rule sent float32[2]");
}
