#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/kernels/copy.hpp>
#include <xtape/ops/kernels/reduce.hpp>
#include <xtape/ops/kernels/run.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t tile_size = 256;  // columns, and elements of their accumulators, at a time
constexpr std::int64_t rows_in_t = 32;   // likewise for columns

struct Axis {
  std::int64_t extent, stride;
};

/// Some axes of x: their extents and strides.
struct AxisGroup {
  Shape shape;
  Strides strides{};

  void add(std::int64_t extent, std::int64_t stride) {
    strides[static_cast<std::size_t>(shape.rank())] = stride;
    shape.push_back(extent);
  }
  /// Takes the innermost axis out, or an axis of extent 1 if there is none.
  Axis pop() {
    if (shape.rank() == 0) return {1, 0};
    const int last = shape.rank() - 1;
    const Axis axis{shape[last], strides[static_cast<std::size_t>(last)]};
    shape.erase(last);
    return axis;
  }
  std::int64_t inner_stride() const {
    return shape.rank() == 0 ? 0 : strides[static_cast<std::size_t>(shape.rank()) - 1];
  }
};

/// Calls f(offset) for every position of the axes, in row-major order.
template <class F>
void for_each_offset(const AxisGroup& axes, F&& f) {
  std::array<std::int64_t, max_rank> at{};
  std::int64_t offset = 0;
  for (std::int64_t left = axes.shape.size(); left > 0; --left) {
    f(offset);
    for (int axis = axes.shape.rank() - 1; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      offset += axes.strides[a];
      if (++at[a] < axes.shape[axis]) break;
      offset -= axes.strides[a] * at[a];
      at[a] = 0;
    }
  }
}

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
template <class R, class T, class From>
[[gnu::noinline]] void reduce_rows(const From* x, AxisGroup kept, AxisGroup reduced, T* y) {
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
    *y++ = static_cast<T>(total);
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
  void store(T* y) {
    flush();
    for (std::int64_t j = 0; j < columns_; ++j) y[j] = static_cast<T>(totals_[j]);
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
template <class R, class T>
[[gnu::noinline]] void reduce_columns(const T* x, AxisGroup kept, AxisGroup reduced, T* y) {
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
template <class R, class T>
[[gnu::noinline]] void reduce_narrow(const T* x, std::int64_t rows, std::int64_t columns, T* y) {
  const std::int64_t together = tile_size / columns;
  const std::int64_t wide_rows = rows / together;
  ColumnTile<R, T> tile(together * columns);
  tile.add(x, together * columns, wide_rows, together * columns);
  tile.add(x + wide_rows * together * columns, (rows - wide_rows * together) * columns);
  tile.fold(columns);
  tile.store(y);
}

template <class R, class T, class From>
[[gnu::noinline]] void reduce_axes(const From* x, AxisGroup kept, AxisGroup reduced, T* y) {
  if (reduced.shape.size() == 0) {
    std::fill_n(y, kept.shape.size(), R::template neutral<T>);
    return;
  }
  coalesce(kept.shape, {&kept.strides});
  coalesce(reduced.shape, {&reduced.strides});
  if constexpr (std::is_same_v<T, From>) {
    const bool by_columns = kept.inner_stride() == 1 && reduced.inner_stride() != 1;
    const bool dense =
        kept.shape.rank() == 1 && reduced.shape.rank() == 1 && reduced.strides[0] == kept.shape[0];
    if (by_columns && dense && 2 * kept.shape[0] <= tile_size) {
      return reduce_narrow<R>(x, reduced.shape[0], kept.shape[0], y);
    }
    if (by_columns) return reduce_columns<R>(x, kept, reduced, y);
  }
  reduce_rows<R>(x, kept, reduced, y);
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

void reduce(Reduction reduction, const Tensor& tensor, const std::array<bool, max_rank>& flags,
            const Tensor& result) {
  const detail::Body& x = tensor.body();
  const detail::Body& y = result.body();
  AxisGroup kept, reduced;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    (flags[a] ? reduced : kept).add(x.shape[axis], x.strides[a]);
  }
  if (kept.shape.size() == 0) return;
  switch (reduction) {
    case Reduction::sum: return reduce_typed<Sum>(x, kept, reduced, y);
    case Reduction::product: return reduce_typed<Product>(x, kept, reduced, y);
    case Reduction::maximum: return reduce_typed<Maximum>(x, kept, reduced, y);
    case Reduction::minimum: return reduce_typed<Minimum>(x, kept, reduced, y);
  }
}

/// Index of the extremum of a dense row, the first of equal ones, or of the first NaN: the chunk that holds
/// it, and in that the place.
template <class R, class T>
std::int64_t place_in_row(const T* x, std::int64_t n) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  constexpr std::int64_t chunk = 32 * width;
  const auto extremum = [&](std::int64_t i) {
    return static_cast<T>(reduce_chunk<R>(x + i, std::min(chunk, n - i)));
  };
  T best = extremum(0);
  std::int64_t place = 0;
  for (std::int64_t i = chunk; i < n && best == best; i += chunk) {
    const T here = extremum(i);
    if (R::combine(best, here) != best) best = here, place = i;
  }
  for (; place + width <= n; place += width) {
    const auto at = Lane<T>::load(x + place);
    if (any((at == Lane<T>(best)) | (at != at))) break;
  }
  while (x[place] != best && x[place] == x[place]) ++place;
  return place;
}

/// The same for each of n neighbouring columns.
template <class R, class T>
void places_in_columns(const T* x, std::int64_t rows, std::int64_t stride, std::int64_t n,
                       std::int64_t* y) {
  constexpr std::int64_t width = Lane<T>::width;
  using Truth = typename Register<T>::Truth;
  typename Register<T>::Truths places[4];
  Lane<T> best[4];
  const auto strip = [&]<std::size_t... r>(std::int64_t start, auto load,
                                           std::index_sequence<r...>) {
    const T* row = x + start;
    ((best[r] = load(row + static_cast<std::int64_t>(r) * width), places[r] -= places[r]), ...);
    for (std::int64_t i = 1; i < rows; ++i) {
      row += stride;
      const auto take = [&](Lane<T> value, Lane<T>& champion, auto& place) {
        const Mask<T> better = ((R::combine(champion, value) != champion) & (champion == champion));
        champion = where(better, value, champion);
        place = better.truths ? static_cast<Truth>(i) - decltype(better.truths){} : place;
      };
      (take(load(row + static_cast<std::int64_t>(r) * width), best[r], places[r]), ...);
    }
    const std::int64_t count = std::min(n - start, static_cast<std::int64_t>(sizeof...(r)) * width);
    for (std::int64_t j = 0; j < count; ++j) y[start + j] = places[j / width][j % width];
  };
  const auto whole = [](const T* p) { return Lane<T>::load(p); };
  std::int64_t start = 0;
  for (; start + 4 * width <= n; start += 4 * width)
    strip(start, whole, std::make_index_sequence<4>());
  for (; start + width <= n; start += width) strip(start, whole, std::make_index_sequence<1>());
  const auto rest = [count = n - start](const T* p) { return Lane<T>::load_first(p, count); };
  if (start < n) strip(start, rest, std::make_index_sequence<1>());
}

/// One element after another, whatever they are.
template <class R, class T>
std::int64_t place_among(const T* x, std::int64_t n, std::int64_t stride) {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < n && x[best * stride] == x[best * stride]; ++i) {
    if (R::combine(x[best * stride], x[i * stride]) != x[best * stride]) best = i;
  }
  return best;
}

template <class R, class T>
void places(const T* x, Axis axis, AxisGroup kept, std::int64_t* y) {
  if constexpr (!std::is_same_v<T, bool>) {
    using Truth = typename Register<T>::Truth;
    if (axis.stride != 1 && kept.inner_stride() == 1 &&
        axis.extent <= std::numeric_limits<Truth>::max()) {
      const std::int64_t columns = kept.pop().extent;
      return for_each_offset(kept, [&](std::int64_t offset) {
        places_in_columns<R>(x + offset, axis.extent, axis.stride, columns, y);
        y += columns;
      });
    }
    if (axis.stride == 1) {
      return for_each_offset(
          kept, [&](std::int64_t offset) { *y++ = place_in_row<R>(x + offset, axis.extent); });
    }
  }
  for_each_offset(kept, [&](std::int64_t offset) {
    *y++ = place_among<R>(x + offset, axis.extent, axis.stride);
  });
}

void arg_reduce(bool greatest, const Tensor& tensor, int axis, const Tensor& result) {
  const detail::Body& x = tensor.body();
  auto* y = result.body().elements<std::int64_t>();
  AxisGroup kept;
  for (int other = 0; other < x.shape.rank(); ++other) {
    if (other != axis) kept.add(x.shape[other], x.strides[static_cast<std::size_t>(other)]);
  }
  const Axis along{x.shape[axis], x.strides[static_cast<std::size_t>(axis)]};
  visit(x.dtype, [&]<class T>(TypeTag<T>) {
    const T* elements = x.elements<const T>();
    greatest ? places<Maximum>(elements, along, kept, y)
             : places<Minimum>(elements, along, kept, y);
  });
}

template <class T>
T squares_of_row(const T* x, std::int64_t n) {
  T squares[chunk_size<T>];
  Wide<T> total = 0;
  for (std::int64_t i = 0; i < n; i += chunk_size<T>) {
    const std::int64_t count = std::min(chunk_size<T>, n - i);
    map_run(
        count, squares, [](Lane<T> lane) { return lane * lane; }, x + i);
    total += reduce_chunk<Sum>(squares, count);
  }
  return static_cast<T>(total);
}

void sum_of_squares(const Tensor& tensor, const Tensor& result) {
  const detail::Body& x = tensor.body();
  const std::int64_t rows = result.size();
  if (rows == 0) return;
  const std::int64_t columns = tensor.size() / rows;
  const auto each = [&]<class T>(TypeTag<T>) {
    const T* row = x.elements<const T>();
    T* y = result.body().elements<T>();
    for (std::int64_t i = 0; i < rows; ++i, row += columns) y[i] = squares_of_row(row, columns);
  };
  x.dtype == Dtype::float32 ? each(TypeTag<float>()) : each(TypeTag<double>());
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const ReduceKernels& compiled<ReduceKernels, Level::XTAPE_LEVEL>() {
  static constexpr ReduceKernels table{reduce, arg_reduce, sum_of_squares};
  return table;
}

}  // namespace xtape::kernels
