#pragma once
#include <xtape/core/kernels/lane.hpp>

#if defined(__AVX512F__)
namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// The elements of a table that the last five bits of the lanes name.
XTAPE_INLINE Lane<float> looked_up(const float (&table)[32], __m512i at) {
  const __m512 low = _mm512_loadu_ps(table), high = _mm512_loadu_ps(table + 16);
  return Lane<float>::of(_mm512_permutex2var_ps(low, at, high));
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
#endif
