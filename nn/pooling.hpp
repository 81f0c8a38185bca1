#pragma once
#include <xtape/config.hpp>
#include <xtape/nn/channels.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/pooling.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

namespace detail {
/// "MaxPool2d", and "2, stride=1".
std::string pool_name(const char* name, int axes);
std::string pool_arguments(const PerAxis& window, const PerAxis& stride, const PerAxis& padding);
/// One image [c, extents...] of so many axes as a batch of one, and back. Throws ShapeError for
/// ranks of neither.
struct Images {
  Images(const char* op, const Tensor& x, int axes);
  Tensor unpacked(const Tensor& y) const;
  Tensor batch;
  bool single;
};
}  // namespace detail

/// `max_pool` as a module: `nn::MaxPool2d(2)`.
///   x [n, c, extents...], or one image [c, extents...], of `axes` axes; with channels last
///   [n, extents..., c]
/// Throws as max_pool, ShapeError for another rank.
template <int axes>
class MaxPool : public Module {
 public:
  explicit MaxPool(const PerAxis& window, const MaxPoolOptions& options = {},
                   Channels channels = Channels::first)
      : window_(window), options_(options), channels_(channels) {
    describe(detail::pool_name("MaxPool", axes),
             detail::pool_arguments(window, options.stride, options.padding));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      return detail::channels_first(in, axes, channels_, [&](const Tensor& first) {
        const detail::Images images("max_pool", first, axes);
        return images.unpacked(max_pool(images.batch, window_, options_));
      });
    });
  }

 private:
  PerAxis window_;
  MaxPoolOptions options_;
  Channels channels_;
};
using MaxPool1d = MaxPool<1>;
using MaxPool2d = MaxPool<2>;
using MaxPool3d = MaxPool<3>;

/// `average_pool` as a module, likewise.
template <int axes>
class AvgPool : public Module {
 public:
  explicit AvgPool(const PerAxis& window, const AveragePoolOptions& options = {},
                   Channels channels = Channels::first)
      : window_(window), options_(options), channels_(channels) {
    describe(detail::pool_name("AvgPool", axes),
             detail::pool_arguments(window, options.stride, options.padding));
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      return detail::channels_first(in, axes, channels_, [&](const Tensor& first) {
        const detail::Images images("average_pool", first, axes);
        return images.unpacked(average_pool(images.batch, window_, options_));
      });
    });
  }

 private:
  PerAxis window_;
  AveragePoolOptions options_;
  Channels channels_;
};
using AvgPool1d = AvgPool<1>;
using AvgPool2d = AvgPool<2>;
using AvgPool3d = AvgPool<3>;

/// Pools to a given size, see `adaptive_max_pool` and `adaptive_average_pool`; likewise.
template <int axes, Tensor (*function)(const Tensor&, const PerAxis&)>
class AdaptivePool : public Module {
 public:
  explicit AdaptivePool(const PerAxis& size, Channels channels = Channels::first)
      : size_(size), channels_(channels) {
    const bool max = function == static_cast<Function>(adaptive_max_pool);
    describe(detail::pool_name(max ? "AdaptiveMaxPool" : "AdaptiveAvgPool", axes), size.text());
  }
  Tensor operator()(const Tensor& x) const {
    return call(x, [&](const Tensor& in) {
      return detail::channels_first(in, axes, channels_, [&](const Tensor& first) {
        const detail::Images images("adaptive_pool", first, axes);
        return images.unpacked(function(images.batch, size_));
      });
    });
  }

 private:
  using Function = Tensor (*)(const Tensor&, const PerAxis&);
  PerAxis size_;
  Channels channels_;
};
using AdaptiveMaxPool1d = AdaptivePool<1, adaptive_max_pool>;
using AdaptiveMaxPool2d = AdaptivePool<2, adaptive_max_pool>;
using AdaptiveMaxPool3d = AdaptivePool<3, adaptive_max_pool>;
using AdaptiveAvgPool1d = AdaptivePool<1, adaptive_average_pool>;
using AdaptiveAvgPool2d = AdaptivePool<2, adaptive_average_pool>;
using AdaptiveAvgPool3d = AdaptivePool<3, adaptive_average_pool>;

/// The mean, or the greatest element, of each channel: x [n, c, extents...] -> y [n, c], for images
/// of any size. The slope of the greatest is shared by equal ones, as amax's.
/// Throws ShapeError for an x without extents, ValueError for the greatest of no elements.
/// Source: Lin et al., Network In Network (2014), section 3.2.
class GlobalAvgPool : public Module {
 public:
  Tensor operator()(const Tensor& x) const;
};
class GlobalMaxPool : public Module {
 public:
  Tensor operator()(const Tensor& x) const;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
