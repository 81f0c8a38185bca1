#pragma once
#include <algorithm>
#include <cstdint>

#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/buffer.hpp>
#include <xtape/ops/kernels/packed.hpp>

namespace xtape::kernels {

/// A matrix [k, n], packed.
class PackedMatrix {
 public:
  PackedMatrix(Dtype dtype, std::int64_t n, std::int64_t k, const Matrix& b)
      : dtype_(dtype),
        n_(n),
        k_(k),
        packed_(std::max<std::int64_t>(chosen<PackedKernels>().size(dtype, n, k), 1) *
                static_cast<std::int64_t>(size_of(dtype))) {
    chosen<PackedKernels>().pack(dtype, n, k, b, packed_.data());
  }
  /// y = a b, or y += a b if `added`; with so many rows and columns of b, or all.
  void multiply(std::int64_t m, const Matrix& a, std::byte* y, std::int64_t y_stride,
                bool added) const {
    multiply(m, n_, k_, a, y, y_stride, added);
  }
  void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a, std::byte* y,
                std::int64_t y_stride, bool added) const {
    constexpr std::int64_t rows = 48;  // that threads share work by
    const auto element = static_cast<std::int64_t>(size_of(dtype_));
    const double products = static_cast<double>(m * n) * static_cast<double>(k);
    detail::parallel_for(
        m, rows, detail::time_of_products(products), [&](std::int64_t first, std::int64_t last) {
          const std::int64_t offset = first * (a.transposed ? 1 : a.stride) * element;
          chosen<PackedKernels>().product(dtype_, last - first, n, k,
                                          {a.data + offset, a.stride, a.transposed}, packed_.data(),
                                          k_, y + first * y_stride * element, y_stride, added);
        });
  }

 private:
  Dtype dtype_;
  std::int64_t n_, k_;
  Buffer<std::byte> packed_;
};

}  // namespace xtape::kernels
