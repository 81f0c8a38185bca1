#pragma once
#include <optional>

#include <xtape/config.hpp>
#include <xtape/ops/elementwise.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

// The rows of functions.def, as those of elementwise.def: `Tensor floor(const Tensor& x)`,
// `Tensor atan2(const Operand& a, const Operand& b)`, ...
//   Inputs broadcast and promote as NumPy's do. Value and derivatives are what the row says. Throws
//   ShapeError if the inputs do not broadcast; DtypeError for boolean inputs of what rounds or
//   divides; ValueError for an integer divisor 0.
#define XTAPE_UNARY(name, ...) [[nodiscard]] Tensor name(const Tensor& x);
#define XTAPE_BINARY(name, ...) [[nodiscard]] Tensor name(const Operand& a, const Operand& b);
#include <xtape/ops/functions.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY

/// 1 / x
[[nodiscard]] inline Tensor reciprocal(const Tensor& x) { return 1 / x; }

/// Degrees as radians, and back.
[[nodiscard]] Tensor deg2rad(const Tensor& x);
[[nodiscard]] Tensor rad2deg(const Tensor& x);

/// (1 - t) a + t b: just a for t = 0, and b for t = 1
[[nodiscard]] Tensor lerp(const Tensor& a, const Operand& b, const Operand& t);

/// Whether each element is infinite.
[[nodiscard]] Tensor isinf(const Tensor& x);

/// Whether x is not true, that is 0.
[[nodiscard]] Tensor logical_not(const Tensor& x);

/// What `nan_to_num` puts in place; infinities are by default the greatest number of the dtype.
struct NanToNumOptions {
  double nan = 0;
  std::optional<double> posinf = {};
  std::optional<double> neginf = {};
};

/// x with NaN and infinities replaced.
///   dx = g where x is finite, 0 elsewhere. Integers stay as they are.
/// Throws ValueError for a replacement that x's dtype does not hold.
[[nodiscard]] Tensor nan_to_num(const Tensor& x, const NanToNumOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
