#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/pooling.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// `max_pool` as a module, of images of 1 to 3 axes: `nn::MaxPool2d(2)`.
class MaxPool : public Module {
 public:
  explicit MaxPool(const PerAxis& window, const MaxPoolOptions& options = {})
      : window_(window), options_(options) {}
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return max_pool(in, window_, options_); });
  }

 private:
  PerAxis window_;
  MaxPoolOptions options_;
};
using MaxPool1d = MaxPool;
using MaxPool2d = MaxPool;
using MaxPool3d = MaxPool;

/// `average_pool` as a module.
class AveragePool : public Module {
 public:
  explicit AveragePool(const PerAxis& window, const AveragePoolOptions& options = {})
      : window_(window), options_(options) {}
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return average_pool(in, window_, options_); });
  }

 private:
  PerAxis window_;
  AveragePoolOptions options_;
};
using AvgPool1d = AveragePool;
using AvgPool2d = AveragePool;
using AvgPool3d = AveragePool;

/// Pools to a given size, see `adaptive_max_pool` and `adaptive_average_pool`.
template <Tensor (*function)(const Tensor&, const PerAxis&)>
class AdaptivePool : public Module {
 public:
  explicit AdaptivePool(const PerAxis& size) : size_(size) {}
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) { return function(in, size_); });
  }

 private:
  PerAxis size_;
};
using AdaptiveMaxPool = AdaptivePool<adaptive_max_pool>;
using AdaptiveAveragePool = AdaptivePool<adaptive_average_pool>;
using AdaptiveMaxPool2d = AdaptiveMaxPool;
using AdaptiveAvgPool2d = AdaptiveAveragePool;

}  // namespace xtape::nn

XTAPE_EXPORT_END
