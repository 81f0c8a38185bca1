#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/dtype.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/shape.hpp>

#include "../support/errors.hpp"

using namespace xtape;

TEST_CASE("promotion follows NumPy's table") {  // np.promote_types
  constexpr Dtype b = Dtype::boolean, i = Dtype::int64, f = Dtype::float32, d = Dtype::float64;
  const std::array<std::array<Dtype, 4>, 4> table{
      {{b, i, f, d}, {i, i, d, d}, {f, d, f, d}, {d, d, d, d}}};
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t column = 0; column < 4; ++column) {
      CHECK(promote(static_cast<Dtype>(row), static_cast<Dtype>(column)) == table[row][column]);
    }
  }
}

TEST_CASE("dtypes: size, name, C++ type") {
  CHECK(size_of(Dtype::boolean) == 1);
  CHECK(size_of(Dtype::int64) == 8);
  CHECK(size_of(Dtype::float32) == 4);
  CHECK(size_of(Dtype::float64) == 8);
  CHECK(to_string(Dtype::boolean) == "boolean");
  CHECK(to_string(Dtype::float64) == "float64");
  CHECK(!is_floating(Dtype::int64));
  CHECK(is_floating(Dtype::float32));
  CHECK(dtype_of<bool> == Dtype::boolean);
  CHECK(dtype_of<std::int64_t> == Dtype::int64);
  for (const Dtype dtype : {Dtype::boolean, Dtype::int64, Dtype::float32, Dtype::float64}) {
    visit(dtype, [&]<class T>(TypeTag<T>) {
      CHECK(dtype_of<T> == dtype);
      CHECK(sizeof(T) == size_of(dtype));
    });
  }
}

TEST_CASE("shape: extents, size, text") {
  CHECK(Shape{}.rank() == 0);
  CHECK(Shape{}.size() == 1);
  CHECK(to_string(Shape{}) == "[]");
  const Shape shape{2, 3, 4};
  CHECK(shape.rank() == 3);
  CHECK(shape[1] == 3);
  CHECK(shape.size() == 24);
  CHECK(to_string(shape) == "[2, 3, 4]");
  CHECK(Shape{5, 0, 7}.size() == 0);
  CHECK(shape == Shape{2, 3, 4});
  CHECK(shape != Shape{2, 3});
  CHECK(Shape{2} != Shape{3});
  CHECK(std::vector<std::int64_t>(shape.begin(), shape.end()) ==
        std::vector<std::int64_t>{2, 3, 4});
}

TEST_CASE("shape: axes come and go") {
  Shape shape{2, 3};
  shape.push_back(5);
  shape.insert(0, 7);
  shape.insert(2, 9);
  CHECK(shape == Shape{7, 2, 9, 3, 5});
  shape.erase(1);
  shape.erase(3);
  CHECK(shape == Shape{7, 9, 3});
}

TEST_CASE("shape: limits") {
  CHECK(Shape{1, 1, 1, 1, 1, 1, 1, 1}.rank() == 8);
  CHECK(error_of<ShapeError>([] { return Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; }) ==
        "shape: at most 8 axes are possible; got 9");
  CHECK(error_of<ShapeError>([] {
          return Shape{2, -1};
        }) == "shape: extents must not be negative; got [2, -1]");
  constexpr std::int64_t big = std::int64_t{1} << 32;
  CHECK(error_of<ShapeError>([] {
          return Shape{big, big};
        }) == "shape: the number of elements must fit in int64; got [4294967296, 4294967296]");
  CHECK(Shape{big, 0, big}.size() == 0);
  CHECK(Shape{std::numeric_limits<std::int64_t>::max()}.size() ==
        std::numeric_limits<std::int64_t>::max());
  Shape full{1, 2, 3, 4, 5, 6, 7, 8};
  CHECK(error_of<ShapeError>([&] { return full.push_back(1), 0; }) ==
        "shape: at most 8 axes are possible; got one more than [1, 2, 3, 4, 5, 6, 7, 8]");
}

TEST_CASE("row-major strides") {
  const auto strides = [](const Shape& shape) {
    const Strides all = row_major_strides(shape);
    return std::vector<std::int64_t>(all.begin(), all.begin() + shape.rank());
  };
  CHECK(strides({2, 3, 4}) == std::vector<std::int64_t>{12, 4, 1});
  CHECK(strides({5}) == std::vector<std::int64_t>{1});
  CHECK(strides({}).empty());
}

TEST_CASE("broadcasting follows NumPy's rule") {  // np.broadcast_shapes
  struct Row {
    Shape a, b, common;
  };
  for (const auto& [a, b, common] : std::vector<Row>{{{2, 3}, {2, 3}, {2, 3}},
                                                     {{2, 3}, {3}, {2, 3}},
                                                     {{4, 1}, {1, 5}, {4, 5}},
                                                     {{}, {2, 1}, {2, 1}},
                                                     {{4, 1}, {4, 0}, {4, 0}},
                                                     {{1}, {0}, {0}},
                                                     {{8, 1, 6, 1}, {7, 1, 5}, {8, 7, 6, 5}}}) {
    CHECK(broadcast_shapes("add", a, b) == common);
    CHECK(broadcast_shapes("add", b, a) == common);
  }
  CHECK(
      error_of<ShapeError>([] {
        return broadcast_shapes("add", {2, 3}, {2});
      }) ==
      "add: shapes must broadcast (be equal or 1, axis by axis from the last); got [2, 3] and [2]");
  CHECK_THROWS_AS(broadcast_shapes("add", {0}, {2}), ShapeError);
  CHECK_THROWS_AS(broadcast_shapes("add", {2}, {0}), ShapeError);
}

TEST_CASE("axes count from the front, or from the end if negative") {
  CHECK(normalize_axis("sum", 0, 3) == 0);
  CHECK(normalize_axis("sum", 2, 3) == 2);
  CHECK(normalize_axis("sum", -1, 3) == 2);
  CHECK(normalize_axis("sum", -3, 3) == 0);
  CHECK(error_of<IndexError>([] { return normalize_axis("sum", 3, 3); }) ==
        "sum: axis must lie in [-3, 3); got 3");
  CHECK(error_of<IndexError>([] { return normalize_axis("sum", -4, 3); }) ==
        "sum: axis must lie in [-3, 3); got -4");
  CHECK_THROWS_AS(normalize_axis("sum", 0, 0), IndexError);
}

TEST_CASE("errors: one root, and the place in a module") {
  static_assert(std::is_base_of_v<std::runtime_error, Error>);
  for (const auto& text : {error_of<Error>([]() -> int { throw ShapeError("a"); }),
                           error_of<Error>([]() -> int { throw DtypeError("a"); }),
                           error_of<Error>([]() -> int { throw IndexError("a"); }),
                           error_of<Error>([]() -> int { throw GradError("a"); }),
                           error_of<Error>([]() -> int { throw ValueError("a"); }),
                           error_of<Error>([]() -> int { throw IoError("a"); })}) {
    CHECK(text == "a");
  }
  const ErrorContext outer("hidden");
  CHECK(std::string(ValueError("a: b").what()) == "a: b (in hidden)");
  {
    const ErrorContext unnamed("");
    const ErrorContext inner("0");
    CHECK(ErrorContext::path() == "hidden.0");
    CHECK(std::string(ValueError("a: b").what()) == "a: b (in hidden.0)");
  }
  CHECK(ErrorContext::path() == "hidden");
}

TEST_CASE("extents by axes from either end") {
  Shape shape{2, 3, 4};
  CHECK(shape[-1] == 4);
  CHECK(shape[-3] == 2);
  shape[-2] = 5;
  CHECK(shape == Shape{2, 5, 4});
  CHECK(error_of<IndexError>([&] { return shape[3]; }) == "shape: axis must lie in [-3, 3); got 3");
  CHECK_THROWS_AS(shape[-4], IndexError);
  CHECK_THROWS_AS(shape[INT64_MIN], IndexError);
  CHECK_THROWS_AS(shape[INT64_MAX] = 1, IndexError);
  CHECK(error_of<IndexError>([] { return Shape()[0]; }) ==
        "shape: axis must exist, and there is none; got 0");
  CHECK(error_of<IndexError>([] { return normalize_axis("sum", -1, 0); }) ==
        "sum: axis must exist, and there is none; got -1");
}

TEST_CASE("extents that were made negative are refused where elements are counted") {
  Shape shape{2, 3};
  shape[0] = shape[1] = -2;
  CHECK(error_of<ShapeError>([&] { return shape.size(); }) ==
        "shape: extents must not be negative; got [-2, -2]");
}
