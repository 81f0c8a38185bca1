#include <array>
#include <cstddef>

#include <xtape/optim/kernels/finite.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

/// 0 x is NaN where x is not finite, and so is a sum with it. In several sums for the registers.
template <class T>
bool finite(const T* x, std::int64_t n) {
  constexpr std::int64_t width = 32;
  std::array<T, width> sums{};
  std::int64_t i = 0;
  for (; i + width <= n; i += width)
    for (std::int64_t k = 0; k < width; ++k) sums[static_cast<std::size_t>(k)] += 0 * x[i + k];
  T total = 0;
  for (; i < n; ++i) total += 0 * x[i];
  for (const T sum : sums) total += sum;
  return total == 0;
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const FiniteKernels& compiled<FiniteKernels, Level::XTAPE_LEVEL>() {
  static constexpr FiniteKernels table{finite<float>, finite<double>};
  return table;
}

}  // namespace xtape::kernels
