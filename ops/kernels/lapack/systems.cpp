#include <algorithm>
#include <cmath>
#include <limits>

#include <xtape/ops/kernels/lapack.hpp>
#include <xtape/ops/kernels/lapack/factors.hpp>

namespace xtape::kernels {
namespace {

template <class T>
std::optional<Failure> solve(const Systems& of, const T* a, const T* b, T* y, T* triangles,
                             std::int64_t* kept) {
  const Scratch<int> pivots(static_cast<std::size_t>(of.n));
  for (std::int64_t i = 0; i < of.count; ++i) {
    Factors<T> factors(of.n, triangles + i * of.n * of.n, pivots.data());
    const std::int64_t row = factors.factorise(a + i * of.n * of.n);
    if (row >= 0) return Failure{i, row};
    std::copy_n(pivots.data(), of.n, kept + i * of.n);
    T* const rows = y + i * of.n * of.k;
    std::copy_n(b + i * of.n * of.k, of.n * of.k, rows);
    factors.solve(rows, of.k, false);
  }
  return {};
}

template <class T>
void solve_transposed(const Systems& of, T* triangles, const std::int64_t* kept, const T* b, T* y) {
  const Scratch<int> pivots(static_cast<std::size_t>(of.n));
  for (std::int64_t i = 0; i < of.count; ++i) {
    for (std::int64_t row = 0; row < of.n; ++row)
      pivots[row] = static_cast<int>(kept[i * of.n + row]);
    T* const rows = y + i * of.n * of.k;
    std::copy_n(b + i * of.n * of.k, of.n * of.k, rows);
    Factors<T>(of.n, triangles + i * of.n * of.n, pivots.data()).solve(rows, of.k, true);
  }
}

template <class T>
std::optional<Failure> solve_triangular(const Systems& of, Triangle triangle, const T* a,
                                        const T* b, T* y) {
  std::copy_n(b, product(of.count, of.n * of.k), y);
  for (std::int64_t i = 0; i < of.count; ++i) {
    const T* matrix = a + i * of.n * of.n;
    for (std::int64_t row = 0; row < of.n && !triangle.unit_diagonal; ++row) {
      if (matrix[row * of.n + row] == 0) return Failure{i, row};
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
  std::optional<Failure> first;
  const Scratch<int> pivots(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < count; ++i) {  // of the transpose, and so transposed
    T* const inverted = y + i * n * n;
    Factors<T> factors(n, inverted, pivots.data());
    const std::int64_t row = factors.factorise(a + i * n * n);
    if (row < 0) {
      factors.invert();
    } else {
      std::fill_n(inverted, n * n, std::numeric_limits<T>::quiet_NaN());
      if (!first) first = Failure{i, row};
    }
  }
  return first;
}

template <class T>
std::optional<Failure> cholesky(std::int64_t count, std::int64_t n, const T* a, T* y) {
  const int extent = static_cast<int>(n);
  for (std::int64_t i = 0; i < count; ++i, a += n * n, y += n * n) {
    mean_of_triangles(a, n, y);
    for (std::int64_t row = 0; row < n; ++row)
      std::fill(y + row * n + row + 1, y + (row + 1) * n, T(0));
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

}  // namespace

std::optional<Failure> solve(const Systems& systems, const std::byte* a, const std::byte* b,
                             std::byte* y, std::byte* triangles, std::int64_t* pivots) {
  return with_type(systems.dtype, [&](auto zero) {
    using T = decltype(zero);
    return solve(systems, numbers<T>(a), numbers<T>(b), numbers<T>(y), numbers<T>(triangles),
                 pivots);
  });
}

void solve_transposed(const Systems& systems, std::byte* triangles, const std::int64_t* pivots,
                      const std::byte* b, std::byte* y) {
  with_type(systems.dtype, [&](auto zero) {
    using T = decltype(zero);
    solve_transposed(systems, numbers<T>(triangles), pivots, numbers<T>(b), numbers<T>(y));
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

}  // namespace xtape::kernels
