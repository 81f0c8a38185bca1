#pragma once
#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct CloseOptions {
  double rtol = 1e-5;  ///< of |b|
  double atol = 1e-8;
  bool equal_nan = false;  ///< NaN is close to NaN
};

/// Whether each element of a is close to that of b: |a - b| <= atol + rtol |b|, infinities only to
/// themselves; boolean, broadcast. Throws ShapeError unless the shapes broadcast, ValueError for a
/// tolerance that is negative or not finite.
[[nodiscard]] Tensor isclose(const Tensor& a, const Tensor& b, const CloseOptions& options = {});
/// Whether all are. Throws as isclose.
[[nodiscard]] bool allclose(const Tensor& a, const Tensor& b, const CloseOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
