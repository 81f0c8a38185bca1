#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#if __has_include(<xtensor/containers/xarray.hpp>)  // from xtensor 0.26 on
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <xtape/config.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>

// xtensor in and out. The one header of the library that includes xtensor; nothing else needs it.

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

/// The values of an expression, evaluated once into elements T; a dense container that is not
/// needed any more is moved.
template <class T, class E>
Tensor evaluate_xt(E&& expression) {
  using Container = xt::xarray<T, xt::layout_type::row_major>;
  using Expression = std::remove_reference_t<E>;
  const auto adopt = [](auto&& container) {
    const Shape shape = xt_shape(container.shape());
    const auto owner = std::make_shared<std::decay_t<decltype(container)>>(std::move(container));
    return from_memory(std::as_const(*owner).data(), shape, [owner] {});
  };
  if constexpr (IsXtContainer<Expression>::value && !std::is_lvalue_reference_v<E>) {
    if constexpr (std::is_same_v<T, typename Expression::value_type>) {
      if (expression.layout() == xt::layout_type::row_major) return adopt(std::move(expression));
    }
  }
  Container values = expression;
  return adopt(std::move(values));
}

template <class V, class E>
void check_fits_int64(const E& expression) {
  if constexpr (std::is_unsigned_v<V> && sizeof(V) == sizeof(std::int64_t)) {
    for (const V value : expression) {
      if (value > static_cast<V>(std::numeric_limits<std::int64_t>::max())) {
        throw ValueError("from_xt: integers must fit in int64; got " + std::to_string(value));
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
/// Moves an `xt::xarray` or `xt::xtensor` in without a copy if it is an rvalue, row-major, and of
/// bool, std::int64_t, float or double; anything else (lvalues, views, lazy expressions,
/// column-major containers) is evaluated into fresh memory. float16, long double and complex
/// elements do not compile. Throws ShapeError beyond 8 axes, ValueError for unsigned integers that
/// do not fit in int64.
template <class E>
requires(xt::is_xexpression<std::decay_t<E>>::value) [[nodiscard]] Tensor from_xt(E&& expression) {
  using V = std::decay_t<typename std::decay_t<E>::value_type>;
  using T = detail::ElementOf<V>;
  static_assert(!std::is_void_v<T>, "from_xt: elements must be bool, integers, float or double");
  detail::check_fits_int64<V>(expression);
  return detail::evaluate_xt<T>(std::forward<E>(expression));
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

namespace detail {

template <class T, class Forward, class Backward, std::size_t... I>
Tensor custom_op(const char* name, Forward& forward, Backward& backward, std::index_sequence<I...>,
                 const std::array<Tensor, sizeof...(I)>& inputs) {
  Tensor y = evaluate_xt<T>(forward(view_xt<T>(inputs[I])...));
  const std::array<SavedInput, sizeof...(I)> saved{SavedInput(inputs[I])...};
  const auto rule = [backward, saved](const Tensor& g, const Send& send) {
    const auto send_all = [&](const auto& upstream, const auto&... x) {
      const auto gradients = backward(upstream, x...);
      if constexpr (sizeof...(I) == 1 &&
                    xt::is_xexpression<std::decay_t<decltype(gradients)>>::value) {
        send(0, [&] { return evaluate_xt<T>(gradients); });
      } else {
        static_assert(std::tuple_size_v<std::decay_t<decltype(gradients)>> == sizeof...(I),
                      "custom_op: the backward function must return one gradient for each input");
        (send(I, [&] { return evaluate_xt<T>(std::get<I>(gradients)); }), ...);
      }
    };
    send_all(view_xt<T>(g), view_xt<T>(saved[I].get())...);
  };
  return record(name, std::move(y), {inputs[I]...}, once_differentiable(rule));
}

}  // namespace detail

/// An operation written in xtensor expressions:
/// ```
/// Tensor y = custom_op("softsign", [](const auto& x) { return x / (1 + xt::abs(x)); },
///                      [](const auto& g, const auto& x) { return g / xt::square(1 + xt::abs(x));
///                      }, input);
/// ```
/// `forward(x...)` gets a view of each input and gives y; `backward(g, x...)` gets dL/dy too and
/// gives dL/dx, in a std::tuple (or std::make_tuple of expressions) if there are several inputs.
/// Gradients that nobody wants are not evaluated. Both may return lazy expressions of their
/// arguments, which must then be taken by reference; a function with containers of its own must
/// return a container, an xt::xarray (xtensor 0.24's xt::eval is wrong in C++20: it makes an
/// xt::xtensor of rank 4 of any xt::xarray expression). They are compiled for float and double
/// elements; their results are converted to the dtype of the inputs.
///
/// The operation has first derivatives only: differentiating a gradient throws GradError that names
/// it. `name` must outlive the result (a literal). Throws DtypeError unless the inputs are all
/// float32 or all float64.
template <class Forward, class Backward, std::same_as<Tensor>... Inputs>
requires(sizeof...(Inputs) > 0) Tensor
    custom_op(const char* name, Forward forward, Backward backward, const Inputs&... inputs) {
  const std::array<Tensor, sizeof...(Inputs)> list{inputs...};
  const Dtype dtype = list[0].dtype();
  for (const Tensor& input : list) {
    if (!is_floating(dtype) || input.dtype() != dtype) {
      throw DtypeError(std::string(name) + ": the inputs must be all float32 or all float64; got " +
                       list[0].describe() + " and " + input.describe());
    }
  }
  constexpr auto indices = std::index_sequence_for<Inputs...>();
  return dtype == Dtype::float32
             ? detail::custom_op<float>(name, forward, backward, indices, list)
             : detail::custom_op<double>(name, forward, backward, indices, list);
}

}  // namespace xtape

XTAPE_EXPORT_END
