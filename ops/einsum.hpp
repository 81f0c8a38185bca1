#pragma once
#include <initializer_list>
#include <span>
#include <string_view>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// Sums of products by Einstein's convention, as NumPy has it: in `einsum("ij,jk->ik", {a, b})`
/// each axis has a letter, and letters that the output does not have are summed over.
///   A letter twice in an operand takes its diagonal. Without an arrow the output is the letters that
///   stand once, in alphabetical order. "..." stands for all axes without a letter, and for the first
///   ones of an output that is not given. These broadcast, and so do other extents of 1. Spaces may
///   stand between. The dtype is the promoted one of all operands: integers are exact, wrapping beyond
///   int64; of booleans the result is whether any of the products is true.
///   dx = an einsum of g and the other operands
/// What one operand alone names is summed first. Then two at a time are contracted by `matmul`,
/// always those whose result is least beside the memory that it frees. Operands are transposed and
/// reshaped as views where their strides allow it.
/// Throws ValueError for subscripts that say nothing or that are those of another number of
/// operands, and for an undefined one; ShapeError for another rank than subscripts say, for extents
/// that do not agree, and for more than 8 axes, in the result or on every way to it that is tried.
[[nodiscard]] Tensor einsum(std::string_view subscripts, std::span<const Tensor> operands);
[[nodiscard]] inline Tensor einsum(std::string_view subscripts,
                                   std::initializer_list<Tensor> operands) {
  return einsum(subscripts, std::span(operands.begin(), operands.size()));
}

}  // namespace xtape

XTAPE_EXPORT_END
