// xtensor's views and functions of layout for tensors, against those of containers.
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtensor.hpp>

#include "xmath.hpp"

#include <xtape/ops/derivatives.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;
using namespace xt::placeholders;

namespace {

const xt::xarray<double>& cube() {
  static const xt::xarray<double> numbers = xt::reshape_view(xt::arange<double>(24), {2, 3, 4});
  return numbers;
}

/// `f` of the container against that of the tensor, and its gradient: ones, counted where elements
/// are taken several times.
template <class F>
void check_layout(const char* text, const F& f) {
  CAPTURE(text);
  const Tensor x = from_xt(cube());
  const Tensor y = f(x);
  CHECK(mismatch(y, from_xt(f(cube()))) == "");
  std::vector<double> taken(24, 0);
  for (const double number : values(y)) taken[static_cast<std::size_t>(number)] += 1;
  const auto total = [&](const Tensor& at) { return sum(f(at)); };
  CHECK(values(value_and_grad(total)(x).second) == taken);
}

#define CHECK_LAYOUT(...) check_layout(#__VA_ARGS__, [](const auto& x) { return __VA_ARGS__; })

}  // namespace

TEST_CASE("xt::view of tensors") {
  CHECK_LAYOUT(xt::view(x, 1));
  CHECK_LAYOUT(xt::view(x, 1, 2, 3));
  CHECK_LAYOUT(xt::view(x, 1, xt::range(1, 3), xt::newaxis(), -1));
  CHECK_LAYOUT(xt::view(x, xt::all(), xt::range(_, _, -1), xt::keep(0, 2)));
  CHECK_LAYOUT(xt::view(x, xt::keep(1, 0, 1), 1, xt::newaxis(), xt::drop(2)));
  CHECK_LAYOUT(xt::view(x, xt::all(), xt::drop(1)));
  CHECK_LAYOUT(xt::view(x, xt::all(), xt::range(-2, _)));
  CHECK_LAYOUT(xt::view(x, xt::all(), xt::all(), xt::range(3, 0, -2)));
  CHECK_LAYOUT(xt::view(x, xt::range(1, 1)));
  // Containers do not take these in every version, or wrongly, or refer to what is gone.
  const Tensor x = from_xt(cube());
  CHECK(mismatch(xt::row(xt::view(x, 0), 1), x(0, 1)) == "");
  CHECK(mismatch(xt::col(xt::view(x, 1), -1), slice(x, {1, Slice::all, -1})) == "");
  CHECK(mismatch(xt::view(x, xt::newaxis(), xt::all(), xt::newaxis(), 1),
                 reshape(slice(x, {Slice::all, 1}), {1, 2, 1, 4})) == "");
  CHECK(mismatch(xt::view(x, xt::ellipsis(), 2), xt::view(x, xt::all(), xt::all(), 2)) == "");
  CHECK(mismatch(xt::view(x, xt::newaxis(), 1, xt::ellipsis(), xt::range(0, 4, 2)),
                 xt::view(x, xt::newaxis(), 1, xt::all(), xt::range(0, 4, 2))) == "");
  CHECK(error_of<IndexError>([&] { return xt::view(x, 2); }).find("slice: ") == 0);
  CHECK(error_of<IndexError>([&] { return xt::view(x, 0, 0, 0, 0); }).find("slice: ") == 0);
}

TEST_CASE("xt::strided_view, index_view and filter of tensors") {
  CHECK_LAYOUT(xt::strided_view(x, {xt::ellipsis(), xt::range(3, 0, -1)}));
  CHECK_LAYOUT(xt::strided_view(x, {1, xt::newaxis(), xt::all()}));
  CHECK_LAYOUT(xt::strided_view(x, {xt::range(_, 1), xt::ellipsis()}));
  CHECK_LAYOUT(
      xt::index_view(x, std::vector<std::vector<std::size_t>>{{0, 1, 2}, {1, 2, 3}, {0, 1, 2}}));
  CHECK_LAYOUT(xt::filter(x, x > 3.0));
  const Tensor x = from_xt(cube());
  CHECK(error_of<IndexError>([&] {
          return xt::index_view(x, std::vector<std::vector<std::size_t>>{{0, 1}});
        }) == "index_view: an index is needed for each axis; got 2 for float64[2, 3, 4]");
  CHECK(error_of<IndexError>([&] {
          return xt::index_view(x, std::vector<std::vector<std::size_t>>{{0, 0, 5}});
        }) == "index_view: index must lie in [-4, 4); got 5");
}

TEST_CASE("xtensor's functions of layout for tensors") {
  CHECK_LAYOUT(xt::transpose(x));
  CHECK_LAYOUT(xt::transpose(x, {1, 0, 2}));
  CHECK_LAYOUT(xt::transpose(x, std::vector<std::size_t>{2, 0, 1}));
  CHECK_LAYOUT(xt::ravel(x));
  CHECK_LAYOUT(xt::ravel<xt::layout_type::column_major>(x));
  CHECK_LAYOUT(xt::flatten(x));
  CHECK_LAYOUT(xt::expand_dims(x, 1));
  CHECK_LAYOUT(xt::squeeze(xt::expand_dims(x, 0)));
  CHECK_LAYOUT(xt::squeeze(xt::expand_dims(x, 0), 0));
  CHECK_LAYOUT(xt::flip(x, 1));
  CHECK_LAYOUT(xt::roll(x, 5));
  CHECK_LAYOUT(xt::roll(x, -1, 2));
  CHECK_LAYOUT(xt::rot90(x));
  CHECK_LAYOUT(xt::rot90<-1>(x, {1, 2}));
  CHECK_LAYOUT(xt::repeat(x, 2, 1));
  CHECK_LAYOUT(xt::reshape_view(x, {4, 6}));
  CHECK_LAYOUT(xt::broadcast(x, {2, 2, 3, 4}));
  CHECK_LAYOUT(xt::concatenate(xt::xtuple(x, x), 1));
  CHECK_LAYOUT(xt::stack(xt::xtuple(x, x), 1));
  CHECK_LAYOUT(xt::hstack(xt::xtuple(x, x)));
  CHECK_LAYOUT(xt::vstack(xt::xtuple(x, x)));
  CHECK_LAYOUT(xt::diagonal(x));
  CHECK_LAYOUT(xt::diagonal(x, 1, 1, 2));
  CHECK_LAYOUT(xt::atleast_2d(xt::ravel(x)));
  CHECK_LAYOUT(std::get<0>(xt::meshgrid(xt::view(x, 0, 0), xt::view(x, 1, 1))));
  CHECK_LAYOUT(std::get<1>(xt::meshgrid(xt::view(x, 0, 0), xt::view(x, 1, 1))));
  CHECK_LAYOUT(xt::split(x, 3, 1)[1]);
}

TEST_CASE("xtensor's functions of layout name themselves in errors") {
  const Tensor x = from_xt(cube()), one = ones({1, 1, 3});
  CHECK(error_of<IndexError>([&] { return xt::diagonal(x, 0, 0, 5); }) ==
        "diagonal: axis must lie in [-3, 3); got 5");
  CHECK(error_of<ValueError>([&] {
          return xt::squeeze(one, {0, 0});
        }) == "squeeze: an axis may be named once");
  CHECK(error_of<ShapeError>([&] {
          return xt::pad(x, std::vector<std::vector<std::size_t>>(3));
        }) == "pad: a width is needed for each axis; got none");
}

TEST_CASE("xtensor's functions that fill with zeros, and beside containers") {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, Dtype::float64);
  CHECK(values(xt::tril(x)) == Doubles{1, 0, 3, 4});
  CHECK(values(xt::triu(x, 1)) == Doubles{0, 2, 0, 0});
  CHECK(values(xt::diag(tensor({1, 2}))) == Doubles{1, 0, 0, 2});
  CHECK(values(xt::pad(x, 1)) == Doubles{0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0});
  CHECK(values(xt::pad(x, {{0, 0}, {1, 0}}, xt::pad_mode::constant, 7)) ==
        Doubles{7, 1, 2, 7, 3, 4});
  CHECK(values(xt::pad(x, {{0, 0}, {1, 2}}, xt::pad_mode::symmetric)) ==
        Doubles{1, 1, 2, 2, 1, 3, 3, 4, 4, 3});
  CHECK(values(xt::pad(x, {{0, 0}, {1, 1}}, xt::pad_mode::reflect)) ==
        Doubles{2, 1, 2, 1, 4, 3, 4, 3});
  CHECK(values(xt::pad(x, {{0, 0}, {1, 1}}, xt::pad_mode::wrap)) ==
        Doubles{2, 1, 2, 1, 4, 3, 4, 3});
  CHECK(values(xt::tile(x, {1, 2})) == Doubles{1, 2, 1, 2, 3, 4, 3, 4});
  CHECK(values(xt::tile(x, 2)) == Doubles{1, 2, 3, 4, 1, 2, 3, 4});
  CHECK(values(xt::tile(x + 1, 2)) == Doubles{2, 3, 4, 5, 2, 3, 4, 5});
  CHECK(values(xt::zeros_like(x)) == Doubles{0, 0, 0, 0});
  CHECK(values(xt::full_like(x, 3)) == Doubles{3, 3, 3, 3});
  const xt::xarray<double> row{{5, 6}};
  CHECK(values(xt::concatenate(xt::xtuple(x, row))) == Doubles{1, 2, 3, 4, 5, 6});
  CHECK(values(xt::vstack(xt::xtuple(row, x))) == Doubles{5, 6, 1, 2, 3, 4});
  const Tensor same = xt::eval(x);
  CHECK(same.data<double>().data() == x.data<double>().data());
}

TEST_CASE("tensors have xtensor's members") {
  const Tensor x = from_xt(cube());
  CHECK(x.dimension() == cube().dimension());
  CHECK(x.shape(0) == 2);
  CHECK(x.shape(-1) == 4);
  CHECK(x(1, 2, 3).item() == cube()(1, 2, 3));
  CHECK(xt::sum(x)().item() == xt::sum(cube())());
}

TEST_CASE("the words of xtensor-blas for tensors") {
  const Tensor a = tensor({{4.0, 1.0}, {1.0, 3.0}}, Dtype::float64);
  const xt::xarray<double> b{{1, 2}, {3, 4}};
  CHECK(values(xt::linalg::dot(a, b)) == Doubles{7, 12, 10, 14});
  CHECK(values(xt::linalg::dot(b, a)) == Doubles{6, 7, 16, 15});
  CHECK(xt::linalg::dot(from_xt(cube()), ones({4, 5}, Dtype::float64)).shape() == Shape{2, 3, 5});
  CHECK(values(xt::linalg::vdot(b, a)) == Doubles{4 + 2 + 3 + 12});
  CHECK(values(xt::linalg::outer(xt::row(a, 0), xt::row(a, 1))) == Doubles{4, 12, 1, 3});
  CHECK(mismatch(xt::linalg::dot(a, xt::linalg::solve(a, b)), from_xt(b), 4e-15) == "");
  CHECK(mismatch(xt::linalg::dot(a, xt::linalg::inv(a)), eye(2, Dtype::float64), 4e-15) == "");
  CHECK(xt::linalg::det(a).item() == doctest::Approx(11).epsilon(1e-15));
  const auto [sign, log] = xt::linalg::slogdet(a);
  CHECK(sign.item() == 1);
  CHECK(log.item() == doctest::Approx(std::log(11.0)).epsilon(1e-15));
  const Tensor l = xt::linalg::cholesky(a);
  CHECK(mismatch(xt::linalg::dot(l, xt::transpose(l)), a, 4e-15) == "");
  CHECK(values(xt::linalg::matrix_power(a, 2)) == Doubles{17, 7, 7, 10});
  CHECK(values(xt::linalg::tensordot(a, a)) == Doubles{27});
  CHECK(xt::linalg::trace(a).item() == 7);
  CHECK(xt::linalg::norm(a).item() == doctest::Approx(std::sqrt(27.0)).epsilon(1e-15));
  CHECK(xt::linalg::matrix_rank(a).item() == 2);
  const auto dot = [](const Tensor& u, const Tensor& v) { return xt::linalg::dot(u, v); };
  const auto same = [&](const Tensor& got) { return mismatch(got, a, 8e-15) == ""; };
  const auto [w, v] = xt::linalg::eigh(a);
  CHECK(same(dot(v * w, xt::transpose(v))));
  CHECK(mismatch(xt::linalg::eigvalsh(a), w, 4e-15) == "");
  const auto [u, s, vh] = xt::linalg::svd(a);
  CHECK(same(dot(u * s, vh)));
  CHECK(xt::linalg::cond(a).item() == doctest::Approx((s[0] / s[1]).item()).epsilon(1e-14));
  const auto [q, r] = xt::linalg::qr(a);
  CHECK(same(dot(q, r)));
  const auto [p, lower, upper] = xt::linalg::lu(a);
  CHECK(same(dot(p, dot(lower, upper))));
  CHECK(same(dot(a, dot(xt::linalg::pinv(a), a))));
  CHECK(mismatch(xt::linalg::lstsq(a, b), xt::linalg::solve(a, b), 4e-15) == "");
}
