#pragma once
#include <concepts>
#include <functional>
#include <utility>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

namespace detail {
Tensor on_gradient(const Tensor& x, std::function<Tensor(const Tensor&)> hook);
}

/// x, with a hook on its gradient: what is computed of the result calls `hook(g)` in backward, before
/// g goes on to x. A hook that gives a tensor replaces the gradient by it; one that gives nothing sees
/// it: `y = on_gradient(y, [&](const Tensor& g) { kept = g; })`.
///   dx = hook(g)
/// A hook that throws ends the backward pass, in which no leaf has changed then. Throws GradError in
/// backward if the hook gives a tensor of another shape or dtype.
template <std::invocable<const Tensor&> F>
[[nodiscard]] Tensor on_gradient(const Tensor& x, F hook) {
  if constexpr (std::convertible_to<std::invoke_result_t<F&, const Tensor&>, Tensor>) {
    return detail::on_gradient(x, std::move(hook));
  } else {
    return detail::on_gradient(x, [hook = std::move(hook)](const Tensor& g) mutable {
      hook(g);
      return g;
    });
  }
}

}  // namespace xtape

XTAPE_EXPORT_END
