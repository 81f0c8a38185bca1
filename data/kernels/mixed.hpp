#pragma once
#include <cstdint>

#include <xtape/core/wraps.hpp>

namespace xtape::data::kernels {

/// A bijection that leaves no pattern: the finaliser of MurmurHash3 (Appleby 2011).
XTAPE_WRAPS inline std::uint32_t mixed(std::uint32_t bits) {
  bits = (bits ^ bits >> 16) * 0x85ebca6bU;
  bits = (bits ^ bits >> 13) * 0xc2b2ae35U;
  return bits ^ bits >> 16;
}

/// Where `hashed` begins.
inline constexpr std::uint64_t hash_start = 0xcbf29ce484222325U;

/// A step of Fowler, Noll and Vo's hash FNV-1a (1991), with eight bytes in the place of one.
XTAPE_WRAPS inline std::uint64_t hashed(std::uint64_t hash, std::uint64_t bits) {
  hash = (hash ^ bits) * 0x100000001b3U;
  return hash ^ hash >> 29;
}

}  // namespace xtape::data::kernels
