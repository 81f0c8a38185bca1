// The memory sanitizer does not see what BLAS and LAPACK read and write, which are not compiled with
// it: the linker puts these functions in the place of theirs (--wrap, see tests/CMakeLists.txt). They
// check that operands have been written, and mark results.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <sanitizer/msan_interface.h>

#include <xtape/ops/kernels/lapack/fortran.hpp>

namespace {

/// While it is there, functions of the C library do not report what is not written: OpenBLAS calls
/// them with memory of its own.
struct Outside {
  Outside() { __msan_scoped_disable_interceptor_checks(); }
  ~Outside() { __msan_scoped_enable_interceptor_checks(); }
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;
};

/// Lines of a matrix, each `length` long and `stride` apart.
struct Lines {
  std::int64_t count, length, stride;
};

/// f(line, length) of each line.
template <class T, class F>
void for_each_line(T* a, Lines of, F f) {
  for (std::int64_t line = 0; line < of.count; ++line)
    f(a + line * of.stride, static_cast<std::size_t>(of.length) * sizeof(T));
}
template <class T>
void read(const T* a, Lines of) {
  for_each_line(a, of, __msan_check_mem_is_initialized);
}
template <class T>
void written(const T* a, Lines of) {
  for_each_line(a, of, __msan_unpoison);
}
template <class T>
void read(const T* numbers, std::int64_t count) {
  read(numbers, Lines{1, count, 0});
}
template <class T>
void written(const T* numbers, std::int64_t count) {
  written(numbers, Lines{1, count, 0});
}

/// The triangle of a square matrix that is read: up to the diagonal of each line, or from it on.
template <class T>
void read_triangle(const T* a, std::int64_t n, std::int64_t stride, bool up_to) {
  for (std::int64_t line = 0; line < n; ++line)
    read(a + line * stride + (up_to ? 0 : line), up_to ? line + 1 : n - line);
}

/// Of a matrix [rows, columns], or its transpose.
Lines lines(CBLAS_ORDER order, bool transposed, int rows, int columns, int stride) {
  return (order == CblasRowMajor) != transposed ? Lines{rows, columns, stride}
                                                : Lines{columns, rows, stride};
}

}  // namespace

// NOLINTBEGIN: the linker's names, and macros of declarations
#define XTAPE_WRAP_BLAS(letter, T)                                                                \
  decltype(cblas_##letter##gemm) __real_cblas_##letter##gemm, __wrap_cblas_##letter##gemm;        \
  void __wrap_cblas_##letter##gemm(CBLAS_ORDER order, CBLAS_TRANSPOSE of_a, CBLAS_TRANSPOSE of_b, \
                                   int m, int n, int k, T alpha, const T* a, int lda, const T* b, \
                                   int ldb, T beta, T* y, int ldy) {                              \
    const Outside outside;                                                                        \
    read(a, lines(order, of_a != CblasNoTrans, m, k, lda));                                       \
    read(b, lines(order, of_b != CblasNoTrans, k, n, ldb));                                       \
    if (beta != 0) read(y, lines(order, false, m, n, ldy));                                       \
    __real_cblas_##letter##gemm(order, of_a, of_b, m, n, k, alpha, a, lda, b, ldb, beta, y, ldy); \
    written(y, lines(order, false, m, n, ldy));                                                   \
  }                                                                                               \
  decltype(cblas_##letter##trsm) __real_cblas_##letter##trsm, __wrap_cblas_##letter##trsm;        \
  void __wrap_cblas_##letter##trsm(CBLAS_ORDER order, CBLAS_SIDE side, CBLAS_UPLO triangle,       \
                                   CBLAS_TRANSPOSE of_a, CBLAS_DIAG ones, int m, int n, T alpha,  \
                                   const T* a, int lda, T* y, int ldy) {                          \
    const Outside outside;                                                                        \
    read_triangle(a, side == CblasLeft ? m : n, lda,                                              \
                  (order == CblasRowMajor) == (triangle == CblasLower));                          \
    read(y, lines(order, false, m, n, ldy));                                                      \
    __real_cblas_##letter##trsm(order, side, triangle, of_a, ones, m, n, alpha, a, lda, y, ldy);  \
    written(y, lines(order, false, m, n, ldy));                                                   \
  }

// With a size of -1 LAPACK only tells, in the first number, how much room it wants.
#define XTAPE_WRAP_LAPACK(letter, T)                                                               \
  decltype(letter##getrf_) __real_##letter##getrf_, __wrap_##letter##getrf_;                       \
  void __wrap_##letter##getrf_(const int* m, const int* n, T* a, const int* lda, int* pivots,      \
                               int* info) {                                                        \
    const Outside outside;                                                                         \
    read(a, Lines{*n, *m, *lda});                                                                  \
    __real_##letter##getrf_(m, n, a, lda, pivots, info);                                           \
    written(a, Lines{*n, *m, *lda});                                                               \
    written(pivots, std::min(*m, *n));                                                             \
    written(info, 1);                                                                              \
  }                                                                                                \
  decltype(letter##getrs_) __real_##letter##getrs_, __wrap_##letter##getrs_;                       \
  void __wrap_##letter##getrs_(const char* transposed, const int* n, const int* k, const T* a,     \
                               const int* lda, const int* pivots, T* b, const int* ldb, int* info, \
                               std::size_t length) {                                               \
    const Outside outside;                                                                         \
    read(a, Lines{*n, *n, *lda});                                                                  \
    read(pivots, *n);                                                                              \
    read(b, Lines{*k, *n, *ldb});                                                                  \
    __real_##letter##getrs_(transposed, n, k, a, lda, pivots, b, ldb, info, length);               \
    written(b, Lines{*k, *n, *ldb});                                                               \
    written(info, 1);                                                                              \
  }                                                                                                \
  decltype(letter##getri_) __real_##letter##getri_, __wrap_##letter##getri_;                       \
  void __wrap_##letter##getri_(const int* n, T* a, const int* lda, const int* pivots, T* work,     \
                               const int* size, int* info) {                                       \
    const Outside outside;                                                                         \
    if (*size != -1) read(a, Lines{*n, *n, *lda}), read(pivots, *n);                               \
    __real_##letter##getri_(n, a, lda, pivots, work, size, info);                                  \
    if (*size != -1) written(a, Lines{*n, *n, *lda});                                              \
    written(work, 1);                                                                              \
    written(info, 1);                                                                              \
  }                                                                                                \
  decltype(letter##potrf_) __real_##letter##potrf_, __wrap_##letter##potrf_;                       \
  void __wrap_##letter##potrf_(const char* triangle, const int* n, T* a, const int* lda,           \
                               int* info, std::size_t length) {                                    \
    const Outside outside;                                                                         \
    read_triangle(a, *n, *lda, *triangle == 'U'); /* and written by what has been */               \
    __real_##letter##potrf_(triangle, n, a, lda, info, length);                                    \
    written(info, 1);                                                                              \
  }                                                                                                \
  decltype(letter##syevd_) __real_##letter##syevd_, __wrap_##letter##syevd_;                       \
  void __wrap_##letter##syevd_(const char* vectors, const char* triangle, const int* n, T* a,      \
                               const int* lda, T* values, T* work, const int* size, int* integers, \
                               const int* integers_size, int* info, std::size_t one,               \
                               std::size_t other) {                                                \
    const Outside outside;                                                                         \
    const bool asked = *size == -1;                                                                \
    if (!asked) read_triangle(a, *n, *lda, *triangle == 'U');                                      \
    __real_##letter##syevd_(vectors, triangle, n, a, lda, values, work, size, integers,            \
                            integers_size, info, one, other);                                      \
    if (!asked) written(values, *n);                                                               \
    if (!asked && *vectors == 'V') written(a, Lines{*n, *n, *lda});                                \
    written(work, 1);                                                                              \
    written(integers, 1);                                                                          \
    written(info, 1);                                                                              \
  }                                                                                                \
  decltype(letter##gesdd_) __real_##letter##gesdd_, __wrap_##letter##gesdd_;                       \
  void __wrap_##letter##gesdd_(const char* vectors, const int* m, const int* n, T* a,              \
                               const int* lda, T* s, T* u, const int* ldu, T* vt, const int* ldvt, \
                               T* work, const int* size, int* integers, int* info,                 \
                               std::size_t length) {                                               \
    const Outside outside;                                                                         \
    const bool asked = *size == -1;                                                                \
    const int k = std::min(*m, *n);                                                                \
    if (!asked) read(a, Lines{*n, *m, *lda});                                                      \
    __real_##letter##gesdd_(vectors, m, n, a, lda, s, u, ldu, vt, ldvt, work, size, integers,      \
                            info, length);                                                         \
    if (!asked) written(s, k);                                                                     \
    if (!asked && *vectors == 'S')                                                                 \
      written(u, Lines{k, *m, *ldu}), written(vt, Lines{*n, k, *ldvt});                            \
    written(work, 1);                                                                              \
    written(info, 1);                                                                              \
  }                                                                                                \
  decltype(letter##geqrf_) __real_##letter##geqrf_, __wrap_##letter##geqrf_;                       \
  void __wrap_##letter##geqrf_(const int* m, const int* n, T* a, const int* lda, T* tau, T* work,  \
                               const int* size, int* info) {                                       \
    const Outside outside;                                                                         \
    if (*size != -1) read(a, Lines{*n, *m, *lda});                                                 \
    __real_##letter##geqrf_(m, n, a, lda, tau, work, size, info);                                  \
    if (*size != -1) written(tau, std::min(*m, *n));                                               \
    written(work, 1);                                                                              \
    written(info, 1);                                                                              \
  }                                                                                                \
  decltype(letter##orgqr_) __real_##letter##orgqr_, __wrap_##letter##orgqr_;                       \
  void __wrap_##letter##orgqr_(const int* m, const int* n, const int* k, T* a, const int* lda,     \
                               const T* tau, T* work, const int* size, int* info) {                \
    const Outside outside;                                                                         \
    if (*size != -1) read(a, Lines{*k, *m, *lda}), read(tau, *k);                                  \
    __real_##letter##orgqr_(m, n, k, a, lda, tau, work, size, info);                               \
    if (*size != -1) written(a, Lines{*n, *m, *lda});                                              \
    written(work, 1);                                                                              \
    written(info, 1);                                                                              \
  }

extern "C" {
XTAPE_WRAP_BLAS(s, float)
XTAPE_WRAP_BLAS(d, double)
XTAPE_WRAP_LAPACK(s, float)
XTAPE_WRAP_LAPACK(d, double)
}
// NOLINTEND
