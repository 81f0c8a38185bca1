#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <xtape/core/shape.hpp>

// For readers of binary files: nothing is believed before it is there.

namespace xtape::data::kernels {

/// Puts the next bytes of a source into memory; returns how many there were, fewer only at the end.
using Read = std::function<std::size_t(std::byte*, std::size_t)>;

/// The number that bytes stand for.
template <class T>
T decode(const std::byte* bytes, std::endian order) {
  std::array<std::byte, sizeof(T)> native;
  std::copy_n(bytes, sizeof(T), native.begin());
  if (order != std::endian::native) std::reverse(native.begin(), native.end());
  return std::bit_cast<T>(native);
}

/// Bytes of a dense array; none if 63 bits do not hold them.
inline std::optional<std::size_t> byte_size(const Shape& shape, std::size_t element_bytes) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::size_t bytes = element_bytes;
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(extent), &bytes)) return {};
  }
  if (bytes > PTRDIFF_MAX) return {};
  return bytes;
}

/// The rest of a source, which must be as many bytes as `claim`, the array of a header, takes.
/// Memory grows with what is there, not with what is claimed. Throws IoError, which names the
/// `place`.
std::vector<std::byte> read_claimed(const Read& read, const std::string& place,
                                    const std::string& claim, std::size_t count);

}  // namespace xtape::data::kernels
