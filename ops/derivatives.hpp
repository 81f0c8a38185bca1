#pragma once
#include <concepts>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

// Derivatives of functions. A function takes a tensor, or a std::vector of tensors, and gives a
// tensor; what it captures is a constant to it. They nest: the derivative of a derivative is one.
// Where x, or what the function captures, requires a gradient, the results are recorded and can be
// differentiated further; elsewhere they are plain values. Under NoGradGuard they work too, and are
// plain.
//
// All throw DtypeError unless the inputs and the result are floating, and what the function throws.

struct HessianEstimate;

namespace detail {

using ListFunction = std::function<Tensor(const std::vector<Tensor>&)>;

template <class F>
concept FunctionOfTensor = std::is_invocable_r_v<Tensor, const F&, const Tensor&>;
template <class F>
concept FunctionOfList =
    !FunctionOfTensor<F> && std::is_invocable_r_v<Tensor, const F&, const std::vector<Tensor>&>;

template <FunctionOfTensor F>
ListFunction as_list_function(F f) {
  return [f = std::move(f)](const std::vector<Tensor>& x) -> Tensor { return f(x[0]); };
}
template <FunctionOfList F>
ListFunction as_list_function(F f) {
  return f;
}

/// A function at a point, on a tape of its own: how its result changes there.
class Linearized {
 public:
  Linearized(const char* name, const ListFunction& function, const std::vector<Tensor>& x);

  const Tensor& value() const;
  /// The gradient of each input for dL/dy = `seed`; zeros where y does not depend on it.
  std::vector<Tensor> pull(const Tensor& seed) const;
  /// That for a scalar y. Throws ShapeError for another.
  std::vector<Tensor> pull() const;
  /// The tangent of y for the tangents of the inputs.
  Tensor push(const std::vector<Tensor>& tangents) const;
  /// The nodes, beside the inputs, that y depends on.
  std::vector<Node*> captured() const;
  /// The gradients of the inputs and then of such nodes; undefined where y does not depend on them.
  std::vector<Tensor> pull_all(const Tensor& seed, std::span<const Ref<Node>> captured) const;
  /// Throws GradError if the function depends on what requires a gradient and is no input.
  void refuse_captured() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

Tensor jacobian(const char* name, const ListFunction& function, const Tensor& x);
Tensor hessian_diagonal(const ListFunction& gradient, const Tensor& x,
                        const HessianEstimate& options, Rng& rng);
Tensor total(const Tensor& x);
/// The sum of the products of g and v, which must be like it.
Tensor along(const char* name, const std::vector<Tensor>& g, const std::vector<Tensor>& v);

/// The gradient of f as a function, for a transform of this name.
template <FunctionOfTensor F>
auto gradient(const char* name, F f) {
  return [name, f = as_list_function(std::move(f))](const Tensor& x) {
    return Linearized(name, f, {x}).pull()[0];
  };
}
template <FunctionOfList F>
auto gradient(const char* name, F f) {
  return [name, f = as_list_function(std::move(f))](const std::vector<Tensor>& x) {
    return Linearized(name, f, x).pull();
  };
}

}  // namespace detail

/// y = f(x), and its tangent: how y changes as x moves along v, dy = (dy/dx) v. Forward mode: each
/// operation's derivative is applied to the tangents of its inputs, by the same formulas, in one
/// pass.
///   `auto [y, dy] = jvp(f, x, v);`
/// Throws ShapeError or DtypeError unless v is like x, GradError for an operation whose rule reads
/// values past the tape.
template <detail::FunctionOfTensor F>
[[nodiscard]] std::pair<Tensor, Tensor> jvp(F f, const Tensor& x, const Tensor& v) {
  const detail::Linearized at("jvp", detail::as_list_function(std::move(f)), {x});
  return {at.value(), at.push({v})};
}
template <detail::FunctionOfList F>
[[nodiscard]] std::pair<Tensor, Tensor> jvp(F f, const std::vector<Tensor>& x,
                                            const std::vector<Tensor>& v) {
  const detail::Linearized at("jvp", detail::as_list_function(std::move(f)), x);
  return {at.value(), at.push(v)};
}

/// y = f(x), and a function that gives dL/dx for dL/dy, as often as it is asked:
/// `auto [y, pull] = vjp(f, x); Tensor dx = pull(seed);`
/// `pull` throws ShapeError or DtypeError for a seed that is not like y.
template <detail::FunctionOfTensor F>
[[nodiscard]] auto vjp(F f, const Tensor& x) {
  const detail::Linearized at("vjp", detail::as_list_function(std::move(f)), {x});
  return std::pair(at.value(), [at](const Tensor& seed) { return at.pull(seed)[0]; });
}
template <detail::FunctionOfList F>
[[nodiscard]] auto vjp(F f, const std::vector<Tensor>& x) {
  const detail::Linearized at("vjp", detail::as_list_function(std::move(f)), x);
  return std::pair(at.value(), [at](const Tensor& seed) { return at.pull(seed); });
}

/// The function that gives f(x) and its gradient: `auto [y, dx] = value_and_grad(f)(x);`
/// Throws ShapeError unless f(x) is a scalar.
template <detail::FunctionOfTensor F>
[[nodiscard]] auto value_and_grad(F f) {
  return [f = detail::as_list_function(std::move(f))](const Tensor& x) {
    const detail::Linearized at("value_and_grad", f, {x});
    return std::pair(at.value(), at.pull()[0]);
  };
}
template <detail::FunctionOfList F>
[[nodiscard]] auto value_and_grad(F f) {
  return [f = detail::as_list_function(std::move(f))](const std::vector<Tensor>& x) {
    const detail::Linearized at("value_and_grad", f, x);
    return std::pair(at.value(), at.pull());
  };
}

/// The function that gives the gradient of f: `Tensor dx = grad(f)(x);`
/// Throws ShapeError unless f(x) is a scalar.
template <class F>
requires(detail::FunctionOfTensor<F> || detail::FunctionOfList<F>) [[nodiscard]] auto grad(F f) {
  return detail::gradient("grad", std::move(f));
}

/// All derivatives of f at x: [outputs..., inputs...]. Many at once: one forward or backward pass
/// for some inputs or outputs together, whichever are fewer; one after the other where f has an
/// operation without a rule for `vmap`.
/// Throws ShapeError if that has more than 8 axes.
template <detail::FunctionOfTensor F>
[[nodiscard]] Tensor jacobian(F f, const Tensor& x) {
  return detail::jacobian("jacobian", detail::as_list_function(std::move(f)), x);
}

/// All second derivatives of a scalar function: [inputs..., inputs...]. Zeros for a linear one.
/// Throws ShapeError unless f(x) is a scalar.
template <detail::FunctionOfTensor F>
[[nodiscard]] Tensor hessian(F f, const Tensor& x) {
  const auto gradient = detail::gradient("hessian", std::move(f));
  return detail::jacobian("hessian", detail::as_list_function(gradient), x);
}

/// The hessian times v, without the hessian: the gradient's tangent.
/// Throws ShapeError unless f(x) is a scalar, ShapeError or DtypeError unless v is like x.
template <detail::FunctionOfTensor F>
[[nodiscard]] Tensor hvp(F f, const Tensor& x, const Tensor& v) {
  const auto gradient = detail::gradient("hvp", std::move(f));
  return detail::Linearized("hvp", detail::as_list_function(gradient), {x}).push({v});
}

/// The same of a function of a list, a model of its parameters say: a part for each input.
/// Throws ValueError too unless there is a v for each x.
template <detail::FunctionOfList F>
[[nodiscard]] std::vector<Tensor> hvp(F f, const std::vector<Tensor>& x,
                                      const std::vector<Tensor>& v) {
  const auto gradient = detail::gradient("hvp", std::move(f));
  return detail::gradient("hvp", [&gradient, &v](const std::vector<Tensor>& at) {
    return detail::along("hvp", gradient(at), v);
  })(x);
}

struct HessianEstimate {
  std::int64_t samples = 100;  ///< products with random vectors of 1 and -1
};

/// The diagonal of the hessian, like x: the mean of v (H v) over random v; its error falls with the
/// root of their number, and is 0 for a diagonal hessian.
/// Source: Bekas, Kokiopoulou & Saad, An estimator for the diagonal of a matrix (2007).
/// Throws ShapeError unless f(x) is a scalar, ValueError for less than one sample.
template <detail::FunctionOfTensor F>
[[nodiscard]] Tensor hessian_diagonal(F f, const Tensor& x, HessianEstimate options = {},
                                      Rng& rng = default_rng()) {
  const auto gradient = detail::gradient("hessian_diagonal", std::move(f));
  return detail::hessian_diagonal(detail::as_list_function(gradient), x, options, rng);
}
/// The trace of the hessian, a scalar: the mean of v^T H v. Source: Hutchinson (1990). Throws
/// alike.
template <detail::FunctionOfTensor F>
[[nodiscard]] Tensor hessian_trace(F f, const Tensor& x, HessianEstimate options = {},
                                   Rng& rng = default_rng()) {
  return detail::total(hessian_diagonal(std::move(f), x, options, rng));
}

/// x as a constant: no gradient passes.
[[nodiscard]] inline Tensor stop_gradient(const Tensor& x) { return x.detach(); }

}  // namespace xtape

XTAPE_EXPORT_END
