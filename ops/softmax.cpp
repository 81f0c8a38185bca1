#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/softmax.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape {
namespace {

/// Along the last axis of a floating tensor, as rows.
struct RowCount {
  explicit RowCount(const Tensor& x)
      : columns(x.extent(-1)), rows(columns == 0 ? 0 : x.size() / columns) {}
  std::int64_t columns, rows;
};

struct Softmax {
  static constexpr OpInfo info{"softmax"};
  static constexpr auto value = &kernels::SoftmaxKernels::softmax_rows;
  static constexpr auto gradient = &kernels::SoftmaxKernels::softmax_gradient_rows;
  static Tensor pull(const Tensor& g, const Tensor& y) {
    return y * (g - sum(g * y, -1, {.keep_dims = true}));
  }
  static Tensor push(const Tensor& dx, const Tensor& y) { return pull(dx, y); }
};

struct LogSoftmax {
  static constexpr OpInfo info{"log_softmax"};
  static constexpr auto value = &kernels::SoftmaxKernels::log_softmax_rows;
  static constexpr auto gradient = &kernels::SoftmaxKernels::log_softmax_gradient_rows;
  static Tensor pull(const Tensor& g, const Tensor& y) {
    return g - exp(y) * sum(g, -1, {.keep_dims = true});
  }
  static Tensor push(const Tensor& dx, const Tensor& y) {
    return dx - sum(exp(y) * dx, -1, {.keep_dims = true});
  }
};

/// The derivative of one of the two, fused: for backward passes that are not recorded.
template <class Function>
struct RowsGradient {
  static constexpr OpInfo info{Function::info.name};

  void attributes(auto& visit) const { visit("gives", std::string("gradient")); }
  OpResult infer(const Tensor& g, const Tensor&) const { return {g.shape(), g.dtype()}; }
  void run(const Tensor& dx, const Tensor& g, const Tensor& y) const {
    const RowCount count(y);
    const Tensor given = g.contiguous(), dense = y.contiguous();
    (kernels::softmax_kernels().*Function::gradient)(
        g.dtype(), count.rows, count.columns, dense.body().data, given.body().data, dx.body().data);
  }
  Tensor batch(const Examples& x) const { return apply(RowsGradient(), x.each(0), x.each(1)); }
};

template <class Function>
struct AlongRows {
  static constexpr OpInfo info = Function::info;
  SavedOutput output;

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const RowCount count(x);
    const Tensor dense = x.contiguous();
    (kernels::softmax_kernels().*Function::value)(x.dtype(), count.rows, count.columns,
                                                  dense.body().data, y.body().data);
  }
  void keep(const Tensor& y, const Tensor&) { output = SavedOutput(y); }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor y = output.get(send);
    const bool derived = detail::watched(g) || detail::watched(y);
    send(0, derived ? Function::pull(g, y) : apply(RowsGradient<Function>(), g, y));
  }
  Tensor jvp(const Tangents& t) const { return Function::push(t[0], output.get(t)); }
  Tensor batch(const Examples& x) const { return apply(AlongRows(), x[0]); }
};

/// Along any axis, by bringing that axis to the end.
template <class Op>
Tensor along_axis(const Tensor& x, std::int64_t axis) {
  const std::string op = Op::info.name;
  if (x.rank() == 0) throw ShapeError(op + ": at least one axis is needed; got " + x.describe());
  const Tensor floating = is_floating(x.dtype()) ? x : x.to(Dtype::float64);
  if (normalize_axis(Op::info.name, axis, x.rank()) == x.rank() - 1) return apply(Op(), floating);
  return swapaxes(apply(Op(), swapaxes(floating, axis, -1)), axis, -1);
}

}  // namespace

Tensor softmax(const Tensor& x, std::int64_t axis) {
  detail::require_defined("softmax", "x", x);
  return along_axis<AlongRows<Softmax>>(x, axis);
}

Tensor log_softmax(const Tensor& x, std::int64_t axis) {
  detail::require_defined("log_softmax", "x", x);
  return along_axis<AlongRows<LogSoftmax>>(x, axis);
}

}  // namespace xtape
