#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/normalization.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  /// The part of a batch in the running statistics; unset: each batch counts alike.
  std::optional<double> momentum = 0.1;
  bool affine = true;               ///< with weight and bias, one for each channel
  bool track_running_stats = true;  ///< without them a batch's own are used in evaluation too
  Dtype dtype = default_dtype();
};

/// Each channel brought to mean 0 and variance 1 over the batch, times a weight, plus a bias; in
/// evaluation by running statistics.
///   x [n, channels], [n, channels, extents...] of `axes` axes   ->   y, likewise
///   running = (1 - momentum) running + momentum batch, the variance there over n - 1
/// Training mode assigns the buffers running_mean, running_var and num_batches_tracked.
/// Throws ShapeError for another rank or number of channels, ValueError where training has one
/// value a channel, momentum outside of [0, 1], and a negative eps.
/// Source: Ioffe and Szegedy, Batch Normalization (2015).
template <int axes>
struct BatchNorm : Module {
  explicit BatchNorm(std::int64_t channels, const BatchNormOptions& options = {});

  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;                                 // [channels] or undefined
  Buffer running_mean, running_var, num_batches_tracked;  // [channels], [channels], int64[]

 private:
  void track(const Tensor& mean, const Tensor& variance, std::int64_t count) const;

  std::int64_t channels_;
  double eps_;
  std::optional<double> momentum_;
};
using BatchNorm1d = BatchNorm<1>;
using BatchNorm2d = BatchNorm<2>;
using BatchNorm3d = BatchNorm<3>;

struct LayerNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< with a weight and a bias of the shape
  bool bias = true;
  Dtype dtype = default_dtype();
};

/// `layer_norm` over the last axes, times a weight, plus a bias.
///   x [..., shape...]   ->   y, likewise
struct LayerNorm : Module {
  explicit LayerNorm(const Shape& shape, const LayerNormOptions& options = {});
  explicit LayerNorm(std::int64_t extent, const LayerNormOptions& options = {})
      : LayerNorm(Shape{extent}, options) {}

  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;

 private:
  Shape shape_;
  double eps_;
};

/// `rms_norm` over the last axes, times a weight; no bias.
struct RMSNorm : Module {
  explicit RMSNorm(const Shape& shape, const LayerNormOptions& options = {});
  explicit RMSNorm(std::int64_t extent, const LayerNormOptions& options = {})
      : RMSNorm(Shape{extent}, options) {}

  Tensor operator()(const Tensor& x) const;

  Parameter weight;

 private:
  Shape shape_;
  double eps_;
};

/// `group_norm`, times a weight, plus a bias for each channel.
///   x [n, channels, extents...]   ->   y, likewise
/// Throws ValueError unless the groups divide the channels.
struct GroupNorm : Module {
  GroupNorm(std::int64_t groups, std::int64_t channels, const LayerNormOptions& options = {});

  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;

 private:
  std::int64_t groups_, channels_;
  double eps_;
};

/// Each channel of each example by itself; without weight and bias unless asked for.
struct InstanceNorm : GroupNorm {
  explicit InstanceNorm(std::int64_t channels, const LayerNormOptions& options = {.affine = false})
      : GroupNorm(channels, channels, options) {}
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
