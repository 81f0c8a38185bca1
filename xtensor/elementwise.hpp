#pragma once
#include <type_traits>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/special.hpp>
#include <xtape/xtensor/operators.hpp>

// xtensor's elementwise functions for tensors: xt::exp(x), xt::pow(x, 2), xt::where(x > 0, x, a),
// where an operand beside a tensor may be a number or an xtensor expression. The words are in
// words.def.

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

inline Tensor round_half_away(const Tensor& x) {
  const Tensor whole = trunc(x);
  return where(abs(x - whole) >= 0.5, whole + sign(x), whole);
}

/// `both`, or where one of a and b is NaN the other.
inline Tensor but_nan(const Tensor& both, const Tensor& a, const Tensor& b) {
  return where(isnan(a), b, where(isnan(b), a, both));
}

/// a - n b with the whole n nearest to a / b, of two the even: exact, since it goes by fmod.
inline Tensor ieee_remainder(const Tensor& a, const Tensor& b) {
  const Tensor size = abs(b), half = 0.5 * size;
  const Tensor twice = fmod(abs(a), 2 * size);  // the quotient modulo 2
  const Tensor once = where(twice > half, twice - size, twice);
  const Tensor y = where((twice > half) & (once >= half), once - size, once);
  return where(a < 0, -y, y);
}

/// How `xt::isclose` compares.
inline Tensor close(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  const Tensor distance = abs(a - b);
  const Tensor near = (distance <= atol) | (distance <= rtol * maximum(abs(a), abs(b)));
  const Tensor both_infinite = isinf(a) & isinf(b), both_nan = isnan(a) & isnan(b);
  return where(both_nan, equal_nan, where(both_infinite, a == b, near));
}

}  // namespace xtape::detail

// Of two templates alike the more constrained one is chosen: for tensors these, not xtensor's own.
namespace xt {

#define XTAPE_XT_UNARY(word, formula, ...)                          \
  template <class E>                                                \
  requires xtape::detail::TensorHere<E> xtape::Tensor word(E&& e) { \
    const xtape::Tensor& x = e;                                     \
    return formula;                                                 \
  }
#define XTAPE_XT_BINARY(word, formula, ...)                                           \
  template <class E1, class E2>                                                       \
  requires(xtape::detail::TensorAmong<E1, E2>) xtape::Tensor word(E1&& e1, E2&& e2) { \
    const xtape::Tensor a = xtape::detail::as_tensor(std::forward<E1>(e1));           \
    const xtape::Tensor b = xtape::detail::as_tensor(std::forward<E2>(e2));           \
    return formula;                                                                   \
  }
#include <xtape/xtensor/words.def>
#undef XTAPE_XT_UNARY
#undef XTAPE_XT_BINARY

template <class E1, class E2, class E3>
requires(xtape::detail::TensorAmong<E1, E2, E3>) xtape::Tensor
    where(E1&& condition, E2&& a, E3&& b) {
  return xtape::where(xtape::detail::as_tensor(std::forward<E1>(condition)),
                      xtape::detail::as_tensor(std::forward<E2>(a)),
                      xtape::detail::as_tensor(std::forward<E3>(b)));
}

template <class E1, class E2, class E3>
requires(xtape::detail::TensorAmong<E1, E2, E3>) xtape::Tensor clip(E1&& x, E2&& low, E3&& high) {
  return xtape::clip(xtape::detail::as_tensor(std::forward<E1>(x)),
                     xtape::detail::as_tensor(std::forward<E2>(low)),
                     xtape::detail::as_tensor(std::forward<E3>(high)));
}

template <class E1, class E2, class E3>
requires(xtape::detail::TensorAmong<E1, E2, E3>) xtape::Tensor fma(E1&& a, E2&& b, E3&& c) {
  return xtape::detail::as_tensor(std::forward<E1>(a)) *
             xtape::detail::as_tensor(std::forward<E2>(b)) +
         xtape::detail::as_tensor(std::forward<E3>(c));
}

template <class E1, class E2>
requires(xtape::detail::TensorAmong<E1, E2>) xtape::Tensor
    isclose(E1&& a, E2&& b, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) {
  return xtape::detail::close(xtape::detail::as_tensor(std::forward<E1>(a)),
                              xtape::detail::as_tensor(std::forward<E2>(b)), rtol, atol, equal_nan);
}

/// The same values in another dtype: R is bool, an integer type, float or double.
template <class R, class E>
requires xtape::detail::TensorHere<E> xtape::Tensor cast(E&& x) {
  return x.to(xtape::dtype_of<xtape::detail::ElementOf<R>>);
}

// Tensors are values, nothing is lazy: what xt::eval makes of one is itself.
template <>
struct temporary_type<xtape::Tensor> {
  using type = xtape::Tensor;
};
template <>
struct temporary_type<xtape::Tensor&> : temporary_type<xtape::Tensor> {};
template <>
struct temporary_type<const xtape::Tensor&> : temporary_type<xtape::Tensor> {};

}  // namespace xt

XTAPE_EXPORT_END
