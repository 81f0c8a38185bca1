#pragma once
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>

/// Attention of queries [queries, width] to keys [keys, width] with values [keys, value_width], by
/// blocks of queries: scores of all at once nobody has. float32 or float64.
namespace xtape::kernels {

/// A matrix whose rows, of elements one behind the other, lie `row` elements apart.
struct Rows {
  const std::byte* data;
  std::int64_t row;
};

/// What a mask says of the scores [queries, keys]: whether they count, or what is added to them.
struct ScoreMask {
  const std::byte* data;  // null if all count
  bool added;
  std::int64_t row, column;  // elements from place to place
};

struct Attention {
  Dtype dtype;
  std::int64_t queries, keys, width, value_width;
  double scale;
  bool causal;  // a query does not see keys behind its own place
};

/// One set of queries, keys and values; results are dense.
struct AttentionInputs {
  Rows q, k, v;
  ScoreMask mask;
};

/// y, and for each query the logarithm of the sum of its powers, infinite if no key counts.
void attention(const Attention& of, const AttentionInputs& x, std::byte* y, std::byte* logs);

struct AttentionGradients {
  const std::byte *y, *logs;
  Rows g;
  std::byte *dq, *dk, *dv;
};

void attention_gradient(const Attention& of, const AttentionInputs& x,
                        const AttentionGradients& to);

/// A block of rows of scores, of queries from `first` on.
struct ScoreRows {
  std::int64_t first, rows, columns;
};

struct ScoreKernels {
  /// From products to powers of their difference to the greatest, and the inverse of their sum; 0
  /// if none counts.
  void (*powers)(const Attention& of, const ScoreRows& block, const ScoreMask& mask,
                 std::byte* scores, std::byte* inverses, std::byte* logs);
  /// Each row of y times a factor.
  void (*scale)(const Attention& of, const ScoreRows& block, const std::byte* factors,
                std::byte* y);
  /// From products to probabilities p, and from dL/dp to that of the products.
  void (*gradient)(const Attention& of, const ScoreRows& block, const ScoreMask& mask,
                   const std::byte* logs, const std::byte* y, const Rows& g, std::byte* scores,
                   std::byte* differences);
};

}  // namespace xtape::kernels
