#include <xtape/core/kernels/lane.hpp>
#include <xtape/optim/kernels/finite.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

/// x - x is 0 where x is finite, else NaN, and so is a sum with it.
template <class T>
bool finite(const T* x, std::int64_t n) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  Lane<T> even = T(0), odd = T(0);
  std::int64_t i = 0;
  for (; i + 2 * width <= n; i += 2 * width) {
    const Lane<T> a = Lane<T>::load(x + i), b = Lane<T>::load(x + i + width);
    even = even + (a - a);
    odd = odd + (b - b);
  }
  for (; i < n; i += width) {
    const Lane<T> a = n - i < width ? Lane<T>::load_first(x + i, n - i) : Lane<T>::load(x + i);
    even = even + (a - a);
  }
  return !any((even + odd) != T(0));
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const FiniteKernels& compiled<FiniteKernels, Level::XTAPE_LEVEL>() {
  static constexpr FiniteKernels table{finite<float>, finite<double>};
  return table;
}

}  // namespace xtape::kernels
