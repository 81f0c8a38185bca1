#include <limits>

#include <xtape/ops/kernels/block.hpp>
#include <xtape/ops/kernels/replace.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

struct Replaced {
  template <class T>
  static Lane<T> apply(Lane<T> x, Lane<T> nan, Lane<T> above, Lane<T> below) {
    return where(x - x == 0, x, where(x == x, where(x > 0, above, below), nan));
  }
};

struct Finite {
  template <class T>
  static Mask<T> apply(Lane<T> x) {
    return x - x == 0;
  }
};
struct Infinite {
  template <class T>
  static Mask<T> apply(Lane<T> x) {
    return abs(x) == std::numeric_limits<T>::infinity();
  }
};

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const ReplaceKernels& compiled<ReplaceKernels, Level::XTAPE_LEVEL>() {
  static constexpr ReplaceKernels table{
      map_kernel<Replaced, 4, false>, map_kernel<Finite, 1, false>, map_kernel<Infinite, 1, false>};
  return table;
}

}  // namespace xtape::kernels
