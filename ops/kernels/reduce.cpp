#include <algorithm>
#include <cstring>
#include <type_traits>

#include <xtape/core/body.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/axis_group.hpp>
#include <xtape/ops/kernels/buffer.hpp>
#include <xtape/ops/kernels/reduce.hpp>
#include <xtape/ops/kernels/run.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t tile_size = 256;    // columns, and elements of their accumulators, at a time
constexpr std::int64_t rows_in_t = 32;     // likewise for columns
constexpr std::int64_t piece_size = 8192;  // elements that threads share work by
// Few results of many elements come part by part; borders of parts are borders of float sums
// anyway. Of rows that lie together there are enough to share sooner, and parts are whole chunks:
// the maximum of each of 100 rows of 1e5 takes 0.54 of the time.
constexpr std::int64_t part_size = std::int64_t{1} << 16, most_in_parts = 128, most_rows = 16;

/// How many of n are true: bytes are added to bytes as long as they hold the sums.
std::int64_t count_true(const bool* x, std::int64_t n) {
  using Bytes = std::uint8_t __attribute__((vector_size(register_bytes)));
  using Words = std::uint64_t __attribute__((vector_size(register_bytes)));
  constexpr auto width = static_cast<std::int64_t>(register_bytes);
  constexpr std::int64_t most = 255;
  std::int64_t count = 0;
  while (n >= width) {
    Bytes sums{}, flags;
    for (std::int64_t i = std::min(most, n / width); i > 0; --i, x += width, n -= width) {
      std::memcpy(&flags, x, sizeof(flags));
      sums += flags;
    }
    const Words words = reinterpret_cast<Words>(sums);
    Words halves = (words & 0x00ff00ff00ff00ff) + (words >> 8 & 0x00ff00ff00ff00ff);
    halves = (halves & 0x0000ffff0000ffff) + (halves >> 16 & 0x0000ffff0000ffff);
    halves = (halves & 0xffffffff) + (halves >> 32);
    for (std::size_t i = 0; i < register_bytes / 8; ++i)
      count += static_cast<std::int64_t>(halves[i]);
  }
  for (; n > 0; --n, ++x) count += *x;
  return count;
}

/// Each result from its own elements; good when those lie together.
template <class R, class T, class From, class To>
[[gnu::noinline]] void reduce_rows(const From* x, AxisGroup kept, AxisGroup reduced, To* y) {
  const Axis run = reduced.pop();
  const auto chunk = [stride = run.stride](const From* from, std::int64_t n) {
    if constexpr (std::is_same_v<T, From>) {
      if (stride == 1) return reduce_chunk<R>(from, n);
    }
    if constexpr (std::is_same_v<From, bool> && std::is_same_v<R, Sum>) {
      if (stride == 1) return count_true(from, n);
    }
    T buffer[chunk_size<T>];
    for (std::int64_t i = 0; i < n; ++i) buffer[i] = static_cast<T>(from[i * stride]);
    return reduce_chunk<R>(buffer, n);
  };
  for_each_offset(kept, [&](std::int64_t kept_offset) {
    Wide<T> total = R::template neutral<Wide<T>>;
    for_each_offset(reduced, [&](std::int64_t offset) {
      const From* row = x + kept_offset + offset;
      for (std::int64_t i = 0; i < run.extent; i += chunk_size<T>) {
        const std::int64_t n = std::min(chunk_size<T>, run.extent - i);
        total = R::combine(total, chunk(row + i * run.stride, n));
      }
    });
    *y++ = static_cast<To>(total);
  });
}

/// Running reductions of up to tile_size neighbouring columns.
template <class R, class T>
class ColumnTile {
 public:
  explicit ColumnTile(std::int64_t columns) : columns_(columns) {
    std::fill_n(totals_, columns, R::template neutral<Wide<T>>);
    std::fill_n(partial_, columns, R::template neutral<T>);
  }
  void add(const T* row, std::int64_t n) {
    map_run(
        n, partial_, [](Lane<T> sum, Lane<T> x) { return R::combine(sum, x); }, partial_, row);
    if (++rows_ >= rows_in_t) flush();
  }
  /// Adds `count` rows, `stride` apart, four at a time: the running reductions are read and written
  /// once for four.
  [[gnu::noinline]] void add(const T* row, std::int64_t n, std::int64_t count,
                             std::int64_t stride) {
    const auto four = [](Lane<T> sum, Lane<T> a, Lane<T> b, Lane<T> c, Lane<T> d) {
      return R::combine(sum, R::combine(R::combine(a, b), R::combine(c, d)));
    };
    for (; count >= 4; count -= 4, row += 4 * stride) {
      map_run(n, partial_, four, partial_, row, row + stride, row + 2 * stride, row + 3 * stride);
      rows_ += 4;
      if (rows_ >= rows_in_t) flush();
    }
    for (; count > 0; --count, row += stride) add(row, n);
  }
  /// Combines every m-th column.
  void fold(std::int64_t m) {
    flush();
    for (std::int64_t start = m; start < columns_; start += m) {
      for (std::int64_t j = 0; j < m; ++j) totals_[j] = R::combine(totals_[j], totals_[start + j]);
    }
    columns_ = m;
  }
  template <class To>
  void store(To* y) {
    flush();
    for (std::int64_t j = 0; j < columns_; ++j) y[j] = static_cast<To>(totals_[j]);
  }

 private:
  [[gnu::noinline]] void flush() {
    for (std::int64_t j = 0; j < columns_; ++j) {
      totals_[j] = R::combine(totals_[j], static_cast<Wide<T>>(partial_[j]));
      partial_[j] = R::template neutral<T>;
    }
    rows_ = 0;
  }
  std::int64_t columns_;
  std::int64_t rows_ = 0;
  Wide<T> totals_[tile_size];
  T partial_[tile_size];
};

/// Neighbouring results together, a register of them at a time; good when neighbours lie together.
template <class R, class T, class To>
[[gnu::noinline]] void reduce_columns(const T* x, AxisGroup kept, AxisGroup reduced, To* y) {
  const std::int64_t columns = kept.pop().extent;
  const Axis rows = reduced.pop();
  for_each_offset(kept, [&](std::int64_t kept_offset) {
    for (std::int64_t start = 0; start < columns; start += tile_size) {
      const std::int64_t n = std::min(tile_size, columns - start);
      ColumnTile<R, T> tile(n);
      for_each_offset(reduced, [&](std::int64_t offset) {
        tile.add(x + kept_offset + start + offset, n, rows.extent, rows.stride);
      });
      tile.store(y + start);
    }
    y += columns;
  });
}

/// A dense matrix of few columns: several of its rows are taken as one, so that registers fill.
template <class R, class T, class To>
[[gnu::noinline]] void reduce_narrow(const T* x, std::int64_t rows, std::int64_t columns, To* y) {
  const std::int64_t together = tile_size / columns;
  const std::int64_t wide_rows = rows / together;
  ColumnTile<R, T> tile(together * columns);
  tile.add(x, together * columns, wide_rows, together * columns);
  tile.add(x + wide_rows * together * columns, (rows - wide_rows * together) * columns);
  tile.fold(columns);
  tile.store(y);
}

/// Whether neighbouring results come of neighbouring elements.
bool by_columns(const AxisGroup& kept, const AxisGroup& reduced) {
  return kept.inner_stride() == 1 && reduced.inner_stride() != 1;
}
bool is_narrow(const AxisGroup& kept, const AxisGroup& reduced) {
  return by_columns(kept, reduced) && kept.shape.rank() == 1 && reduced.shape.rank() == 1 &&
         reduced.strides[0] == kept.shape[0] && 2 * kept.shape[0] <= tile_size;
}

template <class R, class T, class From, class To>
void reduce_some(const From* x, const AxisGroup& kept, const AxisGroup& reduced, To* y) {
  if constexpr (std::is_same_v<T, From>) {
    if (is_narrow(kept, reduced)) return reduce_narrow<R, T>(x, reduced.shape[0], kept.shape[0], y);
    if (by_columns(kept, reduced)) return reduce_columns<R, T>(x, kept, reduced, y);
  }
  reduce_rows<R, T>(x, kept, reduced, y);
}

bool comes_in_parts(std::int64_t results, std::int64_t each, bool of_rows) {
  return results <= (of_rows ? most_rows : most_in_parts) && each * results >= 2 * part_size;
}
template <class T>
std::int64_t part_of_rows(std::int64_t rows) {
  const std::int64_t part = part_size / rows;
  return std::max(part - part % chunk_size<T>, chunk_size<T>);
}

/// Part by part of what is reduced; the results of the parts are combined in order.
template <class R, class T, class From>
void reduce_in_parts(const From* x, const AxisGroup& kept, const AxisGroup& reduced,
                     std::int64_t together, T* y) {
  const std::int64_t results = kept.shape.size(), extent = reduced.shape[0];
  const std::int64_t parts = (extent + together - 1) / together;
  const Buffer<Wide<T>> of_parts(parts * results);
  const auto additions = static_cast<double>(reduced.shape.size() * results);
  detail::parallel_for(
      parts, 1, detail::time_of_products(additions), [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t part = first; part < last; ++part) {
          AxisGroup own = reduced;
          const From* from =
              restrict_to(part * together, std::min(extent, (part + 1) * together), x, own);
          reduce_some<R, T>(from, kept, own, of_parts.data() + part * results);
        }
      });
  for (std::int64_t i = 0; i < results; ++i) {
    Wide<T> total = of_parts.data()[i];
    for (std::int64_t part = 1; part < parts; ++part)
      total = R::combine(total, of_parts.data()[part * results + i]);
    y[i] = static_cast<T>(total);
  }
}

template <class R, class T, class From>
[[gnu::noinline]] void reduce_axes(const From* x, AxisGroup kept, AxisGroup reduced, T* y) {
  const std::int64_t each = reduced.shape.size(), results = kept.shape.size();
  if (each == 0) {
    std::fill_n(y, results, R::template neutral<T>);
    return;
  }
  kept.merge();
  reduced.merge();
  const bool of_rows = reduced.inner_stride() == 1;
  if (comes_in_parts(results, each, of_rows)) {
    const std::int64_t row = each / reduced.shape[0] * results;
    const std::int64_t together = of_rows && reduced.shape.rank() == 1
                                      ? part_of_rows<T>(results)
                                      : std::max<std::int64_t>(1, part_size / row);
    return reduce_in_parts<R>(x, kept, reduced, together, y);
  }
  if (kept.shape.rank() == 0 || is_narrow(kept, reduced))
    return reduce_some<R, T>(x, kept, reduced, y);
  const std::int64_t inner = results / kept.shape[0];
  const std::int64_t least = kept.shape.rank() == 1 && by_columns(kept, reduced) ? 64 : 1;
  const std::int64_t piece = least * std::max<std::int64_t>(1, piece_size / (least * each * inner));
  detail::parallel_for(kept.shape[0], piece, [&](std::int64_t first, std::int64_t last) {
    AxisGroup own = kept;
    const From* from = restrict_to(first, last, x, own);
    reduce_some<R, T>(from, own, reduced, y + first * inner);
  });
}

template <class R>
void reduce_typed(const detail::Body& x, const AxisGroup& kept, const AxisGroup& reduced,
                  const detail::Body& y) {
  if (x.dtype == Dtype::boolean) {
    return reduce_axes<R>(x.elements<const bool>(), kept, reduced, y.elements<std::int64_t>());
  }
  visit(x.dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (!std::is_same_v<T, bool>)
      reduce_axes<R>(x.elements<const T>(), kept, reduced, y.elements<T>());
  });
}

struct Groups {
  void merge() {
    kept.merge();
    reduced.merge();
  }
  AxisGroup kept, reduced;
};

Groups groups_of(const Shape& shape, const Strides& strides,
                 const std::array<bool, max_rank>& flags) {
  Groups groups;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    (flags[a] ? groups.reduced : groups.kept).add(shape[axis], strides[a]);
  }
  return groups;
}

bool alike(const AxisGroup& a, const AxisGroup& b) {
  return a.shape == b.shape && (a.inner_stride() == 1) == (b.inner_stride() == 1);
}

bool in_dense_order(const Tensor& tensor, const std::array<bool, max_rank>& flags) {
  const Shape& shape = tensor.shape();
  Groups own = groups_of(shape, tensor.body().strides, flags);
  Groups dense = groups_of(shape, row_major_strides(shape), flags);
  own.merge();
  dense.merge();
  return alike(own.kept, dense.kept) && alike(own.reduced, dense.reduced) &&
         !is_narrow(dense.kept, dense.reduced);
}

void reduce(Reduction reduction, const Tensor& tensor, const std::array<bool, max_rank>& flags,
            const Tensor& result) {
  const detail::Body& x = tensor.body();
  const detail::Body& y = result.body();
  const auto [kept, reduced] = groups_of(x.shape, x.strides, flags);
  if (kept.shape.size() == 0) return;
  switch (reduction) {
    case Reduction::sum: return reduce_typed<Sum>(x, kept, reduced, y);
    case Reduction::product: return reduce_typed<Product>(x, kept, reduced, y);
    case Reduction::maximum: return reduce_typed<Maximum>(x, kept, reduced, y);
    case Reduction::minimum: return reduce_typed<Minimum>(x, kept, reduced, y);
  }
}

template <class T>
Wide<T> squares_of_run(const T* x, std::int64_t n) {
  T squares[chunk_size<T>];
  Wide<T> total = 0;
  for (std::int64_t i = 0; i < n; i += chunk_size<T>) {
    const std::int64_t count = std::min(chunk_size<T>, n - i);
    map_run(
        count, squares, [](Lane<T> lane) { return lane * lane; }, x + i);
    total += reduce_chunk<Sum>(squares, count);
  }
  return total;
}

template <class T>
void squares_of_rows(const T* x, std::int64_t rows, std::int64_t columns, T* y) {
  const std::int64_t together = comes_in_parts(rows, columns, true)
                                    ? part_of_rows<T>(rows)
                                    : std::max<std::int64_t>(1, columns);
  const std::int64_t parts = std::max<std::int64_t>(1, (columns + together - 1) / together);
  const Buffer<Wide<T>> totals(rows * parts);
  detail::parallel_for(
      rows * parts, 1 + piece_size / together, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first; i < last; ++i) {
          const std::int64_t start = i % parts * together;
          totals.data()[i] =
              squares_of_run(x + i / parts * columns + start, std::min(together, columns - start));
        }
      });
  for (std::int64_t row = 0; row < rows; ++row) {
    Wide<T> total = totals.data()[row * parts];
    for (std::int64_t part = 1; part < parts; ++part) total += totals.data()[row * parts + part];
    y[row] = static_cast<T>(total);
  }
}

void sum_of_squares(const Tensor& tensor, const Tensor& result) {
  const detail::Body& x = tensor.body();
  const std::int64_t rows = result.size();
  if (rows == 0) return;
  const auto of = [&]<class T>(TypeTag<T>) {
    squares_of_rows(x.elements<const T>(), rows, tensor.size() / rows, result.body().elements<T>());
  };
  x.dtype == Dtype::float32 ? of(TypeTag<float>()) : of(TypeTag<double>());
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const ReduceKernels& compiled<ReduceKernels, Level::XTAPE_LEVEL>() {
  static constexpr ReduceKernels table{reduce, in_dense_order, sum_of_squares};
  return table;
}

}  // namespace xtape::kernels
