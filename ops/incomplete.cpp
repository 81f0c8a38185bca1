#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/incomplete.hpp>
#include <xtape/ops/incomplete_gamma.hpp>
#include <xtape/ops/kernels/incomplete.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/numbers.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/special.hpp>

namespace xtape {
namespace {

/// The result of a function of double numbers.
template <class... X>
OpResult of_numbers(const char* op, const Tensor& first, const X&... x) {
  OpResult y{first.shape(), first.dtype()};
  ((y.shape = broadcast_shapes(op, y.shape, x.shape()), y.dtype = promote(y.dtype, x.dtype())),
   ...);
  if (!is_floating(y.dtype)) y.dtype = Dtype::float64;
  return y;
}

/// An operand as the kernels take it.
Tensor in_double(const Tensor& x, const Shape& shape) {
  return broadcast_to(x, shape).to(Dtype::float64).contiguous();
}

/// A gradient in the shape and dtype of an input.
void send_like(const Send& send, std::size_t input, const Tensor& dx) {
  send(input, sum_to(dx, send.shape(input)).to(send.dtype(input)));
}

void check_order(const char* op, int order) {
  if (order <= kernels::most_orders) return;
  throw GradError(std::string(op) + ": derivatives by the parameters are known to order " +
                  std::to_string(kernels::most_orders) + "; order " + std::to_string(order) +
                  " was asked for");
}

/// dP/dx, differentiated by a so often.
struct GammaDensity {
  static constexpr OpInfo info{"gammainc"};
  int order;
  SavedInput a{}, x{};
  void attributes(auto& visit) const { visit("order", order); }

  OpResult infer(const Tensor& u, const Tensor& v) const { return of_numbers(info.name, u, v); }
  void run(const Tensor& y, const Tensor& u, const Tensor& v) const {
    const NoGradGuard off;
    kernels::gamma_density(order, in_double(u, y.shape()), in_double(v, y.shape()), y);
  }
  void keep(const Tensor&, const Tensor& u, const Tensor& v) {
    a = SavedInput(u), x = SavedInput(v);
  }
  Tensor by_a() const {
    check_order(info.name, order + 1);
    return apply(GammaDensity{order + 1}, a.get(), x.get());
  }
  /// The derivative of f ((a - 1) / x - 1) by a, by Leibniz's rule.
  Tensor by_x() const {
    const Tensor factor = (a.get() - 1) / x.get() - 1;
    Tensor first = apply(GammaDensity{order}, a.get(), x.get()) * factor;
    if (order == 0) return first;
    return first + order * apply(GammaDensity{order - 1}, a.get(), x.get()) / x.get();
  }
  void vjp(const Tensor& g, const Send& send) const {
    if (send.wanted(0)) send_like(send, 0, g * by_a());
    if (send.wanted(1)) send_like(send, 1, g * by_x());
  }
  Tensor batch(const Examples& examples) const {
    const detail::Aligned all(examples);
    return apply(GammaDensity{order}, all[0], all[1]);
  }
};

/// P, or 1 - P, differentiated by a so often.
struct IncompleteGamma {
  OpInfo info;
  bool upper;
  int order = 0;
  SavedInput a{}, x{};
  void attributes(auto& visit) const { visit("order", order); }

  OpResult infer(const Tensor& u, const Tensor& v) const { return of_numbers(info.name, u, v); }
  void run(const Tensor& y, const Tensor& u, const Tensor& v) const {
    const NoGradGuard off;
    kernels::incomplete_gamma(upper, order, in_double(u, y.shape()), in_double(v, y.shape()), y);
  }
  void keep(const Tensor&, const Tensor& u, const Tensor& v) {
    a = SavedInput(u), x = SavedInput(v);
  }
  void vjp(const Tensor& g, const Send& send) const {
    if (send.wanted(0)) {
      check_order(info.name, order + 1);
      send_like(send, 0, g * apply(IncompleteGamma{info, upper, order + 1}, a.get(), x.get()));
    }
    if (send.wanted(1)) {
      const Tensor density = apply(GammaDensity{order}, a.get(), x.get());
      send_like(send, 1, upper ? -g * density : g * density);
    }
  }
  Tensor batch(const Examples& examples) const {
    const detail::Aligned all(examples);
    return apply(IncompleteGamma{info, upper, order}, all[0], all[1]);
  }
};

/// By a and b together.
kernels::Orders checked(kernels::Orders orders) {
  check_order("betainc", orders.a + orders.b);
  return orders;
}

/// I, or dI/dx, `density`, differentiated by a and b so often.
struct IncompleteBeta {
  static constexpr OpInfo info{"betainc"};
  bool density = false;
  kernels::Orders orders{};
  SavedInput a{}, b{}, x{};
  void attributes(auto& visit) const {
    visit("density", density), visit("order_a", orders.a), visit("order_b", orders.b);
  }

  OpResult infer(const Tensor& p, const Tensor& q, const Tensor& at) const {
    return of_numbers(info.name, p, q, at);
  }
  void run(const Tensor& y, const Tensor& p, const Tensor& q, const Tensor& at) const {
    const NoGradGuard off;
    const auto in = [&](const Tensor& operand) { return in_double(operand, y.shape()); };
    const auto compute = density ? kernels::beta_density : kernels::incomplete_beta;
    compute(orders, in(p), in(q), in(at), y);
  }
  void keep(const Tensor&, const Tensor& p, const Tensor& q, const Tensor& at) {
    a = SavedInput(p), b = SavedInput(q), x = SavedInput(at);
  }
  Tensor of(bool as_density, kernels::Orders other) const {
    return apply(IncompleteBeta{as_density, checked(other)}, a.get(), b.get(), x.get());
  }
  /// Of I the density; of that, f ((a - 1) / x - (b - 1) / (1 - x)) differentiated by a and b, by
  /// Leibniz's rule.
  Tensor by_x() const {
    Tensor f = of(true, orders);
    if (!density) return f;
    const Tensor rest = 1 - x.get();
    Tensor slope = f * ((a.get() - 1) / x.get() - (b.get() - 1) / rest);
    if (orders.a > 0) slope = slope + orders.a * of(true, {orders.a - 1, orders.b}) / x.get();
    if (orders.b > 0) slope = slope - orders.b * of(true, {orders.a, orders.b - 1}) / rest;
    return slope;
  }
  void vjp(const Tensor& g, const Send& send) const {
    if (send.wanted(0)) send_like(send, 0, g * of(density, {orders.a + 1, orders.b}));
    if (send.wanted(1)) send_like(send, 1, g * of(density, {orders.a, orders.b + 1}));
    if (send.wanted(2)) send_like(send, 2, g * by_x());
  }
  Tensor batch(const Examples& examples) const {
    const detail::Aligned all(examples);
    return apply(IncompleteBeta{density, orders}, all[0], all[1], all[2]);
  }
};

void check_defined(const char* op, const char* what, const Operand& x) {
  if (!x.is_number()) detail::require_defined(op, what, x.dense());
}

Tensor incomplete_gamma(const OpInfo& info, bool upper, const Operand& left, const Operand& right) {
  check_defined(info.name, "a", left);
  check_defined(info.name, "x", right);
  Tensor constants[2];
  const Tensor a = detail::operand_tensor(info.name, left, right.dtype(), constants[0]);
  const Tensor& x = detail::operand_tensor(info.name, right, a.dtype(), constants[1]);
  return apply(IncompleteGamma{info, upper}, a, x);
}

}  // namespace

namespace detail {

Tensor gammainc_by_a(const Tensor& a, const Tensor& x) {
  return apply(IncompleteGamma{{"gammainc"}, false, 1}, a, x);
}
Tensor gamma_density(const Tensor& a, const Tensor& x) { return apply(GammaDensity{0}, a, x); }

}  // namespace detail

Tensor gammainc(const Operand& a, const Operand& x) {
  return incomplete_gamma({"gammainc"}, false, a, x);
}
Tensor gammaincc(const Operand& a, const Operand& x) {
  return incomplete_gamma({"gammaincc"}, true, a, x);
}

Tensor betainc(const Operand& a, const Operand& b, const Operand& x) {
  check_defined("betainc", "a", a);
  check_defined("betainc", "b", b);
  check_defined("betainc", "x", x);
  Tensor constants[3];
  const Dtype other = x.is_number() ? a.is_number() ? b.dtype() : a.dtype() : x.dtype();
  const Tensor p = detail::operand_tensor("betainc", a, other, constants[0]);
  const Tensor q = detail::operand_tensor("betainc", b, other, constants[1]);
  const Tensor& at = detail::operand_tensor("betainc", x, other, constants[2]);
  return apply(IncompleteBeta{}, p, q, at);
}

}  // namespace xtape
