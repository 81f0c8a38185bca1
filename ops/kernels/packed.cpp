#include <algorithm>
#include <type_traits>
#include <utility>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/kernels/square.hpp>
#include <xtape/ops/kernels/packed.hpp>
#include <xtape/ops/kernels/run.hpp>
#include <xtape/ops/kernels/typed.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

// A tile of sums fills so many registers: `tile_rows` rows of a panel, `panel_vectors` registers
// wide.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr std::size_t tile_rows = 12;
#else
constexpr std::size_t tile_rows = 6;
#endif
constexpr std::size_t panel_vectors = 2;

template <class T>
constexpr std::int64_t panel = static_cast<std::int64_t>(panel_vectors* Lane<T>::width);

template <class T>
std::int64_t panels(std::int64_t n) {
  return (n + panel<T> - 1) / panel<T>;
}

std::int64_t packed_size(Dtype dtype, std::int64_t n, std::int64_t k) {
  return with_type(dtype, [&]<class T>(TypeTag<T>) { return panels<T>(n) * panel<T> * k; });
}

/// So many columns of a panel, those that lie one behind the other in memory, `stride` apart.
template <class T>
void pack_columns(std::int64_t count, std::int64_t k, const T* from, std::int64_t stride, T* to) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  std::int64_t i = 0;
  for (; count == panel<T> && i + width <= k; i += width) {
    for (std::int64_t j = 0; j < panel<T>; j += width) {
      Lane<T> square[Lane<T>::width];
      for (std::int64_t row = 0; row < width; ++row)
        square[row] = Lane<T>::load(from + (j + row) * stride + i);
      turn(square);
      for (std::int64_t row = 0; row < width; ++row)
        square[row].store(to + (i + row) * panel<T> + j);
    }
  }
  constexpr std::int64_t near = 32;  // rows of the panel that stay in the cache meanwhile
  for (; i < k; i += near) {
    const std::int64_t end = std::min(i + near, k);
    for (std::int64_t j = 0; j < count; ++j) {
      for (std::int64_t row = i; row < end; ++row) to[row * panel<T> + j] = from[row + j * stride];
    }
  }
}

/// So many columns of a panel, rows of which lie one behind the other, `stride` apart.
template <class T>
void pack_rows(std::int64_t count, std::int64_t k, const T* from, std::int64_t stride, T* to) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  for (std::int64_t i = 0; i < k; ++i, from += stride, to += panel<T>) {
    std::int64_t j = 0;
    for (; j + width <= count; j += width) Lane<T>::load(from + j).store(to + j);
    if (j < count) Lane<T>::load_first(from + j, count - j).store(to + j);
  }
}

/// Panel by panel, the rows of each one behind the other; 0 beyond the last column, to the end of a
/// register.
void pack(Dtype dtype, std::int64_t n, std::int64_t k, const Matrix& b, std::byte* packed) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
    T* to = as<T>(packed);
    for (std::int64_t first = 0; first < n; first += panel<T>, to += k * panel<T>) {
      const std::int64_t count = std::min(panel<T>, n - first);
      const T* from = as<T>(b.data) + first * (b.transposed ? b.stride : 1);
      if (!b.transposed) {
        pack_rows(count, k, from, b.stride, to);
        continue;
      }
      const std::int64_t filled = std::min(panel<T>, (count + width - 1) / width * width);
      for (std::int64_t i = 0; count < filled && i < k; ++i)
        std::fill(to + i * panel<T> + count, to + i * panel<T> + filled, T{0});
      pack_columns(count, k, from, b.stride, to);
    }
  });
}

// So many products are added up in registers; more, in the result.
constexpr std::int64_t together = 256;

/// A block of a product: `k` of the products of each sum, `row` and `column` apart in a. Panels of
/// b are `panel_size` apart.
template <class T>
struct Block {
  std::int64_t n, k;
  const T* a;
  std::int64_t row, column;
  const T* b;
  std::int64_t panel_size;
  T* y;
  std::int64_t y_stride;
  bool added;
};

/// The sums of a tile into y, or added to it; the last register has `rest` columns unless it is
/// whole.
template <bool added, bool whole, std::size_t rows, std::size_t vectors, class T>
XTAPE_INLINE void put(const Lane<T> (&sums)[rows][vectors], T* y, std::int64_t y_stride,
                      std::int64_t rest) {
  for (std::size_t r = 0; r < rows; ++r, y += y_stride) {
    for (std::size_t v = 0; v < vectors; ++v) {
      T* const to = y + v * Lane<T>::width;
      if (whole || v + 1 < vectors)
        (added ? Lane<T>::load(to) + sums[r][v] : sums[r][v]).store(to);
      else
        (added ? Lane<T>::load_first(to, rest) + sums[r][v] : sums[r][v]).store_first(to, rest);
    }
  }
}

/// `rows` rows of a panel of which so many `vectors` count: those from `a` on, into y, which has
/// `count` columns there.
template <std::size_t rows, std::size_t vectors, class T>
void tile(const Block<T>& of, const T* a, std::int64_t row, std::int64_t column, const T* b, T* y,
          std::int64_t count) {
  Lane<T> sums[rows][vectors];
  for (auto& sum_row : sums) {
    for (Lane<T>& sum : sum_row) sum = 0;
  }
  for (std::int64_t l = 0; l < of.k; ++l, b += panel<T>, a += column) {
    Lane<T> right[vectors];
    for (std::size_t v = 0; v < vectors; ++v) right[v] = Lane<T>::load(b + v * Lane<T>::width);
    for (std::size_t r = 0; r < rows; ++r) {
      const Lane<T> left = a[static_cast<std::int64_t>(r) * row];
      for (std::size_t v = 0; v < vectors; ++v) sums[r][v] = fma(left, right[v], sums[r][v]);
    }
  }
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  const std::int64_t rest = count - static_cast<std::int64_t>(vectors - 1) * width;
  const auto put_tile = [&](auto added) {
    if (rest < width)
      put<added(), false>(sums, y, of.y_stride, rest);
    else
      put<added(), true>(sums, y, of.y_stride, rest);
  };
  of.added ? put_tile(std::true_type()) : put_tile(std::false_type());
}

/// `rows` rows for all panels. Columns of a are copied side by side first.
template <std::size_t rows, class T>
void row_of_tiles(const Block<T>& of, std::int64_t first) {
  const T* a = of.a + first * of.row;
  const std::int64_t row = of.row;
  std::int64_t column = of.column;
  T side_by_side[rows * static_cast<std::size_t>(together)];
  if (row == 1 && of.n > panel<T>) {
    for (std::int64_t l = 0; l < of.k; ++l)
      std::copy_n(a + l * column, rows, side_by_side + static_cast<std::size_t>(l) * rows);
    a = side_by_side, column = static_cast<std::int64_t>(rows);
  }
  const T* b = of.b;
  for (std::int64_t at = 0; at < of.n; at += panel<T>, b += of.panel_size) {
    T* y = of.y + first * of.y_stride + at;
    if (of.n - at > static_cast<std::int64_t>(Lane<T>::width))
      tile<rows, panel_vectors>(of, a, row, column, b, y, of.n - at);
    else
      tile<rows, 1>(of, a, row, column, b, y, of.n - at);
  }
}

/// Rows [first, m), in tiles of as many rows as there are left for.
template <std::size_t rows, class T>
void rows_of_tiles(const Block<T>& of, std::int64_t first, std::int64_t m) {
  constexpr auto count = static_cast<std::int64_t>(rows);
  for (; first + count <= m; first += count) row_of_tiles<rows>(of, first);
  if constexpr (rows > 1) {
    constexpr std::size_t fewer = rows == 12 ? 8 : rows == 6 ? 4 : rows / 2;
    if (first < m) rows_of_tiles<fewer>(of, first, m);
  }
}

void product(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
             const std::byte* packed, std::int64_t packed_rows, std::byte* y, std::int64_t y_stride,
             bool added) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    std::int64_t from = 0;
    do {
      const std::int64_t column = a.transposed ? a.stride : 1;
      const Block<T> of{n,
                        std::min(together, k - from),
                        as<T>(a.data) + from * column,
                        a.transposed ? 1 : a.stride,
                        column,
                        as<T>(packed) + from * panel<T>,
                        packed_rows * panel<T>,
                        as<T>(y),
                        y_stride,
                        added || from > 0};
      rows_of_tiles<tile_rows>(of, 0, m);
      from += together;
    } while (from < k);
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const PackedKernels& compiled<PackedKernels, Level::XTAPE_LEVEL>() {
  static constexpr PackedKernels table{packed_size, pack, product};
  return table;
}

}  // namespace xtape::kernels
