#pragma once
#include <cstddef>
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/ops/kernels/windows.hpp>

/// Windows over dense planes [planes, in...] of one floating dtype, to [planes, out...].
namespace xtape::kernels {

/// The greatest element of each window, of at most `most_taps` taps, and which of them it is: the
/// first among equals, or the first NaN. False if a window meets no element. And what comes back to
/// it.
bool window_maxima(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::byte* y, std::uint8_t* taps);
void spread_maxima(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* g,
                   const std::uint8_t* taps, std::byte* dx);

/// Where in its plane the greatest element of each window lies, the first among equals, or the
/// first NaN. False if a window meets no element.
bool window_maxima(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::int64_t* places);

/// The sum of each window; and the transpose, which adds each y to the elements of its window.
void window_sums(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                 std::byte* y);
void spread_windows(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* y,
                    std::byte* x);

}  // namespace xtape::kernels
