#pragma once
#include <cstdint>
#include <initializer_list>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/reduce.hpp>

XTAPE_EXPORT_BEGIN

/// Numbers brought to mean 0 and variance 1, or to a mean square of 1. Floating dtypes; variances
/// are those of all elements, divided by their number. All throw DtypeError for integers,
/// ValueError for an eps that is negative or not finite.
namespace xtape {

struct NormalizationOptions {
  double eps = 1e-5;  ///< added to the variance, or to the mean square
};

/// y = (x - mean) / sqrt(variance + eps), both over axes.
///   dx = (g - mean(g) - y mean(g y)) / sqrt(variance + eps)
/// Throws IndexError for an axis that there is not.
[[nodiscard]] Tensor standardize(const Tensor& x, const Axes& axes,
                                 const NormalizationOptions& options = {});

/// The last axes, those of `shape`, of each example standardized.   x [..., shape...]   ->   y,
/// likewise With weight and bias [shape...]:  y = standardize(x) weight + bias Source: Ba, Kiros
/// and Hinton, Layer Normalization (2016).
/// Throws ShapeError unless the last axes of x, weight and bias are `shape`.
[[nodiscard]] Tensor layer_norm(const Tensor& x, const Shape& shape,
                                const NormalizationOptions& options = {});
[[nodiscard]] Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                const NormalizationOptions& options = {});

/// y = x / sqrt(mean(x²) + eps) over the last axes, times a weight of their shape.
///   dx = (g - y mean(g y)) / sqrt(mean(x²) + eps)
/// Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019).
/// Throws ShapeError unless the last axes of x are `shape`, or those of the weight.
[[nodiscard]] Tensor rms_norm(const Tensor& x, const Shape& shape,
                              const NormalizationOptions& options = {});
[[nodiscard]] Tensor rms_norm(const Tensor& x, const Tensor& weight,
                              const NormalizationOptions& options = {});
[[nodiscard]] inline Tensor rms_norm(const Tensor& x, std::initializer_list<std::int64_t> shape,
                                     const NormalizationOptions& options = {}) {
  return rms_norm(x, Shape(shape), options);
}

/// x [n, c, extents...], the channels in so many groups, each group of each example standardized;
/// `groups` = c standardizes each channel by itself (instance normalization).
/// Source: Wu and He, Group Normalization (2018).
/// Throws ShapeError for less than two axes, ValueError unless the groups divide the channels.
[[nodiscard]] Tensor group_norm(const Tensor& x, std::int64_t groups,
                                const NormalizationOptions& options = {});
/// The same, times a weight, plus a bias for each channel, [c].
[[nodiscard]] Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight,
                                const Tensor& bias, const NormalizationOptions& options = {});

/// A batch, each channel of which was standardized, and the statistics of that, which are
/// constants.
struct BatchNormResult {
  Tensor y;               ///< like x
  Tensor mean, variance;  ///< [c], the variance over the number of values
};

/// x [n, c, extents...], each channel standardized over all examples and places; times a weight,
/// plus a bias for each channel, [c].   dx as that of standardize
/// Throws ShapeError for less than two axes, and a weight or bias that is not [c].
/// Source: Ioffe and Szegedy, Batch Normalization (2015).
[[nodiscard]] BatchNormResult batch_norm(const Tensor& x, const NormalizationOptions& options = {});
[[nodiscard]] BatchNormResult batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                         const NormalizationOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
