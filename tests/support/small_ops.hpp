#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/operation.hpp>

/// Operations on float64 tensors of one shape, as short as can be: the engine is tested without the
/// library's own.
namespace small {

using xtape::Dtype;
using xtape::SavedInput;
using xtape::SavedOutput;
using xtape::Send;
using xtape::Shape;
using xtape::Tensor;

inline Tensor scalar(double value) { return xtape::full({}, value, Dtype::float64); }
inline Tensor leaf(double value) { return scalar(value).set_requires_grad(true); }
inline Tensor vector(std::vector<double> values) { return xtape::from_vector(std::move(values)); }
inline std::vector<double> values(const Tensor& x) { return x.detach().to_vector<double>(); }

/// y[i] = f(a[i], b[i]), not recorded.
template <class F>
Tensor map(const Tensor& a, const Tensor& b, F f) {
  std::vector<double> y = a.detach().to_vector<double>();
  const std::vector<double> other = b.detach().to_vector<double>();
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = f(y[i], other[i]);
  return xtape::from_span(std::span<const double>(y), a.shape());  // in the library's own memory
}

inline Tensor add(const Tensor& a, const Tensor& b) {
  return record("add", map(a, b, std::plus<>()), {a, b}, [](const Tensor& g, const Send& send) {
    send(0, g);
    send(1, g);
  });
}

inline Tensor scale(const Tensor& x, double factor) {
  return record("scale", map(x, x, [factor](double v, double) { return factor * v; }), {x},
                [factor](const Tensor& g, const Send& send) { send(0, scale(g, factor)); });
}

inline Tensor multiply(const Tensor& a, const Tensor& b) {
  return record("multiply", map(a, b, std::multiplies<>()), {a, b},
                [a = SavedInput(a), b = SavedInput(b)](const Tensor& g, const Send& send) {
                  send(0, [&] { return multiply(g, b.get()); });
                  send(1, [&] { return multiply(g, a.get()); });
                });
}

/// exp, whose derivative is its own result.
inline Tensor exp(const Tensor& x);

/// The same tensor again, by its own node: gradients pass through as they are.
inline Tensor pass(const Tensor& x) {
  return record("pass", x.detach(), {x}, [](Tensor g, const Send& send) { send(0, std::move(g)); });
}

inline Tensor spread(const Tensor& x, const Shape& shape);

/// The sum of all elements, of rank 0.
inline Tensor total(const Tensor& x) {
  double sum = 0;
  for (const double value : x.detach().to_vector<double>()) sum += value;
  return record("total", scalar(sum), {x}, [shape = x.shape()](const Tensor& g, const Send& send) {
    send(0, spread(g, shape));
  });
}

/// A tensor with the one value of `x` everywhere.
inline Tensor spread(const Tensor& x, const Shape& shape) {
  return record("spread", xtape::full(shape, x.detach().item(), Dtype::float64), {x},
                [](const Tensor& g, const Send& send) { send(0, total(g)); });
}

inline Tensor exp(const Tensor& x) {
  Tensor y = map(x, x, [](double v, double) { return std::exp(v); });
  return record("exp", y, {x}, [y = SavedOutput(y)](const Tensor& g, const Send& send) {
    send(0, multiply(g, y.get(send)));
  });
}

/// The sum of many tensors as one operation.
inline Tensor add_all(const std::vector<Tensor>& terms) {
  std::vector<const Tensor*> inputs;
  Tensor sum = map(terms.front(), terms.front(), [](double, double) { return 0.0; });
  for (const Tensor& term : terms) {
    inputs.push_back(&term);
    sum = map(sum, term, std::plus<>());
  }
  return record("add_all", sum, inputs, [n = terms.size()](const Tensor& g, const Send& send) {
    for (std::size_t i = 0; i < n; ++i) send(i, g);
  });
}

/// Passes x on; its rule throws.
inline Tensor broken(const Tensor& x) {
  return record("broken", x.detach(), {x},
                [](const Tensor&, const Send&) { throw std::runtime_error("broken rule"); });
}

}  // namespace small
