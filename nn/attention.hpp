#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct MultiheadAttentionOptions {
  double dropout = 0;  ///< the rate at which weights are dropped in training
  bool bias = true;
  std::int64_t key_width = 0;    ///< of keys; unless given that of queries
  std::int64_t value_width = 0;  ///< likewise
  bool add_bias_kv = false;      ///< one more key and value, learnt, which no mask leaves out
  bool add_zero_attn = false;    ///< behind them one of zeros, likewise
  bool batch_first =
      true;  ///< x [batch, positions, width], as in Keras; else [positions, batch, width], as in PyTorch
  Dtype dtype = default_dtype();
};

/// What may attend to what, in the words of PyTorch's module: here true is what is left out, other
/// than in `scaled_dot_product_attention`.
struct AttentionMasks {
  /// [queries, keys], or [batch heads, queries, keys]: boolean, true where a query may not attend
  /// to a key; or numbers that are added to the scores.
  Tensor attn_mask = {};
  /// [batch, keys]: boolean, true for keys that nobody may attend to, as padding; or numbers to
  /// add.
  Tensor key_padding_mask = {};
  bool causal = false;  ///< a query attends to no key behind its own place
};

struct AttentionWeights {
  AttentionMasks masks = {};
  bool average = true;  ///< over the heads
};

/// What queries get, and the weights with which: [batch, queries, keys], or [batch, heads, queries,
/// keys]; the layer's own keys are the last.
struct AttentionResult {
  Tensor output, weights;
};

/// `scaled_dot_product_attention` in several heads, of projected queries, keys and values,
/// projected.
///   query [batch, queries, width]   key [batch, keys, key_width]   value [batch, keys, value_width]   ->
///   [batch, queries, width]; or all without the axis of the batch
/// One tensor attends to itself. State: in_proj_weight [3 width, width], or q_proj_weight,
/// k_proj_weight and v_proj_weight [width, ...] where widths differ; in_proj_bias [3 width]; bias_k
/// and bias_v [1, 1, width], a key and a value as projected; out_proj, a Dense. Weights are drawn
/// by Glorot and Bengio's rule, bias_k and bias_v from N(0, 1 / width), biases 0.
/// A query that may attend to no key gets the bias of out_proj.
/// Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.2.
/// Throws ValueError unless the heads divide the width, ShapeError and DtypeError for what does not
/// fit.
struct MultiheadAttention : Module {
  MultiheadAttention(std::int64_t width, std::int64_t heads,
                     const MultiheadAttentionOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;
  Tensor operator()(const Tensor& x, const AttentionMasks& masks) const;
  Tensor operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                    const AttentionMasks& masks = {}) const;
  /// The same, and the weights, which are then made as a whole.
  AttentionResult with_weights(const Tensor& query, const Tensor& key, const Tensor& value,
                               const AttentionWeights& options = {}) const;

  Parameter in_proj_weight;                               // or undefined
  Parameter q_proj_weight, k_proj_weight, v_proj_weight;  // or undefined
  Parameter in_proj_bias;                                 // or undefined
  Parameter bias_k, bias_v;                               // or undefined
  Dense out_proj;

 private:
  struct Heads;
  bool has_own_keys() const { return bias_k.defined() || add_zero_attn_; }
  void append_own_keys(Heads& heads) const;
  Heads projected(const Tensor& query, const Tensor& key, const Tensor& value,
                  const AttentionMasks& masks) const;
  Tensor attended(const Tensor& query, const Tensor& key, const Tensor& value,
                  const AttentionMasks& masks, const AttentionWeights* wanted,
                  Tensor* weights) const;
  Tensor project(const Tensor& x, std::int64_t part, std::int64_t parts) const;

  std::int64_t width_, heads_, key_width_, value_width_;
  double dropout_;
  bool batch_first_, add_zero_attn_;
  Buffer stream_;  // int64[2], the key and the number of calls so far; undefined without dropout
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
