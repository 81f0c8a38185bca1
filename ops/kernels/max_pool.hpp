#pragma once
#include <cstddef>
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>
#include <xtape/ops/kernels/windows.hpp>

/// The greatest of each window over dense planes [planes, in...], float32 or float64, and which of its taps
/// that is: a byte, for windows of at most `most_taps`.
namespace xtape::kernels {

constexpr std::int64_t most_taps = 256;

struct MaxPoolKernels {
  /// Into y and `taps` [planes, out...]: the first among equals, or the first NaN. False if a window meets no
  /// element.
  bool (*max_pool)(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::byte* y, std::uint8_t* taps);
  /// dx = g where it came from, 0 elsewhere.
  void (*max_pool_gradient)(Dtype dtype, const Windows& windows, std::int64_t planes,
                            const std::byte* g, const std::uint8_t* taps, std::byte* dx);
  /// Where in its plane the element lies that each of these taps met.
  void (*places)(const Windows& windows, std::int64_t planes, const std::uint8_t* taps,
                 std::int64_t* places);
};

inline const MaxPoolKernels& max_pool_kernels() { return chosen<MaxPoolKernels>(); }

}  // namespace xtape::kernels
