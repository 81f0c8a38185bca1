#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Where in a sequence something stands, in numbers that attention can read.
namespace xtape {

/// [count, width]: of position p, sin(p / 10000^(2 i / width)) in column 2 i, the cosine of the
/// same in column 2 i + 1. Constants.
/// Source: Vaswani et al., Attention Is All You Need (2017), section 3.5.
/// Throws ValueError for a negative count or width.
[[nodiscard]] Tensor sinusoidal_positions(std::int64_t count, std::int64_t width,
                                          Dtype dtype = default_dtype());

/// The columns that rotary positions turn together.
enum class RotaryPairs {
  halves,     ///< i and i + width / 2, as GPT-NeoX and LLaMA
  neighbours  ///< 2 i and 2 i + 1, as the paper
};

struct RotaryOptions {
  RotaryPairs pairs = RotaryPairs::halves;
  double base = 10000;
  std::int64_t first = 0;  ///< the position of the first row
};

/// Pairs of columns (a, b) turned by the position: (a cos t - b sin t, a sin t + b cos t), where t
/// = p / base^(2 i / width) at position p for the i-th pair: products of queries and keys then
/// depend on the distance of their positions.
///   x [..., positions, width]   ->   y, likewise   dx = g turned back
/// Source: Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021).
/// Throws ShapeError for less than two axes or an odd width, DtypeError for integers, ValueError
/// for a base that is not positive and a negative first position.
[[nodiscard]] Tensor rotary_positions(const Tensor& x, const RotaryOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
