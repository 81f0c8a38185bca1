#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>

// Element types of files, in those of tensors that hold all their numbers.

namespace xtape::data::kernels {

/// IEEE 754's 16 bits: sign, 5 of the exponent, 10 of the fraction.
struct Half {
  std::uint16_t bits;

  float operator+() const {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const float magnitude =
        exponent == 31  ? (fraction == 0 ? std::numeric_limits<float>::infinity()
                                         : std::numeric_limits<float>::quiet_NaN())
        : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                        : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
    return std::copysign(magnitude, (bits >> 15) != 0 ? -1.0F : 1.0F);
  }
};

/// The upper half of a float32.
struct Bfloat16 {
  std::uint16_t bits;

  float operator+() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
};

/// Numbers of type From, that stand one behind the other, into a dense tensor of type To. Throws
/// IoError, which names the `place`, for a number that To does not hold.
template <class From, class To>
void convert(const std::byte* bytes, std::endian order, const Tensor& y, const std::string& place) {
  To* to = y.body().elements<To>();
  if (std::is_same_v<From, To> && order == std::endian::native) {
    if (y.size() > 0) std::memcpy(to, bytes, static_cast<std::size_t>(y.size()) * sizeof(From));
    return;
  }
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const From number = decode<From>(bytes + i * std::int64_t{sizeof(From)}, order);
    if constexpr (std::is_same_v<From, std::uint64_t>) {
      if (number > std::uint64_t{INT64_MAX}) {
        throw IoError(place + ": uint64 numbers must be below 2^63, to fit in int64; got " +
                      std::to_string(number));
      }
    }
    to[i] = static_cast<To>(+number);
  }
}

}  // namespace xtape::data::kernels
