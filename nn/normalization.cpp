#include <string>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/require_eps.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/normalization.hpp>
#include <xtape/ops/dtype_cure.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape::nn {
namespace {

/// A number for each channel, beside [n, channels, extents...].
Tensor beside(const Tensor& numbers, const Tensor& x) {
  Shape shape{numbers.extent(0)};
  while (shape.rank() < x.rank() - 1) shape.push_back(1);
  return reshape(numbers, shape);
}

/// Throws ShapeError unless the second axis has so many channels.
void check_channels(const char* op, const Tensor& x, std::int64_t channels) {
  if (x.rank() >= 2 && x.extent(1) == channels) return;
  throw ShapeError(std::string(op) + ": [examples, " + std::to_string(channels) +
                   " channels, ...] is needed; got " + x.describe());
}

const Shape& checked(const char* op, const Shape& shape, double eps) {
  xtape::detail::require_not_negative(op, "eps", eps);
  if (shape.rank() == 0 || shape.size() == 0)
    throw ShapeError(std::string(op) + ": a shape with elements is needed; got " +
                     to_string(shape));
  return shape;
}

}  // namespace

template <int axes>
BatchNorm<axes>::BatchNorm(std::int64_t channels, const BatchNormOptions& options)
    : channels_(
          xtape::detail::require_at_least<std::int64_t>("batch_norm", "channels", channels, 1)),
      eps_(xtape::detail::require_not_negative("batch_norm", "eps", options.eps)),
      momentum_(options.momentum) {
  if (momentum_) xtape::detail::require_in("batch_norm", "momentum", *momentum_, 0.0, 1.0);
  describe(detail::per_axes("BatchNorm", axes),
           detail::Arguments(channels)("eps", options.eps, 1e-5)("affine", options.affine, true)(
               "track_running_stats", options.track_running_stats, true)
               .text);
  if (options.affine) {
    weight = parameter("weight", ones({channels}, options.dtype));
    bias = parameter("bias", zeros({channels}, options.dtype));
  }
  if (!options.track_running_stats) return;
  running_mean = buffer("running_mean", zeros({channels}, options.dtype));
  running_var = buffer("running_var", ones({channels}, options.dtype));
  num_batches_tracked = buffer("num_batches_tracked", tensor(0));
}

namespace {

/// w x, in the dtype of x.
Tensor weighted(double w, const Tensor& x) { return w * x; }
Tensor weighted(const Tensor& w, const Tensor& x) { return w.to(x.dtype()) * x; }

}  // namespace

template <int axes>
void BatchNorm<axes>::track(const Tensor& mean, const Tensor& variance, std::int64_t count) const {
  const NoGradGuard off;
  const Tensor batches = num_batches_tracked + 1;
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  const auto move = [&](const auto& part) {
    const auto moved = [&](const Buffer& running, const Tensor& batch, double factor) {
      return weighted(1 - part, running) + weighted(part * factor, reshape(batch, {channels_}));
    };
    const Tensor new_mean = moved(running_mean, mean, 1);
    const Tensor new_var = moved(running_var, variance, unbiased);
    running_mean.assign(
        new_mean);  // throws within vmap, where batches have statistics of their own
    running_var.assign(new_var);
    num_batches_tracked.assign(batches);
  };
  momentum_ ? move(*momentum_) : move(1 / batches.to(Dtype::float64));
}

template <int axes>
Tensor BatchNorm<axes>::operator()(const Tensor& given) const {
  return call(given, [&](const Tensor& x) {
    check_channels("batch_norm", x, channels_);
    if (x.rank() != axes + 2 && !(axes == 1 && x.rank() == 2)) {
      throw ShapeError("batch_norm: [examples, channels, extents...] of " + std::to_string(axes) +
                       " axes is needed; got " + x.describe());
    }
    if (running_mean.defined() && x.dtype() != running_mean.dtype()) {
      throw DtypeError("batch_norm: input and statistics must share one dtype; got " +
                       x.describe() + " and " + running_mean.describe() +
                       xtape::detail::dtype_cure(x, running_mean));
    }
    if (!training() && running_mean.defined()) {
      xtape::detail::require_eps("batch_norm", eps_, x.dtype());
      const Tensor y = (x - beside(running_mean, x)) * beside(rsqrt(running_var + eps_), x);
      return weight.defined() ? y * beside(weight, x) + beside(bias, x) : y;
    }
    const std::int64_t count = x.size() / channels_;
    if (training() && count < 2) {
      throw ValueError("batch_norm: training needs more than one value a channel; got " +
                       x.describe());
    }
    const auto [y, mean, variance] = weight.defined() ? batch_norm(x, weight, bias, {.eps = eps_})
                                                      : batch_norm(x, {.eps = eps_});
    if (training() && running_mean.defined()) track(mean, variance, count);
    return y;
  });
}

template struct BatchNorm<1>;
template struct BatchNorm<2>;
template struct BatchNorm<3>;

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& options)
    : shape_(checked("layer_norm", shape, options.eps)), eps_(options.eps) {
  describe("LayerNorm", detail::Arguments(shape)("eps", options.eps, 1e-5)(
                            "affine", options.affine, true)("bias", options.bias, true)
                            .text);
  if (!options.affine) return;
  weight = parameter("weight", ones(shape, options.dtype));
  if (options.bias) bias = parameter("bias", zeros(shape, options.dtype));
}

Tensor LayerNorm::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    if (bias.defined()) return layer_norm(in, weight, bias, {.eps = eps_});
    Tensor y = layer_norm(in, shape_, {.eps = eps_});
    return weight.defined() ? y * weight : y;
  });
}

RMSNorm::RMSNorm(const Shape& shape, const LayerNormOptions& options)
    : shape_(checked("rms_norm", shape, options.eps)), eps_(options.eps) {
  describe("RMSNorm",
           detail::Arguments(shape)("eps", options.eps, 1e-5)("affine", options.affine, true).text);
  if (options.affine) weight = parameter("weight", ones(shape, options.dtype));
}

Tensor RMSNorm::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    return weight.defined() ? rms_norm(in, weight, {.eps = eps_})
                            : rms_norm(in, shape_, {.eps = eps_});
  });
}

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const LayerNormOptions& options)
    : groups_(xtape::detail::require_at_least<std::int64_t>("group_norm", "groups", groups, 1)),
      channels_(
          xtape::detail::require_at_least<std::int64_t>("group_norm", "channels", channels, 1)),
      eps_(xtape::detail::require_not_negative("group_norm", "eps", options.eps)) {
  xtape::detail::require(channels % groups == 0, "group_norm", "groups", "divide the channels",
                         groups);
  describe("GroupNorm", detail::Arguments(groups, channels)("eps", options.eps, 1e-5)(
                            "affine", options.affine, true)("bias", options.bias, true)
                            .text);
  if (!options.affine) return;
  weight = parameter("weight", ones({channels}, options.dtype));
  if (options.bias) bias = parameter("bias", zeros({channels}, options.dtype));
}

Tensor GroupNorm::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    check_channels("group_norm", in, channels_);
    if (bias.defined()) return group_norm(in, groups_, weight, bias, {.eps = eps_});
    const Tensor y = group_norm(in, groups_, {.eps = eps_});
    return weight.defined() ? y * beside(weight, in) : y;
  });
}

}  // namespace xtape::nn
