#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/any_module.hpp>
#include <xtape/nn/attention.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/nn/module_list.hpp>
#include <xtape/nn/normalization.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

enum class FeedForwardActivation { relu, gelu };

struct TransformerOptions {
  std::int64_t feed_forward_width = 2048;
  double dropout = 0.1;
  FeedForwardActivation activation = FeedForwardActivation::relu;
  bool norm_first = false;  ///< x + f(norm(x)), else norm(x + f(x))
  double layer_norm_eps = 1e-5;
  bool bias = true;
  bool batch_first = true;  ///< see MultiheadAttention
  bool final_norm = false;  ///< of a stack: behind the last layer
  Dtype dtype = default_dtype();
};

/// Attention of a sequence to itself, then two dense layers for each position, each with dropout,
/// added to its input and normalised.
///   x [batch, positions, width]   ->   y, likewise; or [positions, width]
/// State: self_attn, linear1, linear2, norm1, norm2, and dropout, dropout1, dropout2 as in PyTorch.
/// Source: Vaswani et al., Attention Is All You Need (2017); `norm_first` Xiong et al., On Layer
/// Normalization in the Transformer Architecture (2020).
struct TransformerEncoderLayer : Module {
  TransformerEncoderLayer(std::int64_t width, std::int64_t heads,
                          const TransformerOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const { return (*this)(x, {}); }
  Tensor operator()(const Tensor& x, const AttentionMasks& masks) const;

  MultiheadAttention self_attn;
  Dense linear1;
  Dropout dropout;
  Dense linear2;
  LayerNorm norm1, norm2;
  Dropout dropout1, dropout2;

 private:
  bool norm_first_;
  FeedForwardActivation activation_;
};

/// What the targets of a decoder may attend to: in themselves, and in `memory`.
struct DecoderMasks {
  AttentionMasks target = {}, memory = {};
};

/// As the encoder's, with attention to `memory`, what an encoder gives, between the two.
///   x [batch, positions, width]   memory [batch, others, width]   ->   y like x
/// State: self_attn, multihead_attn, linear1, linear2, norm1, norm2, norm3, dropout, dropout1,
/// dropout2, dropout3.
struct TransformerDecoderLayer : Module {
  TransformerDecoderLayer(std::int64_t width, std::int64_t heads,
                          const TransformerOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x, const Tensor& memory, const DecoderMasks& masks = {}) const;

  MultiheadAttention self_attn, multihead_attn;
  Dense linear1;
  Dropout dropout;
  Dense linear2;
  LayerNorm norm1, norm2, norm3;
  Dropout dropout1, dropout2, dropout3;

 private:
  bool norm_first_;
  FeedForwardActivation activation_;
};

/// Layers one after the other, "layers.0", "layers.1", ..., each with weights of its own; and
/// "norm" if asked for.
struct TransformerEncoder : Module {
  TransformerEncoder(std::int64_t width, std::int64_t heads, std::int64_t count,
                     const TransformerOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const { return (*this)(x, {}); }
  Tensor operator()(const Tensor& x, const AttentionMasks& masks) const;

  ModuleList<TransformerEncoderLayer> layers;
  AnyModule norm;
};

struct TransformerDecoder : Module {
  TransformerDecoder(std::int64_t width, std::int64_t heads, std::int64_t count,
                     const TransformerOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x, const Tensor& memory, const DecoderMasks& masks = {}) const;

  ModuleList<TransformerDecoderLayer> layers;
  AnyModule norm;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
