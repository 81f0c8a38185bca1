#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <cblas.h>

#include <xtape/core/dtype.hpp>
#include <xtape/core/memory.hpp>

// LAPACK as Fortran calls it: columns are dense, so that it sees the transposes of our matrices;
// behind the arguments stand the lengths of the texts.
// NOLINTBEGIN(readability-identifier-naming,bugprone-macro-parentheses)
#define XTAPE_LAPACK(letter, T)                                                                    \
  void letter##getrf_(const int* m, const int* n, T* a, const int* lda, int* pivots, int* info);   \
  void letter##getrs_(const char* transposed, const int* n, const int* k, const T* a,              \
                      const int* lda, const int* pivots, T* b, const int* ldb, int* info,          \
                      std::size_t);                                                                \
  void letter##getri_(const int* n, T* a, const int* lda, const int* pivots, T* work,              \
                      const int* size, int* info);                                                 \
  void letter##potrf_(const char* triangle, const int* n, T* a, const int* lda, int* info,         \
                      std::size_t);                                                                \
  void letter##syevd_(const char* vectors, const char* triangle, const int* n, T* a,               \
                      const int* lda, T* values, T* work, const int* size, int* integers,          \
                      const int* integers_size, int* info, std::size_t, std::size_t);              \
  void letter##gesdd_(const char* vectors, const int* m, const int* n, T* a, const int* lda, T* s, \
                      T* u, const int* ldu, T* vt, const int* ldvt, T* work, const int* size,      \
                      int* integers, int* info, std::size_t);                                      \
  void letter##geqrf_(const int* m, const int* n, T* a, const int* lda, T* tau, T* work,           \
                      const int* size, int* info);                                                 \
  void letter##orgqr_(const int* m, const int* n, const int* k, T* a, const int* lda,              \
                      const T* tau, T* work, const int* size, int* info);
extern "C" {
XTAPE_LAPACK(s, float)
XTAPE_LAPACK(d, double)
}
#undef XTAPE_LAPACK
// NOLINTEND(readability-identifier-naming,bugprone-macro-parentheses)

/// What the files of this folder share.
namespace xtape::kernels {

template <class T>
struct Lapack;
template <>
struct Lapack<float> {
  static constexpr auto getrf = sgetrf_;
  static constexpr auto getrs = sgetrs_;
  static constexpr auto getri = sgetri_;
  static constexpr auto potrf = spotrf_;
  static constexpr auto syevd = ssyevd_;
  static constexpr auto gesdd = sgesdd_;
  static constexpr auto geqrf = sgeqrf_;
  static constexpr auto orgqr = sorgqr_;
  static constexpr auto trsm = cblas_strsm;
  static constexpr auto gemm = cblas_sgemm;
};
template <>
struct Lapack<double> {
  static constexpr auto getrf = dgetrf_;
  static constexpr auto getrs = dgetrs_;
  static constexpr auto getri = dgetri_;
  static constexpr auto potrf = dpotrf_;
  static constexpr auto syevd = dsyevd_;
  static constexpr auto gesdd = dgesdd_;
  static constexpr auto geqrf = dgeqrf_;
  static constexpr auto orgqr = dorgqr_;
  static constexpr auto trsm = cblas_dtrsm;
  static constexpr auto gemm = cblas_dgemm;
};

constexpr std::size_t product(std::int64_t a, std::int64_t b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

/// Memory for numbers, as it comes.
template <class T>
class Scratch {
 public:
  explicit Scratch(std::size_t count)
      : count_(count), data_(memory::Allocator<T>().allocate(count)) {}
  ~Scratch() { memory::Allocator<T>().deallocate(data_, count_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() const { return data_; }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) const { return data_[i]; }
  T& operator[](std::int64_t i) const { return data_[i]; }

 private:
  std::size_t count_;
  T* data_;
};

/// Calls f with a number of the dtype.
template <class F>
decltype(auto) with_type(Dtype dtype, F&& f) {
  return dtype == Dtype::float32 ? f(float{}) : f(double{});
}

template <class T>
const T* numbers(const std::byte* data) {
  return reinterpret_cast<const T*>(data);
}
template <class T>
T* numbers(std::byte* data) {
  return reinterpret_cast<T*>(data);
}

/// The size that LAPACK asks for, which it tells in a number of type T and rounds where that is
/// float.
template <class T>
int work_size(T wanted) {
  return static_cast<int>(std::nextafter(wanted, std::numeric_limits<T>::infinity()));
}

/// to [columns, rows] = the transpose of from [rows, columns], whose rows are `stride` apart; in
/// tiles that the nearest cache holds.
template <class T>
void transpose(const T* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, T* to) {
  constexpr std::int64_t tile = 16;
  for (std::int64_t top = 0; top < rows; top += tile) {
    const std::int64_t bottom = std::min(rows, top + tile);
    for (std::int64_t left = 0; left < columns; left += tile) {
      const std::int64_t right = std::min(columns, left + tile);
      for (std::int64_t j = left; j < right; ++j) {
        for (std::int64_t i = top; i < bottom; ++i) to[j * rows + i] = from[i * stride + j];
      }
    }
  }
}

/// Row by row the mean of a square matrix and its transpose: below and on the diagonal.
template <class T>
void mean_of_triangles(const T* a, std::int64_t n, T* y) {
  for (std::int64_t row = 0; row < n; ++row) {
    for (std::int64_t column = 0; column <= row; ++column)
      y[row * n + column] = a[row * n + column] / 2 + a[column * n + row] / 2;
  }
}

}  // namespace xtape::kernels
