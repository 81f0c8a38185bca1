#pragma once
#include <xtape/config.hpp>
#include <xtape/ops/elementwise.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

// The rows of special.def, as those of elementwise.def: `Tensor lgamma(const Tensor& x)`,
// `Tensor polygamma(const Operand& n, const Operand& x)`, ...
//   Inputs broadcast and promote as NumPy's do; what takes steps is computed in double. Value and
//   derivatives are what the row says. Poles and ends of domains are SciPy's, but: lgamma(-inf) is inf,
//   as in C; i0, i1 and iv are infinite at infinity; beta is NaN where gamma(a + b) has a pole as one
//   of its factors has. Throws ShapeError if the inputs do not broadcast.
#define XTAPE_UNARY(name, ...) [[nodiscard]] Tensor name(const Tensor& x);
#define XTAPE_BINARY(name, ...) [[nodiscard]] Tensor name(const Operand& a, const Operand& b);
#include <xtape/ops/special.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY

}  // namespace xtape

XTAPE_EXPORT_END
