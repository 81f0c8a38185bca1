#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// y [rows, columns] = x [columns, rows]ᵀ for numbers of a type; rows of y and x lie `y_row` and
/// `x_row` numbers apart.
template <class T>
struct TransposeKernels {
  void (*transpose)(std::int64_t rows, std::int64_t columns, T* y, std::int64_t y_row, const T* x,
                    std::int64_t x_row);
};

}  // namespace xtape::kernels
