#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtensor.hpp>

#include "xmath.hpp"

#include <xtape/core/body.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

template <class E>
concept Accepted = requires(E expression) {
  from_xt(expression);
};
static_assert(!Accepted<int>);

template <class E>
concept Borrowed = requires(E expression) {
  borrow_xt(std::forward<E>(expression));
};
using Array = xt::xarray<double>;
template <class E>
using Part = decltype(xt::view(std::declval<E>(), xt::all()));
static_assert(Borrowed<Array&> && Borrowed<const Array&> && !Borrowed<Array> &&
              Borrowed<Part<Array&>> && Borrowed<Part<Part<Array&>>> && !Borrowed<Part<Array>> &&
              Borrowed<Part<Array>&> && Borrowed<decltype(xt::transpose(std::declval<Array&>()))> &&
              !Borrowed<xt::xtensor_fixed<double, xt::xshape<2>>>);

Tensor squash(const Tensor& input) {
  return custom_op(
      "squash", [](const auto& x) { return x / (1 + xt::abs(x)); },
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

TEST_CASE("from_xt: a container of any layout keeps its memory") {
  const auto check = [](auto&& container) {
    container = xt::xarray<double>{{1, 2, 3}, {4, 5, 6}};
    const double* const memory = container.data();
    const std::int64_t live = memory::live_bytes();
    const Tensor x = from_xt(std::move(container));
    CHECK(memory::live_bytes() - live <= 256);  // a body, no values
    CHECK(values(x) == Doubles{1, 2, 3, 4, 5, 6});
    CHECK(static_cast<const void*>(x.body().data) == memory);
    const Tensor leaf = x.set_requires_grad(true);  // what follows takes it as any other
    sum(leaf * leaf).backward();
    CHECK(values(x.grad()) == Doubles{2, 4, 6, 8, 10, 12});
  };
  const std::vector<std::size_t> shape{2, 3};
  using Dynamic = xt::xarray<double, xt::layout_type::dynamic>;
  check(xt::xtensor<double, 2, xt::layout_type::column_major>());
  check(xt::xarray<double, xt::layout_type::column_major>());
  check(Dynamic(shape, xt::layout_type::column_major));
  check(Dynamic(shape, xt::layout_type::row_major));
  check(xt::xtensor<double, 2>());
}

TEST_CASE("borrow_xt: a tensor over memory of somebody else's") {
  xt::xarray<double> a{{1, 2, 3}, {4, 5, 6}};
  SUBCASE("a container, as it is now and later") {
    const Tensor x = borrow_xt(a);
    CHECK(x.data<double>().data() == a.data());
    a(0, 1) = 20;
    CHECK(values(x) == Doubles{1, 20, 3, 4, 5, 6});
  }
  SUBCASE("views, with steps forward and backward") {
    const auto view = xt::view(a, xt::all(), xt::range(2, -4, -2));
    const Tensor x = borrow_xt(view);
    CHECK(x.describe() == "float64[2, 2]");
    CHECK(values(x) == Doubles{3, 1, 6, 4});
    a(1, 2) = 60;
    CHECK(values(x) == Doubles{3, 1, 60, 4});
    CHECK(values(borrow_xt(xt::view(a, 1, xt::range(1, 3)))) == Doubles{5, 60});
    CHECK(values(borrow_xt(xt::transpose(a))) == Doubles{1, 4, 2, 5, 3, 60});
  }
  SUBCASE("adapted memory") {
    std::vector<float> memory{1, 2, 3, 4};
    const Tensor x =
        borrow_xt(xt::adapt(memory.data(), 4, xt::no_ownership(), std::vector<std::size_t>{2, 2}));
    CHECK(x.data<float>().data() == memory.data());
    x.assign(zeros({2, 2}));  // which is only read
    CHECK(memory == std::vector<float>{1, 2, 3, 4});
    CHECK(values(x) == Doubles{0, 0, 0, 0});
  }
  SUBCASE("no elements") {
    const xt::xarray<double> none = xt::zeros<double>({0, 3});
    CHECK(borrow_xt(none).describe() == "float64[0, 3]");
  }
}

TEST_CASE("assign writes an expression where the leaf's values lie") {
  const xt::xarray<double> a{{1, 2, 3}, {4, 5, 6}};
  const Tensor w = zeros({2, 3}).set_requires_grad(true);
  const float* const memory = w.data<float>().data();
  assign(w, 2 * a + 1);
  CHECK(values(w) == Doubles{3, 5, 7, 9, 11, 13});
  CHECK(w.data<float>().data() == memory);
  const Tensor shown = w.detach();  // keeps the value that it shows
  assign(w, to_xt<float>(w) + 1.0F);
  CHECK(values(w) == Doubles{4, 6, 8, 10, 12, 14});
  CHECK(values(shown) == Doubles{3, 5, 7, 9, 11, 13});
  const Tensor n = zeros({3}, Dtype::int64), t = full({3}, 0, Dtype::boolean);
  assign(n, xt::xarray<int>{1, 2, 3});
  CHECK(values(n) == Doubles{1, 2, 3});
  assign(t, xt::xarray<int>{1, 2, 3} > 1);
  CHECK(values(t) == Doubles{0, 1, 1});

  CHECK(error_of<ShapeError>([&] { return assign(w, xt::view(a, 0)), 0; }) ==
        "assign: the value must have the tensor's shape; got [3] for float32[2, 3]");
  CHECK(error_of<DtypeError>([&] {
          return assign(n, xt::xarray<double>{1, 2, 3}), 0;
        }) ==
        "assign: the values must fit in the tensor's dtype; got an expression of floating numbers "
        "for "
        "int64[3]");
  CHECK(error_of<DtypeError>([&] {
          return assign(t, xt::xarray<int>{1, 2, 3}), 0;
        }) ==
        "assign: the values must fit in the tensor's dtype; got an expression of integers for "
        "boolean[3]");
  CHECK(error_of<ValueError>([&] {
          return assign(n, xt::xarray<std::uint64_t>{1, 2, std::uint64_t{1} << 63}), 0;
        }) == "assign: integers must fit in int64; got 9223372036854775808");
  CHECK(values(n) == Doubles{1, 2, 3});
  CHECK(error_of<GradError>([&] { return assign(w * 2, a), 0; }) ==
        "assign: the tensor must be a leaf; got float32[2, 3], the result of multiply (detach() "
        "first)");
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
    xt::xarray<double, xt::layout_type::dynamic> d(std::vector<std::size_t>{2, 3},
                                                   xt::layout_type::column_major);
    d = a;
    CHECK(values(from_xt(d)) == rows);
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
  const Tensor y = squash(x);
  CHECK(to_xt<double>(x)(1) == 3);
  CHECK(to_xt<double>(y.detach())(0) == 2.0 / 3);
  const std::string text =
      "to_xt: the tensor must not be recorded; got float64[2], the result of squash (detach() "
      "first, to leave the tape)";
  CHECK(error_of<GradError>([&] { return to_xt<double>(y); }) == text);
  CHECK(error_of<GradError>([&] { return to_xt<double, 1>(y); }) == text);
  CHECK(error_of<GradError>([&] { return to_xarray<double>(y); }) == text);
}
