#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// a + b for two gradients of one shape: the only operation that the engine itself needs. They are
/// of one dtype, or a is float64 and b float32. Writes into whichever nobody else holds; recorded,
/// if the backward pass is.   da = g,  db = g
Tensor accumulate(Tensor a, Tensor b);

/// dL/d(something), summed as its parts arrive. A sum of many float32 parts goes on in float64, so
/// that it keeps its digits however often a tensor is used; parts that lie side by side count as
/// one.
class GradientSum {
 public:
  void add(Tensor part);
  /// The sum so far, of this shape, to add to parts of it: dense and nobody else's, of `dtype`, or
  /// wider. Zeros if nothing came yet.
  const Tensor& whole(const Shape& shape, Dtype dtype, const PartPlace& part);
  /// Whether it is a sum within vmap, which nothing is added to in place.
  bool mapped() const;
  /// The sum in the dtype of its parts; undefined if none came.
  const Tensor& value();
  /// The same with elements, if it is of rows.
  const Tensor& dense_value();
  /// The same, given away.
  Tensor take();

 private:
  void count_part(const PartPlace& part);

  Tensor sum_;
  // Where along an axis all parts lie, and how many at most lie on one another beside the first: in
  // eight bytes, since there is a sum for each node of a tape.
  static constexpr std::int64_t furthest = UINT16_MAX;
  std::uint16_t low_ = 0, high_ = 0;
  std::uint8_t parts_ = 0;
  std::int8_t axis_ = 0;
  bool widened_ = false;
  bool own_ = false;  // made here: whoever else has it only looks on
};

}  // namespace xtape::detail

XTAPE_EXPORT_END
