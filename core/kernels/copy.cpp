#include <algorithm>
#include <cstring>
#include <type_traits>

#include <xtape/core/kernels/copy.hpp>

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
};

template <class To, class From>
struct Add {
  static constexpr bool verbatim = false;
  static void put(To& to, From value) { to += static_cast<To>(value); }
};

/// A rows x columns block, any strides.
template <class How, class To, class From>
void copy_block(To* to, const From* from, std::int64_t rows, std::int64_t columns,
                std::int64_t to_row, std::int64_t to_column, std::int64_t from_row,
                std::int64_t from_column) {
  for (std::int64_t i = 0; i < rows; ++i) {
    To* y = to + i * to_row;
    const From* x = from + i * from_row;
    const bool dense = to_column == 1 && from_column == 1;
    if (How::verbatim && dense) {
      std::memcpy(y, x, static_cast<std::size_t>(columns) * sizeof(To));
    } else if (dense) {  // in vectors
      for (std::int64_t j = 0; j < columns; ++j) How::put(y[j], x[j]);
    } else {
      for (std::int64_t j = 0; j < columns; ++j) How::put(y[j * to_column], x[j * from_column]);
    }
  }
}

/// The two innermost axes. A transposition goes tile by tile, so that both sides stay in cache.
template <class How, class To, class From>
void copy_plane(To* to, const From* from, std::int64_t rows, std::int64_t columns,
                std::int64_t to_row, std::int64_t to_column, std::int64_t from_row,
                std::int64_t from_column) {
  constexpr std::int64_t tile = 16;
  if (from_column == 1 || from_column == 0 || rows < 2) {
    return copy_block<How>(to, from, rows, columns, to_row, to_column, from_row, from_column);
  }
  for (std::int64_t i = 0; i < rows; i += tile) {
    for (std::int64_t j = 0; j < columns; j += tile) {
      copy_block<How>(to + i * to_row + j * to_column, from + i * from_row + j * from_column,
                      std::min(tile, rows - i), std::min(tile, columns - j), to_row, to_column,
                      from_row, from_column);
    }
  }
}

template <class How, class To, class From>
void copy_axes(int axis, const Shape& shape, To* to, const Strides& to_strides, const From* from,
               const Strides& from_strides) {
  const auto a = static_cast<std::size_t>(axis);
  if (shape.rank() - axis == 2) {
    return copy_plane<How>(to, from, shape[axis], shape[axis + 1], to_strides[a], to_strides[a + 1],
                           from_strides[a], from_strides[a + 1]);
  }
  for (std::int64_t i = 0; i < shape[axis]; ++i) {
    copy_axes<How>(axis + 1, shape, to + i * to_strides[a], to_strides, from + i * from_strides[a],
                   from_strides);
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

/// Calls f(axes, to, from) with what two layouts have in common, as at least two axes.
template <class F>
void with_axes(const Shape& shape, const Layout& target, const Layout& source, F&& f) {
  if (shape.size() == 0) return;
  Shape axes = shape;
  Strides to = target.strides, from = source.strides;
  coalesce(axes, {&to, &from});
  while (axes.rank() < 2) {
    axes.insert(0, 1);
    std::copy_backward(to.begin(), to.end() - 1, to.end());
    std::copy_backward(from.begin(), from.end() - 1, from.end());
  }
  f(axes, to, from);
}

template <template <class, class> class How, class To, class From>
void put(const Shape& shape, const Layout& target, const Layout& source) {
  with_axes(shape, target, source, [&](const Shape& axes, const Strides& to, const Strides& from) {
    copy_axes<How<To, From>>(0, axes, reinterpret_cast<To*>(target.data), to,
                             reinterpret_cast<const From*>(source.data), from);
  });
}

}  // namespace

void copy(const Shape& shape, const Layout& target, const Layout& source) {
  visit(target.dtype, [&]<class To>(TypeTag<To>) {
    visit(source.dtype,
          [&]<class From>(TypeTag<From>) { put<Copy, To, From>(shape, target, source); });
  });
}

void add_to(const Shape& shape, const Layout& target, const Layout& source) {
  if (target.dtype == Dtype::float32) return put<Add, float, float>(shape, target, source);
  if (source.dtype == Dtype::float32) return put<Add, double, float>(shape, target, source);
  put<Add, double, double>(shape, target, source);
}

}  // namespace xtape::kernels
