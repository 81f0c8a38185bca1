#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/implicit.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::detail {
namespace {

using Tensors = std::vector<Tensor>;

/// f with its first argument in front of the others.
ListFunction joined(const ImplicitFunction& f) {
  return [f](const Tensors& all) { return f(all[0], {all.begin() + 1, all.end()}); };
}
Tensors joined(const Tensor& x, const Tensors& theta) {
  Tensors all{x};
  all.insert(all.end(), theta.begin(), theta.end());
  return all;
}

Tensor value_of(const char* op, const ImplicitFunction& f, const Tensor& x, const Tensors& theta) {
  Tensor y = f(x, theta);
  require_defined(op, "the result of the function", y);
  const auto text = [&] {
    return std::string(op) + ": the function must give what is like x; got " + y.describe() +
           " for " + x.describe();
  };
  if (y.shape() != x.shape()) throw ShapeError(text());
  if (y.dtype() != x.dtype()) throw DtypeError(text());
  return y;
}

/// Moves x by `step(x)`, which gives the next one, until it stays.
template <class F>
Tensor iterated(const char* op, const Tensor& x0, const Tensors& theta, const SolveOptions& options,
                F&& step) {
  require_defined(op, "x0", x0);
  for (const Tensor& parameter : theta) require_defined(op, "theta", parameter);
  if (!is_floating(x0.dtype()))
    throw DtypeError(std::string(op) + ": x0 must be floating; got " + x0.describe());
  for (const Tensor& x : joined(x0, theta)) check_has_values(op, x);  // it iterates until they stay
  const double tolerance = require_positive(
      op, "tolerance", options.tolerance.value_or(x0.dtype() == Dtype::float32 ? 1e-5 : 1e-12));
  require_at_least<std::int64_t>(op, "max_iterations", options.max_iterations, 1);
  const NoGradGuard off;
  Tensor x = x0.detach();
  double change = 0;
  for (std::int64_t i = 0; i < options.max_iterations; ++i) {
    Tensor next = step(x);
    if (x.size() == 0) return next;
    change = amax(abs(next - x) / (1 + abs(next))).item();
    x = next;
    if (change <= tolerance) return x;
  }
  throw ValueError(std::string(op) + ": no solution within " +
                   std::to_string(options.max_iterations) + " iterations; the last moved x by " +
                   text(change) + " of 1 + its size");
}

/// The solution of a x = b, a [n, n] and b [n], in float64.
Tensor solved(const char* op, const Tensor& a, const Tensor& b) {
  try {
    return linalg::solve(a.detach().to(Dtype::float64), b.detach().to(Dtype::float64));
  } catch (const ValueError&) {
    throw ValueError(std::string(op) + ": the jacobian is singular at x, which Newton's method " +
                     "cannot go on from");
  }
}

/// Newton's step from x to where f is 0, on the elements of x in a row: its shape is none of a
/// matrix.
template <class F>
Tensor newton(const char* op, const F& f, const Tensor& x, const Tensor& y) {
  const auto of_row = [&](const Tensor& row) { return ravel(f(reshape(row, x.shape()))); };
  const Tensor row = ravel(x), step = solved(op, jacobian(of_row, row), ravel(y));
  return x - reshape(step.to(x.dtype()), x.shape());
}

/// The solution x of an equation in x and theta, recorded with the rule of the implicit function
/// theorem: `adjoint(g, x, theta)` is the vector whose product with df/dtheta is the gradient.
template <class Adjoint>
Tensor recorded_solution(const char* op, const ImplicitFunction& f, const Tensor& x,
                         const Tensors& theta, Adjoint adjoint) {
  if (!recording()) return x;
  Linearized(op, joined(f), joined(x, theta)).refuse_captured();
  std::vector<const Tensor*> inputs;
  std::vector<SavedInput> saved;
  for (const Tensor& one : theta) {
    inputs.push_back(&one);
    saved.emplace_back(one);
  }
  const auto rule = [=, saved = std::move(saved), output = SavedOutput(x)](const Tensor& g,
                                                                           const Send& send) {
    const Tensor at = output.get(send);
    Tensors parameters;
    for (const SavedInput& one : saved) parameters.push_back(one.get());
    const Tensor u = adjoint(g, at, parameters);
    const auto of_theta = [&](const Tensors& t) { return f(at, t); };
    const Tensors gradients = vjp(of_theta, parameters).second(u);
    for (std::size_t i = 0; i < gradients.size(); ++i) send(i, gradients[i]);
  };
  return record(op, x, inputs, rule);
}

/// (df/dx)^T u at the x and theta that stand behind g in a list.
Tensor pulled(const ImplicitFunction& f, const Tensor& u, const Tensors& g_x_theta) {
  const Tensors theta(g_x_theta.begin() + 2, g_x_theta.end());
  return vjp([&](const Tensor& x) { return f(x, theta); }, g_x_theta[1]).second(u);
}

Tensors behind(const Tensor& g, const Tensor& x, const Tensors& theta) {
  return joined(g, joined(x, theta));
}

}  // namespace

Tensor fixed_point(const ImplicitFunction& f, const Tensor& x0, const Tensors& theta,
                   const SolveOptions& options) {
  const Tensor x = iterated("fixed_point", x0, theta, options, [&](const Tensor& at) {
    return value_of("fixed_point", f, at, theta);
  });
  return recorded_solution(
      "fixed_point", f, x, theta, [=](const Tensor& g, const Tensor& at, const Tensors& t) {
        const auto next = [f](const Tensor& u, const Tensors& given) {
          return given[0] + pulled(f, u, given);
        };
        return fixed_point(next, zeros_like(g.detach()), behind(g, at, t), options);
      });
}

Tensor root(const ImplicitFunction& f, const Tensor& x0, const Tensors& theta,
            const SolveOptions& options) {
  const Tensor x = iterated("root", x0, theta, options, [&](const Tensor& at) {
    const Tensor y = value_of("root", f, at, theta);
    return newton(
        "root", [&](const Tensor& moved) { return f(moved, theta); }, at, y);
  });
  return recorded_solution(
      "root", f, x, theta, [=](const Tensor& g, const Tensor& at, const Tensors& t) {
        const auto equation = [f](const Tensor& w, const Tensors& given) {
          return pulled(f, w, given) - given[0];
        };
        return -root(equation, zeros_like(g.detach()), behind(g, at, t), options);
      });
}

}  // namespace xtape::detail
