#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/npz.hpp>
#include <xtape/data/scaler.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::Scaler;

namespace {

// Means 3 and 40; variances (9 + 1 + 0 + 1 + 9) / 5 = 4 and 400, of the population.
const Tensor train = tensor({{0, 10}, {2, 30}, {3, 40}, {4, 50}, {6, 70}}, Dtype::float64);
const Tensor test = tensor({{7, 0}, {9, 60}}, Dtype::float64);

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("scaler: test data are scaled by the training data's mean and deviation, not their own") {
  const Scaler scaler = Scaler::standard(train);
  CHECK(scaler.center().describe() == "float64[2]");
  CHECK(values(scaler.center()) == Doubles{3, 40});
  CHECK(values(scaler.scale()) == Doubles{2, 20});
  CHECK(values(scaler(train)) == Doubles{-1.5, -1.5, -0.5, -0.5, 0, 0, 0.5, 0.5, 1.5, 1.5});
  CHECK(values(scaler(test)) == Doubles{2, -2, 3, 1});  // by their own it would be -1, -1, 1, 1
  CHECK(values(scaler.inverse(scaler(test))) == Doubles{7, 0, 9, 60});
}

TEST_CASE("scaler: the fits, by hand") {
  const Tensor x = tensor({{-4, 1}, {2, 3}, {0, 2}}, Dtype::float64);
  const Scaler greatest = Scaler::max_abs(x);
  CHECK(values(greatest.center()) == Doubles{0, 0});
  CHECK(values(greatest.scale()) == Doubles{4, 3});
  CHECK(values(greatest(test)) == Doubles{1.75, 0, 2.25, 20});
  const Scaler unit = Scaler::min_max(x);
  CHECK(values(unit.center()) == Doubles{-4, 1});
  CHECK(values(unit.scale()) == Doubles{6, 2});
  CHECK(values(unit(x)) == Doubles{0, 0, 1, 1, 4.0 / 6, 0.5});
  const Scaler around_zero = Scaler::min_max(x, -1, 1);
  CHECK(values(around_zero.center()) == Doubles{-1, 2});
  CHECK(values(around_zero.scale()) == Doubles{3, 1});
  CHECK(values(Scaler::min_max(x, -6, 0)(x)) == Doubles{-6, -6, 0, 0, -2, -3});
  CHECK(values(Scaler::fixed(127.5, 127.5)(tensor({0, 255, 51}))) == Doubles{-1, 1, -0.6});
}

TEST_CASE("scaler: one pair for all elements, or one for each pixel") {
  const Scaler all = Scaler::min_max(train, 0, 1, {.per_feature = false});
  CHECK(all.center().shape() == Shape{});
  CHECK(values(all(test)) == Doubles{0.1, 0, 9.0 / 70, 60.0 / 70});
  CHECK(values(Scaler::standard(tensor({1.0, 3.0}), {.per_feature = false}).scale()) == Doubles{1});
  CHECK(Scaler::max_abs(tensor(-3.0), {.per_feature = false}).scale().item() == 3);
  const Tensor images = tensor({{{0, 2}, {4, 6}}, {{2, 2}, {8, 0}}}, Dtype::float32);
  const Scaler pixels = Scaler::max_abs(images);
  CHECK(pixels.scale().shape() == Shape{2, 2});
  CHECK(values(pixels(images)) == Doubles{0, 1, 0.5, 1, 1, 1, 1, 0});
  CHECK(values(Scaler::standard(tensor({1.0, 3.0}))(tensor({5.0}))) == Doubles{3});
}

TEST_CASE("scaler: constant features have scale 1") {
  const Tensor x = tensor({{0.1, 0}, {0.1, 0}, {0.1, 0}}, Dtype::float64);
  for (const Scaler& scaler : {Scaler::standard(x), Scaler::min_max(x)}) {
    CHECK(values(scaler.center()) == Doubles{0.1, 0});
    CHECK(values(scaler.scale()) == Doubles{1, 1});
    CHECK(values(scaler(x)) == Doubles(6, 0));
  }
  for (const auto& [low, high] : {std::pair{2.0, 3.0}, std::pair{-3.0, -2.0}}) {
    CHECK(mismatch(Scaler::min_max(x, low, high)(x), full({3, 2}, low, Dtype::float64), 1e-15) ==
          "");
  }
  CHECK(values(Scaler::max_abs(x).scale()) == Doubles{0.1, 1});
}

TEST_CASE("scaler: constant is what roundings in float64 may have moved apart") {
  const Doubles sums{0.3, 0.1 + 0.2, 0.3};
  REQUIRE(sums[1] != 0.3);
  for (const double sign : {1.0, -1.0}) {
    const Tensor x = sign * from_vector(sums, {3, 1});
    const double low = std::min(sign * sums[0], sign * sums[1]);
    for (const Scaler& scaler : {Scaler::standard(x), Scaler::min_max(x)}) {
      CHECK(values(scaler.center()) == Doubles{low});
      CHECK(values(scaler.scale()) == Doubles{1});
      CHECK(std::abs(values(scaler(full({1, 1}, low + 0.1, Dtype::float64)))[0] - 0.1) < 1e-15);
    }
  }
  // From 1 on the numbers are eps apart: 8 eps (1 + 8 eps) are 8 of them, and not 9.
  const double eps = std::numeric_limits<double>::epsilon();
  for (const double size : {0x1p-900, 1.0, 0x1p1000}) {
    for (const int steps : {1, 8, 9}) {
      CAPTURE(steps);
      const Tensor x = from_vector(Doubles{size, size * (1 + steps * eps)}, {2, 1});
      const bool constant = steps <= 8;
      CHECK((values(Scaler::standard(x).scale()) == Doubles{1}) == constant);
      CHECK((values(Scaler::min_max(x).scale()) == Doubles{1}) == constant);
    }
  }
  // Neighbours of float32, and of int64 where float64 has room, are told apart.
  CHECK(values(Scaler::standard(tensor({{16777216}, {16777220}}, Dtype::float32)).scale()) ==
        Doubles{2});
  const std::int64_t days = 719528;
  CHECK(values(Scaler::min_max(tensor({days, days + 3})).scale()) == Doubles{3});
  const std::int64_t nanoseconds = 1'700'000'000'000'000'000;
  CHECK(values(Scaler::min_max(tensor({nanoseconds, nanoseconds + 3})).scale()) == Doubles{1});
}

TEST_CASE("scaler: min_max takes the extremes exactly onto the bounds") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const double size = std::pow(10.0, static_cast<double>(seed) - 10);
    const Tensor wide = drawn({50, 7}, -size, size, seed);
    const Tensor narrow = drawn({50, 7}, 1e6, 1e6 + 1, seed);  // 16 numbers of float32
    for (const Tensor& x : {wide, narrow}) {
      for (const auto& [low, high] :
           {std::pair{0.0, 1.0}, std::pair{-1.0, 1.0}, std::pair{-1.0, 0.0}, std::pair{0.5, 2.0}}) {
        CAPTURE(seed);
        const Tensor single = x.to(Dtype::float32);
        const Tensor y = Scaler::min_max(single, low, high)(single);
        CHECK(values(amin(y, 0)) == Doubles(7, low));
        CHECK(values(amax(y, 0)) == Doubles(7, high));
        const Tensor exact = Scaler::min_max(x, low, high)(x);
        const double tolerance = low == 0 ? 0 : 1e-9;  // of c / s = 1e6 units in the last place
        CHECK(mismatch(amin(exact, 0), full({7}, low, Dtype::float64), tolerance) == "");
        CHECK(mismatch(amax(exact, 0), full({7}, high, Dtype::float64), tolerance) == "");
      }
      const Tensor most = Scaler::max_abs(x)(x);
      CHECK(values(maximum(amax(most, 0), -amin(most, 0))) == Doubles(7, 1));
    }
  }
}

TEST_CASE("scaler: numbers far from 0 or of extreme size lose nothing on the way") {
  // float32 does not hold the mean, 1600000064; its neighbours are 1600000000 and 1600000128.
  const Tensor times = tensor({{1600000000}, {1600000128}}, Dtype::float32);
  CHECK(values(Scaler::standard(times)(times)) == Doubles{-1, 1});
  for (const double size : {1e-300, 1e-160, 1e160, 1e300}) {
    const Tensor x = tensor({{-size}, {size}}, Dtype::float64);
    CHECK(values(Scaler::standard(x)(x)) == Doubles{-1, 1});
  }
  // The sums of the first are beyond float64, those of the second too from the least on.
  const double root = std::sqrt(1.5);
  CHECK(mismatch(Scaler::standard(tensor({{1e308}, {1.1e308}, {1.2e308}}, Dtype::float64))(
                     tensor({{1e308}, {1.1e308}, {1.2e308}}, Dtype::float64)),
                 tensor({{-root}, {0.0}, {root}}, Dtype::float64), 4e-15) == "");
  const Tensor far = tensor({{0.0}, {1.5e308}, {1.5e308}, {1.5e308}}, Dtype::float64);
  const double third = std::sqrt(1.0 / 3);
  CHECK(mismatch(Scaler::standard(far)(far),
                 tensor({{-3 * third}, {third}, {third}, {third}}, Dtype::float64), 4e-15) == "");
}

TEST_CASE("scaler: dtypes") {
  const Scaler scaler = Scaler::standard(train);
  CHECK(scaler(train.to(Dtype::float32)).dtype() == Dtype::float32);
  CHECK(scaler(train).dtype() == Dtype::float64);
  CHECK(scaler(train.to(Dtype::int64)).dtype() == Dtype::float64);
  CHECK(scaler.inverse(train.to(Dtype::float32)).dtype() == Dtype::float32);
  CHECK(mismatch(scaler(train.to(Dtype::int64)), scaler(train)) == "");
  CHECK(mismatch(Scaler::standard(train.to(Dtype::int64))(test), scaler(test)) == "");
  CHECK(scaler(zeros({0, 2})).shape() == Shape{0, 2});
}

TEST_CASE("scaler: strided and differentiable inputs") {
  const Scaler scaler = Scaler::standard(train);
  CHECK(mismatch(Scaler::standard(transpose(transpose(train).contiguous()))(test), scaler(test)) ==
        "");
  const Tensor x = train.clone().set_requires_grad(true);
  CHECK(!Scaler::standard(x).center().requires_grad());
  CHECK(gradcheck([&](auto& v) { return sum(scaler(v[0]) * scaler(v[0])); }, {x}));
  CHECK(gradcheck([&](auto& v) { return sum(scaler.inverse(v[0]) * v[0]); }, {x}));
  const Tensor single = test.to(Dtype::float32).set_requires_grad(true);
  sum(scaler(single)).backward();
  CHECK(single.grad().dtype() == Dtype::float32);
  CHECK(mismatch(single.grad(), tensor({{0.5, 0.05}, {0.5, 0.05}}, Dtype::float32)) == "");
}

TEST_CASE("a scaler comes back from its file bit for bit") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("scaler.npz");
  for (const Scaler& scaler :
       {Scaler::standard(drawn({9, 4}, -1, 1)), Scaler::min_max(drawn({9, 4}, 2, 3), -1, 1),
        Scaler::fixed(0.1, 1.0 / 3)}) {
    scaler.save(path);
    const Scaler back = Scaler::load(path);
    CHECK(mismatch(back.center(), scaler.center()) == "");
    CHECK(mismatch(back.scale(), scaler.scale()) == "");
    const Tensor x = drawn({5, 4}, -10, 10, 1);
    CHECK(mismatch(back(x), scaler(x)) == "");
  }
  const auto complaint = [&](const NamedTensors& tensors) {
    data::save_npz(path, tensors);
    return error_of<IoError>([&] { return Scaler::load(path); });
  };
  CHECK(complaint({{"center", tensor(1.0)}}) ==
        path + ": holds no array \"scale\"; it holds \"center\"");
  CHECK(complaint({{"center", tensor(1.0)}, {"scale", tensor(0.0)}}) ==
        path + ": scaler: center and scale must be finite, and scale not 0; got 0");
  CHECK(complaint({{"center", zeros({2})}, {"scale", ones({3})}}) ==
        path +
            ": scaler: center and scale must have the same shape; got float32[2] and float32[3]");
  CHECK_THROWS_AS(Scaler::load(directory.file("none")), IoError);
  CHECK_THROWS_AS(Scaler::fixed(0, 1).save(directory.file("none/file")), IoError);
}

TEST_CASE("scaler refuses data to fit") {
  const auto complaint = [](const Tensor& x) {
    return error_of<ValueError>([&] { return Scaler::standard(x); });
  };
  CHECK(complaint(tensor({{1.0, 2.0}, {3.0, not_a_number}}, Dtype::float64)) ==
        "scaler: training data must be finite; got nan in row 1, column 1");
  CHECK(complaint(tensor({{1.0, 2.0}, {-infinity, 3.0}}, Dtype::float32)) ==
        "scaler: training data must be finite; got -inf in row 1, column 0");
  CHECK(complaint(tensor({1.0, infinity}, Dtype::float64)) ==
        "scaler: training data must be finite; got inf in row 1, column 0");
  CHECK(complaint(zeros({0, 4})) == "scaler: training data must have elements; got float32[0, 4]");
  CHECK(complaint(tensor({{-1.7e308}, {1.7e308}}, Dtype::float64)) !=
        "(nothing was thrown)");  // the range overflows
  CHECK(error_of<ShapeError>([&] { return Scaler::standard(tensor(1.0)); }) ==
        "scaler: training data must have rows; got float32[]");
  CHECK(error_of<ValueError>([&] { return Scaler::min_max(train, 1, 1); }) ==
        "scaler: low must be less than high, and both finite; got 1 and 1");
  CHECK_THROWS_AS(Scaler::min_max(train, 0, infinity), ValueError);
  CHECK_THROWS_AS(Scaler::min_max(train, not_a_number, 1), ValueError);
  CHECK_THROWS_AS(Scaler::fixed(0, 0), ValueError);
  CHECK_THROWS_AS(Scaler::fixed(not_a_number, 1), ValueError);
  CHECK_THROWS_AS(Scaler::fixed(tensor(true), tensor(1.0)), DtypeError);
  CHECK_THROWS_AS(Scaler::standard(Tensor()), ValueError);
}

TEST_CASE("scaler refuses data of other features") {
  const Scaler scaler = Scaler::standard(drawn({5, 4}, -1, 1));
  const auto complaint = [](const Scaler& by, const Tensor& x) {
    return error_of<ShapeError>([&] { return by(x); });
  };
  CHECK(complaint(scaler, zeros({10, 3})) == "scaler: 4 features were fitted; got float32[10, 3]");
  CHECK(complaint(scaler, zeros({10, 1})) == "scaler: 4 features were fitted; got float32[10, 1]");
  CHECK(complaint(scaler, tensor(1.0)) == "scaler: 4 features were fitted; got float32[]");
  CHECK(complaint(Scaler::max_abs(ones({2, 3, 5})), zeros({7, 5, 3})) ==
        "scaler: features [3, 5] were fitted; got float32[7, 5, 3]");
  CHECK_THROWS_AS(scaler.inverse(zeros({10, 3})), ShapeError);
  CHECK(scaler(zeros({4})).shape() == Shape{4});  // a single sample
}
