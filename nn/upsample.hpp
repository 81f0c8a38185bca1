#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/upsample.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// The nearest element, or linear between the nearest two along each axis.
enum class Interpolation { nearest, linear };

struct UpsampleOptions {
  PerAxis size = {};   ///< of the result; or
  PerAxis scale = {};  ///< how many times as large it is
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false;  ///< see upsample_linear
};

/// `upsample_nearest` or `upsample_linear` as a module: `nn::Upsample({.scale = 2})`.
///   x [n, c, extents...] of 1 to 3 axes
/// Throws ValueError unless either a size or a scale is given, and of numbers below 1; otherwise as
/// the functions.
class Upsample : public Module {
 public:
  explicit Upsample(const UpsampleOptions& options);
  Tensor operator()(const Tensor& x) const;

 private:
  UpsampleOptions options_;
};

/// `pixel_shuffle`, and back, as modules.
class PixelShuffle : public Module {
 public:
  explicit PixelShuffle(std::int64_t factor);
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t factor_;
};
class PixelUnshuffle : public Module {
 public:
  explicit PixelUnshuffle(std::int64_t factor);
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t factor_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
