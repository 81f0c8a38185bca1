#pragma once
#include <cstdint>
#include <string_view>

namespace xtape::report::kernels {

/// The cyclic redundancy check of Castagnoli's polynomial.
/// Source: RFC 3720, 12.1 and B.4.
std::uint32_t crc32c(std::string_view bytes);

/// The same, turned and moved, as records have it: who takes the check of bytes that hold their own
/// check would always find the same.
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace xtape::report::kernels
