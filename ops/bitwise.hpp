#pragma once
#include <xtape/config.hpp>
#include <xtape/ops/operand.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

// Operations on the bits of integers, in two's complement; inputs broadcast. There is no gradient,
// and there are no operators: & and | are those of truth, see elementwise.hpp.

/// Both of two bits, one of them, just one of them; of booleans, which they leave boolean,
/// likewise.
/// Throws DtypeError for floating inputs, ShapeError if they do not broadcast.
[[nodiscard]] Tensor bitwise_and(const Operand& a, const Operand& b);
[[nodiscard]] Tensor bitwise_or(const Operand& a, const Operand& b);
[[nodiscard]] Tensor bitwise_xor(const Operand& a, const Operand& b);

/// The other bits: -x - 1, or the other truth.
/// Throws DtypeError for floating x.
[[nodiscard]] Tensor bitwise_not(const Tensor& x);

/// a 2^b without what leaves int64, and a / 2^b rounded down; booleans count as 0 and 1. A count of
/// steps that is negative or above 63 leaves nothing but the sign of a right shift, 0 or -1, as in
/// NumPy.
/// Throws DtypeError for floating inputs, ShapeError if they do not broadcast.
[[nodiscard]] Tensor left_shift(const Operand& a, const Operand& b);
[[nodiscard]] Tensor right_shift(const Operand& a, const Operand& b);

}  // namespace xtape

XTAPE_EXPORT_END
