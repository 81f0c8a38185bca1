#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <xtape/ops/kernels/lapack.hpp>
#include <xtape/ops/kernels/lapack/decompositions.hpp>

namespace xtape::kernels {
namespace {

template <class T>
std::optional<Failure> not_finite(std::int64_t count, std::int64_t m, std::int64_t n, const T* a) {
  for (std::int64_t i = 0; i < count * m * n; ++i) {
    if (!std::isfinite(a[i])) return Failure{i / (m * n), i / n % m};
  }
  return {};
}

/// Values, and behind them, row by row, the matrix whose columns are the vectors.
template <class T>
std::optional<Failure> eigh(std::int64_t count, std::int64_t n, bool vectors, const T* a, T* y) {
  const char* const job = vectors ? "V" : "N";
  const int extent = static_cast<int>(n);
  int info = 0, size = -1, integers_size = -1;
  T wanted = 0;
  Lapack<T>::syevd(job, "U", &extent, nullptr, &extent, nullptr, &wanted, &size, &integers_size,
                   &integers_size, &info, 1, 1);
  size = work_size(wanted);
  const Scratch<T> work(static_cast<std::size_t>(size)), alone(vectors ? 0 : product(n, n));
  const Scratch<int> integers(static_cast<std::size_t>(integers_size));
  for (std::int64_t i = 0; i < count; ++i) {
    T* const values = y + i * (vectors ? n + n * n : n);
    T* const matrix = vectors ? values + n : alone.data();
    mean_of_triangles(a + i * n * n, n, matrix);  // upper as Fortran sees it
    Lapack<T>::syevd(job, "U", &extent, matrix, &extent, values, work.data(), &size,
                     integers.data(), &integers_size, &info, 1, 1);
    if (info != 0) return Failure{i, 0};
    for (std::int64_t row = 0; vectors && row < n; ++row) {
      for (std::int64_t column = 0; column < row; ++column)
        std::swap(matrix[row * n + column], matrix[column * n + row]);
    }
  }
  return {};
}

template <class T>
std::optional<Failure> svd(const Matrices& of, bool vectors, const T* a, T* y) {
  const std::int64_t k = std::min(of.m, of.n);
  const SingularValues<T> decompose(of.m, of.n, vectors);
  for (std::int64_t i = 0; i < of.count; ++i) {
    T* const u = y + i * (vectors ? (of.m + 1 + of.n) * k : k);
    T* const s = vectors ? u + of.m * k : u;
    if (!decompose(a + i * of.m * of.n, u, s, s + k)) return Failure{i, 0};
  }
  return {};
}

template <class T>
void qr(const Matrices& of, const T* a, T* y) {
  const int m = static_cast<int>(of.m), n = static_cast<int>(of.n), k = std::min(m, n);
  int info = 0, size = -1;
  T wanted[2] = {0, 0};
  Lapack<T>::geqrf(&m, &n, nullptr, &m, nullptr, &wanted[0], &size, &info);
  Lapack<T>::orgqr(&m, &k, &k, nullptr, &m, nullptr, &wanted[1], &size, &info);
  size = work_size(std::max(wanted[0], wanted[1]));
  const Scratch<T> work(static_cast<std::size_t>(size)), tau(static_cast<std::size_t>(k)),
      columns(product(m, n));
  for (std::int64_t i = 0; i < of.count; ++i) {
    transpose(a + i * of.m * of.n, of.n, of.m, of.n, columns.data());
    Lapack<T>::geqrf(&m, &n, columns.data(), &m, tau.data(), work.data(), &size, &info);
    T* const q = y + i * k * (of.m + of.n);
    T* const r = q + of.m * k;
    transpose(columns.data(), of.m, of.n, k, r);
    for (std::int64_t row = 0; row < k; ++row) std::fill_n(r + row * n, row, T(0));
    Lapack<T>::orgqr(&m, &k, &k, columns.data(), &m, tau.data(), work.data(), &size, &info);
    transpose(columns.data(), of.m, k, of.m, q);
  }
}

template <class T>
void lu(const Matrices& of, const T* a, T* y) {
  const int m = static_cast<int>(of.m), n = static_cast<int>(of.n), k = std::min(m, n);
  int info = 0;
  const Scratch<T> columns(product(m, n));
  const Scratch<int> pivots(static_cast<std::size_t>(k));
  for (std::int64_t i = 0; i < of.count; ++i) {
    transpose(a + i * of.m * of.n, of.n, of.m, of.n, columns.data());
    Lapack<T>::getrf(&m, &n, columns.data(), &m, pivots.data(), &info);
    T* const lower = y + i * (of.m * k + of.n * k + of.m);
    T* const upper = lower + of.m * k;
    T* const rows = upper + of.n * k;
    for (std::int64_t row = 0; row < m; ++row) {
      for (std::int64_t column = 0; column < k; ++column) {
        const T below = row == column ? T(1) : T(0);
        lower[row * k + column] = row > column ? columns[column * m + row] : below;
      }
      for (std::int64_t column = 0; row < k && column < n; ++column)
        upper[row * n + column] = row <= column ? columns[column * m + row] : T(0);
    }
    std::iota(rows, rows + m, T(0));
    for (std::int64_t row = 0; row < k; ++row) std::swap(rows[row], rows[pivots[row] - 1]);
  }
}

}  // namespace

std::optional<Failure> not_finite(const Matrices& of, const std::byte* a) {
  return with_type(of.dtype, [&](auto zero) {
    return not_finite(of.count, of.m, of.n, numbers<decltype(zero)>(a));
  });
}

std::optional<Failure> eigh(const Matrices& of, bool vectors, const std::byte* a, std::byte* y) {
  return with_type(of.dtype, [&](auto zero) {
    using T = decltype(zero);
    return eigh(of.count, of.n, vectors, numbers<T>(a), numbers<T>(y));
  });
}

std::optional<Failure> svd(const Matrices& of, bool vectors, const std::byte* a, std::byte* y) {
  return with_type(of.dtype, [&](auto zero) {
    using T = decltype(zero);
    return svd(of, vectors, numbers<T>(a), numbers<T>(y));
  });
}

void qr(const Matrices& of, const std::byte* a, std::byte* y) {
  with_type(of.dtype, [&](auto zero) {
    using T = decltype(zero);
    qr(of, numbers<T>(a), numbers<T>(y));
  });
}

void lu(const Matrices& of, const std::byte* a, std::byte* y) {
  with_type(of.dtype, [&](auto zero) {
    using T = decltype(zero);
    lu(of, numbers<T>(a), numbers<T>(y));
  });
}

}  // namespace xtape::kernels
