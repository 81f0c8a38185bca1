#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/checkpoint.hpp>
#include <xtape/xtensor/convert.hpp>
#include <xtape/xtensor/operators.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// A backward function that may be given tensors too: see `custom_op`.
template <class F>
struct Generic {
  F function;
};
template <class F>
[[nodiscard]] Generic<F> generic(F function) {
  return {std::move(function)};
}

namespace detail {

template <class F>
struct IsGeneric : std::false_type {};
template <class F>
struct IsGeneric<Generic<F>> : std::true_type {};

template <class F>
const auto& plain(const F& function) {
  if constexpr (IsGeneric<F>::value) {
    return function.function;
  } else {
    return function;
  }
}

/// The gradients that a backward function gives for tensors, which can be differentiated again.
template <class Backward, class... Inputs>
void send_tensors(const Backward& backward, const Tensor& g, const Send& send, const Inputs&... x) {
  const auto gradients = backward(g, x...);
  if constexpr (TensorHere<decltype(gradients)>) {
    send(0, gradients);
  } else {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      (send(i, as_tensor(std::get<i>(gradients))), ...);
    }
    (std::index_sequence_for<Inputs...>());
  }
}

template <class T, class Forward, class Backward, std::size_t... I>
Tensor custom_op(const char* name, Forward& forward, Backward& backward, std::index_sequence<I...>,
                 const std::array<Tensor, sizeof...(I)>& inputs) {
  Tensor y = evaluate_xt<T>(forward(view_xt<T>(inputs[I])...));
  const std::array<SavedInput, sizeof...(I)> saved{SavedInput(inputs[I])...};
  const auto rule = [backward, saved](const Tensor& g, const Send& send) {
    if constexpr (IsGeneric<Backward>::value) {
      if (recording()) return send_tensors(backward.function, g, send, saved[I].get()...);
    }
    const auto send_all = [&](const auto& upstream, const auto&... x) {
      const auto gradients = plain(backward)(upstream, x...);
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
  if constexpr (IsGeneric<Backward>::value) {
    return record(name, std::move(y), {inputs[I]...}, rule);
  } else {
    return record(name, std::move(y), {inputs[I]...}, once_differentiable(rule));
  }
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
/// it. With `generic(backward)`, for a function of xtensor's words that takes tensors as well, it
/// has derivatives of every order. `name` must outlive the result (a literal). Throws DtypeError
/// unless the inputs are all float32 or all float64, ValueError within vmap, where there are no
/// values to view.
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
    detail::check_has_values(name, input);
  }
  constexpr auto indices = std::index_sequence_for<Inputs...>();
  return dtype == Dtype::float32
             ? detail::custom_op<float>(name, forward, backward, indices, list)
             : detail::custom_op<double>(name, forward, backward, indices, list);
}

/// The same without a backward function, for a `forward` of xtensor's words that takes tensors as
/// well: derivatives of every order and forward mode follow from it. It is computed by tensor
/// operations, and again in the backward pass: nothing but the inputs is kept. Throws what they
/// throw.
template <class Forward, std::same_as<Tensor>... Inputs>
requires(sizeof...(Inputs) > 0 && std::is_invocable_v<const Forward&, const Inputs&...>) Tensor
    custom_op(Forward forward, const Inputs&... inputs) {
  return checkpoint(
      [forward = std::move(forward)](const std::vector<Tensor>& x) {
        return [&]<std::size_t... i>(std::index_sequence<i...>) {
          return detail::as_tensor(forward(x[i]...));
        }
        (std::index_sequence_for<Inputs...>());
      },
      {inputs...});
}

}  // namespace xtape

XTAPE_EXPORT_END
