#pragma once
#include <string>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

struct ScalerOptions {
  bool per_feature = true;  ///< else one center and one scale for all elements
};

/// An affine map of each feature,   y = (x - center) / scale,   fitted to training data and then
/// the same for all other data.
///   x [n, features...]   center, scale float64 [features...], or [] for all elements together
/// A feature that is constant in the training data has scale 1, but for `max_abs`. It is so if
///   max x - min x <= 8 eps max |x|,   eps = 2^-52,
/// which eight roundings in float64 of the same number may bring about: 0.1 + 0.2 and 0.3. Features
/// of float32 that are constant but for roundings in float32 have to be left out by the caller.
/// Source: scikit-learn, preprocessing._data._is_constant_feature, which compares variances.
///
/// The fits compute in float64, in which neighbours of int64 above 2^53 become the same number:
/// subtract an offset from nanoseconds before. They throw ValueError for no elements, a NaN or an
/// infinity, naming row and column, or a spread that float64 does not hold; ShapeError for rank 0
/// unless all elements go together.
class Scaler {
 public:
  /// center 0, scale max |x|: into [-1, 1], and 0 stays 0. A feature of zeros has scale 1.
  static Scaler max_abs(const Tensor& x, ScalerOptions options = {});
  /// The smallest element becomes `low`, the greatest `high`: exactly for [0, 1] and, in float32,
  /// [-1, 1], else but for rounding. A constant feature becomes `low`.
  /// Throws ValueError unless low < high, both finite.
  static Scaler min_max(const Tensor& x, double low = 0, double high = 1,
                        ScalerOptions options = {});
  /// center the mean, scale the standard deviation (of the population: divided by n): mean 0 and
  /// variance 1.
  static Scaler standard(const Tensor& x, ScalerOptions options = {});
  /// One pair for all elements: `fixed(127.5, 127.5)` takes bytes into [-1, 1].
  static Scaler fixed(double center, double scale);
  /// Throws ShapeError unless the two have the same shape, DtypeError unless they are numbers,
  /// ValueError unless they are finite, and scale is not 0.
  static Scaler fixed(const Tensor& center, const Tensor& scale);

  /// (x - center) / scale, computed in float64, in the dtype of x (integers become float64).
  ///   dx = g / scale
  /// Throws ShapeError unless the last axes of x are the features that were fitted.
  Tensor operator()(const Tensor& x) const;
  /// y scale + center: what was scaled, but for rounding.   dy = g scale
  Tensor inverse(const Tensor& y) const;

  const Tensor& center() const { return center_; }
  const Tensor& scale() const { return scale_; }

  /// Writes center and scale to an .npz file; `load` gives the same scaler back, bit for bit.
  /// Throws IoError; `load` also for arrays that make no scaler.
  void save(const std::string& path) const;
  static Scaler load(const std::string& path);

 private:
  Scaler(const Tensor& center, const Tensor& scale);
  void check_features(const Tensor& x) const;

  Tensor center_, scale_;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
