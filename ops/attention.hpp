#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct AttentionOptions {
  /// Broadcasts to the scores [..., queries, keys]: boolean, true where a query may attend to a
  /// key; or numbers of the dtype of q that are added to the scores, -inf where it may not.
  Tensor mask = {};
  bool causal = false;  ///< a query attends to no key behind its own place, besides the mask
  double dropout = 0;   ///< the rate at which weights are dropped
  std::uint64_t dropout_key = 0;     ///< of the dropped ones, see `dropout`
  std::uint64_t dropout_call = 0;    ///< likewise
  Tensor dropout_stream{};           ///< both, int64 [2], instead
  std::optional<double> scale = {};  ///< of the scores; unless given 1 / sqrt(width)
};

/// y = softmax(scale q kᵀ + mask) v, the softmax over the keys. A query that may attend to no key
/// gives 0, with gradient 0. NaN or infinity in a key or value spreads to other queries too, masked
/// or not: pad with zeros.
///   q [..., queries, width]   k [..., keys, width]   v [..., keys, values]   ->   y [..., queries, values]
///   Leading axes broadcast, those of the mask too.
/// The scores of all queries are never there together, in backward neither, but with dropout, where
/// a gradient of the mask is asked for, and in derivatives of order 2 and above. Source: Vaswani et
/// al., Attention Is All You Need (2017), equation 1; Dao et al., FlashAttention (2022), for what
/// is computed again in backward.
/// Throws ShapeError for what does not fit, DtypeError unless q, k and v share one floating dtype
/// and the mask is boolean or of that, ValueError for a dropout outside of [0, 1] and a scale that
/// is not finite.
[[nodiscard]] Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                                  const AttentionOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
