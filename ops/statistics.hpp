#pragma once
#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/ops/reduce.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct VarianceOptions {
  double correction =
      0;  ///< the sum is divided by n - correction: 1 estimates that of a population
  bool keep_dims = false;  ///< reduced axes stay, with extent 1
};

/// Mean squared distance from the mean over axes, and its root; of integers in float64. Of equal
/// elements exactly 0, where the gradient of the root is 0.
///   dx = 2 g (x - mean(x)) / (n - correction)      dx = g (x - mean(x)) / ((n - correction) stddev(x))
/// Throws ValueError unless there are more elements than the correction, or if that is negative.
[[nodiscard]] Tensor var(const Tensor& x, const Axes& axes = {}, VarianceOptions options = {});
[[nodiscard]] Tensor stddev(const Tensor& x, const Axes& axes = {}, VarianceOptions options = {});

struct NormOptions {
  double order = 2;        ///< p; infinity for the greatest |x|
  bool keep_dims = false;  ///< reduced axes stay, with extent 1
};

/// sum(|x|^p)^(1/p) over axes, of which all make one vector; of integers in float64. Empty: 0, but
/// for p = infinity. For p = 2 infinite where a square is.
///   dx = g sign(x) (|x| / norm(x))^(p - 1); 0 where all are 0. For p = infinity that of amax(abs(x)).
/// Throws ValueError unless p > 0, and for the greatest of no elements.
[[nodiscard]] Tensor norm(const Tensor& x, const Axes& axes = {}, NormOptions options = {});

/// Whether any element, or all, differ from 0, over axes; boolean, without gradient. Of no
/// elements: false, and true. NaN differs from 0.
[[nodiscard]] Tensor any(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});
[[nodiscard]] Tensor all(const Tensor& x, const Axes& axes = {}, ReduceOptions options = {});
/// How many do; int64, without gradient.
[[nodiscard]] Tensor count_nonzero(const Tensor& x, const Axes& axes = {},
                                   ReduceOptions options = {});

}  // namespace xtape

XTAPE_EXPORT_END
