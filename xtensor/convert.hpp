#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#if __has_include(<xtensor/containers/xarray.hpp>)  // from xtensor 0.26 on
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/core/xnoalias.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include <xtape/config.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/tensor.hpp>

// xtensor's containers in and out.

XTAPE_EXPORT_BEGIN

namespace xtape {

namespace detail {

/// Elements that keep their tensor alive.
template <class T>
using XtBuffer = xt::xbuffer_adaptor<const T*, xt::smart_ownership, std::shared_ptr<const Tensor>>;

template <class T>
XtBuffer<T> xt_buffer(const Tensor& value) {
  const auto elements = value.data<T>();
  return XtBuffer<T>(elements.data(), elements.size(), std::make_shared<const Tensor>(value));
}

template <class E>
struct IsXtContainer : std::false_type {};
template <class Storage, xt::layout_type L, class S, class Tag>
struct IsXtContainer<xt::xarray_container<Storage, L, S, Tag>> : std::true_type {};
template <class Storage, std::size_t N, xt::layout_type L, class Tag>
struct IsXtContainer<xt::xtensor_container<Storage, N, L, Tag>> : std::true_type {};

/// Whether memory goes with the object, as far as is known: not for adaptors of somebody else's
/// buffer, and views of what has a name.
template <class E>
struct OwnsMemory : std::true_type {};
template <class Pointer, class A>
struct OwnsMemory<xt::xbuffer_adaptor<Pointer, xt::no_ownership, A>> : std::false_type {};
template <class E>
struct OwnsMemory<E&> : std::false_type {};
template <class Buffer, xt::layout_type L, class S, class Tag>
struct OwnsMemory<xt::xarray_adaptor<Buffer, L, S, Tag>> : OwnsMemory<Buffer> {};
template <class Buffer, std::size_t N, xt::layout_type L, class Tag>
struct OwnsMemory<xt::xtensor_adaptor<Buffer, N, L, Tag>> : OwnsMemory<Buffer> {};
template <class E, class... S>
struct OwnsMemory<xt::xview<E, S...>> : OwnsMemory<E> {};
template <class E, class S, xt::layout_type L, class Storage>
struct OwnsMemory<xt::xstrided_view<E, S, L, Storage>> : OwnsMemory<E> {};

/// The element type in a tensor for elements V: V itself, std::int64_t for other integers; void if
/// there is none.
template <class V>
using ElementOf =
    std::conditional_t<std::is_same_v<V, bool> || std::is_same_v<V, float> ||
                           std::is_same_v<V, double>,
                       V, std::conditional_t<std::is_integral_v<V>, std::int64_t, void>>;

template <class Extents>
Shape xt_shape(const Extents& extents) {
  Shape shape;
  for (const auto extent : extents) shape.push_back(static_cast<std::int64_t>(extent));
  return shape;
}

/// What lies in memory with strides, as containers, adaptors and views of those do.
template <class E>
concept StridedXt = requires(const E& expression) {
  expression.data();
  expression.strides();
  expression.data_offset();
};

/// A tensor over the memory of `strided`, of its shape and elements T; `release` as in
/// `from_memory`.
template <class T, StridedXt E>
Tensor over_xt(const E& strided, const Shape& shape, std::function<void()> release) {
  const T* const first = strided.data() + strided.data_offset();
  if (strided.layout() == xt::layout_type::row_major)
    return from_memory(first, shape, std::move(release));
  std::array<std::int64_t, max_rank> strides;
  std::copy(strided.strides().begin(), strided.strides().end(), strides.begin());
  return from_memory(first, shape, std::span(strides.data(), strided.dimension()),
                     std::move(release));
}

/// A tensor that owns a container of elements T.
template <class T, class Container>
Tensor adopt_xt(Container container, const Shape& shape) {
  const auto owner = std::make_shared<const Container>(std::move(container));
  return over_xt<T>(*owner, shape, [owner] {});
}

/// The values of an expression, evaluated once into elements T; a container that is not needed any
/// more is moved.
template <class T, class E>
Tensor evaluate_xt(E&& expression) {
  const Shape shape = xt_shape(expression.shape());  // refused, if it is, before anything moves
  if constexpr (IsXtContainer<std::remove_reference_t<E>>::value &&
                !std::is_lvalue_reference_v<E>) {
    if constexpr (std::is_same_v<T, typename E::value_type>)
      return adopt_xt<T, E>(std::forward<E>(expression), shape);
  }
  xt::xarray<T, xt::layout_type::row_major> values = expression;
  return adopt_xt<T>(std::move(values), shape);
}

template <class V, class E>
void check_fits_int64(const char* op, const E& expression) {
  if constexpr (std::is_unsigned_v<V> && sizeof(V) == sizeof(std::int64_t)) {
    for (const V value : expression) {
      if (value > static_cast<V>(std::numeric_limits<std::int64_t>::max())) {
        throw ValueError(std::string(op) + ": integers must fit in int64; got " +
                         std::to_string(value));
      }
    }
  }
}

/// A view of the value as it is now, whatever is assigned to the tensor later.
template <class T>
auto view_xt(const Tensor& tensor) {
  using View = xt::xarray_adaptor<XtBuffer<T>, xt::layout_type::row_major,
                                  xt::svector<std::size_t, max_rank>>;
  const Tensor value = tensor.detach().contiguous();
  typename View::shape_type shape(static_cast<std::size_t>(value.rank()));
  std::copy(value.shape().begin(), value.shape().end(), shape.begin());
  return View(xt_buffer<T>(value), shape);
}

}  // namespace detail

/// A tensor with the values of an xtensor expression: int64 for integers of any type, else of its
/// own element type.
///
/// Moves an `xt::xarray` or `xt::xtensor` in without a copy, with its strides, if it is an rvalue
/// and of bool, std::int64_t, float or double; anything else (lvalues, views, lazy expressions) is
/// evaluated into fresh memory: see `borrow_xt`. float16, long double and complex elements do not
/// compile. Throws ShapeError beyond 8 axes, ValueError for unsigned integers that do not fit in
/// int64.
template <class E>
requires(xt::is_xexpression<std::decay_t<E>>::value) [[nodiscard]] Tensor from_xt(E&& expression) {
  using V = std::decay_t<typename std::decay_t<E>::value_type>;
  using T = detail::ElementOf<V>;
  static_assert(!std::is_void_v<T>, "from_xt: elements must be bool, integers, float or double");
  detail::check_fits_int64<V>("from_xt", expression);
  return detail::evaluate_xt<T>(std::forward<E>(expression));
}

/// A tensor over the memory of a container, of an `xt::adapt`ed buffer or of a view of those, with
/// their strides and without a copy. Elements are bool, std::int64_t, float or double. The memory
/// must live, and keep its place, as long as any tensor over it: temporaries that own theirs do not
/// compile. The tensor shows what is written there later, which the gradients of what was computed
/// before must not meet. Throws ShapeError beyond 8 axes.
template <detail::StridedXt E>
[[nodiscard]] Tensor borrow_xt(const E& container) {
  using V = typename E::value_type;
  static_assert(std::is_same_v<detail::ElementOf<V>, V>,
                "borrow_xt: elements must be bool, std::int64_t, float or double (see from_xt)");
  return detail::over_xt<V>(container, detail::xt_shape(container.shape()), {});
}
template <class E>
requires(detail::OwnsMemory<E>::value) Tensor borrow_xt(const E&& temporary)
= delete;

/// Gives a leaf the values of an expression of its shape, evaluated where the leaf's own lie (in
/// fresh memory where others hold them). Numbers are converted to the leaf's dtype: beyond float's
/// range to infinity. Throws ShapeError, DtypeError for floating values into integers and numbers
/// into boolean, ValueError for unsigned integers that do not fit in int64, GradError on the result
/// of a recorded operation, and what the expression throws.
template <class E>
requires(xt::is_xexpression<E>::value) void assign(const Tensor& leaf, const E& expression) {
  using V = typename E::value_type;
  const auto write = [&]<class T>(T) {
    if constexpr (std::is_floating_point_v<V>
                      ? std::is_floating_point_v<T>
                      : std::is_same_v<V, bool> || !std::is_same_v<T, bool>) {
      if constexpr (std::is_same_v<T, std::int64_t>)
        detail::check_fits_int64<V>("assign", expression);
      const Shape shape = detail::xt_shape(expression.shape());
      auto* const elements = static_cast<T*>(detail::begin_assign(leaf, shape));
      const auto size = static_cast<std::size_t>(leaf.size());
      const std::vector<std::size_t> extents(expression.shape().begin(), expression.shape().end());
      auto target = xt::adapt(elements, size, xt::no_ownership(), extents);
      xt::noalias(target) = expression;
    } else {
      throw DtypeError("assign: the values must fit in the tensor's dtype; got an expression of " +
                       std::string(std::is_floating_point_v<V> ? "floating numbers" : "integers") +
                       " for " + leaf.describe());
    }
  };
  const auto write_if = [&]<class T>(T element) {
    if (leaf.dtype() == dtype_of<T>) write(element);
  };
  write_if(bool());
  write_if(std::int64_t());
  write_if(float());
  write_if(double());
}

/// The values as an xtensor expression, without a copy; a strided tensor is copied first. The view
/// keeps the memory alive and shows the value that the tensor has now. T is bool, std::int64_t,
/// float or double.
/// Throws DtypeError unless T is the element type, GradError as `Tensor::data` does.
template <class T>
[[nodiscard]] auto to_xt(const Tensor& tensor) {
  detail::check_readable("to_xt", tensor);
  return detail::view_xt<T>(tensor);
}

/// The same with the rank known at compile time, which is faster to index. Throws ShapeError unless
/// it is the tensor's.
template <class T, std::size_t Rank>
[[nodiscard]] auto to_xt(const Tensor& tensor) {
  if (tensor.rank() != static_cast<int>(Rank)) {
    throw ShapeError("to_xt: the rank must be that of the tensor; got " + std::to_string(Rank) +
                     " for " + tensor.describe());
  }
  detail::check_readable("to_xt", tensor);
  using View = xt::xtensor_adaptor<detail::XtBuffer<T>, Rank, xt::layout_type::row_major>;
  const Tensor value = tensor.detach().contiguous();
  typename View::shape_type shape;
  std::copy(value.shape().begin(), value.shape().end(), shape.begin());
  return View(detail::xt_buffer<T>(value), shape);
}

/// A copy as a container of its own. Throws as `to_xt`.
template <class T>
[[nodiscard]] xt::xarray<T, xt::layout_type::row_major> to_xarray(const Tensor& tensor) {
  return to_xt<T>(tensor);
}

}  // namespace xtape

XTAPE_EXPORT_END
