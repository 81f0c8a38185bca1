#include <algorithm>
#include <cstring>

#include <xtape/ops/kernels/attention.hpp>
#include <xtape/ops/kernels/packed_matrix.hpp>

namespace xtape::kernels {
namespace {

/// Queries whose scores are there together: as many as stay in a cache, but some tiles of products.
std::int64_t block_rows(const Attention& of) {
  constexpr std::int64_t elements = 32768, least = 24, most = 96;
  return std::min(of.queries,
                  std::clamp(elements / std::max<std::int64_t>(of.keys, 1), least, most));
}

std::int64_t size(const Attention& of) { return static_cast<std::int64_t>(size_of(of.dtype)); }

/// Calls f for each block of queries, with the keys that any of them sees.
template <class F>
void for_each_block(const Attention& of, const F& f) {
  const std::int64_t together = block_rows(of);
  for (std::int64_t first = 0; first < of.queries; first += together) {
    const std::int64_t rows = std::min(together, of.queries - first);
    f(ScoreRows{first, rows, of.causal ? std::min(of.keys, first + rows) : of.keys});
  }
}

Buffer<std::byte> scores_of(const Attention& of) {
  return Buffer<std::byte>(std::max<std::int64_t>(block_rows(of) * of.keys, 1) * size(of));
}

Matrix rows_from(const Attention& of, const Rows& rows, std::int64_t first) {
  return {rows.data + first * rows.row * size(of), rows.row, false};
}
Matrix transposed(const Rows& rows) { return {rows.data, rows.row, true}; }

/// aᵀ b into rows of `y`, of the first `rows` rows of both.
void add_columns_by(const Attention& of, const ScoreRows& block, const std::byte* a,
                    const Matrix& b, std::int64_t width, std::byte* y) {
  PackedMatrix(of.dtype, width, block.rows, b)
      .multiply(block.columns, {a, block.columns, true}, y, width, block.first > 0);
}

}  // namespace

void attention(const Attention& of, const AttentionInputs& x, std::byte* y, std::byte* logs) {
  if (of.queries == 0) return;
  const auto& kernels = chosen<ScoreKernels>();
  const PackedMatrix keys(of.dtype, of.keys, of.width, transposed(x.k));
  const PackedMatrix values(of.dtype, of.value_width, of.keys, rows_from(of, x.v, 0));
  const Buffer<std::byte> scores = scores_of(of), inverses(block_rows(of) * size(of));
  for_each_block(of, [&](const ScoreRows& block) {
    keys.multiply(block.rows, block.columns, of.width, rows_from(of, x.q, block.first),
                  scores.data(), block.columns, false);
    kernels.powers(of, block, x.mask, scores.data(), inverses.data(),
                   logs + block.first * size(of));
    std::byte* to = y + block.first * of.value_width * size(of);
    values.multiply(block.rows, of.value_width, block.columns,
                    {scores.data(), block.columns, false}, to, of.value_width, false);
    kernels.scale(of, block, inverses.data(), to);
  });
}

void attention_gradient(const Attention& of, const AttentionInputs& x,
                        const AttentionGradients& to) {
  const auto bytes = [&](std::int64_t width) {
    return static_cast<std::size_t>(of.keys * width * size(of));
  };
  if (of.queries == 0 || of.causal) {  // of keys that nobody sees
    std::memset(to.dk, 0, bytes(of.width));
    std::memset(to.dv, 0, bytes(of.value_width));
  }
  if (of.queries == 0) return;
  const PackedMatrix keys(of.dtype, of.keys, of.width, transposed(x.k));
  const PackedMatrix key_rows(of.dtype, of.width, of.keys, rows_from(of, x.k, 0));
  const PackedMatrix values(of.dtype, of.keys, of.value_width, transposed(x.v));
  const Buffer<std::byte> scores = scores_of(of), differences = scores_of(of);
  for_each_block(of, [&](const ScoreRows& block) {
    const std::int64_t columns = block.columns, place = block.first * size(of);
    const Matrix q = rows_from(of, x.q, block.first), g = rows_from(of, to.g, block.first);
    keys.multiply(block.rows, columns, of.width, q, scores.data(), columns, false);
    values.multiply(block.rows, columns, of.value_width, g, differences.data(), columns, false);
    chosen<ScoreKernels>().gradient(of, block, x.mask, to.logs + place,
                                    to.y + place * of.value_width, {g.data, g.stride},
                                    scores.data(), differences.data());
    key_rows.multiply(block.rows, of.width, columns, {differences.data(), columns, false},
                      to.dq + place * of.width, of.width, false);
    add_columns_by(of, block, differences.data(), q, of.width, to.dk);
    add_columns_by(of, block, scores.data(), g, of.value_width, to.dv);
  });
}

}  // namespace xtape::kernels
