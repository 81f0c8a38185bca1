#pragma once
#include <functional>
#include <initializer_list>
#include <span>

#include <xtape/ops/operand.hpp>

namespace xtape::detail {

/// What an elementwise operation makes of numbers alone: a number. `compute` gets them as tensors of
/// rank 0, in float64, int64 or boolean, whichever holds them all, and gives one; in float64 too
/// where an integer result exceeds int64.
Tensor of_numbers(const char* op, std::initializer_list<Operand> numbers,
                  const std::function<Tensor(std::span<const Tensor>)>& compute);

}  // namespace xtape::detail
