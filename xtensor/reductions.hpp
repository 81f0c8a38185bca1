#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#if __has_include(<xtensor/reducers/xreducer.hpp>)  // from xtensor 0.26 on
#include <xtensor/reducers/xreducer.hpp>
#else
#include <xtensor/xreducer.hpp>
#endif

#include <xtape/config.hpp>
#include <xtape/ops/cumulative.hpp>
#include <xtape/ops/quantile.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/samples.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/xtensor/elementwise.hpp>

// xtensor's reductions for tensors, over all axes, one, a list or {braces}, and with xt::keep_dims;
// and what goes along an axis. A reduction to one number is a tensor of rank 0: `xt::sum(x)()` is
// that too.

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// xtensor's options of a reduction in ours. How it is evaluated has no meaning for a tensor.
template <class Options>
constexpr bool keeps_dims = [] {
  using Known = xt::reducer_options<int, std::decay_t<Options>>;
  static_assert(!Known::has_initial_value,
                "xt::initial is not for tensors: combine the result with the value");
  return Known::keep_dims::value;
}();
template <class Options>
concept XtOptions = xt::is_reducer_options<Options>::value;
template <class A>
concept XtAxes = !XtOptions<A> && requires(const A& axes) {
  Axes(axes);
};

/// The result, in the element type that xtensor was asked to reduce in.
template <class T>
Tensor in_type(const Tensor& x) {
  if constexpr (std::is_void_v<T>) {
    return x;
  } else {
    return x.to(dtype_of<ElementOf<T>>);
  }
}

template <std::size_t n, class I>
Axes listed(const I (&axes)[n]) {
  return Axes(std::span<const I>(axes, n));
}

}  // namespace xtape::detail

namespace xt {

// For each way to pass a tensor: these are more specialized than xtensor's own templates, whose
// first argument may be anything.
#define XTAPE_XT_REDUCTION_OF(E, word)                                                         \
  template <class T = void, xtape::detail::XtOptions Options = std::tuple<>>                   \
  xtape::Tensor word(E x, Options = {}) {                                                      \
    return xtape::detail::word##_of(xtape::detail::in_type<T>(x), {},                          \
                                    {xtape::detail::keeps_dims<Options>});                     \
  }                                                                                            \
  template <class T = void, xtape::detail::XtAxes A,                                           \
            xtape::detail::XtOptions Options = std::tuple<>>                                   \
  xtape::Tensor word(E x, A&& axes, Options = {}) {                                            \
    return xtape::detail::word##_of(xtape::detail::in_type<T>(x), xtape::Axes(axes),           \
                                    {xtape::detail::keeps_dims<Options>});                     \
  }                                                                                            \
  template <class T = void, class I, std::size_t n,                                            \
            xtape::detail::XtOptions Options = std::tuple<>>                                   \
  xtape::Tensor word(E x, const I(&axes)[n], Options = {}) {                                   \
    return xtape::detail::word##_of(xtape::detail::in_type<T>(x), xtape::detail::listed(axes), \
                                    {xtape::detail::keeps_dims<Options>});                     \
  }
#define XTAPE_XT_REDUCTION(word, formula)                                             \
  }                                                                                   \
  namespace xtape::detail {                                                           \
  inline Tensor word##_of(const Tensor& x, const Axes& axes, ReduceOptions options) { \
    return formula;                                                                   \
  }                                                                                   \
  }                                                                                   \
  namespace xt {                                                                      \
  XTAPE_XT_REDUCTION_OF(const xtape::Tensor&, word)                                   \
  XTAPE_XT_REDUCTION_OF(xtape::Tensor&, word)                                         \
  XTAPE_XT_REDUCTION_OF(xtape::Tensor&&, word)
#include <xtape/xtensor/words.def>
#undef XTAPE_XT_REDUCTION
#undef XTAPE_XT_REDUCTION_OF

// `variance(x, 1)` is with ddof 1 in xtensor, and axes come in a list.
#define XTAPE_XT_SPREAD(E, word, ours)                                                           \
  template <class T = void, xtape::detail::XtOptions Options = std::tuple<>>                     \
  xtape::Tensor word(E x, Options = {}) {                                                        \
    return xtape::ours(xtape::detail::in_type<T>(x), {},                                         \
                       {.keep_dims = xtape::detail::keeps_dims<Options>});                       \
  }                                                                                              \
  template <class T = void, class A, xtape::detail::XtOptions Options = std::tuple<>>            \
  requires(xtape::detail::XtAxes<A> && !std::is_integral_v<std::decay_t<A>>) xtape::Tensor word( \
      E x, A&& axes, Options = {}) {                                                             \
    return xtape::ours(xtape::detail::in_type<T>(x), axes,                                       \
                       {.keep_dims = xtape::detail::keeps_dims<Options>});                       \
  }                                                                                              \
  template <class T = void, class I, std::size_t n,                                              \
            xtape::detail::XtOptions Options = std::tuple<>>                                     \
  xtape::Tensor word(E x, const I(&axes)[n], Options = {}) {                                     \
    return xtape::ours(xtape::detail::in_type<T>(x), xtape::detail::listed(axes),                \
                       {.keep_dims = xtape::detail::keeps_dims<Options>});                       \
  }
#define XTAPE_XT_SPREADS(E)                                                                   \
  XTAPE_XT_SPREAD(E, variance, var)                                                           \
  XTAPE_XT_SPREAD(E, stddev, stddev)                                                          \
  template <class T = void, std::integral D, xtape::detail::XtOptions Options = std::tuple<>> \
  xtape::Tensor variance(E x, const D& ddof, Options = {}) {                                  \
    return xtape::var(xtape::detail::in_type<T>(x), {},                                       \
                      {.correction = static_cast<double>(ddof),                               \
                       .keep_dims = xtape::detail::keeps_dims<Options>});                     \
  }                                                                                           \
  template <class T = void, class A, std::integral D,                                         \
            xtape::detail::XtOptions Options = std::tuple<>>                                  \
  xtape::Tensor variance(E x, A&& axes, const D& ddof, Options = {}) {                        \
    return xtape::var(xtape::detail::in_type<T>(x), axes,                                     \
                      {.correction = static_cast<double>(ddof),                               \
                       .keep_dims = xtape::detail::keeps_dims<Options>});                     \
  }                                                                                           \
  template <class T = void, class I, std::size_t n, std::integral D,                          \
            xtape::detail::XtOptions Options = std::tuple<>>                                  \
  xtape::Tensor variance(E x, const I(&axes)[n], const D& ddof, Options = {}) {               \
    return xtape::var(xtape::detail::in_type<T>(x), xtape::detail::listed(axes),              \
                      {.correction = static_cast<double>(ddof),                               \
                       .keep_dims = xtape::detail::keeps_dims<Options>});                     \
  }
XTAPE_XT_SPREADS(const xtape::Tensor&)
XTAPE_XT_SPREADS(xtape::Tensor&)
XTAPE_XT_SPREADS(xtape::Tensor&&)
#undef XTAPE_XT_SPREADS
#undef XTAPE_XT_SPREAD

/// Whether all, or any, elements are not 0: at once, as xtensor's.
template <class E>
requires xtape::detail::TensorHere<E>
bool all(E&& x) { return xtape::all(x.detach()).item() != 0; }
template <class E>
requires xtape::detail::TensorHere<E>
bool any(E&& x) { return xtape::any(x.detach()).item() != 0; }

template <class E1, class E2>
requires(xtape::detail::TensorAmong<E1, E2>) bool allclose(E1&& a, E2&& b, double rtol = 1e-05,
                                                           double atol = 1e-08) {
  return xt::all(isclose(std::forward<E1>(a), std::forward<E2>(b), rtol, atol));
}

// Along an axis, or without one over the elements in row-major order.
inline xtape::Tensor argmax(const xtape::Tensor& x) { return xtape::argmax(x); }
inline xtape::Tensor argmax(const xtape::Tensor& x, std::ptrdiff_t axis) {
  return xtape::argmax(x, axis);
}
inline xtape::Tensor argmin(const xtape::Tensor& x) { return xtape::argmin(x); }
inline xtape::Tensor argmin(const xtape::Tensor& x, std::ptrdiff_t axis) {
  return xtape::argmin(x, axis);
}
inline xtape::Tensor sort(const xtape::Tensor& x, std::ptrdiff_t axis = -1) {
  return xtape::sort(x, axis);
}
inline xtape::Tensor argsort(const xtape::Tensor& x, std::ptrdiff_t axis = -1) {
  return xtape::argsort(x, axis);
}

template <class T = void, class E>
requires xtape::detail::TensorHere<E> xtape::Tensor cumsum(E&& x) {
  return xtape::cumsum(xtape::detail::in_type<T>(x));
}
template <class T = void, class E>
requires xtape::detail::TensorHere<E> xtape::Tensor cumsum(E&& x, std::ptrdiff_t axis) {
  return xtape::cumsum(xtape::detail::in_type<T>(x), axis);
}
template <class T = void, class E>
requires xtape::detail::TensorHere<E> xtape::Tensor cumprod(E&& x) {
  return xtape::cumprod(xtape::detail::in_type<T>(x));
}
template <class T = void, class E>
requires xtape::detail::TensorHere<E> xtape::Tensor cumprod(E&& x, std::ptrdiff_t axis) {
  return xtape::cumprod(xtape::detail::in_type<T>(x), axis);
}
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor median(E&& x) { return xtape::median(x); }
template <class E>
requires xtape::detail::TensorHere<E> xtape::Tensor median(E&& x, std::ptrdiff_t axis) {
  return xtape::median(x, axis);
}
template <class T>
requires xtape::detail::TensorHere<T> xtape::Tensor diff(const T& x, std::size_t n = 1,
                                                         std::ptrdiff_t axis = -1) {
  return xtape::diff(x, static_cast<std::int64_t>(n), axis);
}
template <class T>
requires xtape::detail::TensorHere<T> xtape::Tensor trapz(const T& y, double dx = 1,
                                                          std::ptrdiff_t axis = -1) {
  return xtape::trapezoid(y, dx, axis);
}

}  // namespace xt

XTAPE_EXPORT_END
