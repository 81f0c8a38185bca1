#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/arg_reduce.hpp>
#include <xtape/ops/kernels/axis_group.hpp>
#include <xtape/ops/kernels/run.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t piece_size = 8192;  // elements that threads share work by

/// Index of the extremum of a dense row, the first of equal ones, or of the first NaN: the chunk
/// that holds it, and in that the place.
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
  if (kept.shape.size() == 0) return;
  kept.merge();
  const Axis along{x.shape[axis], x.strides[static_cast<std::size_t>(axis)]};
  visit(x.dtype, [&]<class T>(TypeTag<T>) {
    const auto of = [&](const T* elements, const AxisGroup& own, std::int64_t* to) {
      greatest ? places<Maximum>(elements, along, own, to)
               : places<Minimum>(elements, along, own, to);
    };
    if (kept.shape.rank() == 0) return of(x.elements<const T>(), kept, y);
    const std::int64_t inner = kept.shape.size() / kept.shape[0];
    const std::int64_t piece = std::max<std::int64_t>(1, piece_size / (inner * along.extent));
    detail::parallel_for(kept.shape[0], piece, [&](std::int64_t first, std::int64_t last) {
      AxisGroup own = kept;
      const T* from = restrict_to(first, last, x.elements<const T>(), own);
      of(from, own, y + first * inner);
    });
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const ArgReduceKernels& compiled<ArgReduceKernels, Level::XTAPE_LEVEL>() {
  static constexpr ArgReduceKernels table{arg_reduce};
  return table;
}

}  // namespace xtape::kernels
