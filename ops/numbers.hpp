#pragma once
#include <functional>
#include <initializer_list>
#include <span>

#include <xtape/ops/operand.hpp>

namespace xtape::detail {

/// `operand.tensor(op, other, constant)` for operands that nobody else gets a handle of: a number
/// shares its tensor with the last operations that had the same, and is valid until the next number
/// is made a tensor: who uses other numbers before he is done copies it.
const Tensor& operand_tensor(const char* op, const Operand& operand, Dtype other, Tensor& constant);

/// Throws ValueError, "op: what must be defined; ...", for a tensor that is not.
void require_defined(const char* op, const char* what, const Operand& operand);

/// What an elementwise operation makes of numbers alone: a number. `compute` gets them as tensors
/// of rank 0, in float64, int64 or boolean, whichever holds them all, and gives one; in float64 too
/// where an integer result exceeds int64.
Tensor of_numbers(const char* op, std::initializer_list<Operand> numbers,
                  const std::function<Tensor(std::span<const Tensor>)>& compute);

}  // namespace xtape::detail
