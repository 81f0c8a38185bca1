#pragma once
#include <concepts>
#include <optional>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct SolveOptions {
  /// It is solved when no element moves by more than this times 1 + its size. Unless set 1e-12, or
  /// 1e-5 in float32.
  std::optional<double> tolerance = {};
  std::int64_t max_iterations = 1000;
};

namespace detail {

using ImplicitFunction = std::function<Tensor(const Tensor& x, const std::vector<Tensor>& theta)>;

Tensor fixed_point(const ImplicitFunction& f, const Tensor& x0, const std::vector<Tensor>& theta,
                   const SolveOptions& options);
Tensor root(const ImplicitFunction& f, const Tensor& x0, const std::vector<Tensor>& theta,
            const SolveOptions& options);

template <class F>
ImplicitFunction as_implicit_function(F f) {
  if constexpr (std::is_invocable_r_v<Tensor, const F&, const Tensor&, const Tensor&>) {
    return [f = std::move(f)](const Tensor& x, const std::vector<Tensor>& theta) -> Tensor {
      return f(x, theta[0]);
    };
  } else {
    return f;
  }
}

template <class F>
concept FunctionOfTheta = std::is_invocable_r_v<Tensor, const F&, const Tensor&, const Tensor&> ||
                          std::is_invocable_r_v < Tensor,
        const F&, const Tensor&, const std::vector<Tensor>
& > ;

}  // namespace detail

/// The x = f(x, theta) to which x = f(x, theta) leads from x0; theta is a tensor, or a list.
///   dtheta = (df/dtheta)^T u  with  u = g + (df/dx)^T u: by the implicit function theorem, so the way
///   to x is neither kept nor differentiated; to any order. None for x0.
/// What is differentiated must be in theta, not captured: that is a GradError. Throws ShapeError or
/// DtypeError unless f(x, theta) is like x, ValueError if it does not converge (the adjoint in
/// backward too, where f is no contraction).
template <detail::FunctionOfTheta F>
[[nodiscard]] Tensor fixed_point(F f, const Tensor& x0, const Tensor& theta,
                                 const SolveOptions& options = {}) {
  return detail::fixed_point(detail::as_implicit_function(std::move(f)), x0, {theta}, options);
}
template <detail::FunctionOfTheta F>
[[nodiscard]] Tensor fixed_point(F f, const Tensor& x0, const std::vector<Tensor>& theta,
                                 const SolveOptions& options = {}) {
  return detail::fixed_point(detail::as_implicit_function(std::move(f)), x0, theta, options);
}

/// The x with f(x, theta) = 0 that Newton's method finds from x0, with a dense jacobian.
///   dtheta = -(df/dtheta)^T w  with  (df/dx)^T w = g; to any order. None for x0.
/// Throws as fixed_point, ValueError also where the jacobian is singular.
template <detail::FunctionOfTheta F>
[[nodiscard]] Tensor root(F f, const Tensor& x0, const Tensor& theta,
                          const SolveOptions& options = {}) {
  return detail::root(detail::as_implicit_function(std::move(f)), x0, {theta}, options);
}
template <detail::FunctionOfTheta F>
[[nodiscard]] Tensor root(F f, const Tensor& x0, const std::vector<Tensor>& theta,
                          const SolveOptions& options = {}) {
  return detail::root(detail::as_implicit_function(std::move(f)), x0, theta, options);
}

}  // namespace xtape

XTAPE_EXPORT_END
