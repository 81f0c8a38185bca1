#pragma once
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/xtensor/convert.hpp>
#include <xtape/xtensor/operators.hpp>

// Derivatives of functions of xtensor containers: containers go in, containers come out. The
// function is a generic one, written in xtensor's words; inside it is given tensors, and what it
// captures is a constant. Elements are float or double. All throw what the transforms of tensors
// throw.

XTAPE_EXPORT_BEGIN

namespace xtape {
namespace detail {

template <class... X>
using XtElement = std::common_type_t<typename std::decay_t<X>::value_type...>;

template <class T>
constexpr void check_xt_element() {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>,
                "derivatives are of containers of float or double");
}

/// The tensor's values in a container like X; in an xt::xarray for what is no container.
template <class X>
auto like_xt(const Tensor& tensor) {
  using T = typename X::value_type;
  const auto values = view_xt<T>(tensor.detach());
  if constexpr (IsXtContainer<X>::value) {
    return X(values);
  } else {
    return xt::xarray<T>(values);
  }
}

template <class T>
T number_in(const Tensor& scalar) {
  return static_cast<T>(scalar.detach().item());
}

/// f as a function of tensors that gives a tensor.
template <class F>
auto of_tensors(const F& f) {
  return [f](const auto&... x) -> Tensor { return as_tensor(f(x...)); };
}

}  // namespace detail

/// The function that gives f(x), a number, and its gradient, a container like x:
///   `auto [value, g] = value_and_grad_xt(f)(array);`
/// Of several containers: a std::tuple of gradients.
template <class F>
[[nodiscard]] auto value_and_grad_xt(F f) {
  return [f = detail::of_tensors(f)](const auto&... x) {
    using T = detail::XtElement<decltype(x)...>;
    detail::check_xt_element<T>();
    const auto [value, gradients] = value_and_grad([&](const std::vector<Tensor>& list) {
      return [&]<std::size_t... i>(std::index_sequence<i...>) { return f(list[i]...); }
      (std::index_sequence_for<decltype(x)...>());
    })(std::vector<Tensor>{from_xt(x)...});
    const T number = detail::number_in<T>(value);
    return [&, &g = gradients ]<std::size_t... i>(std::index_sequence<i...>) {
      if constexpr (sizeof...(x) == 1) {
        return std::pair(number, detail::like_xt<std::decay_t<decltype(x)>...>(g[0]));
      } else {
        return std::pair(number, std::tuple(detail::like_xt<std::decay_t<decltype(x)>>(g[i])...));
      }
    }
    (std::index_sequence_for<decltype(x)...>());
  };
}

/// The gradient alone.
template <class F>
[[nodiscard]] auto grad_xt(F f) {
  return [f = value_and_grad_xt(std::move(f))](const auto&... x) { return f(x...).second; };
}

/// The function that gives dy/dx of y = f(x): an xt::xarray [outputs..., inputs...].
template <class F>
[[nodiscard]] auto jacobian_xt(F f) {
  return [f = detail::of_tensors(f)](const auto& x) {
    using T = detail::XtElement<decltype(x)>;
    detail::check_xt_element<T>();
    return detail::like_xt<xt::xarray<T>>(
        jacobian([&](const Tensor& at) { return f(at); }, from_xt(x)));
  };
}

/// The function that gives the second derivatives of the number f(x): an xt::xarray
/// [inputs..., inputs...].
template <class F>
[[nodiscard]] auto hessian_xt(F f) {
  return [f = detail::of_tensors(f)](const auto& x) {
    using T = detail::XtElement<decltype(x)>;
    detail::check_xt_element<T>();
    return detail::like_xt<xt::xarray<T>>(
        hessian([&](const Tensor& at) { return f(at); }, from_xt(x)));
  };
}

/// The function that gives the product of that with v, a container like x.
template <class F>
[[nodiscard]] auto hvp_xt(F f) {
  return [f = detail::of_tensors(f)](const auto& x, const auto& v) {
    using T = detail::XtElement<decltype(x)>;
    detail::check_xt_element<T>();
    return detail::like_xt<std::decay_t<decltype(x)>>(
        hvp([&](const Tensor& at) { return f(at); }, from_xt(x), from_xt(v)));
  };
}

}  // namespace xtape

XTAPE_EXPORT_END
