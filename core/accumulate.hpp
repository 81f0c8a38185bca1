#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// a + b for two gradients of one shape: the only operation that the engine itself needs. They are of
/// one dtype, or a is float64 and b float32. Writes into whichever nobody else holds; recorded, if the
/// backward pass is.   da = g,  db = g
Tensor accumulate(Tensor a, Tensor b);

/// dL/d(something), summed as its parts arrive. A sum of many float32 parts goes on in float64, so
/// that it keeps its digits however often a tensor is used.
class GradientSum {
 public:
  void add(Tensor part);
  /// The sum so far, of this shape, to add to parts of it: dense and nobody else's, of `dtype`, or
  /// wider. Zeros if nothing came yet.
  const Tensor& whole(const Shape& shape, Dtype dtype);
  /// Whether it is a sum within vmap, which nothing is added to in place.
  bool mapped() const;
  /// The sum in the dtype of its parts; undefined if none came.
  const Tensor& value();
  /// The same, given away.
  Tensor take();

 private:
  void count_part();

  Tensor sum_;
  std::uint32_t parts_ = 0;
  bool widened_ = false;
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
