#pragma once
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Points of a central difference: f(x +- h), or f(x +- h), f(x +- 2h) and f(x +- 3h), whose error
/// is of order h^6.
enum class Stencil { two_point, six_point };

struct GradcheckOptions {
  int order = 1;      ///< derivatives of order 1 to `order` are checked
  bool fast = false;  ///< one random direction first, all derivatives only where it disagrees
  Stencil stencil = Stencil::six_point;
  /// Steps in proportion to |x| also below 1, and no absolute tolerance: sees derivatives that are
  /// tiny and wrong, as in tails. Where the function itself is not small, from order 2 on.
  bool relative = false;
  /// h, times |x| where that is above 1; unless set 1e-3, or 1e-6 with two points.
  std::optional<double> eps = {};
  /// Tolerated difference: unless set 1e-8, or 1e-6 with two points, or 0 if relative.
  std::optional<double> atol = {};
  /// And that relative to the derivative: unless set 1e-6, or 1e-5 with two points.
  std::optional<double> rtol = {};
  bool subsets = true;                  ///< also with only some of the inputs requiring gradients
  std::vector<std::string> names = {};  ///< of the inputs; "input 0", ... unless given
  std::uint64_t seed = 0;               ///< of the random directions
};

/// One derivative: what backward says, and what differences of the function say.
struct GradcheckEntry {
  std::string output = {}, input = {};  ///< with indices: "weight[0, 2]"
  double analytic = 0;
  double numeric = 0;          ///< central difference
  double left = 0, right = 0;  ///< one-sided differences, infinite where they diverge
  double error = 0;            ///< |analytic - numeric|, in units of what is tolerated
};

/// True if all derivatives agree. Prints what was compared, or the worst derivative.
struct GradcheckResult {
  bool passed = true;
  int order = 0;               ///< the last order that was checked
  std::int64_t compared = 0;   ///< derivatives of that order
  std::int64_t differing = 0;  ///< and those among them that are wrong
  GradcheckEntry worst = {};
  /// What else is wrong: a random function, gradients of a subset of inputs.
  std::string problem = {};
  /// Where the check fails, which operation's rule is wrong by itself, at the operands that it had
  /// in the function; else those whose rules cannot be checked by themselves, see `record`.
  std::string suspect = {};

  explicit operator bool() const { return passed; }
};
std::ostream& operator<<(std::ostream& stream, const GradcheckResult& result);

namespace detail {
using GradcheckFunction = std::function<std::vector<Tensor>(std::vector<Tensor>&)>;
GradcheckResult gradcheck_inputs(const GradcheckFunction& function,
                                 const std::vector<Tensor>& inputs,
                                 const GradcheckOptions& options);
GradcheckResult gradcheck_leaves(const GradcheckFunction& function, const NamedTensors& leaves,
                                 const GradcheckOptions& options);
inline std::vector<Tensor> output_list(Tensor output) { return {std::move(output)}; }
inline std::vector<Tensor> output_list(std::vector<Tensor> outputs) { return outputs; }
}  // namespace detail

/// Compares the derivatives of `function` at `inputs` with finite differences, in float64.
///
///   CHECK(gradcheck([](auto& v) { return sum(sin(v[0]) * v[1]); }, {a, b}))
///
/// The function takes a list of tensors and returns a tensor or a list of them, of any shapes; it
/// is called with float64 copies of the floating inputs, the others are passed on. Checked are:
/// every derivative of every output by every input, and those of the next orders by differentiating
/// a random projection of the gradients, also by the cotangents; that two runs agree, forward and
/// backward; that cotangents of zero give gradients of zero; that forward mode, where every
/// operation has it, agrees with backward; and that each subset of the inputs gets the same
/// gradients as all together. By an input that is infinite or NaN nothing is compared. At a kink,
/// where the one-sided differences disagree, the derivative must lie between them; where they
/// diverge, it must be infinite; where the function is NaN all around, it must be NaN or 0. An
/// operation's rule for `vmap` is not looked at: compare `vmap(f)(xs)` with f of each.
///
/// Throws DtypeError if an output is float32, and what the function throws.
template <std::invocable<std::vector<Tensor>&> F>
[[nodiscard]] GradcheckResult gradcheck(F&& function, const std::vector<Tensor>& inputs,
                                        const GradcheckOptions& options = {}) {
  return detail::gradcheck_inputs(
      [&](std::vector<Tensor>& x) { return detail::output_list(function(x)); }, inputs, options);
}

/// The same of a function of one tensor: `gradcheck([](const Tensor& x) { return sin(x); }, x)`.
template <class F, std::derived_from<Tensor> Input>
requires std::invocable<F, const Tensor&>
[[nodiscard]] GradcheckResult gradcheck(F&& function, const Input& input,
                                        const GradcheckOptions& options = {}) {
  return detail::gradcheck_inputs(
      [&](std::vector<Tensor>& x) { return detail::output_list(function(x[0])); }, {input},
      options);
}

/// The same by leaves that the function, without arguments, reads on its own, such as those of a
/// module: `model.named_parameters()`. They are raised to float64 for the check and put back as
/// they were, also when something throws; those that require no gradient are raised but not
/// checked. What else the function reads should be float64 too.
template <std::invocable F>
[[nodiscard]] GradcheckResult gradcheck(F&& function, const NamedTensors& leaves,
                                        const GradcheckOptions& options = {}) {
  return detail::gradcheck_leaves(
      [&](std::vector<Tensor>&) { return detail::output_list(function()); }, leaves, options);
}
template <std::invocable F, class Module>
requires requires(const Module& module) { module.named_parameters(); }
[[nodiscard]] GradcheckResult gradcheck(F&& function, const Module& module,
                                        const GradcheckOptions& options = {}) {
  return gradcheck(std::forward<F>(function), NamedTensors(module.named_parameters()), options);
}

}  // namespace xtape

XTAPE_EXPORT_END
