// Numbers keep their value or throw, wherever a number meets a dtype: as an element, as an operand
// and as an option.
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
const double not_a_number = std::nan("");
constexpr Dtype boolean = Dtype::boolean, int64 = Dtype::int64, float32 = Dtype::float32,
                float64 = Dtype::float64;

/// A function of a tensor [3] and a number.
struct Place {
  std::string name;  // in messages
  std::function<Tensor(const Tensor& x, double number)> apply;
};
using Places = std::vector<Place>;

/// The number becomes an element, the first, of x's dtype.
Places elements() {
  return {{"full", [](auto& x, double n) { return full({2}, n, x.dtype()); }},
          {"tensor", [](auto& x, double n) { return tensor({n}, x.dtype()); }},
          {"pad",
           [](auto& x, double n) {
             return pad(x, {{1, 0}}, n);
           }},
          {"pad", [](auto& x, double n) {
             const Tensor padded = nn::pad_sequence({x}, {.value = n, .length = 4});
             return flip(padded[0], 0);
           }}};
}

/// So does it here, of no other dtype than the number has beside one of x's.
Places places() {
  return {
      {"set", [](auto& x, double n) { return set(x, {0}, n); }},
      {"set", [](auto& x, double n) { return set(x, {tensor({0})}, n); }},
      {"add_at", [](auto& x, double n) { return add_at(zeros_like(x), {Slice(0)}, n); }},
      {"add_at", [](auto& x, double n) { return add_at(zeros_like(x), {tensor({0})}, n); }},
      {"index_add", [](auto& x, double n) { return index_add(zeros_like(x), tensor({0}), n); }},
      {"put_along_axis", [](auto& x, double n) { return put_along_axis(x, tensor({0}), n, 0); }},
      {"assign", [](auto& x, double n) {
         const Tensor y = x[0].clone();
         y.assign(n);
         return reshape(y, {1});
       }}};
}

/// The result has the dtype that both have together.
Places operands() {
  return {{"add", [](auto& x, double n) { return x + n; }},
          {"multiply", [](auto& x, double n) { return n * x; }},
          {"maximum", [](auto& x, double n) { return maximum(x, n); }},
          {"less", [](auto& x, double n) { return x < n; }},
          {"fmod", [](auto& x, double n) { return fmod(x, n); }},
          {"floor_divide", [](auto& x, double n) { return floor_divide(x, n); }},
          {"clip", [](auto& x, double n) { return clip(x, n, n); }},
          {"where", [](auto& x, double n) { return where(x > 1, n, x); }},
          {"masked_fill", [](auto& x, double n) { return masked_fill(x, x > 1, n); }},
          {"stack",
           [](auto& x, double n) {
             return stack({x[0], n});
           }},
          {"einsum",
           [](auto& x, double n) {
             return einsum("i,->i", {x, n});
           }},
          {"einsum",
           [](auto& x, double n) {
             return einsum(",i->i", {n, x});
           }},
          {"kron", [](auto& x, double n) { return kron(x, n); }},
          {"interp", [](auto& x, double n) { return interp(x - 1, x, x, {.left = n}); }},
          {"trapezoid", [](auto& x, double n) { return trapezoid(x, n); }},
          {"hardtanh", [](auto& x, double n) { return hardtanh(x, -3, n); }},
          {"celu", [](auto& x, double n) { return celu(-x, n); }},
          {"hardshrink", [](auto& x, double n) { return hardshrink(x, n); }},
          {"softshrink", [](auto& x, double n) { return softshrink(x, n); }},
          {"threshold", [](auto& x, double n) { return threshold(x, 1, n); }}};
}

/// Options of what takes floating tensors alone.
Places options() {
  using namespace nn;
  const auto signs = [](const Tensor& x) { return where(x > 1, 1, -1).to(x.dtype()); };
  return {
      {"nan_to_num", [](auto& x, double n) { return nan_to_num(x, {.nan = n}); }},
      {"huber_loss", [](auto& x, double n) { return huber_loss(x, 2 * x, {.delta = n}); }},
      {"smooth_l1_loss", [](auto& x, double n) { return smooth_l1_loss(x, 2 * x, {.beta = n}); }},
      {"hinge_loss", [=](auto& x, double n) { return hinge_loss(x, signs(x), {.margin = n}); }},
      {"hinge_embedding_loss",
       [=](auto& x, double n) { return hinge_embedding_loss(x, signs(x), {.margin = n}); }},
      {"multi_margin_loss",
       [](auto& x, double n) {
         return multi_margin_loss(reshape(x, {1, 3}), tensor({0}), {.margin = n});
       }},
      {"margin_ranking_loss",
       [=](auto& x, double n) { return margin_ranking_loss(x, x, signs(x), {.margin = n}); }},
      {"cosine_embedding_loss",
       [](auto& x, double n) {
         const Tensor row = reshape(x, {1, 3});
         return cosine_embedding_loss(row, row, tensor({-1}), {.margin = n});
       }},
      {"triplet_margin_loss",
       [](auto& x, double n) {
         const Tensor row = reshape(x, {1, 3});
         return triplet_margin_loss(row, row, row, {.margin = n});
       }},
      {"triplet_margin_loss",
       [](auto& x, double n) {
         const Tensor row = reshape(x, {1, 3});
         return triplet_margin_loss(row, row, row, {.eps = n});
       }},
      {"gaussian_nll_loss",
       [](auto& x, double n) { return gaussian_nll_loss(x, x, x, {.eps = n}); }},
      {"poisson_nll_loss",
       [](auto& x, double n) { return poisson_nll_loss(x, x, {.log_input = false, .eps = n}); }},
      {"cosine_similarity",
       [](auto& x, double n) { return cosine_similarity(x, x, {.axis = 0, .eps = n}); }},
      {"pairwise_distance",
       [](auto& x, double n) { return pairwise_distance(x, x, {.eps = n, .axis = 0}); }},
      {"scaled_dot_product_attention",
       [](auto& x, double n) {
         const Tensor row = reshape(x, {1, 3});
         return scaled_dot_product_attention(row, row, row, {.scale = n});
       }},
      {"Normal", [](auto& x, double n) { return distributions::Normal(x, n).mean(); }},
      {"Gamma", [](auto& x, double n) { return distributions::Gamma(n, x).mean(); }},
      {"normal", [](auto& x, double n) { return Rng(1).normal({2}, 0, n, x.dtype()); }},
      {"uniform", [](auto& x, double n) { return Rng(1).uniform({2}, 0, n, x.dtype()); }},
      {"exponential", [](auto& x, double n) { return Rng(1).exponential(n, {2}, x.dtype()); }}};
}

/// What is added to, or the least of, what is divided by: 0 as an element would be another number.
Places least() {
  using namespace nn;
  const auto row = [](const Tensor& x) { return reshape(x, {1, 3}); };
  return {
      {"layer_norm", [](auto& x, double n) { return layer_norm(x, {3}, {.eps = n}); }},
      {"layer_norm",
       [](auto& x, double n) { return LayerNorm({3}, {.eps = n, .dtype = x.dtype()})(x); }},
      {"rms_norm", [](auto& x, double n) { return rms_norm(x, {3}, {.eps = n}); }},
      {"group_norm", [=](auto& x, double n) { return group_norm(row(x), 1, {.eps = n}); }},
      {"batch_norm",
       [](auto& x, double n) {
         return batch_norm(reshape(x, {3, 1}), {.eps = n}).y;
       }},
      {"batch_norm",
       [=](auto& x, double n) {
         BatchNorm1d layer(3, {.eps = n, .dtype = x.dtype()});
         layer.eval();
         return layer(row(x));
       }},
      {"spectral_norm",
       [=](auto& x, double n) {
         return SpectralNorm(Dense(3, 2, {.dtype = x.dtype()}), {.eps = n})(row(x));
       }},
      {"cosine_similarity", [](auto& x, double n) { return cosine_similarity(x, x, {.eps = n}); }},
      {"pairwise_distance", [](auto& x, double n) { return pairwise_distance(x, x, {.eps = n}); }},
      {"triplet_margin_loss",
       [=](auto& x, double n) { return triplet_margin_loss(row(x), row(x), row(x), {.eps = n}); }},
      {"gaussian_nll_loss",
       [](auto& x, double n) { return gaussian_nll_loss(x, x, x, {.eps = n}); }},
      {"poisson_nll_loss",
       [](auto& x, double n) { return poisson_nll_loss(x, x, {.log_input = false, .eps = n}); }},
      {"smooth_l1_loss", [](auto& x, double n) { return smooth_l1_loss(x, 2 * x, {.beta = n}); }},
      {"huber_loss", [](auto& x, double n) { return huber_loss(x, 2 * x, {.delta = n}); }},
      {"dice_loss",
       [=](auto& x, double n) { return dice_loss(row(x), row(x) > 1, {.smooth = n}); }}};
}

std::string refusal(const Place& place, Dtype dtype, double number) {
  return place.name + ": a number must fit in " + std::string(to_string(dtype)) + "; got " +
         detail::text(number);
}

/// Whether the first element is the number, NaN if that is.
bool first_is(const Tensor& y, double number) {
  const double first = values(ravel(y))[0];
  return std::isnan(number) ? std::isnan(first) : first == number;
}

}  // namespace

TEST_CASE("number places: an integer takes integers, nothing else") {
  const Tensor x = tensor({1, 2, 3});
  for (const Place& place : elements()) {
    CAPTURE(place.name);
    for (const double bad :
         {0.5, -0.5, 1 + 0x1p-52, 1e300, -1e300, 0x1p63, -0x1.0000000000001p63, 5e-324})
      CHECK(error_of<ValueError>([&] { return place.apply(x, bad); }) ==
            refusal(place, int64, bad));
    for (const double bad : {not_a_number, inf, -inf})
      CHECK(error_of<ValueError>([&] { return place.apply(x, bad); }) ==
            refusal(place, int64, bad));
    for (const double good : {0.0, -0.0, 2.0, -7.0, 0x1p53, -0x1p63, 0x1.fffffffffffffp62}) {
      CAPTURE(good);
      const Tensor y = place.apply(x, good);
      CHECK(y.dtype() == int64);
      CHECK(first_is(y, good));
    }
  }
  for (const Place& place : places()) {
    CAPTURE(place.name);
    for (const double bad : {0.5, 1e300, not_a_number, inf, 0x1p63, 2.0}) {
      const std::string text = error_of<DtypeError>([&] { return place.apply(x, bad); });
      CAPTURE(text);
      CHECK(text.starts_with(place.name));
      CHECK(text.find("; got " + detail::text(bad) + " for int64[") != std::string::npos);
    }
  }
}

TEST_CASE("number places: float32 rounds what it holds, and keeps infinities and NaN") {
  const Tensor x = tensor({1.0, 2.0, 3.0}, float32);
  const double most = std::numeric_limits<float>::max();
  for (const Places& table : {elements(), places()}) {
    for (const Place& place : table) {
      CAPTURE(place.name);
      for (const double bad : {1e39, -1e39, 1e300, 0x1.ffffffp127})
        CHECK(error_of<ValueError>([&] { return place.apply(x, bad); }) ==
              refusal(place, float32, bad));
      for (const double good : {0.1, most, -most, 0x1.fffffefp127, inf, -inf, not_a_number}) {
        CAPTURE(good);
        const Tensor y = place.apply(x, good);
        CHECK(y.dtype() == float32);
        CHECK(first_is(y, double{static_cast<float>(good)}));
      }
    }
  }
  for (const Places& table : {operands(), options()}) {
    for (const Place& place : table) {
      CAPTURE(place.name);
      CHECK(error_of<ValueError>([&] { return place.apply(x, 1e39); }) ==
            refusal(place, float32, 1e39));
      CHECK_THROWS_AS(place.apply(x, 1e300), ValueError);
      CHECK_NOTHROW(place.apply(x.to(float64), 1e39));
    }
  }
}

TEST_CASE("number places: what keeps quotients finite is a number of the dtype, and not its 0") {
  const Tensor x = tensor({1.0, 2.0, 3.0}, float32);
  for (const Place& place : least()) {
    CAPTURE(place.name);
    for (const double bad : {1e-50, 7e-46, 1e39, 1e300}) {
      CHECK(error_of<ValueError>([&] { return place.apply(x, bad); }) ==
            refusal(place, float32, bad));
    }
    CHECK_THROWS_AS(place.apply(x, -1e-5), ValueError);
    for (const double good : {1e-45, 1e-5, 1e38}) CHECK_NOTHROW(place.apply(x, good));
    CHECK_NOTHROW(place.apply(x.to(float64), 1e-50));
  }
}

TEST_CASE("number places: truth values are != 0, or refused where a number would not be one") {
  const Tensor x = tensor({true, false, true});
  for (const Place& place : elements()) {
    CAPTURE(place.name);
    for (const double number : {2.0, 0.5, -1.0, 1e300, inf, not_a_number})
      CHECK(place.apply(x, number).to_vector<bool>()[0]);
    for (const double number : {0.0, -0.0}) CHECK(!place.apply(x, number).to_vector<bool>()[0]);
  }
  for (const Place& place : places()) {
    CAPTURE(place.name);
    for (const double number : {2.0, 0.5, 1.0}) CHECK_THROWS_AS(place.apply(x, number), DtypeError);
  }
}

TEST_CASE("number places: beside integers a floating number makes the result float64") {
  const Tensor x = tensor({1, 2, 3}), wide = x.to(float64);
  for (const Place& place : operands()) {
    CAPTURE(place.name);
    for (const double number : {0.5, 1.75, 1e300, 0x1p63}) {
      CAPTURE(number);
      const Tensor y = place.apply(x, number);
      CHECK(y.dtype() == (place.name == "less" ? boolean : float64));
      CHECK(mismatch(y, place.apply(wide, number)) == "");
    }
  }
}

TEST_CASE("number places: sequences of integers have whole steps") {
  using Integers = std::vector<std::int64_t>;
  const auto of = [](const Tensor& x) { return x.to_vector<std::int64_t>(); };
  const auto refused = [](const auto& f) { return error_of<ValueError>(f); };
  CHECK(refused([] { return linspace(0, 10, 4, int64); }) ==
        "linspace: the step must fit in int64; got 3.3333333333333335");
  CHECK(refused([] { return linspace(0.5, 10.5, 3, int64); }) ==
        "linspace: a number must fit in int64; got 0.5");
  CHECK_THROWS_AS(linspace(0x1p60, 0x1p60 + 1024, 4, int64), ValueError);
  CHECK(refused([] { return arange(0.0, 2.0, 0.5, int64); }) ==
        "arange: a number must fit in int64; got 1.5");
  CHECK_THROWS_AS(arange(0.0, 1.5, 0.5, int64), ValueError);
  CHECK_THROWS_AS(arange(0x1p60, 0x1p60 + 1024, 0.5 + 0x1p9, int64), ValueError);
  CHECK_THROWS_AS(arange(0.0, 0x1p63 + 4096, 0x1p61, int64), ValueError);
  CHECK(of(arange(0.0, 0.5, 0.5, int64)) == Integers{0});
  CHECK(of(arange(5.0, 0.0, -2.0, int64)) == Integers{5, 3, 1});
  CHECK(of(linspace(9, 0, 4, int64)) == Integers{9, 6, 3, 0});
  CHECK(of(linspace(7, 9, 1, int64)) == Integers{7});
  CHECK(of(linspace(7, 9, 0, int64)).empty());
  // where double has not all integers any more
  const std::int64_t from = std::int64_t{1} << 53, half = std::int64_t{1} << 62;
  CHECK(of(linspace(0x1p53, 0x1p53 + 2, 3, int64)) == Integers{from, from + 1, from + 2});
  CHECK(of(arange(0x1p53, 0x1p53 + 4, 1.0, int64)) == Integers{from, from + 1, from + 2, from + 3});
  CHECK(of(linspace(-0x1p63, 0x1p62, 4, int64)) == Integers{INT64_MIN, -half, 0, half});
  CHECK(of(arange(-0x1p63, 0x1p63, 0x1p62, int64)) == Integers{INT64_MIN, -half, 0, half});
  CHECK(of(linspace(0x1p62, -0x1p63, 2, int64)) == Integers{half, INT64_MIN});
}

TEST_CASE("number places: initial values and distributions of numbers") {
  Rng rng(1);
  const std::string refused = "init: a number must fit in float32; got ";
  const auto text = [&](const nn::init::Initializer& init) {
    return error_of<ValueError>([&] { return init({3, 3}, float32, rng); });
  };
  CHECK(text(nn::init::orthogonal(1e39)) == refused + "1e+39");
  CHECK(text(nn::init::sparse(0, 1e45)).starts_with(refused));
  CHECK(text(nn::init::truncated_normal({.mean = 1e39, .low = 0.9e39, .high = 1.1e39}))
            .starts_with(refused));
  CHECK(nn::init::orthogonal(1e39)({3, 3}, float64, rng).dtype() == float64);
  // Numbers alone: as a tensor of one, float64 where float32 does not hold it.
  CHECK(distributions::Normal(0, 1e39).variance().dtype() == float64);
  CHECK(distributions::Normal(0, 1e30).mean().dtype() == float32);
  CHECK(distributions::Poisson(1e39).mean().item() == 1e39);
}
