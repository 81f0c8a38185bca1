#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include <cblas.h>

#include <xtape/core/memory.hpp>
#include <xtape/ops/kernels/lapack.hpp>

// LAPACK as Fortran calls it: columns are dense, so that it sees the transposes of our matrices; behind
// the arguments stand the lengths of the texts.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void sgetrs_(const char* transposed, const int* n, const int* k, const float* a, const int* lda,
             const int* pivots, float* b, const int* ldb, int* info, std::size_t);
void dgetrs_(const char* transposed, const int* n, const int* k, const double* a, const int* lda,
             const int* pivots, double* b, const int* ldb, int* info, std::size_t);
void sgetri_(const int* n, float* a, const int* lda, const int* pivots, float* work,
             const int* work_size, int* info);
void dgetri_(const int* n, double* a, const int* lda, const int* pivots, double* work,
             const int* work_size, int* info);
void spotrf_(const char* triangle, const int* n, float* a, const int* lda, int* info, std::size_t);
void dpotrf_(const char* triangle, const int* n, double* a, const int* lda, int* info, std::size_t);
}
// NOLINTEND(readability-identifier-naming)

namespace xtape::kernels {
namespace {

template <class T>
struct Lapack;
template <>
struct Lapack<float> {
  static constexpr auto getrf = sgetrf_;
  static constexpr auto getrs = sgetrs_;
  static constexpr auto getri = sgetri_;
  static constexpr auto potrf = spotrf_;
  static constexpr auto trsm = cblas_strsm;
};
template <>
struct Lapack<double> {
  static constexpr auto getrf = dgetrf_;
  static constexpr auto getrs = dgetrs_;
  static constexpr auto getri = dgetri_;
  static constexpr auto potrf = dpotrf_;
  static constexpr auto trsm = cblas_dtrsm;
};

template <class T>
using Scratch = std::vector<T, memory::Allocator<T>>;

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

std::size_t product(std::int64_t a, std::int64_t b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

/// The transpose of a matrix as lower times upper triangle, rows exchanged.
template <class T>
class Factors {
 public:
  explicit Factors(std::int64_t n)
      : n_(static_cast<int>(n)), own_(product(n, n)), pivots_(static_cast<std::size_t>(n)) {}

  /// The row of the first pivot that is 0; -1 if there is none.
  std::int64_t factorise(const T* a) {
    std::copy_n(a, own_.size(), own_.data());
    return factorise_in(own_.data());
  }
  std::int64_t factorise_in(T* a) {
    int info = 0;
    if (n_ == 0) return -1;  // LAPACK takes no matrix without rows
    Lapack<T>::getrf(&n_, &n_, a, &n_, pivots_.data(), &info);
    return info - 1;
  }
  /// Columns x of the equations a x = columns, in place.
  void solve(T* columns, std::int64_t count) const {
    const int k = static_cast<int>(count);
    int info = 0;
    Lapack<T>::getrs("T", &n_, &k, own_.data(), &n_, pivots_.data(), columns, &n_, &info, 1);
  }
  /// The inverse of what `factorise_in` has left in a.
  void invert(T* a) {
    int info = 0, size = -1;
    T wanted = 0;
    Lapack<T>::getri(&n_, a, &n_, pivots_.data(), &wanted, &size, &info);
    size = static_cast<int>(wanted);
    Scratch<T> work(static_cast<std::size_t>(size));
    Lapack<T>::getri(&n_, a, &n_, pivots_.data(), work.data(), &size, &info);
  }
  /// Calls f with the factors of the determinant: the pivots, and -1 for each exchange.
  template <class F>
  void each_factor(F&& f) const {
    for (int i = 0; i < n_; ++i) {
      f(own_[product(i, n_) + static_cast<std::size_t>(i)]);
      if (pivots_[static_cast<std::size_t>(i)] != i + 1) f(T(-1));
    }
  }

 private:
  int n_;
  Scratch<T> own_;
  Scratch<int> pivots_;
};

/// to [columns, rows] = the transpose of from [rows, columns]
template <class T>
void transpose(const T* from, std::int64_t rows, std::int64_t columns, T* to) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
  }
}

template <class T>
std::optional<Failure> solve(const Systems& of, const T* a, const T* b, T* y) {
  Factors<T> factors(of.n);
  Scratch<T> columns(product(of.n, of.k));
  for (std::int64_t i = 0; i < of.count; ++i) {
    const std::int64_t matrix = of.matrix_of[i];
    if (i == 0 || matrix != of.matrix_of[i - 1]) {
      const std::int64_t row = factors.factorise(a + matrix * of.n * of.n);
      if (row >= 0) return Failure{matrix, row};
    }
    const std::int64_t place = i * of.n * of.k;
    transpose(b + place, of.n, of.k, columns.data());
    factors.solve(columns.data(), of.k);
    transpose(columns.data(), of.k, of.n, y + place);
  }
  return {};
}

template <class T>
std::optional<Failure> solve_triangular(const Systems& of, Triangle triangle, const T* a,
                                        const T* b, T* y) {
  std::copy_n(b, product(of.count, of.n * of.k), y);
  for (std::int64_t i = 0; i < of.count; ++i) {
    const T* matrix = a + of.matrix_of[i] * of.n * of.n;
    for (std::int64_t row = 0; row < of.n && !triangle.unit_diagonal; ++row) {
      if (matrix[row * of.n + row] == 0) return Failure{of.matrix_of[i], row};
    }
    Lapack<T>::trsm(CblasRowMajor, CblasLeft, triangle.lower ? CblasLower : CblasUpper,
                    triangle.transposed ? CblasTrans : CblasNoTrans,
                    triangle.unit_diagonal ? CblasUnit : CblasNonUnit, static_cast<int>(of.n),
                    static_cast<int>(of.k), T(1), matrix, static_cast<int>(of.n),
                    y + i * of.n * of.k, static_cast<int>(of.k));
  }
  return {};
}

template <class T>
std::optional<Failure> inverse(std::int64_t count, std::int64_t n, const T* a, T* y) {
  std::copy_n(a, product(count, n * n), y);
  Factors<T> factors(n);
  for (std::int64_t i = 0; i < count; ++i) {  // of the transpose, and so transposed
    const std::int64_t row = factors.factorise_in(y + i * n * n);
    if (row >= 0) return Failure{i, row};
    factors.invert(y + i * n * n);
  }
  return {};
}

template <class T>
std::optional<Failure> cholesky(std::int64_t count, std::int64_t n, const T* a, T* y) {
  const int extent = static_cast<int>(n);
  for (std::int64_t i = 0; i < count; ++i, a += n * n, y += n * n) {
    for (std::int64_t row = 0; row < n; ++row) {
      for (std::int64_t column = 0; column <= row; ++column)
        y[row * n + column] = a[row * n + column] / 2 + a[column * n + row] / 2;
      std::fill(y + row * n + row + 1, y + (row + 1) * n, T(0));
    }
    int info = 0;
    Lapack<T>::potrf("U", &extent, y, &extent, &info, 1);  // upper as Fortran sees it
    for (std::int64_t row = 0; row < n; ++row) {  // NaN and infinities, which LAPACK may pass
      const T pivot = y[row * n + row];
      if (info == 0 && !(pivot > 0 && std::isfinite(pivot))) info = static_cast<int>(row) + 1;
    }
    if (info > 0) return Failure{i, info - 1};
  }
  return {};
}

/// Calls f with the factors of each matrix in turn.
template <class T, class F>
void each_determinant(std::int64_t count, std::int64_t n, const T* a, F&& f) {
  Factors<T> factors(n);
  for (std::int64_t i = 0; i < count; ++i) {
    factors.factorise(a + i * n * n);
    f(i, factors);
  }
}

}  // namespace

std::optional<Failure> solve(const Systems& systems, const std::byte* a, const std::byte* b,
                             std::byte* y) {
  return with_type(systems.dtype, [&](auto zero) {
    using T = decltype(zero);
    return solve(systems, numbers<T>(a), numbers<T>(b), numbers<T>(y));
  });
}

std::optional<Failure> solve_triangular(const Systems& systems, Triangle triangle,
                                        const std::byte* a, const std::byte* b, std::byte* y) {
  return with_type(systems.dtype, [&](auto zero) {
    using T = decltype(zero);
    return solve_triangular(systems, triangle, numbers<T>(a), numbers<T>(b), numbers<T>(y));
  });
}

std::optional<Failure> inverse(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a,
                               std::byte* y) {
  return with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    return inverse(count, n, numbers<T>(a), numbers<T>(y));
  });
}

std::optional<Failure> cholesky(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a,
                                std::byte* y) {
  return with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    return cholesky(count, n, numbers<T>(a), numbers<T>(y));
  });
}

void sign_and_log_of_determinant(Dtype dtype, std::int64_t count, std::int64_t n,
                                 const std::byte* a, std::byte* y) {
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    each_determinant(count, n, numbers<T>(a), [&](std::int64_t i, const Factors<T>& factors) {
      T sign = 1;
      double log = 0;
      factors.each_factor([&](T factor) {
        sign *= factor > 0 ? T(1) : factor < 0 ? T(-1) : factor;
        log += std::log(std::abs(static_cast<double>(factor)));
      });
      numbers<T>(y)[2 * i] = sign;
      numbers<T>(y)[2 * i + 1] = static_cast<T>(log);
    });
  });
}

void determinant(Dtype dtype, std::int64_t count, std::int64_t n, const std::byte* a,
                 std::byte* y) {
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    each_determinant(count, n, numbers<T>(a), [&](std::int64_t i, const Factors<T>& factors) {
      T fraction = 1;  // and powers of 2 apart: the whole may fit where a part does not
      std::int64_t exponent = 0;
      factors.each_factor([&](T factor) {
        int power = 0, power_of_product = 0;
        fraction = std::frexp(fraction * std::frexp(factor, &power), &power_of_product);
        exponent += std::int64_t{power} + power_of_product;
      });
      const std::int64_t bounded = std::clamp<std::int64_t>(exponent, -100'000, 100'000);
      numbers<T>(y)[i] = std::ldexp(fraction, static_cast<int>(bounded));
    });
  });
}

}  // namespace xtape::kernels
