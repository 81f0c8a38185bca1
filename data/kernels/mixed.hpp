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

}  // namespace xtape::data::kernels
