#pragma once
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/rearrange.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// Axes `first` to `last` as one; all but that of the examples unless told: see `flatten`.
class Flatten : public Module {
 public:
  explicit Flatten(std::int64_t first = 1, std::int64_t last = -1);
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t first_, last_;
};

/// An axis as several: x [..., n, ...] -> y [..., shape..., ...]; one extent may be -1 and follows
/// from the others: `nn::Unflatten(1, {8, 7, 7})`.
/// Throws IndexError for an axis that there is not, ShapeError unless the extents make up the axis.
class Unflatten : public Module {
 public:
  Unflatten(std::int64_t axis, std::initializer_list<std::int64_t> shape)
      : Unflatten(axis, std::vector<std::int64_t>(shape)) {}
  Unflatten(std::int64_t axis, std::vector<std::int64_t> shape);
  Tensor operator()(const Tensor& x) const;

 private:
  std::int64_t axis_;
  std::vector<std::int64_t> shape_;
};

/// x itself: where a model may have a layer or none.
struct Identity : Module {
  Tensor operator()(const Tensor& x) const;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
