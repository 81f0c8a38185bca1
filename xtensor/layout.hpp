#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#if __has_include(<xtensor/misc/xmanipulation.hpp>)  // from xtensor 0.26 on
#include <xtensor/generators/xbuilder.hpp>
#include <xtensor/misc/xmanipulation.hpp>
#include <xtensor/misc/xpad.hpp>
#else
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xpad.hpp>
#endif

#include <xtape/config.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/xtensor/operators.hpp>

// xtensor's functions of layout for tensors. Where xtensor gives a tuple of expressions, these give
// a tuple of tensors.

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

template <class Tuple>
std::vector<Tensor> tensors_in(Tuple&& tuple) {
  return std::apply(
      [](auto&&... x) { return std::vector<Tensor>{as_tensor(std::forward<decltype(x)>(x))...}; },
      std::forward<Tuple>(tuple));
}

/// The tensors with axes of extent 1 before theirs, up to `rank`.
inline std::vector<Tensor> of_rank(std::vector<Tensor> tensors, int rank) {
  for (Tensor& x : tensors) {
    while (x.rank() < rank) x = expand_dims(x, 0);
  }
  return tensors;
}

/// x so many times along its first axis.
template <std::integral I>
Tensor tiled_in_front(const Tensor& x, I repeats) {
  std::vector<std::int64_t> each(static_cast<std::size_t>(std::max(x.rank(), 1)), 1);
  each[0] = static_cast<std::int64_t>(repeats);
  return tile(x, each);
}

inline std::vector<std::int64_t> as_list(const Shape& shape) {
  return {shape.begin(), shape.end()};
}
template <class List>
std::vector<std::int64_t> as_list(const List& list) {
  std::vector<std::int64_t> integers;
  for (const auto integer : list) integers.push_back(static_cast<std::int64_t>(integer));
  return integers;
}
template <class I, std::size_t n>
std::vector<std::int64_t> as_list(const I (&list)[n]) {
  return std::vector<std::int64_t>(list, list + n);
}

inline Tensor without_axes(Tensor x, std::vector<std::int64_t> axes) {
  for (std::int64_t& axis : axes) axis = normalize_axis("squeeze", axis, x.rank());
  std::sort(axes.begin(), axes.end(), std::greater<>());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    throw ValueError("squeeze: an axis may be named once");
  for (const std::int64_t axis : axes) x = squeeze(x, axis);
  return x;
}

/// xt::pad_mode in ours; `edge` is there from xtensor 0.26 on.
template <class Mode>
PadMode pad_mode_of(Mode mode) {
  if constexpr (requires { Mode::edge; }) {
    if (mode == Mode::edge) return PadMode::edge;
  }
  if (mode == Mode::reflect) return PadMode::reflect;
  return mode == Mode::symmetric ? PadMode::symmetric : PadMode::wrap;
}

}  // namespace xtape::detail

namespace xt {

#define XTAPE_XT_LAYOUT(word, formula)                              \
  template <class E>                                                \
  requires xtape::detail::TensorHere<E> xtape::Tensor word(E&& e) { \
    const xtape::Tensor& x = e;                                     \
    return formula;                                                 \
  }
XTAPE_XT_LAYOUT(transpose, xtape::transpose(x))
XTAPE_XT_LAYOUT(squeeze, xtape::squeeze(x))
XTAPE_XT_LAYOUT(atleast_1d, xtape::detail::of_rank({x}, 1)[0])
XTAPE_XT_LAYOUT(atleast_2d, xtape::detail::of_rank({x}, 2)[0])
#undef XTAPE_XT_LAYOUT

template <layout_type L = layout_type::row_major, class E>
requires xtape::detail::TensorHere<E> xtape::Tensor ravel(E&& x) {
  return L == layout_type::column_major ? xtape::ravel(xtape::transpose(x)) : xtape::ravel(x);
}
template <layout_type L = layout_type::row_major, class E>
requires xtape::detail::TensorHere<E> xtape::Tensor flatten(E&& x) { return xt::ravel<L>(x); }

template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor expand_dims(E&& x, std::size_t axis) {
  return xtape::expand_dims(x, static_cast<std::int64_t>(axis));
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor swapaxes(E&& x, std::ptrdiff_t a,
                                                             std::ptrdiff_t b) {
  return xtape::swapaxes(x, a, b);
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor moveaxis(E&& x, std::ptrdiff_t from,
                                                             std::ptrdiff_t to) {
  return xtape::moveaxis(x, from, to);
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor flip(E&& x, std::size_t axis) {
  return xtape::flip(x, static_cast<std::int64_t>(axis));
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor flip(E&& x) {
  xtape::Tensor y = x;
  for (int axis = 0; axis < y.rank(); ++axis) y = xtape::flip(y, axis);
  return y;
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor roll(E&& x, std::ptrdiff_t shift) {
  return xtape::reshape(xtape::roll(xtape::ravel(x), shift, 0), x.shape());
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor roll(E&& x, std::ptrdiff_t shift,
                                                         std::ptrdiff_t axis) {
  return xtape::roll(x, shift, axis);
}
template <std::ptrdiff_t N = 1, class E>
requires xtape::detail::TensorHere<E> xtape::Tensor rot90(
    E&& x, const std::array<std::ptrdiff_t, 2>& axes = {0, 1}) {
  return xtape::rot90(x, N, axes[0], axes[1]);
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor repeat(E&& x, std::size_t repeats,
                                                           std::size_t axis) {
  return xtape::repeat(x, static_cast<std::int64_t>(repeats), static_cast<std::int64_t>(axis));
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor diag(E&& x, int k = 0) {
  return xtape::diag(x, k);
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor tril(E&& x, int k = 0) {
  return xtape::tril(x, k);
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor triu(E&& x, int k = 0) {
  return xtape::triu(x, k);
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor diagonal(E&& x, int offset = 0,
                                                             std::size_t axis_1 = 0,
                                                             std::size_t axis_2 = 1) {
  const auto place = [&](std::size_t axis) {
    return xtape::normalize_axis("diagonal", static_cast<std::int64_t>(axis), x.rank());
  };
  const std::int64_t a = place(axis_1), b = place(axis_2);
  std::vector<std::int64_t> order;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (axis != a && axis != b) order.push_back(axis);
  }
  order.insert(order.end(), {a, b});
  return xtape::diagonal(xtape::transpose(x, order), offset);
}

template <class E>
requires xtape::detail::TensorHere<E> std::vector<xtape::Tensor> split(E& x, std::size_t n,
                                                                       std::size_t axis = 0) {
  return xtape::split(x, static_cast<std::int64_t>(n), static_cast<std::int64_t>(axis));
}
template <class E>
requires xtape::detail::TensorHere<E> std::vector<xtape::Tensor> hsplit(E& x, std::size_t n) {
  return xtape::split(x, static_cast<std::int64_t>(n), x.rank() > 1 ? 1 : 0);
}
template <class E>
requires xtape::detail::TensorHere<E> std::vector<xtape::Tensor> vsplit(E& x, std::size_t n) {
  return xtape::split(x, static_cast<std::int64_t>(n), 0);
}

// Joined: `xt::concatenate(xt::xtuple(a, b), 1)`, of tensors and expressions.
template <class... CT>
requires(xtape::detail::TensorAmong<CT...>) xtape::Tensor
    concatenate(std::tuple<CT...>&& t, std::size_t axis = 0) {
  return xtape::concatenate(xtape::detail::tensors_in(std::move(t)),
                            static_cast<std::int64_t>(axis));
}
template <class... CT>
requires(xtape::detail::TensorAmong<CT...>) xtape::Tensor
    stack(std::tuple<CT...>&& t, std::size_t axis = 0) {
  return xtape::stack(xtape::detail::tensors_in(std::move(t)), static_cast<std::int64_t>(axis));
}
template <class... CT>
requires(xtape::detail::TensorAmong<CT...>) xtape::Tensor hstack(std::tuple<CT...>&& t) {
  const std::vector<xtape::Tensor> tensors = xtape::detail::tensors_in(std::move(t));
  return xtape::concatenate(tensors, tensors[0].rank() > 1 ? 1 : 0);
}
template <class... CT>
requires(xtape::detail::TensorAmong<CT...>) xtape::Tensor vstack(std::tuple<CT...>&& t) {
  return xtape::concatenate(xtape::detail::of_rank(xtape::detail::tensors_in(std::move(t)), 2), 0);
}
template <class... E>
requires(xtape::detail::TensorAmong<E...>) auto meshgrid(E&&... e) {
  const std::vector<xtape::Tensor> grids =
      xtape::meshgrid(std::vector<xtape::Tensor>{xtape::detail::as_tensor(std::forward<E>(e))...},
                      xtape::Indexing::ij);
  return [&]<std::size_t... i>(std::index_sequence<i...>) {
    return std::tuple(((void)i, grids[i])...);
  }
  (std::index_sequence_for<E...>());
}

// What xtensor takes a list or {braces} for. There is one for each way to pass a tensor: these are
// more specialized than xtensor's own templates, whose first argument may be anything.
#define XTAPE_XT_LISTED_OF(E, word, formula)                                                     \
  template <class List>                                                                          \
  requires xtape::IntegerList<std::remove_cvref_t<List>> xtape::Tensor word(E x, List&& given) { \
    const auto list = xtape::detail::as_list(given);                                             \
    return formula;                                                                              \
  }                                                                                              \
  template <class I, std::size_t n>                                                              \
  xtape::Tensor word(E x, const I(&given)[n]) {                                                  \
    const auto list = xtape::detail::as_list(given);                                             \
    return formula;                                                                              \
  }
#define XTAPE_XT_LISTED(word, formula)                    \
  XTAPE_XT_LISTED_OF(const xtape::Tensor&, word, formula) \
  XTAPE_XT_LISTED_OF(xtape::Tensor&, word, formula)       \
  XTAPE_XT_LISTED_OF(xtape::Tensor&&, word, formula)
XTAPE_XT_LISTED(transpose, xtape::transpose(x, list))
XTAPE_XT_LISTED(reshape_view, xtape::reshape(x, list))
XTAPE_XT_LISTED(broadcast, xtape::broadcast_to(x, list))
XTAPE_XT_LISTED(squeeze, xtape::detail::without_axes(x, list))
XTAPE_XT_LISTED(tile, xtape::tile(x, list))
#undef XTAPE_XT_LISTED
#undef XTAPE_XT_LISTED_OF
#define XTAPE_XT_ONE_OF(E)                                     \
  inline xtape::Tensor squeeze(E x, std::size_t axis) {        \
    return xtape::squeeze(x, static_cast<std::int64_t>(axis)); \
  }                                                            \
  template <std::integral I>                                   \
  xtape::Tensor tile(E x, std::initializer_list<I> repeats) {  \
    return xtape::tile(x, xtape::detail::as_list(repeats));    \
  }                                                            \
  template <std::integral I>                                   \
  xtape::Tensor tile(E x, I repeats) {                         \
    return xtape::detail::tiled_in_front(x, repeats);          \
  }
XTAPE_XT_ONE_OF(const xtape::Tensor&)
XTAPE_XT_ONE_OF(xtape::Tensor&)
XTAPE_XT_ONE_OF(xtape::Tensor&&)
#undef XTAPE_XT_ONE_OF

/// Pads each axis by {before, after}, all by the same, or all by one number on both sides.
inline xtape::Tensor pad(const xtape::Tensor& x,
                         const std::vector<std::vector<std::size_t>>& pad_width,
                         pad_mode mode = pad_mode::constant, const xtape::Number& value = 0) {
  std::vector<xtape::Padding> widths;
  widths.reserve(pad_width.size());
  for (const auto& width : pad_width) {
    if (width.empty()) throw xtape::ShapeError("pad: a width is needed for each axis; got none");
    widths.push_back(
        {static_cast<std::int64_t>(width.front()), static_cast<std::int64_t>(width.back())});
  }
  if (mode == pad_mode::constant) return xtape::pad(x, widths, value);
  return xtape::pad(x, widths, xtape::detail::pad_mode_of(mode));
}
inline xtape::Tensor pad(const xtape::Tensor& x, const std::vector<std::size_t>& pad_width,
                         pad_mode mode = pad_mode::constant, const xtape::Number& value = 0) {
  return pad(x, std::vector<std::vector<std::size_t>>(x.dimension(), pad_width), mode, value);
}
inline xtape::Tensor pad(const xtape::Tensor& x, std::size_t pad_width,
                         pad_mode mode = pad_mode::constant, const xtape::Number& value = 0) {
  return pad(x, std::vector<std::size_t>{pad_width, pad_width}, mode, value);
}

inline xtape::Tensor zeros_like(const xtape::Tensor& x) { return xtape::zeros_like(x); }
inline xtape::Tensor ones_like(const xtape::Tensor& x) { return xtape::ones_like(x); }
inline xtape::Tensor empty_like(const xtape::Tensor& x) { return xtape::zeros_like(x); }
inline xtape::Tensor full_like(const xtape::Tensor& x, const xtape::Number& value) {
  return xtape::full(x.shape(), value, x.dtype());
}

}  // namespace xt

XTAPE_EXPORT_END
