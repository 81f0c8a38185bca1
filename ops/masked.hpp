#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/ops/reduce.hpp>

XTAPE_EXPORT_BEGIN

/// Reductions of the elements of x where a mask is true, NumPy's `where=`; x and mask broadcast.
/// What is masked out, NaN too, has no part in the value and gradient 0. All throw DtypeError
/// unless the mask is boolean, ShapeError unless both broadcast, IndexError for an axis that there
/// is not.
namespace xtape {

/// Sum and mean over axes; without any element 0, and NaN.
///   dx = g (`masked_mean`: g / count) where the mask is true
[[nodiscard]] Tensor masked_sum(const Tensor& x, const Tensor& mask, const Axes& axes = {},
                                ReduceOptions options = {});
[[nodiscard]] Tensor masked_mean(const Tensor& x, const Tensor& mask, const Axes& axes = {},
                                 ReduceOptions options = {});

/// Greatest and smallest element over axes; NaN if there is one. Without any -inf (inf), of
/// integers the least (greatest).   dx = g shared evenly among the elements equal to the result;
/// where that is -inf (inf), what is masked out counts among them, and its part is lost
/// Throws ValueError for an empty axis.
[[nodiscard]] Tensor masked_amax(const Tensor& x, const Tensor& mask, const Axes& axes = {},
                                 ReduceOptions options = {});
[[nodiscard]] Tensor masked_amin(const Tensor& x, const Tensor& mask, const Axes& axes = {},
                                 ReduceOptions options = {});

/// softmax along an axis of the elements where the mask is true, and 0 elsewhere; where none is,
/// zeros.
///   dx = y (g - sum(g y))
/// Throws DtypeError for integers.
[[nodiscard]] Tensor masked_softmax(const Tensor& x, const Tensor& mask, std::int64_t axis = -1);

}  // namespace xtape

XTAPE_EXPORT_END
