#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <cblas.h>

#include <xtape/core/memory.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/kernels/buffer.hpp>
#include <xtape/ops/kernels/gemm.hpp>
#include <xtape/ops/kernels/packed.hpp>
#include <xtape/ops/kernels/skinny.hpp>

extern "C" [[gnu::weak]] int openblas_get_num_threads();

namespace xtape::kernels {
namespace {

constexpr std::int64_t blas_counts = std::numeric_limits<int>::max();

int blas_int(std::int64_t value) { return static_cast<int>(value); }

CBLAS_TRANSPOSE flag(const Matrix& matrix) { return matrix.transposed ? CblasTrans : CblasNoTrans; }

/// Each of the m rows of y set to `bias`. Doubling what is filled: short rows would otherwise cost
/// a call each.
void fill_rows(std::int64_t m, std::size_t row_bytes, const std::byte* bias, std::byte* y) {
  const std::size_t bytes = static_cast<std::size_t>(m) * row_bytes;
  const std::size_t largest = std::max<std::size_t>(row_bytes, 4096 / row_bytes * row_bytes);
  std::memcpy(y, bias, row_bytes);
  for (std::size_t filled = row_bytes; filled < bytes;) {
    const std::size_t next = std::min({filled, largest, bytes - filled});
    std::memcpy(y + filled, y, next);
    filled += next;
  }
}

/// The matrix from a place of the inner axis on: that of the columns of a, or the rows of b.
Matrix from_column(Matrix a, std::int64_t place) {
  a.data += (a.transposed ? place * a.stride : place) * static_cast<std::int64_t>(sizeof(float));
  return a;
}
Matrix from_row(Matrix b, std::int64_t place) {
  b.data += (b.transposed ? place : place * b.stride) * static_cast<std::int64_t>(sizeof(float));
  return b;
}

/// What BLAS has no product for: integers, whose sums wrap if they are unsigned, and extents that
/// it does not count.
template <class T, class Sum>
XTAPE_WRAPS void plain_product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
                               const Matrix& b, const std::byte* bias_data, std::byte* y_data) {
  const auto* left = reinterpret_cast<const T*>(a.data);
  const auto* right = reinterpret_cast<const T*>(b.data);
  const auto* bias = reinterpret_cast<const T*>(bias_data);
  auto* y = reinterpret_cast<T*>(y_data);
  const std::int64_t a_row = a.transposed ? 1 : a.stride, a_column = a.transposed ? a.stride : 1;
  const std::int64_t b_row = b.transposed ? 1 : b.stride, b_column = b.transposed ? b.stride : 1;
  std::vector<Sum, memory::Allocator<Sum>> sums(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < m; ++i, y += n) {
    if (bias != nullptr)
      std::copy_n(bias, n, sums.begin());
    else
      std::fill(sums.begin(), sums.end(), Sum{0});
    for (std::int64_t l = 0; l < k; ++l) {
      const auto factor = static_cast<Sum>(left[i * a_row + l * a_column]);
      const T* row = right + l * b_row;
      for (Sum& sum : sums) {
        sum += factor * static_cast<Sum>(*row);
        row += b_column;
      }
    }
    std::transform(sums.begin(), sums.end(), y, [](Sum sum) { return static_cast<T>(sum); });
  }
}

constexpr std::int64_t skinny = 4, long_axis = 4096;

bool is_long(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k) {
  return dtype == Dtype::float32 && k > long_axis && std::min(m, n) <= skinny;
}

/// A skinny product of float32 over a long inner axis: by pieces, which are summed in double. A
/// large one BLAS sums by pieces of its own. In rows of y `stride` apart, to which it is added if
/// `added`.
void long_product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a, const Matrix& b,
                  const std::byte* bias, std::byte* y, std::int64_t stride, bool added) {
  // The terms of a dot product lie in many lanes, those of sums of rows in one.
  const std::int64_t piece = n <= skinny && !a.transposed ? 256 : 64;
  const auto size = static_cast<std::size_t>(m * n);
  std::vector<double, memory::Allocator<double>> totals(size);
  std::vector<float, memory::Allocator<float>> part(size);
  for (std::int64_t place = 0; place < k; place += piece) {
    gemm(Dtype::float32, m, n, std::min(piece, k - place), from_column(a, place),
         from_row(b, place), nullptr, reinterpret_cast<std::byte*>(part.data()));
    for (std::size_t i = 0; i < size; ++i) totals[i] += static_cast<double>(part[i]);
  }
  const auto* row = reinterpret_cast<const float*>(bias);
  const double* total = totals.data();
  for (std::int64_t i = 0; i < m; ++i) {
    auto* sums = reinterpret_cast<float*>(y) + i * stride;
    for (std::int64_t j = 0; j < n; ++j) {
      const double start = row != nullptr ? row[j] : added ? sums[j] : 0;
      sums[j] = static_cast<float>(start + *total++);
    }
  }
}

/// The product of a row and a column whose elements lie one behind the other.
template <class T>
void dot_product(double (*dot)(const T*, const T*, std::int64_t), std::int64_t k, const Matrix& a,
                 const Matrix& b, const std::byte* bias, std::byte* y) {
  const double start = bias == nullptr ? 0 : static_cast<double>(*reinterpret_cast<const T*>(bias));
  *reinterpret_cast<T*>(y) = static_cast<T>(
      start + dot(reinterpret_cast<const T*>(a.data), reinterpret_cast<const T*>(b.data), k));
}
bool is_dot(std::int64_t m, std::int64_t n, const Matrix& a, const Matrix& b) {
  return m == 1 && n == 1 && (!a.transposed || a.stride == 1) && (b.transposed || b.stride == 1);
}

/// For extents that BLAS counts, none of them 0.
void blas_product(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
                  const Matrix& b, std::byte* y, std::int64_t stride, bool added) {
  const int rows = blas_int(m), columns = blas_int(n), inner = blas_int(k);
  const int a_stride = blas_int(a.stride), b_stride = blas_int(b.stride),
            y_stride = blas_int(stride), keep = added ? 1 : 0;
  if (dtype == Dtype::float32) {
    cblas_sgemm(CblasRowMajor, flag(a), flag(b), rows, columns, inner, 1.0F,
                reinterpret_cast<const float*>(a.data), a_stride,
                reinterpret_cast<const float*>(b.data), b_stride, static_cast<float>(keep),
                reinterpret_cast<float*>(y), y_stride);
  } else {
    cblas_dgemm(CblasRowMajor, flag(a), flag(b), rows, columns, inner, 1.0,
                reinterpret_cast<const double*>(a.data), a_stride,
                reinterpret_cast<const double*>(b.data), b_stride, keep,
                reinterpret_cast<double*>(y), y_stride);
  }
}

int blas_threads() {
  static const int threads = openblas_get_num_threads == nullptr ? 1 : openblas_get_num_threads();
  return threads;
}

/// Whether our own tiles are faster than BLAS: with the registers of AVX-512, which OpenBLAS leaves
/// unused on many a processor; not where it would share a large product among more threads than
/// they make up for, nor for a large matrix b of few rows a, which would be packed for little.
bool by_tiles(std::int64_t m, std::int64_t n, std::int64_t k) {
  if (levels[level_in_use()] != Level::x86_64_v4) return false;
  constexpr double alone = 1 << 22;
  constexpr std::int64_t few_rows = 32, small_matrix = 1 << 18;
  const double products = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  return (blas_threads() <= 2 || products <= alone) && (m >= few_rows || n * k <= small_matrix);
}

/// Rows of a that threads share a product by, given the products of each; a multiple of those of a
/// tile.
std::int64_t rows_of(std::int64_t products) {
  constexpr std::int64_t tile = 12, worth = 1 << 18;
  return tile * std::max<std::int64_t>(1, worth / (tile * products));
}

/// y = a b, or y += a b, by blocks of b that stay in the cache.
void tiled_product(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
                   const Matrix& b, std::byte* y, std::int64_t stride, bool added) {
  constexpr std::int64_t most_columns = 1024, most_rows = 512, panels = 64;
  const auto& tiles = chosen<PackedKernels>();
  const auto bytes = static_cast<std::int64_t>(size_of(dtype));
  const std::int64_t size =
      bytes * tiles.size(dtype, std::min(n, most_columns), std::min(k, most_rows));
  alignas(64) std::byte few[4096];
  if (size <= std::ssize(few) && m <= rows_of(n * k)) {
    tiles.pack(dtype, n, k, b, few);
    return tiles.product(dtype, m, n, k, a, few, k, y, stride, added);
  }
  const Buffer<std::byte> packed(size);
  const auto part = [&](Matrix of, std::int64_t row, std::int64_t column) {
    of.data += bytes * (of.transposed ? column * of.stride + row : row * of.stride + column);
    return of;
  };
  for (std::int64_t column = 0; column < n; column += most_columns) {
    const std::int64_t columns = std::min(most_columns, n - column);
    for (std::int64_t row = 0; row < k; row += most_rows) {
      const std::int64_t rows = std::min(most_rows, k - row);
      const double products = static_cast<double>(columns) * static_cast<double>(rows);
      detail::parallel_for(columns, panels, detail::time_of_products(8 * products),
                           [&](std::int64_t first, std::int64_t last) {
                             tiles.pack(dtype, last - first, rows, part(b, row, column + first),
                                        packed.data() + bytes * first * rows);
                           });
      detail::parallel_for(
          m, rows_of(columns * rows), detail::time_of_products(static_cast<double>(m) * products),
          [&](std::int64_t first, std::int64_t last) {
            tiles.product(dtype, last - first, columns, rows, part(a, first, row), packed.data(),
                          rows, y + bytes * (first * stride + column), stride, added || row > 0);
          });
    }
  }
}

/// By BLAS; threads share rows of y, unless BLAS has threads itself. Pieces are so large that BLAS
/// takes them as it would take all, and of so many rows that OpenBLAS sums each as before: its
/// kernels take 12 or 24 together (of 300 products cut at multiples of 64 a half or more had other
/// bits, at those of 48 none).
void shared_blas_product(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k,
                         const Matrix& a, const Matrix& b, std::byte* y, std::int64_t stride,
                         bool added) {
  constexpr double worth = 1 << 22;
  constexpr std::int64_t together = 48;
  const auto bytes = static_cast<std::int64_t>(size_of(dtype));
  const double row = static_cast<double>(n) * static_cast<double>(k);
  const std::int64_t piece =
      together * static_cast<std::int64_t>(std::ceil(worth / (row * together)));
  const std::int64_t pieces = blas_threads() > 1 ? 1 : std::max<std::int64_t>(1, m / piece);
  detail::parallel_for(
      pieces, 1, detail::time_of_products(row * static_cast<double>(m)),
      [&](std::int64_t first, std::int64_t last) {
        const std::int64_t from = first * piece, to = last == pieces ? m : last * piece;
        Matrix rows = a;
        rows.data += bytes * from * (a.transposed ? 1 : a.stride);
        blas_product(dtype, to - from, n, k, rows, b, y + bytes * from * stride, stride, added);
      });
}

/// y = a b, or y += a b, of floating numbers, no extent being 0; or false.
bool fast_product(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
                  const Matrix& b, std::byte* y, std::int64_t stride, bool added) {
  if (by_tiles(m, n, k)) {
    tiled_product(dtype, m, n, k, a, b, y, stride, added);
    return true;
  }
  if (std::max({m, n, k, a.stride, b.stride, stride}) > blas_counts) return false;
  shared_blas_product(dtype, m, n, k, a, b, y, stride, added);
  return true;
}

}  // namespace

void gemm(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
          const Matrix& b, const std::byte* bias, std::byte* y) {
  if (m == 0 || n == 0) return;
  if (dtype == Dtype::int64)
    return plain_product<std::uint64_t, std::uint64_t>(m, n, k, a, b, bias, y);
  if (k > 0 && is_dot(m, n, a, b)) {
    const auto& kernels = chosen<SkinnyKernels>();
    return dtype == Dtype::float32 ? dot_product(kernels.dot_float32, k, a, b, bias, y)
                                   : dot_product(kernels.dot_float64, k, a, b, bias, y);
  }
  if (is_long(dtype, m, n, k)) return long_product(m, n, k, a, b, bias, y, n, false);
  if (k > 0 && chosen<SkinnyKernels>().gemm(dtype, m, n, k, a, b, bias, y, {})) return;
  const bool plain = std::max({m, n, k, a.stride, b.stride}) > blas_counts && !by_tiles(m, n, k);
  if (plain) {
    return dtype == Dtype::float32 ? plain_product<float, double>(m, n, k, a, b, bias, y)
                                   : plain_product<double, double>(m, n, k, a, b, bias, y);
  }
  if (bias != nullptr) {
    fill_rows(m, static_cast<std::size_t>(n) * size_of(dtype), bias, y);
  } else if (k == 0) {
    std::memset(y, 0, static_cast<std::size_t>(m * n) * size_of(dtype));
  }
  if (k == 0) return;
  fast_product(dtype, m, n, k, a, b, y, n, bias != nullptr);
}

bool has_epilogues(std::int64_t n, std::int64_t k) {
  constexpr std::int64_t widest_register = 16;
  return k > 0 && k <= skinny && n >= widest_register;
}

void gemm_then(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
               const Matrix& b, const std::byte* bias, std::byte* y, const Epilogue& epilogue) {
  if (m > 0) chosen<SkinnyKernels>().gemm(dtype, m, n, k, a, b, bias, y, epilogue);
}

void gemm_into(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
               const Matrix& b, std::byte* y, std::int64_t stride, bool added) {
  if (m == 0 || n == 0) return;
  if (is_long(dtype, m, n, k)) return long_product(m, n, k, a, b, nullptr, y, stride, added);
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  if (k > 0 && fast_product(dtype, m, n, k, a, b, y, stride, added)) return;
  for (std::int64_t row = 0; row < m; ++row, y += stride * size) {
    const Matrix one{a.data + row * size * (a.transposed ? 1 : a.stride), a.stride, a.transposed};
    const std::byte* bias = added ? y : nullptr;
    dtype == Dtype::float32 ? plain_product<float, double>(1, n, k, one, b, bias, y)
                            : plain_product<double, double>(1, n, k, one, b, bias, y);
  }
}

}  // namespace xtape::kernels
