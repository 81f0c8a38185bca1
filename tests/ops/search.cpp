#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/search.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();

Tensor doubles(std::initializer_list<double> x) { return from_vector(Doubles(x)); }

}  // namespace

TEST_CASE("searchsorted, digitize, isin: what NumPy gives") {  // tests/reference/search.py
  const Tensor v = doubles({0, 1, 2, 3, 5, 6, quiet_nan});
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor s = tensor({1, 2, 2, 5}).to(dtype), e = tensor({0, 1, 3}).to(dtype);
    const Tensor x = v.to(dtype);
    CHECK(mismatch(searchsorted(s, x), tensor({0, 0, 1, 3, 3, 4, 4})) == "");
    CHECK(mismatch(searchsorted(s, x, Side::right), tensor({0, 1, 3, 3, 4, 4, 4})) == "");
    CHECK(mismatch(digitize(x, e), tensor({1, 2, 2, 3, 3, 3, 3})) == "");
    CHECK(mismatch(digitize(x, e, true), tensor({0, 1, 2, 2, 3, 3, 3})) == "");
    CHECK(mismatch(digitize(x, flip(e, 0)), tensor({2, 1, 1, 0, 0, 0, 0})) == "");
    CHECK(mismatch(digitize(x, flip(e, 0), true), tensor({3, 2, 1, 1, 0, 0, 0})) == "");
  }
  CHECK(mismatch(isin(tensor({{1, 2}, {3, 5}}), tensor({5, 1, 1})),
                 tensor({{true, false}, {false, true}})) == "");
  CHECK(mismatch(isin(v, doubles({quiet_nan, 3})),
                 tensor({false, false, false, true, false, false, false})) == "");
  CHECK(mismatch(isin(v, zeros({0})), zeros({7}, Dtype::boolean)) == "");
}

TEST_CASE("searchsorted is the standard library's bounds, of any length, in rows and strided") {
  for (const std::int64_t n : {0, 1, 2, 3, 7, 8, 9, 100}) {
    const Tensor s = sort(round(drawn({3, n}, -9, 9, static_cast<std::uint64_t>(n))));
    const Tensor x = round(drawn({3, 50}, -10, 10, 7));
    const Tensor left = searchsorted(s, x), right = searchsorted(s, x, Side::right);
    for (std::int64_t row = 0; row < 3; ++row) {
      const Doubles of = values(s[row]);
      for (std::int64_t i = 0; i < 50; ++i) {
        const double at = x(row, i).item();
        CHECK(left(row, i).item() ==
              static_cast<double>(std::lower_bound(of.begin(), of.end(), at) - of.begin()));
        CHECK(right(row, i).item() ==
              static_cast<double>(std::upper_bound(of.begin(), of.end(), at) - of.begin()));
      }
    }
    CHECK(mismatch(searchsorted(transpose(transpose(s).contiguous()),
                                transpose(transpose(x).contiguous())),
                   left) == "");
    CHECK(mismatch(vmap([](const std::vector<Tensor>& of) { return searchsorted(of[0], of[1]); })(
                       {s, x}),
                   left) == "");
    CHECK(mismatch(vmap([&](const Tensor& of) { return searchsorted(s[0], of); })(x),
                   searchsorted(s[0], x)) == "");
  }
  CHECK(searchsorted(tensor({INT64_MAX - 1, INT64_MAX}), tensor(INT64_MAX)).item() == 1);
}

TEST_CASE("interp: what NumPy gives, and its slopes") {
  const Tensor x = doubles({-1, 0, 0.5, 1, 2, 3, 4, quiet_nan});
  const Tensor xp = doubles({0, 1, 3}), fp = doubles({2, 4, 1});
  CHECK(mismatch(interp(x, xp, fp), doubles({2, 2, 3, 4, 2.5, 1, 1, quiet_nan})) == "");
  CHECK(mismatch(interp(x, xp, fp, {.left = -7, .right = 8}),
                 doubles({-7, 2, 3, 4, 2.5, 1, 8, quiet_nan})) == "");
  CHECK(mismatch(grad([&](const Tensor& at) { return sum(interp(at, xp, fp)); })(x),
                 doubles({0, 2, 2, -1.5, -1.5, -1.5, 0, quiet_nan})) == "");
  const Tensor one = doubles({2});  // halfway between the last two
  CHECK(mismatch(grad([&](const Tensor& at) { return sum(interp(one, xp, at)); })(fp),
                 doubles({0, 0.5, 0.5})) == "");
  CHECK(mismatch(grad([&](const Tensor& at) { return sum(interp(one, at, fp)); })(xp),
                 doubles({0, 0.75, 0.75})) == "");
  CHECK(mismatch(interp(x, doubles({1}), doubles({5})),
                 doubles({5, 5, 5, 5, 5, 5, 5, quiet_nan})) == "");
  CHECK(mismatch(interp(doubles({0, 1, 2}), doubles({0, 1, 1, 2}), doubles({0, 1, 5, 6})),
                 doubles({0, 5, 6})) == "");
  CHECK(interp(tensor(1), tensor({0, 2}), tensor({0, 3})).item() == 1.5);
  const Tensor many = drawn({500}, -1, 11, 3), places = sort(drawn({40}, 0, 10, 4));
  CHECK(mismatch(interp(many, places, 3 * places - 2),
                 3 * clip(many, amin(places), amax(places)) - 2, 1e-13) == "");
}

TEST_CASE("unique: values, places and counts, as NumPy's") {
  const Tensor x = tensor({{3, 1}, {1, 2}});
  const auto [found, inverse, counts] = unique(x);
  CHECK(mismatch(found, tensor({1, 2, 3})) == "");
  CHECK(mismatch(inverse, tensor({{2, 0}, {0, 1}})) == "");
  CHECK(mismatch(counts, tensor({2, 1, 1})) == "");
  const Tensor drawn_numbers = round(drawn({300}, -20, 20));
  const Unique of = unique(drawn_numbers);
  CHECK(sum(take(of.values, of.inverse) != drawn_numbers).item() == 0);  // 0 and -0 are one
  CHECK(sum(of.counts).item() == 300);
  CHECK(unique(doubles({quiet_nan, 1, quiet_nan, -0.0, 0.0})).counts.to_vector<double>() ==
        Doubles{2, 1, 2});
  CHECK(unique(zeros({0})).values.shape() == Shape{0});
  CHECK(unique(tensor(true)).values.to_vector<bool>() == std::vector{true});
  CHECK(mismatch(grad([](const Tensor& at) {
                   return sum(unique(at).values * doubles({10, 20}));
                 })(doubles({4, 1, 4, 1})),
                 doubles({20, 10, 0, 0})) == "");
}

TEST_CASE("bincount and histogram: what NumPy gives") {
  CHECK(mismatch(bincount(tensor({1, 3, 1}), doubles({0.5, 2, 4}), 5),
                 doubles({0, 4.5, 0, 2, 0})) == "");
  CHECK(mismatch(bincount(tensor({1, 3, 1})), tensor({0, 2, 0, 1})) == "");
  CHECK(mismatch(bincount(zeros({0}, Dtype::int64), 2), tensor({0, 0})) == "");
  const Tensor x = doubles({0, 0.5, 1, 1, 2, 4});
  const Histogram all = histogram(x, 4);
  CHECK(mismatch(all.counts, tensor({2, 2, 1, 1})) == "");
  CHECK(mismatch(all.edges, doubles({0, 1, 2, 3, 4})) == "");
  const Histogram part = histogram(x, 2, {.range = std::pair(0.5, 2.0)});
  CHECK(mismatch(part.counts, tensor({3, 1})) == "");
  CHECK(mismatch(part.edges, doubles({0.5, 1.25, 2})) == "");
  const Tensor weights = doubles({1, 2, 4, 8, 16, 32}), edges = doubles({0, 1, 1, 4});
  CHECK(mismatch(histogram(x, edges, {.weights = weights}).counts, doubles({3, 0, 60})) == "");
  CHECK(mismatch(histogram(x, doubles({0, 1, 4}), {.density = true}).counts,
                 doubles({1.0 / 3, 2.0 / 9}), 4e-16) == "");
  CHECK(mismatch(histogram(doubles({3, 3, quiet_nan}), 2, {.range = std::pair(3.0, 3.0)}).edges,
                 doubles({2.5, 3, 3.5})) == "");
  CHECK(sum(histogram(doubles({3, quiet_nan, 9}), doubles({0, 5})).counts).item() == 1);
  CHECK(histogram(zeros({0}), 3).counts.to_vector<double>() == Doubles{0, 0, 0});
  const Tensor slopes = grad([&](const Tensor& at) {
    return sum(histogram(x, edges, {.weights = at}).counts * doubles({1, 10, 100}));
  })(weights);
  CHECK(mismatch(slopes, doubles({1, 1, 100, 100, 100, 100})) == "");
  CHECK(
      mismatch(vmap([&](const Tensor& of) { return histogram(of, edges).counts; })(stack({x, -x})),
               tensor({{2, 0, 4}, {1, 0, 0}})) == "");
}

TEST_CASE("searching and counting: what cannot be") {
  const Tensor x = ones({2, 3}), edges = doubles({0, 1});
  CHECK(error_of<ShapeError>([&] {
          return searchsorted(ones({3, 3}), x);
        }) ==
        "searchsorted: what is searched must be a vector, or have the leading axes of the values; "
        "got float32[3, 3] for float32[2, 3]");
  CHECK(error_of<ValueError>([&] {
          return digitize(x, doubles({0, 2, 1, 3}));
        }) == "digitize: what is searched must be ascending or descending; got 1 behind 2");
  CHECK(error_of<ShapeError>([&] { return digitize(x, x); }) ==
        "digitize: the edges must be a vector; got float32[2, 3]");
  CHECK(error_of<ValueError>([&] {
          return interp(x, doubles({1, 0}), edges);
        }) == "interp: what is searched must be ascending; got 0 behind 1");
  CHECK(error_of<ShapeError>([&] { return interp(x, edges, doubles({1})); }) ==
        "interp: xp and fp must be vectors of one length; got float64[2] and float64[1]");
  CHECK(error_of<ValueError>([&] { return interp(x, zeros({0}), zeros({0})); }) ==
        "interp: at least one place is needed; got float32[0]");
  CHECK(error_of<DtypeError>([&] { return bincount(x); }) ==
        "bincount: x must be int64; got float32[2, 3]");
  CHECK(error_of<ShapeError>([&] { return bincount(tensor(1)); }) ==
        "bincount: x must be a vector; got int64[]");
  CHECK(error_of<ShapeError>([&] { return bincount(tensor({1}), x); }) ==
        "bincount: a weight for each element is needed; got float32[2, 3] for int64[1]");
  CHECK(error_of<ValueError>([&] {
          return bincount(tensor({1, -3}));
        }) == "bincount: the numbers must not be negative; got -3 at position 1");
  CHECK(error_of<ShapeError>([&] { return histogram(x, doubles({1})).counts; }) ==
        "histogram: the edges must be a vector of two and more; got float64[1]");
  CHECK(error_of<ValueError>([&] {
          return histogram(x, doubles({1, 0})).counts;
        }).starts_with("histogram: the edges must be ascending; got "));
  CHECK(error_of<ValueError>([&] {
          return histogram(doubles({quiet_nan}), 2).counts;
        }).starts_with("histogram: the range must be finite and ascending; got ["));
  CHECK(error_of<ShapeError>([&] {
          return histogram(x, edges, {.weights = edges}).counts;
        }).starts_with("histogram: a weight for each element is needed; got float64[2]"));
  for (const auto& of : std::vector<std::function<Tensor(const Tensor&)>>{
           [](const Tensor& at) { return unique(at).values; },
           [](const Tensor& at) { return bincount(at); },
           [](const Tensor& at) { return histogram(at, 3).counts; }}) {
    CHECK(error_of<ValueError>([&] {
            return vmap(of)(tensor({{1, 2}, {3, 3}}));
          }).find(": within vmap ") != std::string::npos);
  }
}

TEST_CASE("within vmap each example is searched in its own order, and refused by itself") {
  const Tensor edges = tensor({{0.0, 1.0, 2.0}, {2.0, 1.0, 0.0}, {0.0, 1.0, 2.0}}, Dtype::float64);
  const Tensor x = doubles({-0.5, 0.5, 1, 2.5});
  const auto loop = [](auto f, const Tensor& rows) {
    std::vector<Tensor> results;
    for (std::int64_t i = 0; i < rows.extent(0); ++i) results.push_back(f(rows[i]));
    return stack(results);
  };
  for (const bool right : {false, true}) {
    const auto found = [&](const Tensor& e) { return digitize(x, e, right); };
    CHECK(mismatch(vmap(found)(edges), loop(found, edges)) == "");
    const auto rows = [&](const Tensor& several) { return vmap(found)(several); };
    CHECK(mismatch(vmap(rows)(stack({edges, flip(edges, 0)})),
                   loop(rows, stack({edges, flip(edges, 0)}))) == "");
    CHECK(vmap(rows)(zeros({0, 3, 3}, Dtype::float64)).shape() == Shape{0, 3, 4});
    CHECK(vmap(rows)(zeros({3, 0, 3}, Dtype::float64)).shape() == Shape{3, 0, 4});
  }
  const Tensor second = tensor({{0.0, 1.0, 2.0}, {0.0, 2.0, 1.0}}, Dtype::float64);
  CHECK(error_of<ValueError>([&] {
          return vmap([&](const Tensor& e) { return digitize(x, e); })(second);
        }).find("must be ascending or descending; got 1 behind 2") != std::string::npos);
  CHECK(error_of<ValueError>([&] {
          return vmap([&](const Tensor& xp) { return interp(x, xp, xp); })(edges);
        }).find("must be ascending; got 1 behind 2") != std::string::npos);
  const Tensor ascending = sort(edges) * tensor({{1.0}, {2.0}, {3.0}}, Dtype::float64);
  const auto line = [&](const Tensor& xp) { return interp(x, xp, xp * xp); };
  CHECK(mismatch(vmap(line)(ascending), loop(line, ascending)) == "");
  CHECK(vmap(line)(zeros({0, 3}, Dtype::float64)).shape() == Shape{0, 4});
}
