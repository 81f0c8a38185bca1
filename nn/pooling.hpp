#pragma once
#include <xtape/config.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/pooling.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

namespace detail {
/// "MaxPool2d", and "2, stride=1".
std::string pool_name(const char* name, int axes);
std::string pool_arguments(const PerAxis& window, const PerAxis& stride, const PerAxis& padding);
/// One image [c, extents...] of so many axes as a batch of one, and back. Throws ShapeError for ranks of
/// neither.
struct Images {
  Images(const char* op, const Tensor& x, int axes);
  Tensor unpacked(const Tensor& y) const;
  Tensor batch;
  bool single;
};
}  // namespace detail

/// `max_pool` as a module: `nn::MaxPool2d(2)`.
///   x [n, c, extents...], or one image [c, extents...], of `axes` axes
/// Throws as max_pool, ShapeError for another rank.
template <int axes>
class MaxPool : public Module {
 public:
  explicit MaxPool(const PerAxis& window, const MaxPoolOptions& options = {})
      : window_(window), options_(options) {
    describe(detail::pool_name("MaxPool", axes),
             detail::pool_arguments(window, options.stride, options.padding));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      const detail::Images images("max_pool", in, axes);
      return images.unpacked(max_pool(images.batch, window_, options_));
    });
  }

 private:
  PerAxis window_;
  MaxPoolOptions options_;
};
using MaxPool1d = MaxPool<1>;
using MaxPool2d = MaxPool<2>;
using MaxPool3d = MaxPool<3>;

/// `average_pool` as a module, likewise.
template <int axes>
class AvgPool : public Module {
 public:
  explicit AvgPool(const PerAxis& window, const AveragePoolOptions& options = {})
      : window_(window), options_(options) {
    describe(detail::pool_name("AvgPool", axes),
             detail::pool_arguments(window, options.stride, options.padding));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      const detail::Images images("average_pool", in, axes);
      return images.unpacked(average_pool(images.batch, window_, options_));
    });
  }

 private:
  PerAxis window_;
  AveragePoolOptions options_;
};
using AvgPool1d = AvgPool<1>;
using AvgPool2d = AvgPool<2>;
using AvgPool3d = AvgPool<3>;

/// Pools to a given size, see `adaptive_max_pool` and `adaptive_average_pool`; likewise.
template <int axes, Tensor (*function)(const Tensor&, const PerAxis&)>
class AdaptivePool : public Module {
 public:
  explicit AdaptivePool(const PerAxis& size) : size_(size) {
    const bool max = function == static_cast<Function>(adaptive_max_pool);
    describe(detail::pool_name(max ? "AdaptiveMaxPool" : "AdaptiveAvgPool", axes), size.text());
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      const detail::Images images("adaptive_pool", in, axes);
      return images.unpacked(function(images.batch, size_));
    });
  }

 private:
  using Function = Tensor (*)(const Tensor&, const PerAxis&);
  PerAxis size_;
};
using AdaptiveMaxPool1d = AdaptivePool<1, adaptive_max_pool>;
using AdaptiveMaxPool2d = AdaptivePool<2, adaptive_max_pool>;
using AdaptiveMaxPool3d = AdaptivePool<3, adaptive_max_pool>;
using AdaptiveAvgPool1d = AdaptivePool<1, adaptive_average_pool>;
using AdaptiveAvgPool2d = AdaptivePool<2, adaptive_average_pool>;
using AdaptiveAvgPool3d = AdaptivePool<3, adaptive_average_pool>;

}  // namespace xtape::nn

XTAPE_EXPORT_END
