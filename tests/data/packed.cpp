#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/idx.hpp>
#include <xtape/data/npy.hpp>
#include <xtape/data/packed.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/idx_bytes.hpp"
#include "../support/npy_bytes.hpp"

using namespace xtape;
using data::PackedIntegers;

TEST_CASE("packed integers take the bytes of the narrowest type, and come back") {
  const auto ends = [](std::int64_t low, std::int64_t high) {
    return tensor({low, std::int64_t{0}, high});
  };
  for (const auto& [x, bytes] :
       {std::pair{ends(0, 255), 3}, std::pair{ends(-128, 127), 3}, std::pair{ends(0, 256), 6},
        std::pair{ends(-129, 0), 6}, std::pair{ends(-1, 128), 6}, std::pair{ends(-32768, 32767), 6},
        std::pair{ends(0, 65535), 6}, std::pair{ends(-1, 32768), 12}, std::pair{ends(0, 65536), 12},
        std::pair{ends(0, 4294967295), 12}, std::pair{ends(-2147483648, 2147483647), 12}}) {
    const PackedIntegers packed(x);
    CHECK(packed.bytes() == bytes);
    CHECK(packed.size() == 3);
    CHECK(mismatch(packed.rows(arange(3), {.dtype = Dtype::int64}), x) == "");
  }
  CHECK(PackedIntegers(tensor({true, false})).bytes() == 2);
  CHECK(PackedIntegers(zeros({0, 3}, Dtype::int64)).shape() == Shape{0, 3});
}

TEST_CASE("rows of packed integers: shapes, dtypes, scales") {
  const std::vector<std::int16_t> numbers{-300, 1, 2, 3, 4, 500};
  const PackedIntegers packed(std::span<const std::int16_t>(numbers), {3, 2});
  CHECK(packed.bytes() == 12);
  CHECK(mismatch(packed.row(0), tensor({-300.0, 1.0})) == "");
  CHECK(mismatch(packed.row(-1, {.dtype = Dtype::float64, .center = 100, .scale = 8}),
                 tensor({-12.0, 50.0}, Dtype::float64)) == "");
  CHECK(mismatch(packed.rows(tensor({2, 0, 2}), {.dtype = Dtype::int64}),
                 tensor({{4, 500}, {-300, 1}, {4, 500}})) == "");
  CHECK(packed.rows(zeros({0}, Dtype::int64)).shape() == Shape{0, 2});
  const std::vector<std::uint8_t> bytes{255, 0};
  const PackedIntegers pixels(bytes, {2});
  CHECK(mismatch(pixels.row(0, {.center = 127.5, .scale = 127.5}), tensor(1.0)) == "");
  const std::vector<std::int8_t> small{-128, 127};
  CHECK(PackedIntegers(small, {2}).row(0).item() == -128);
  const std::vector<std::int32_t> large{std::numeric_limits<std::int32_t>::min()};
  CHECK(PackedIntegers(large, {1}).row(0, {.dtype = Dtype::float64}).item() == -2147483648.0);
  const std::vector<std::uint16_t> depths{0, 65535};
  CHECK(PackedIntegers(depths, {2}).bytes() == 4);
  CHECK(PackedIntegers(depths, {2}).row(1).item() == 65535);
  const std::vector<std::uint32_t> names{4294967295, 1};
  CHECK(PackedIntegers(names, {2}).bytes() == 8);
  CHECK(PackedIntegers(names, {2}).row(0, {.dtype = Dtype::int64}).item() == 4294967295);
}

TEST_CASE("an IDX file stays in its bytes") {
  const TemporaryDirectory directory;
  // uint8 [2, 2], int16 [3] and float32 [1]; numbers of more bytes begin with the highest.
  const std::string pixels =
      directory.write("a", {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 200, 3, 255});
  const std::string shorts =
      directory.write("b", {0, 0, 11, 1, 0, 0, 0, 3, 1, 0, 255, 255, 128, 0});
  const std::string floats = directory.write("c", {0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0});
  for (const std::string& path : {pixels, shorts}) {
    const PackedIntegers packed = data::read_packed_idx(path);
    const Tensor expected = data::read_idx(path);
    CHECK(packed.shape() == expected.shape());
    CHECK(mismatch(packed.rows(arange(packed.size()), {.dtype = Dtype::int64}), expected) == "");
  }
  CHECK(values(data::read_packed_idx(shorts).rows(arange(3))) == Doubles{256, -1, -32768});
  CHECK(data::read_packed_idx(pixels).bytes() == 4);
  CHECK(error_of<IoError>([&] { return data::read_packed_idx(floats); }) ==
        floats + ": must hold integers to be packed; got float32[1]");
  CHECK_THROWS_AS(data::read_packed_idx(directory.file("none")), IoError);
  CHECK_THROWS_AS(data::read_packed_idx(directory.write("d", {0, 0, 8, 1, 0, 0, 0, 9, 1})),
                  IoError);
}

TEST_CASE("a .npy file stays in its bytes, or in fewer") {
  const TemporaryDirectory directory;
  const auto file = [&](const std::string& descr, const std::string& data, bool fortran = false,
                        const std::string& shape = "(2, 2)") {
    return directory.write(
        "a.npy", bytes_of(npy_header("{'descr': '" + descr + "', 'fortran_order': " +
                                     (fortran ? "True" : "False") + ", 'shape': " + shape + ", }") +
                          data));
  };
  const auto numbers = [](const PackedIntegers& packed) {
    return packed.rows(arange(packed.size()), {.dtype = Dtype::int64}).to_vector<std::int64_t>();
  };
  using Integers = std::vector<std::int64_t>;
  const auto text = [](std::initializer_list<int> bytes) {
    std::string all;
    for (const int byte : bytes) all += static_cast<char>(byte);
    return all;
  };
  const PackedIntegers pixels = data::load_packed_npy(file("|u1", text({0, 255, 7, 200})));
  CHECK(pixels.bytes() == 4);
  CHECK(pixels.shape() == Shape{2, 2});
  CHECK(numbers(pixels) == Integers{0, 255, 7, 200});
  CHECK(numbers(data::load_packed_npy(file("|i1", text({0, 255, 7, 128})))) ==
        Integers{0, -1, 7, -128});
  CHECK(numbers(data::load_packed_npy(file("|u1", text({1, 2, 3, 4}), true))) ==
        Integers{1, 3, 2, 4});
  CHECK(numbers(data::load_packed_npy(file("|b1", text({1, 0, 0, 1})))) == Integers{1, 0, 0, 1});
  const std::string shorts = text({1, 2, 255, 255, 0, 128, 0, 0});
  CHECK(data::load_packed_npy(file("<i2", shorts)).bytes() == 8);
  CHECK(numbers(data::load_packed_npy(file("<i2", shorts))) == Integers{513, -1, -32768, 0});
  CHECK(numbers(data::load_packed_npy(file(">i2", shorts))) == Integers{258, -1, 128, 0});
  CHECK(numbers(data::load_packed_npy(file("<u2", shorts))) == Integers{513, 65535, 32768, 0});
  CHECK(numbers(data::load_packed_npy(file(">u2", shorts))) == Integers{258, 65535, 128, 0});
  CHECK(data::load_packed_npy(file("<u2", shorts)).bytes() == 8);
  CHECK(numbers(data::load_packed_npy(file(">i4", text({255, 255, 255, 254}), false, "(1,)"))) ==
        Integers{-2});
  const PackedIntegers few =
      data::load_packed_npy(file("<i8", text({9, 0, 0, 0, 0, 0, 0, 0}), false, "(1,)"));
  CHECK(few.bytes() == 1);
  CHECK(numbers(few) == Integers{9});
  CHECK(numbers(data::load_packed_npy(file("<u4", text({0, 0, 0, 128}), false, "(1,)"))) ==
        Integers{2147483648});
  const std::string large = file("<i8", text({0, 0, 0, 0, 1, 0, 0, 0}), false, "(1,)");
  CHECK(error_of<ValueError>([&] { return data::load_packed_npy(large); }) ==
        "packed: numbers must fit in int32 or uint32; got 4294967296");
  const std::string floats = file("<f4", text({0, 0, 0, 0}), false, "(1,)");
  CHECK(error_of<IoError>([&] { return data::load_packed_npy(floats); }) ==
        floats + ": must hold integers to be packed; got float32[1]");
  CHECK_THROWS_AS(data::load_packed_npy(file("|u1", text({1}), false, "()")), ShapeError);
  CHECK_THROWS_AS(data::load_packed_npy(file("|u1", text({1, 2, 3}))), IoError);
  CHECK_THROWS_AS(data::load_packed_npy(directory.file("none")), IoError);
}

TEST_CASE("what cannot be packed, or unpacked") {
  CHECK(error_of<ValueError>([] { return PackedIntegers(tensor({std::int64_t{1} << 32})); }) ==
        "packed: numbers must fit in int32 or uint32; got 4294967296");
  CHECK(error_of<ValueError>([] {
          return PackedIntegers(tensor({std::int64_t{-1}, std::int64_t{1} << 31}));
        }) == "packed: numbers must fit in int32 or uint32; got -1 and 2147483648");
  CHECK(error_of<ValueError>([] {
          return PackedIntegers(tensor({-(std::int64_t{1} << 31) - 1}));
        }) == "packed: numbers must fit in int32 or uint32; got -2147483649");
  CHECK(error_of<DtypeError>([] { return PackedIntegers(ones({2})); }) ==
        "packed: integers are needed; got float32[2]");
  CHECK(error_of<ShapeError>([] { return PackedIntegers(tensor(1)); }) ==
        "packed: an array must have rows; got rank 0");
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  CHECK(error_of<ShapeError>([&] {
          return PackedIntegers(bytes, {2, 2});
        }) == "packed: there must be as many numbers as elements of [2, 2]; got 3");
  const PackedIntegers packed(bytes, {3});
  CHECK(error_of<DtypeError>([&] { return packed.row(0, {.dtype = Dtype::int64, .scale = 2}); }) ==
        "packed: scaled numbers need a floating dtype; got int64");
  CHECK(error_of<ValueError>([&] { return packed.row(2, {.scale = 1e-39}); }) ==
        "packed: numbers must fit in float32; got 3 of row 2");
  CHECK(error_of<ValueError>([&] { return packed.row(1, {.dtype = Dtype::boolean}); }) ==
        "packed: numbers must fit in boolean; got 2 of row 1");
  CHECK(packed.row(0, {.dtype = Dtype::boolean}).dtype() == Dtype::boolean);
  const std::vector<std::int32_t> large{16777216, 16777217, -16777217};
  const PackedIntegers wide(large, {3});
  CHECK(wide.row(0).item() == 16777216);
  CHECK(error_of<ValueError>([&] { return wide.row(1); }) ==
        "packed: numbers must fit in float32; got 16777217 of row 1");
  CHECK_THROWS_AS(wide.row(2), ValueError);
  CHECK(wide.row(1, {.dtype = Dtype::float64}).item() == 16777217);
  CHECK(wide.row(1, {.scale = 3}).item() == static_cast<double>(16777217.0F / 3.0F));
  CHECK_THROWS_AS(wide.row(1, {.dtype = Dtype::float64, .scale = 1e-308}), ValueError);
  CHECK(error_of<IndexError>([&] {
          return packed.rows(tensor({0, 3}));
        }) == "packed: a row must lie in [-3, 3); got 3");
  CHECK_THROWS_AS(packed.rows(tensor({{0}})), ShapeError);
  CHECK_THROWS_AS(packed.rows(tensor({0.0})), DtypeError);
}
