#pragma once
#include <cstddef>
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>
#include <xtape/ops/kernels/windows.hpp>

/// Windows over dense planes [planes, in...], float32 or float64, by registers: the greatest of
/// each, and which of its taps that is, a byte, for windows of at most `most_taps`; and sums.
namespace xtape::kernels {

constexpr std::int64_t most_taps = 256;

struct PoolRowKernels {
  /// Into y and `taps` [planes, out...]: the first among equals, or the first NaN. False if a
  /// window meets no element.
  bool (*max_pool)(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::byte* y, std::uint8_t* taps);
  /// dx = g where it came from, 0 elsewhere.
  void (*max_pool_gradient)(Dtype dtype, const Windows& windows, std::int64_t planes,
                            const std::byte* g, const std::uint8_t* taps, std::byte* dx);
  /// Where in its plane the element lies that each of these taps met.
  void (*places)(const Windows& windows, std::int64_t planes, const std::uint8_t* taps,
                 std::int64_t* places);

  /// The sum of each window, added up in T.
  void (*sum_pool)(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::byte* y);
  /// Adds each g to the elements of its window; false, with nothing done, but for windows of two by
  /// two.
  bool (*sum_pool_gradient)(Dtype dtype, const Windows& windows, std::int64_t planes,
                            const std::byte* g, std::byte* dx);
};

inline const PoolRowKernels& pool_row_kernels() { return chosen<PoolRowKernels>(); }

}  // namespace xtape::kernels
