#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/idx.hpp>
#include <xtape/data/input_file.hpp>

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

/// The unsigned number that bytes stand for, the most significant first.
template <class Unsigned>
Unsigned big_endian(const std::byte* bytes) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value = static_cast<Unsigned>(static_cast<std::uint64_t>(value) << 8 |
                                  std::to_integer<Unsigned>(bytes[i]));
  }
  return value;
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
  Header header{*type, {}, type->bytes};
  bool overflow = false, empty = false;
  for (unsigned axis = 0; axis < rank; ++axis) {
    const auto extent = big_endian<std::uint32_t>(read_four(file, "an extent").data());
    header.shape.push_back(extent);
    empty = empty || extent == 0;
    overflow = __builtin_mul_overflow(header.bytes, std::size_t{extent}, &header.bytes) || overflow;
  }
  if (empty) {
    header.bytes = 0;
  } else if (overflow || header.bytes > PTRDIFF_MAX) {
    file.fail("the size of the array must fit in 63 bits; got " + header.describe());
  }
  return header;
}

/// The data, exactly as many as the header says. Memory grows with what the file holds, not with
/// what it claims.
std::vector<std::byte> read_data(InputFile& file, const Header& header) {
  constexpr std::size_t least = std::size_t{1} << 20;
  const auto fail = [&](const std::string& found) {
    file.fail("the header says " + header.describe() + ", " + std::to_string(header.bytes) +
              " bytes; the file holds " + found);
  };
  std::vector<std::byte> bytes;
  while (bytes.size() < header.bytes) {
    const std::size_t done = bytes.size();
    bytes.resize(std::min(header.bytes, std::max(least, 2 * done)));
    const std::size_t got = file.read(bytes.data() + done, bytes.size() - done);
    if (done + got < bytes.size()) fail(std::to_string(done + got));
  }
  std::byte behind;
  if (file.read(&behind, 1) != 0) fail("more");
  return bytes;
}

/// (number - center) / scale: exact where these are 0 and 1.
template <class From, class Unsigned, class To>
void convert(const std::vector<std::byte>& bytes, const IdxOptions& options, To* to) {
  static_assert(sizeof(From) == sizeof(Unsigned));
  const double center = options.center, scale = options.scale;
  for (std::size_t i = 0; i < bytes.size() / sizeof(From); ++i) {
    const auto number = std::bit_cast<From>(big_endian<Unsigned>(bytes.data() + i * sizeof(From)));
    to[i] = static_cast<To>((static_cast<double>(number) - center) / scale);
  }
}

template <class To>
void convert(unsigned code, const std::vector<std::byte>& bytes, const IdxOptions& options,
             To* to) {
  switch (code) {
    case 0x08: return convert<std::uint8_t, std::uint8_t>(bytes, options, to);
    case 0x09: return convert<std::int8_t, std::uint8_t>(bytes, options, to);
    case 0x0b: return convert<std::int16_t, std::uint16_t>(bytes, options, to);
    case 0x0c: return convert<std::int32_t, std::uint32_t>(bytes, options, to);
    case 0x0d: return convert<float, std::uint32_t>(bytes, options, to);
    default: return convert<double, std::uint64_t>(bytes, options, to);
  }
}

void check_dtype(const InputFile& file, const ElementType& type, const IdxOptions& options,
                 Dtype dtype) {
  const bool plain = options.center == 0 && options.scale == 1;
  if (is_floating(dtype) || (plain && !is_floating(type.dtype))) return;
  throw DtypeError(file.path() + ": " + (plain ? type.name : "scaled") +
                   " numbers need a floating dtype; got " + std::string(to_string(dtype)));
}

}  // namespace

Tensor read_idx(const std::string& path, const IdxOptions& options) {
  if (!std::isfinite(options.center) || !std::isfinite(options.scale) || options.scale == 0) {
    throw ValueError("read_idx: center and scale must be finite, and scale not 0; got " +
                     std::to_string(options.center) + " and " + std::to_string(options.scale));
  }
  InputFile file(path);
  const Header header = read_header(file);
  const Dtype dtype = options.dtype.value_or(header.type.dtype);
  check_dtype(file, header.type, options, dtype);
  const std::vector<std::byte> bytes = read_data(file, header);
  Tensor y = detail::make_tensor(header.shape, dtype);
  visit(dtype, [&]<class To>(TypeTag<To>) {
    convert(header.type.code, bytes, options, y.body().elements<To>());
  });
  return y;
}

}  // namespace xtape::data
