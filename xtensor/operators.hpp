#pragma once
#include <type_traits>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/xtensor/convert.hpp>

// Operators between a tensor and an xtensor expression: the expression becomes a constant tensor,
// and the result is a tensor. Dtypes promote, so that a float32 tensor beside an
// `xt::xarray<double>` gives float64.

XTAPE_EXPORT_BEGIN

namespace xtape {
namespace detail {

template <class T>
concept TensorHere = std::is_same_v<std::remove_cvref_t<T>, Tensor>;
template <class... T>
concept TensorAmong = (TensorHere<T> || ...);
template <class E>
concept XtHere = xt::is_xexpression<std::remove_cvref_t<E>>::value;

/// A tensor, an expression's values or a number, as a tensor.
template <class T>
Tensor as_tensor(T&& value) {
  if constexpr (XtHere<T>) {
    return from_xt(std::forward<T>(value));
  } else {
    return Tensor(std::forward<T>(value));
  }
}

template <class A, class B>
concept TensorBesideXt = (TensorHere<A> && XtHere<B>) || (XtHere<A> && TensorHere<B>);

}  // namespace detail

#define XTAPE_OPERATOR(symbol)                                                                 \
  template <class A, class B>                                                                  \
  requires detail::TensorBesideXt<A, B> Tensor operator symbol(A&& a, B&& b) {                 \
    return detail::as_tensor(std::forward<A>(a)) symbol detail::as_tensor(std::forward<B>(b)); \
  }
XTAPE_OPERATOR(+)
XTAPE_OPERATOR(-)
XTAPE_OPERATOR(*)
XTAPE_OPERATOR(/)
XTAPE_OPERATOR(<)
XTAPE_OPERATOR(<=)
XTAPE_OPERATOR(>)
XTAPE_OPERATOR(>=)
XTAPE_OPERATOR(==)
XTAPE_OPERATOR(!=)
XTAPE_OPERATOR(&)
XTAPE_OPERATOR(|)
#undef XTAPE_OPERATOR

}  // namespace xtape

XTAPE_EXPORT_END
