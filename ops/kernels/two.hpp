#pragma once
// Numbers of twice the precision, as unevaluated sums of two.
// Sources: Dekker, A floating-point technique for extending the available precision (1971);
// Knuth, The Art of Computer Programming 2, section 4.2.2.

#include <xtape/core/kernels/lane.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

template <class T>
struct Two {
  Lane<T> high, low;
};

/// a + b, exactly.
template <class T>
XTAPE_INLINE Two<T> two_sum(Lane<T> a, Lane<T> b) {
  const Lane<T> sum = a + b;
  const Lane<T> b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

/// The same where |a| >= |b|, or the sum less a needs no rounding.
template <class T>
XTAPE_INLINE Two<T> ordered_two_sum(Lane<T> a, Lane<T> b) {
  const Lane<T> sum = a + b;
  return {sum, b - (sum - a)};
}

/// a b, exactly, as long as nothing over- or underflows.
template <class T>
XTAPE_INLINE Two<T> two_product(Lane<T> a, Lane<T> b) {
  const Lane<T> product = a * b;
  if constexpr (has_fma) {
    return {product, fma(a, b, -product)};
  } else {
    const auto leading = [](Lane<T> x) {
      const Lane<T> moved = x * (std::is_same_v<T, float> ? 0x1p12 + 1 : 0x1p27 + 1);
      return moved - (moved - x);
    };
    const Lane<T> a1 = leading(a), a2 = a - a1, b1 = leading(b), b2 = b - b1;
    return {product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2};
  }
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
