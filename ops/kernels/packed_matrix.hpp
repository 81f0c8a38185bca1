#pragma once
#include <algorithm>
#include <cstdint>

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
    chosen<PackedKernels>().product(dtype_, m, n, k, a, packed_.data(), k_, y, y_stride, added);
  }

 private:
  Dtype dtype_;
  std::int64_t n_, k_;
  Buffer<std::byte> packed_;
};

}  // namespace xtape::kernels
