#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include <xtape/core/kernels/convert.hpp>
#include <xtape/core/kernels/copy.hpp>
#include <xtape/core/kernels/transpose.hpp>
#include <xtape/core/parallel.hpp>

namespace xtape::kernels {
namespace {

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else {
    return static_cast<To>(value);
  }
}

template <class To, class From>
struct Copy {
  static constexpr bool verbatim = std::is_same_v<To, From>;
  static void put(To& to, From value) { to = convert<To>(value); }
  static void run(To* to, const From* from, std::int64_t n) {
    if constexpr (verbatim)
      std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(To));
    else if constexpr (std::is_same_v<To, double> && std::is_same_v<From, float>)
      chosen<ConvertKernels>().widen(to, from, n);
    else if constexpr (std::is_same_v<To, float> && std::is_same_v<From, double>)
      chosen<ConvertKernels>().narrow(to, from, n);
    else
      for (std::int64_t j = 0; j < n; ++j) put(to[j], from[j]);
  }
};

template <class To, class From>
struct Add {
  static constexpr bool verbatim = false;
  static void put(To& to, From value) { to += static_cast<To>(value); }
  static void run(To* to, const From* from, std::int64_t n) {
    for (std::int64_t j = 0; j < n; ++j) put(to[j], from[j]);
  }
};

/// Two axes of a copy; strides in bytes.
struct Plane {
  std::int64_t rows, columns;
  std::int64_t to_row, to_column, from_row, from_column;
};
using BlockFunction = void (*)(std::byte* to, const std::byte* from, const Plane& plane);

/// As many T as lie in 16 bytes, which every processor shuffles in registers.
template <class T>
struct Small {
  static constexpr std::int64_t width = 16 / sizeof(T);
  typedef T Values __attribute__((vector_size(16)));  // NOLINT(modernize-use-using)
};

/// The last of each n elements first.
template <class V>
V reversed(V x) requires(sizeof(x[0]) == 4) {
  return __builtin_shufflevector(x, x, 3, 2, 1, 0);
}
template <class V>
V reversed(V x) requires(sizeof(x[0]) == 8) {
  return __builtin_shufflevector(x, x, 1, 0);
}

/// y[j] from x[-j] for j < n.
template <class How, class T>
void run_backwards(T* y, const T* x, std::int64_t n) {
  constexpr auto width = Small<T>::width;
  typename Small<T>::Values from, to;
  std::int64_t j = 0;
  for (; j + width <= n; j += width) {
    std::memcpy(&from, x - j - width + 1, sizeof(from));
    if constexpr (How::verbatim) {
      to = reversed(from);
    } else {
      std::memcpy(&to, y + j, sizeof(to));
      to += reversed(from);
    }
    std::memcpy(y + j, &to, sizeof(to));
  }
  for (; j < n; ++j) How::put(y[j], x[-j]);
}

/// By the type of the size, whatever the numbers are.
template <class T>
void transpose(std::byte* y, const std::byte* x, const Plane& plane) {
  using Number = std::conditional_t<sizeof(T) == 4, float, double>;
  constexpr auto size = static_cast<std::int64_t>(sizeof(T));
  chosen<TransposeKernels<Number>>().transpose(
      plane.rows, plane.columns, reinterpret_cast<Number*>(y), plane.to_row / size,
      reinterpret_cast<const Number*>(x), plane.from_column / size);
}

template <class How, class To, class From>
void copy_block(std::byte* to, const std::byte* from, const Plane& plane) {
  const auto to_column = plane.to_column / static_cast<std::int64_t>(sizeof(To));
  const auto from_column = plane.from_column / static_cast<std::int64_t>(sizeof(From));
  if constexpr (How::verbatim && !std::is_same_v<To, bool>) {
    if (to_column == 1 && plane.from_row == static_cast<std::int64_t>(sizeof(From)))
      return transpose<To>(to, from, plane);
  }
  for (std::int64_t i = 0; i < plane.rows; ++i, to += plane.to_row, from += plane.from_row) {
    auto* y = reinterpret_cast<To*>(to);
    const auto* x = reinterpret_cast<const From*>(from);
    if (to_column == 1 && from_column == 1) {  // in vectors
      How::run(y, x, plane.columns);
      continue;
    }
    if constexpr (std::is_same_v<To, From> && !std::is_same_v<To, bool>) {
      if (to_column == 1 && from_column == -1) {
        run_backwards<How>(y, x, plane.columns);
        continue;
      }
    }
#pragma GCC unroll 4
    for (std::int64_t j = 0; j < plane.columns; ++j) How::put(y[j * to_column], x[j * from_column]);
  }
}

/// Two axes. A transposition goes tile by tile, so that both sides stay in cache.
void copy_plane(BlockFunction block, std::byte* to, const std::byte* from, const Plane& plane,
                std::int64_t element) {
  constexpr std::int64_t tile = 16;
  if (std::abs(plane.from_column) == element || plane.from_column == 0 || plane.rows < 4) {
    return block(to, from, plane);
  }
  Plane part = plane;
  for (std::int64_t i = 0; i < plane.rows; i += tile) {
    part.rows = std::min(tile, plane.rows - i);
    for (std::int64_t j = 0; j < plane.columns; j += tile) {
      part.columns = std::min(tile, plane.columns - j);
      block(to + i * plane.to_row + j * plane.to_column,
            from + i * plane.from_row + j * plane.from_column, part);
    }
  }
}

}  // namespace

void coalesce(Shape& shape, std::initializer_list<Strides*> layouts) {
  Shape merged;
  std::size_t last = 0;  // axis of `merged` being built
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 1) continue;
    const auto from = static_cast<std::size_t>(axis);
    const bool joins = merged.rank() > 0 &&
                       std::all_of(layouts.begin(), layouts.end(), [&](const Strides* strides) {
                         return (*strides)[last] == (*strides)[from] * shape[axis];
                       });
    if (joins) {
      merged[merged.rank() - 1] *= shape[axis];
    } else {
      merged.push_back(shape[axis]);
      last = static_cast<std::size_t>(merged.rank()) - 1;
    }
    for (Strides* strides : layouts) (*strides)[last] = (*strides)[from];
  }
  shape = merged;
}

namespace {

void run_alone(BlockFunction block, Shape axes, const Layout& target, const Layout& source) {
  Strides to = target.strides, from = source.strides;
  const auto to_element = static_cast<std::int64_t>(size_of(target.dtype));
  const auto from_element = static_cast<std::int64_t>(size_of(source.dtype));
  for (auto& stride : to) stride *= to_element;
  for (auto& stride : from) stride *= from_element;

  std::byte* y = target.data;
  const std::byte* x = source.data;
  for (int axis = 0; axis < axes.rank(); ++axis) {  // the target forwards: then only one side turns
    const auto a = static_cast<std::size_t>(axis);
    if (to[a] >= 0) continue;
    y += (axes[axis] - 1) * to[a], x += (axes[axis] - 1) * from[a];
    to[a] = -to[a], from[a] = -from[a];
  }

  Plane plane{1, 1, 0, to_element, 0, from_element};
  const int outer = std::max(0, axes.rank() - 2);
  if (axes.rank() > outer) {
    const auto last = static_cast<std::size_t>(axes.rank()) - 1;
    plane.columns = axes[axes.rank() - 1];
    plane.to_column = to[last];
    plane.from_column = from[last];
  }
  if (axes.rank() > outer + 1) {
    const auto row = static_cast<std::size_t>(axes.rank()) - 2;
    plane.rows = axes[axes.rank() - 2];
    plane.to_row = to[row];
    plane.from_row = from[row];
  }

  std::array<std::int64_t, max_rank> at{};  // in the outer axes
  for (;;) {
    copy_plane(block, y, x, plane, from_element);
    int axis = outer - 1;
    for (; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      y += to[a];
      x += from[a];
      if (++at[a] < axes[axis]) break;
      y -= to[a] * at[a];
      x -= from[a] * at[a];
      at[a] = 0;
    }
    if (axis < 0) return;
  }
}

/// Places [first, last) of the outermost axis.
Layout moved_to(std::int64_t first, Layout layout) {
  layout.data += first * layout.strides[0] * static_cast<std::int64_t>(size_of(layout.dtype));
  return layout;
}

void run(BlockFunction block, const Shape& shape, Layout target, Layout source) {
  if (shape.size() == 0) return;
  Shape axes = shape;
  coalesce(axes, {&target.strides, &source.strides});
  if (axes.rank() == 0) return run_alone(block, axes, target, source);
  constexpr std::int64_t piece_size = 16384;  // elements that threads share work by
  const std::int64_t each = axes.size() / axes[0];
  constexpr std::int64_t tile = 16;  // rows that a transposition takes together
  const std::int64_t piece = each >= piece_size ? 1 : tile * (1 + piece_size / (tile * each));
  detail::parallel_for(axes[0], piece, [&](std::int64_t first, std::int64_t last) {
    Shape part = axes;
    part[0] = last - first;
    run_alone(block, part, moved_to(first, target), moved_to(first, source));
  });
}

}  // namespace

void copy(const Shape& shape, const Layout& target, const Layout& source) {
  const BlockFunction block = visit(target.dtype, [&]<class To>(TypeTag<To>) {
    return visit(source.dtype, [&]<class From>(TypeTag<From>) -> BlockFunction {
      return copy_block<Copy<To, From>, To, From>;
    });
  });
  run(block, shape, target, source);
}

void add_to(const Shape& shape, const Layout& target, const Layout& source) {
  BlockFunction block = copy_block<Add<double, double>, double, double>;
  if (target.dtype == Dtype::float32)
    block = copy_block<Add<float, float>, float, float>;
  else if (source.dtype == Dtype::float32)
    block = copy_block<Add<double, float>, double, float>;
  run(block, shape, target, source);
}

}  // namespace xtape::kernels
