#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>
#include <xtape/core/wraps.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// Random words for consecutive counters: words[j][i] is word j of counter first + i. Arrays, so
/// that the compiler works on a register of counters at a time.
/// Source: Philox4x32-10, Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011),
/// section 3.3.
struct PhiloxBlock {
  static constexpr std::uint32_t counters = 64;
  std::uint32_t words[4][counters];

  XTAPE_WRAPS void generate(std::uint64_t first, std::uint64_t stream, std::uint64_t key) {
    for (std::uint32_t i = 0; i < counters; ++i) {
      words[0][i] = static_cast<std::uint32_t>(first + i);
      words[1][i] = static_cast<std::uint32_t>((first + i) >> 32);
      words[2][i] = static_cast<std::uint32_t>(stream);
      words[3][i] = static_cast<std::uint32_t>(stream >> 32);
    }
    auto low = static_cast<std::uint32_t>(key);
    auto high = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      for (std::uint32_t i = 0; i < counters; ++i) {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * words[0][i];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57} * words[2][i];
        words[0][i] = static_cast<std::uint32_t>(b >> 32) ^ words[1][i] ^ low;
        words[1][i] = static_cast<std::uint32_t>(b);
        words[2][i] = static_cast<std::uint32_t>(a >> 32) ^ words[3][i] ^ high;
        words[3][i] = static_cast<std::uint32_t>(a);
      }
      low += 0x9E3779B9;
      high += 0xBB67AE85;
    }
  }
};

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
