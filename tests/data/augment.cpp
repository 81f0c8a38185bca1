#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numbers>
#include <set>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/augment.hpp>
#include <xtape/ops/layout.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"

using namespace xtape;
namespace augment = data::augment;
using Doubles = std::vector<double>;

namespace {

Tensor image(const NestedList& rows) { return expand_dims(tensor(rows, Dtype::float64), 0); }

/// One image whose pixels are 1, 2, ... in row-major order.
Tensor counted(std::int64_t rows, std::int64_t columns) {
  return reshape(arange(1, rows * columns + 1), {1, rows, columns}).to(Dtype::float64);
}

Tensor repeated(const Tensor& one, std::int64_t count) {
  Shape shape = one.shape();
  shape[0] = count;
  return broadcast_to(one, shape);
}

double pixel(const Tensor& images, std::int64_t n, std::int64_t row, std::int64_t column) {
  return slice(images, {n, row, column}).item();
}

Tensor degrees(double value) { return full({1}, value, Dtype::float64); }

}  // namespace

TEST_CASE("a shift moves whole pixels and fills what becomes vacant") {
  // Each of the nine shifts of a 3 x 3 image by at most one, made by hand.
  const Tensor moved[3][3] = {
      {image({{5, 6, 0}, {8, 9, 0}, {0, 0, 0}}), image({{4, 5, 6}, {7, 8, 9}, {0, 0, 0}}),
       image({{0, 4, 5}, {0, 7, 8}, {0, 0, 0}})},
      {image({{2, 3, 0}, {5, 6, 0}, {8, 9, 0}}), image({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}),
       image({{0, 1, 2}, {0, 4, 5}, {0, 7, 8}})},
      {image({{0, 0, 0}, {2, 3, 0}, {5, 6, 0}}), image({{0, 0, 0}, {1, 2, 3}, {4, 5, 6}}),
       image({{0, 0, 0}, {0, 1, 2}, {0, 4, 5}})}};
  Rng rng(0), draws(0);
  const std::int64_t count = 900;
  const Tensor y =
      augment::shift(repeated(counted(3, 3), count), {.max_rows = 1, .max_columns = 1}, rng);
  std::map<std::pair<std::int64_t, std::int64_t>, int> seen;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t down = draws.integer(-1, 2), right = draws.integer(-1, 2);
    ++seen[{down, right}];
    REQUIRE(mismatch(slice(y, {range(i, i + 1)}).contiguous(), moved[down + 1][right + 1]) == "");
  }
  CHECK(rng == draws);
  CHECK(seen.size() == 9);
  for (const auto& [place, times] : seen) CHECK(std::abs(times - 100) < 50);  // deviation 9.4
}

TEST_CASE("shifts reach their greatest distance along each axis, and no farther") {
  Rng rng(1);
  const Tensor y = augment::shift(repeated(counted(4, 5), 2000),
                                  {.max_rows = 2, .max_columns = 3, .fill = -1}, rng);
  std::set<std::int64_t> down, right;
  for (std::int64_t i = 0; i < 2000; ++i) {
    std::int64_t row = 0, column = 0;  // where the first pixel that is left came from and went
    while (pixel(y, i, row, column) == -1) {
      if (++column == 5) {
        column = 0;
        ++row;
      }
      REQUIRE(row < 4);
    }
    const auto source = static_cast<std::int64_t>(pixel(y, i, row, column)) - 1;
    down.insert(row - source / 5);
    right.insert(column - source % 5);
  }
  CHECK(down == std::set<std::int64_t>{-2, -1, 0, 1, 2});
  CHECK(right == std::set<std::int64_t>{-3, -2, -1, 0, 1, 2, 3});
}

TEST_CASE("a shift by the whole image leaves only what is filled in") {
  Rng rng(2);
  const Tensor y = augment::shift(repeated(counted(2, 3), 300),
                                  {.max_rows = 2, .max_columns = 3, .fill = 7}, rng);
  int empty = 0;
  for (std::int64_t i = 0; i < 300; ++i) {
    const Doubles values = slice(y, {range(i, i + 1)}).to_vector<double>();
    empty += values == Doubles(6, 7) ? 1 : 0;
  }
  CHECK(empty > 100);  // 1 - (3/5) (5/7) of them: 171
  CHECK(empty < 240);
}

TEST_CASE("a flip mirrors left and right, or up and down") {
  Rng rng(0);
  const Tensor x = counted(2, 3);
  CHECK(mismatch(augment::flip(x, {.left_right = 1}, rng), image({{3, 2, 1}, {6, 5, 4}})) == "");
  CHECK(mismatch(augment::flip(x, {.left_right = 0, .up_down = 1}, rng),
                 image({{4, 5, 6}, {1, 2, 3}})) == "");
  CHECK(mismatch(augment::flip(x, {.left_right = 1, .up_down = 1}, rng),
                 image({{6, 5, 4}, {3, 2, 1}})) == "");
  CHECK(mismatch(augment::flip(x, {.left_right = 0}, rng), x) == "");
}

TEST_CASE("flips happen as often as asked for, each on its own") {
  Rng rng(1);
  const Tensor y = augment::flip(repeated(counted(2, 2), 4000), {.up_down = 0.25}, rng);
  std::map<double, int> first;  // the pixel that has come to the first place tells which
  for (std::int64_t i = 0; i < 4000; ++i) ++first[pixel(y, i, 0, 0)];
  CHECK(std::abs(first[1] - 1500) < 150);  // deviation 31
  CHECK(std::abs(first[2] - 1500) < 150);
  CHECK(std::abs(first[3] - 500) < 100);
  CHECK(std::abs(first[4] - 500) < 100);
}

TEST_CASE("a crop is any part of the image, all as likely") {
  Rng rng(3);
  const Tensor y = augment::crop(repeated(counted(3, 4), 1200), {.rows = 2, .columns = 2}, rng);
  REQUIRE(y.shape() == Shape{1200, 2, 2});
  std::map<double, int> corner;
  for (std::int64_t i = 0; i < 1200; ++i) {
    const double first = pixel(y, i, 0, 0);
    ++corner[first];
    CHECK(pixel(y, i, 0, 1) == first + 1);
    CHECK(pixel(y, i, 1, 0) == first + 4);
    CHECK(pixel(y, i, 1, 1) == first + 5);
  }
  CHECK(corner.size() == 6);
  for (const double first : {1, 2, 3, 5, 6, 7}) CHECK(std::abs(corner[first] - 200) < 70);
}

TEST_CASE("a crop may reach into the padding") {
  Rng rng(4);
  const Tensor y = augment::crop(repeated(tensor({{{5.0}}}, Dtype::float64), 900),
                                 {.rows = 1, .columns = 2, .padding = 1, .fill = -1}, rng);
  REQUIRE(y.shape() == Shape{900, 1, 2});
  std::map<std::pair<double, double>, int> seen;  // of -1 5 -1 between rows of -1
  for (std::int64_t i = 0; i < 900; ++i) ++seen[{pixel(y, i, 0, 0), pixel(y, i, 0, 1)}];
  CHECK(seen.size() == 3);
  CHECK(std::abs(seen[{-1, -1}] - 600) < 80);
  CHECK(std::abs(seen[{-1, 5}] - 150) < 60);
  CHECK(std::abs(seen[{5, -1}] - 150) < 60);
}

TEST_CASE("a crop as large as the image is the image") {
  Rng rng(5);
  const Tensor x = drawn({3, 4, 5, 2}, -1, 1);
  CHECK(mismatch(augment::crop(x, {.rows = 4, .columns = 5}, rng), x) == "");
}

TEST_CASE("quarter turns move pixels, anticlockwise") {
  const Tensor x = counted(3, 3);
  const Tensor quarter = image({{3, 6, 9}, {2, 5, 8}, {1, 4, 7}});
  const Tensor half = image({{9, 8, 7}, {6, 5, 4}, {3, 2, 1}});
  const Tensor three_quarters = image({{7, 4, 1}, {8, 5, 2}, {9, 6, 3}});
  for (const double turns : {0.0, 360.0, -720.0}) {
    CHECK(mismatch(augment::rotate(x, degrees(turns)), x) == "");
    CHECK(mismatch(augment::rotate(x, degrees(turns + 90)), quarter) == "");
    CHECK(mismatch(augment::rotate(x, degrees(turns + 180)), half) == "");
    CHECK(mismatch(augment::rotate(x, degrees(turns - 180)), half) == "");
    CHECK(mismatch(augment::rotate(x, degrees(turns - 90)), three_quarters) == "");
  }
  CHECK(mismatch(augment::rotate(counted(2, 2), degrees(90)), image({{2, 4}, {1, 3}})) == "");
  CHECK(mismatch(augment::rotate(counted(2, 3), degrees(180)), image({{6, 5, 4}, {3, 2, 1}})) ==
        "");
}

TEST_CASE("a quarter turn of an oblong image leaves its ends outside") {
  CHECK(mismatch(augment::rotate(image({{1, 2, 3}}), degrees(90), -1), image({{-1, 2, -1}})) == "");
}

TEST_CASE("a turn by 45 degrees interpolates") {
  // A bright centre: places at distance 1 / sqrt 2 from it along both axes get (1 - 1 / sqrt 2)^2.
  const Tensor x = image({{0, 0, 0}, {0, 1, 0}, {0, 0, 0}});
  const double side = std::pow(1 - std::numbers::sqrt2 / 2, 2);
  CHECK(mismatch(augment::rotate(x, degrees(45)),
                 image({{0, side, 0}, {side, 1, side}, {0, side, 0}}), 1e-15) == "");
  // The corners come from places sqrt 2 away along one axis, between the border and what is filled
  // in; of the sides half the way along both lies inside.
  const double out = std::numbers::sqrt2 - 1;
  const Tensor y = augment::rotate(full({1, 3, 3}, 2, Dtype::float64), degrees(45), 4);
  for (const std::int64_t i : {0, 2}) {
    for (const std::int64_t j : {0, 2}) {
      CHECK(pixel(y, 0, i, j) == doctest::Approx(2 * (1 - out) + 4 * out).epsilon(1e-14));
    }
    CHECK(pixel(y, 0, i, 1) == doctest::Approx(2).epsilon(1e-14));
  }
}

TEST_CASE("a linear image stays linear inside when it is turned") {
  // The value at row r, column c is r; bilinear interpolation is exact for it.
  const std::int64_t size = 9;
  const Tensor x =
      broadcast_to(reshape(arange(size), {1, size, 1}), {1, size, size}).to(Dtype::float64);
  for (const double angle : {10.0, -33.0, 77.5, 140.0}) {
    const Tensor y = augment::rotate(x, degrees(angle));
    const double radians = angle * std::numbers::pi / 180;
    for (std::int64_t i = 2; i <= 6; ++i) {
      for (std::int64_t j = 2; j <= 6; ++j) {
        const double down = static_cast<double>(i - 4), right = static_cast<double>(j - 4);
        const double row = 4 + down * std::cos(radians) + right * std::sin(radians);
        CHECK(pixel(y, 0, i, j) == doctest::Approx(row).epsilon(1e-13));
      }
    }
  }
}

TEST_CASE("angles are drawn from the whole range, one for each image") {
  Rng rng(6), draws(6);
  const Tensor x = repeated(drawn({1, 5, 5}, 0, 1), 4);
  const Tensor y = augment::rotate(x, {.max_degrees = 30, .fill = 2}, rng);
  const Tensor angles = draws.uniform({4}, -30, 30, Dtype::float64);
  CHECK(mismatch(y, augment::rotate(x, angles, 2)) == "");
  CHECK(rng == draws);
}

TEST_CASE("noise is normal, with the deviation asked for") {
  Rng rng(7), draws(7);
  const Tensor x = drawn({5, 3}, -1, 1);
  const Doubles got = augment::noise(x, {.stddev = 0.5}, rng).to_vector<double>();
  const Doubles given = x.to_vector<double>();
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == given[i] + 0.5 * draws.normal());
}

TEST_CASE("no distance, angle or deviation leaves images as they are, infinite pixels too") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor x = image({{1, infinity, 3}, {-infinity, 5, std::nan("")}});
  Rng rng(8);
  CHECK(mismatch(augment::shift(x, {}, rng), x) == "");
  CHECK(mismatch(augment::rotate(x, {}, rng), x) == "");
  CHECK(mismatch(augment::noise(x, {}, rng), x) == "");
}

TEST_CASE("channels stay together, in both dtypes") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor first = drawn({6, 4, 4}, -1, 1, 1).to(dtype);
    const Tensor second = drawn({6, 4, 4}, -1, 1, 2).to(dtype);
    const Tensor both = stack({first, second}, 3);
    const auto check = [&](auto change) {
      Rng a(9), b(9), c(9);
      const Tensor y = change(both, a);
      CHECK(y.dtype() == dtype);
      CHECK(mismatch(y, stack({change(first, b), change(second, c)}, 3)) == "");
    };
    check([](const Tensor& x, Rng& rng) {
      return augment::shift(x, {.max_rows = 2, .max_columns = 1, .fill = 0.5}, rng);
    });
    check([](const Tensor& x, Rng& rng) { return augment::flip(x, {.up_down = 0.5}, rng); });
    check([](const Tensor& x, Rng& rng) {
      return augment::crop(x, {.rows = 3, .columns = 5, .padding = 1}, rng);
    });
    check([](const Tensor& x, Rng& rng) { return augment::rotate(x, {.max_degrees = 90}, rng); });
  }
}

TEST_CASE("strided images give what dense ones give, and the results are constants") {
  const Tensor dense = drawn({4, 3, 5}, -1, 1).set_requires_grad(true);
  const Tensor strided = flip(flip(dense.detach(), 2).contiguous(), 2);
  const auto check = [&](auto change) {
    Rng a(10), b(10);
    const Tensor y = change(dense, a);
    CHECK(!y.requires_grad());
    CHECK(mismatch(change(strided, b), y) == "");
  };
  check([](const Tensor& x, Rng& rng) { return augment::shift(x, {.max_rows = 1}, rng); });
  check([](const Tensor& x, Rng& rng) { return augment::flip(x, {}, rng); });
  check([](const Tensor& x, Rng& rng) { return augment::crop(x, {.rows = 2, .columns = 2}, rng); });
  check([](const Tensor& x, Rng& rng) { return augment::rotate(x, {.max_degrees = 20}, rng); });
  check([](const Tensor& x, Rng& rng) { return augment::noise(x, {.stddev = 1}, rng); });
}

TEST_CASE("batches without images, rows or columns pass") {
  Rng rng(0);
  for (const Shape& shape : {Shape{0, 3, 3}, Shape{2, 0, 3}, Shape{2, 3, 0}, Shape{2, 3, 3, 0}}) {
    const Tensor x = zeros(shape);
    CHECK(augment::shift(x, {}, rng).shape() == shape);
    CHECK(augment::flip(x, {}, rng).shape() == shape);
    CHECK(augment::rotate(x, {.max_degrees = 5}, rng).shape() == shape);
    CHECK(augment::noise(x, {.stddev = 1}, rng).shape() == shape);
  }
  CHECK(augment::crop(zeros({0, 3, 3}), {.rows = 2, .columns = 2}, rng).shape() == Shape{0, 2, 2});
}

TEST_CASE("augmentation refuses") {
  Rng rng(0);
  const Tensor x = zeros({2, 3, 4});
  CHECK(error_of<ShapeError>([&] {
          return augment::shift(zeros({3, 4}), {}, rng);
        }) ==
        "shift: images must be [n, rows, columns] or [n, rows, columns, channels]; got float32[3, "
        "4]");
  CHECK(error_of<DtypeError>([&] { return augment::flip(x.to(Dtype::int64), {}, rng); }) ==
        "flip: the dtype must be floating; got int64");
  CHECK_THROWS_AS(augment::crop(zeros({3}), {.rows = 1, .columns = 1}, rng), ShapeError);
  CHECK_THROWS_AS(augment::rotate(zeros({3}), {}, rng), ShapeError);
  CHECK_THROWS_AS(augment::noise(arange(3), {}, rng), DtypeError);
  CHECK(error_of<ValueError>([&] { return augment::shift(x, {.max_rows = 4}, rng); }) ==
        "shift: max_rows must lie in [0, 3]; got 4");
  CHECK(error_of<ValueError>([&] { return augment::shift(x, {.max_columns = -1}, rng); }) ==
        "shift: max_columns must lie in [0, 4]; got -1");
  CHECK(error_of<ValueError>([&] { return augment::flip(x, {.left_right = 1.5}, rng); }) ==
        "flip: left_right must lie in [0, 1]; got 1.5");
  CHECK_THROWS_AS(augment::flip(x, {.up_down = -0.1}, rng), ValueError);
  CHECK_THROWS_AS(augment::flip(x, {.up_down = std::nan("")}, rng), ValueError);
  CHECK(error_of<ValueError>([&] { return augment::crop(x, {.rows = 4, .columns = 1}, rng); }) ==
        "crop: rows must lie in [1, 3]; got 4");
  CHECK(error_of<ValueError>([&] {
          return augment::crop(x, {.rows = 1, .columns = 9, .padding = 2}, rng);
        }) == "crop: columns must lie in [1, 8]; got 9");
  CHECK_THROWS_AS(augment::crop(x, {}, rng), ValueError);
  CHECK_THROWS_AS(augment::crop(x, {.rows = 1, .columns = 1, .padding = -1}, rng), ValueError);
  CHECK_THROWS_AS(augment::crop(x, {.rows = 1, .columns = 1, .padding = INT64_MAX}, rng),
                  ValueError);
  CHECK(error_of<ValueError>([&] { return augment::rotate(x, {.max_degrees = 181}, rng); }) ==
        "rotate: max_degrees must lie in [0, 180]; got 181");
  CHECK_THROWS_AS(augment::rotate(x, {.max_degrees = -1}, rng), ValueError);
  CHECK(error_of<ShapeError>([&] { return augment::rotate(x, zeros({3})); }) ==
        "rotate: there must be an angle for each image; got float32[3] for float32[2, 3, 4]");
  CHECK(error_of<ValueError>([&] {
          return augment::rotate(x, tensor({1.0, HUGE_VAL}));
        }) == "rotate: angles must be finite; got inf");
  CHECK_THROWS_AS(augment::noise(x, {.stddev = -1}, rng), ValueError);
  CHECK_THROWS_AS(augment::noise(x, {.stddev = HUGE_VAL}, rng), ValueError);
  CHECK(rng == Rng(0));  // nothing was drawn
}
