#include <array>

#include <xtape/core/create.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/require_eps.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/nn/regression_loss.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/blend.hpp>

namespace xtape::nn {
namespace {

/// predictions - targets, in the dtype of the predictions.
Tensor residuals(const char* op, const Tensor& predictions, const Tensor& targets) {
  detail::check_same_shape(op, "predictions", predictions, targets);
  detail::check_floating(op, "predictions", predictions);
  return predictions - targets.to(predictions.dtype());
}

/// x² / 2 up to delta, and from there on the straight line that goes on.
struct Huber {
  OpInfo info;
  double delta;
  SavedInput input{};
  void attributes(auto& visit) const { visit("delta", delta); }

  OpResult infer(const Tensor& x) const { return {x.shape(), x.dtype()}; }
  void run(const Tensor& y, const Tensor& x) const {
    const Tensor end = full({}, delta, x.dtype());
    map(formulas().huber, y.dtype(), y, std::array{&x, &end});
  }
  void keep(const Tensor&, const Tensor& x) { input = SavedInput(x); }
  void vjp(const Tensor& g, const Send& send) const;
  Tensor jvp(const Tangents& t) const { return times(t[0], clip(input.get(), -delta, delta)); }
  Tensor batch(const Examples& x) const { return apply(Huber{info, delta}, x[0]); }

  static const kernels::BlendKernels& formulas() {
    return kernels::chosen<kernels::BlendKernels>();
  }
};

/// Its derivative, for backward passes that are not recorded.
struct HuberGradient {
  OpInfo info;
  double delta;
  void attributes(auto& visit) const { visit("delta", delta); }

  OpResult infer(const Tensor& g, const Tensor& x) const { return {x.shape(), g.dtype()}; }
  void run(const Tensor& y, const Tensor& g, const Tensor& x) const {
    const Tensor end = full({}, delta, x.dtype());
    map(Huber::formulas().huber_slope, y.dtype(), y, std::array{&g, &x, &end});
  }
};

void Huber::vjp(const Tensor& g, const Send& send) const {
  const Tensor& x = input.get();
  if (xtape::detail::plain(g) && xtape::detail::level_of(x) == 0)
    return send(0, apply(HuberGradient{info, delta}, g, x));
  send(0, times(g, clip(x, -delta, delta)));
}

Tensor huber(const char* op, const Tensor& error, double delta) {
  Number(delta).check_kept(op, error.dtype());
  return apply(Huber{{op}, delta}, error);
}

}  // namespace

Tensor mean_squared_error(const Tensor& predictions, const Tensor& targets,
                          const LossOptions& options) {
  return detail::reduced(square(residuals("mean_squared_error", predictions, targets)),
                         options.reduction);
}

Tensor mean_absolute_error(const Tensor& predictions, const Tensor& targets,
                           const LossOptions& options) {
  return detail::reduced(abs(residuals("mean_absolute_error", predictions, targets)),
                         options.reduction);
}

Tensor huber_loss(const Tensor& predictions, const Tensor& targets, const HuberOptions& options) {
  xtape::detail::require_positive("huber_loss", "delta", options.delta);
  const Tensor error = residuals("huber_loss", predictions, targets);
  return detail::reduced(huber("huber_loss", error, options.delta), options.reduction);
}

Tensor smooth_l1_loss(const Tensor& predictions, const Tensor& targets,
                      const SmoothL1Options& options) {
  const Tensor error = residuals("smooth_l1_loss", predictions, targets);
  const double beta =
      xtape::detail::require_eps("smooth_l1_loss", options.beta, error.dtype(), "beta");
  if (beta == 0) return detail::reduced(abs(error), options.reduction);
  return detail::reduced(huber("smooth_l1_loss", error, beta) / beta, options.reduction);
}

}  // namespace xtape::nn
