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

/// A rows x columns block, any strides.
template <class To, class From>
void copy_block(To* to, const From* from, std::int64_t rows, std::int64_t columns,
                std::int64_t to_row, std::int64_t to_column, std::int64_t from_row,
                std::int64_t from_column) {
  for (std::int64_t i = 0; i < rows; ++i) {
    To* y = to + i * to_row;
    const From* x = from + i * from_row;
    if (std::is_same_v<To, From> && to_column == 1 && from_column == 1) {
      std::memcpy(y, x, static_cast<std::size_t>(columns) * sizeof(To));
    } else {
      for (std::int64_t j = 0; j < columns; ++j) y[j * to_column] = convert<To>(x[j * from_column]);
    }
  }
}

/// The two innermost axes. A transposition goes tile by tile, so that both sides stay in cache.
template <class To, class From>
void copy_plane(To* to, const From* from, std::int64_t rows, std::int64_t columns,
                std::int64_t to_row, std::int64_t to_column, std::int64_t from_row,
                std::int64_t from_column) {
  constexpr std::int64_t tile = 16;
  if (from_column == 1 || from_column == 0 || rows < 2) {
    return copy_block(to, from, rows, columns, to_row, to_column, from_row, from_column);
  }
  for (std::int64_t i = 0; i < rows; i += tile) {
    for (std::int64_t j = 0; j < columns; j += tile) {
      copy_block(to + i * to_row + j * to_column, from + i * from_row + j * from_column,
                 std::min(tile, rows - i), std::min(tile, columns - j), to_row, to_column, from_row,
                 from_column);
    }
  }
}

template <class To, class From>
void copy_axes(int axis, const Shape& shape, To* to, const Strides& to_strides, const From* from,
               const Strides& from_strides) {
  const auto a = static_cast<std::size_t>(axis);
  if (shape.rank() - axis == 2) {
    return copy_plane(to, from, shape[axis], shape[axis + 1], to_strides[a], to_strides[a + 1],
                      from_strides[a], from_strides[a + 1]);
  }
  for (std::int64_t i = 0; i < shape[axis]; ++i) {
    copy_axes(axis + 1, shape, to + i * to_strides[a], to_strides, from + i * from_strides[a],
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

void copy(const Shape& shape, const Layout& target, const Layout& source) {
  if (shape.size() == 0) return;
  Shape axes = shape;
  Strides to = target.strides, from = source.strides;
  coalesce(axes, {&to, &from});
  while (axes.rank() < 2) {
    axes.insert(0, 1);
    std::copy_backward(to.begin(), to.end() - 1, to.end());
    std::copy_backward(from.begin(), from.end() - 1, from.end());
  }
  visit(target.dtype, [&]<class To>(TypeTag<To>) {
    visit(source.dtype, [&]<class From>(TypeTag<From>) {
      copy_axes(0, axes, reinterpret_cast<To*>(target.data), to,
                reinterpret_cast<const From*>(source.data), from);
    });
  });
}

}  // namespace xtape::kernels
