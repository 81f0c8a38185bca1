#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/idx.hpp>
#include <xtape/data/input_file.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>

namespace xtape::data {
namespace {

/// An element type of the format.
struct ElementType {
  unsigned code;
  const char* name;
  std::size_t bytes;
  Dtype dtype;  // that a tensor takes unless told
};

constexpr ElementType element_types[] = {
    {0x08, "uint8", 1, Dtype::int64},     {0x09, "int8", 1, Dtype::int64},
    {0x0b, "int16", 2, Dtype::int64},     {0x0c, "int32", 4, Dtype::int64},
    {0x0d, "float32", 4, Dtype::float32}, {0x0e, "float64", 8, Dtype::float64}};

struct Header {
  ElementType type;
  Shape shape;
  std::size_t bytes;  // of the data behind it

  std::string describe() const { return type.name + to_string(shape); }
};

using FourBytes = std::array<std::byte, 4>;

FourBytes read_four(InputFile& file, const char* what) {
  FourBytes bytes;
  const std::size_t got = file.read(bytes.data(), bytes.size());
  if (got == bytes.size()) return bytes;
  file.fail("the header of an IDX file goes on with 4 bytes for " + std::string(what) +
            "; the file ends after " + std::to_string(got) + " of them");
}

Header read_header(InputFile& file) {
  const FourBytes magic = read_four(file, "its magic number");
  std::array<unsigned, 4> number;
  std::transform(magic.begin(), magic.end(), number.begin(), std::to_integer<unsigned>);
  const auto [first, second, code, rank] = number;
  if (first != 0 || second != 0) {
    file.fail("an IDX file begins with two bytes 0; got " + std::to_string(first) + " and " +
              std::to_string(second));
  }
  const auto* type = std::find_if(std::begin(element_types), std::end(element_types),
                                  [code = code](const auto& known) { return known.code == code; });
  if (type == std::end(element_types)) {
    file.fail("the element type of an IDX file must be 8, 9 or 11 to 14; got " +
              std::to_string(code));
  }
  if (rank < 1 || rank > max_rank) {
    file.fail("the array must have 1 to 8 axes; got " + std::to_string(rank));
  }
  Header header{*type, {}, 0};
  for (unsigned axis = 0; axis < rank; ++axis) {
    const FourBytes extent = read_four(file, "an extent");
    header.shape.push_back(kernels::decode<std::uint32_t>(extent.data(), std::endian::big));
  }
  const std::optional<std::size_t> bytes = kernels::byte_size(header.shape, type->bytes);
  if (!bytes) file.fail("the size of the array must fit in 63 bits; got " + header.describe());
  header.bytes = *bytes;
  return header;
}

/// (number - center) / scale: exact where these are 0 and 1.
template <class From, class To>
void convert(const InputFile& file, const std::vector<std::byte>& bytes, const IdxOptions& options,
             To* to) {
  const double center = options.center, scale = options.scale;
  for (std::size_t i = 0; i < bytes.size() / sizeof(From); ++i) {
    const auto number = kernels::decode<From>(bytes.data() + i * sizeof(From), std::endian::big);
    const double scaled = (static_cast<double>(number) - center) / scale;
    to[i] = static_cast<To>(scaled);
    if constexpr (std::is_floating_point_v<To>) {
      if (std::isinf(to[i]) && std::isfinite(static_cast<double>(number)))
        file.fail("numbers must fit in " + std::string(to_string(dtype_of<To>)) + "; got " +
                  xtape::detail::text(scaled));
    }
  }
}

template <class To>
void convert(const InputFile& file, unsigned code, const std::vector<std::byte>& bytes,
             const IdxOptions& options, To* to) {
  switch (code) {
    case 0x08: return convert<std::uint8_t>(file, bytes, options, to);
    case 0x09: return convert<std::int8_t>(file, bytes, options, to);
    case 0x0b: return convert<std::int16_t>(file, bytes, options, to);
    case 0x0c: return convert<std::int32_t>(file, bytes, options, to);
    case 0x0d: return convert<float>(file, bytes, options, to);
    default: return convert<double>(file, bytes, options, to);
  }
}

void check_dtype(const InputFile& file, const ElementType& type, const IdxOptions& options,
                 Dtype dtype) {
  const bool plain = options.center == 0 && options.scale == 1;
  if (is_floating(dtype) || (plain && !is_floating(type.dtype))) return;
  throw DtypeError(file.path() + ": " + (plain ? type.name : "scaled") +
                   " numbers need a floating dtype; got " + std::string(to_string(dtype)));
}

/// The numbers behind the header.
std::vector<std::byte> read_numbers(InputFile& file, const Header& header) {
  return kernels::read_claimed(
      [&](std::byte* to, std::size_t count) { return file.read(to, count); }, file.path(),
      header.describe(), header.bytes);
}

}  // namespace

Tensor read_idx(const std::string& path, const IdxOptions& options) {
  detail::check_affine("read_idx", options.center, options.scale);
  InputFile file(path);
  const Header header = read_header(file);
  const Dtype dtype = options.dtype.value_or(header.type.dtype);
  check_dtype(file, header.type, options, dtype);
  const std::vector<std::byte> bytes = read_numbers(file, header);
  Tensor y = xtape::detail::make_tensor(header.shape, dtype);
  visit(dtype, [&]<class To>(TypeTag<To>) {
    convert(file, header.type.code, bytes, options, y.body().elements<To>());
  });
  return y;
}

PackedIntegers read_packed_idx(const std::string& path) {
  InputFile file(path);
  const Header header = read_header(file);
  if (is_floating(header.type.dtype)) {
    file.fail(std::string("must hold integers to be packed; got ") + header.describe());
  }
  std::vector<std::byte> bytes = read_numbers(file, header);
  const std::size_t width = header.type.bytes;
  if constexpr (std::endian::native == std::endian::little) {
    for (auto number = bytes.begin(); number != bytes.end();
         number += static_cast<std::ptrdiff_t>(width)) {
      std::reverse(number, number + static_cast<std::ptrdiff_t>(width));
    }
  }
  return {bytes, width, header.type.code != 0x08, header.shape};
}

}  // namespace xtape::data
