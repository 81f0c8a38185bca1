#include <xtape/ops/kernels/blend.hpp>
#include <xtape/ops/kernels/block.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

struct Mixed {
  template <class T>
  static Lane<T> apply(Lane<T> a, Lane<T> b, Lane<T> t) {
    return (1 - t) * a + t * b;
  }
};

/// x within [-delta, delta]; NaN stays.
template <class T>
XTAPE_INLINE Lane<T> near_of(Lane<T> x, Lane<T> delta) {
  return minimum(maximum(x, -delta), delta);
}

struct Huber {
  template <class T>
  static Lane<T> apply(Lane<T> x, Lane<T> delta) {
    const Lane<T> near = near_of(x, delta);
    return near * (x - T(0.5) * near);
  }
};
struct HuberSlope {
  template <class T>
  static Lane<T> apply(Lane<T> g, Lane<T> x, Lane<T> delta) {
    return g * near_of(x, delta);
  }
};

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const BlendKernels& compiled<BlendKernels, Level::XTAPE_LEVEL>() {
  static constexpr BlendKernels table{map_kernel<Mixed, 3, false>, map_kernel<Huber, 2, false>,
                                      map_kernel<HuberSlope, 3, false>};
  return table;
}

}  // namespace xtape::kernels
