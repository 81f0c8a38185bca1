#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <xtape/core/wraps.hpp>

/// Sums over ranks that tell whether a hash is the same on all of them.
namespace xtape::detail {

/// FNV-1a (Fowler, Noll and Vo 1991), with an end behind each text.
constexpr std::uint32_t no_text = 0x811c9dc5U;
XTAPE_WRAPS inline std::uint32_t hash(std::uint32_t bits, std::string_view text) {
  for (const char c : text) bits = (bits ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return (bits ^ 0xffU) * 0x01000193U;
}

/// Four numbers of a hash, whose sums over n ranks show whether it is the same on all: of numbers h
/// of 16 bits it is if and only if n Σ h² = (Σ h)², as Cauchy and Schwarz say. Exact for 65535 ranks.
constexpr std::size_t hash_numbers = 4;
inline void put_hash(std::span<double> sums, std::uint32_t bits) {
  const double low = bits & 0xffffU, high = bits >> 16;
  std::ranges::copy(std::array{low, low * low, high, high * high}, sums.begin());
}
XTAPE_WRAPS inline bool half_is_same(double ranks, double sum, double squares) {
  const auto n = static_cast<std::uint64_t>(ranks), of_h = static_cast<std::uint64_t>(sum);
  return n * static_cast<std::uint64_t>(squares) == of_h * of_h;
}
inline bool are_same(double ranks, std::span<const double> sums) {
  return half_is_same(ranks, sums[0], sums[1]) && half_is_same(ranks, sums[2], sums[3]);
}

}  // namespace xtape::detail
