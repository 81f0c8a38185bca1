#include <algorithm>
#include <cstring>

#include <xtape/core/kernels/square.hpp>
#include <xtape/core/kernels/transpose.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

/// What is read of a row at a time: half of a line of the cache if it is of 8 bytes a number, since
/// more rows that lie a power of 2 apart would drive each other out of it.
template <class T>
struct Part {
  static constexpr std::size_t bytes =
      sizeof(T) == 4 ? register_bytes : std::min<std::size_t>(register_bytes, 32);
  static constexpr std::size_t width = bytes / sizeof(T);
  typedef T Numbers __attribute__((vector_size(bytes)));  // NOLINT(modernize-use-using)
};

/// A square of them at a time; what is left at the edges number by number.
template <class T>
void transpose(std::int64_t rows, std::int64_t columns, T* y, std::int64_t y_row, const T* x,
               std::int64_t x_row) {
  constexpr auto width = static_cast<std::int64_t>(Part<T>::width);
  const auto one_by_one = [&](std::int64_t i, std::int64_t j) {
#pragma GCC unroll 4
    for (; j < columns; ++j) y[i * y_row + j] = x[j * x_row + i];
  };
  std::int64_t i = 0;
  for (; i + width <= rows; i += width) {
    std::int64_t j = 0;
    for (; j + width <= columns; j += width) {
      typename Part<T>::Numbers square[Part<T>::width];
      for (std::int64_t k = 0; k < width; ++k)
        std::memcpy(&square[k], x + (j + k) * x_row + i, sizeof(square[k]));
      turn(square);
      for (std::int64_t k = 0; k < width; ++k)
        std::memcpy(y + (i + k) * y_row + j, &square[k], sizeof(square[k]));
    }
    for (std::int64_t k = 0; k < width; ++k) one_by_one(i + k, j);
  }
  for (; i < rows; ++i) one_by_one(i, 0);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const TransposeKernels<float>& compiled<TransposeKernels<float>, Level::XTAPE_LEVEL>() {
  static constexpr TransposeKernels<float> table{transpose<float>};
  return table;
}
template <>
const TransposeKernels<double>& compiled<TransposeKernels<double>, Level::XTAPE_LEVEL>() {
  static constexpr TransposeKernels<double> table{transpose<double>};
  return table;
}

}  // namespace xtape::kernels
