#include <string>

#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/flatten.hpp>
#include <xtape/nn/transformer.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::nn {
namespace {

/// The options, if all fits: before a number is drawn.
const TransformerOptions& checked(const char* op, const TransformerOptions& options) {
  xtape::detail::require_at_least<std::int64_t>(op, "feed_forward_width",
                                                options.feed_forward_width, 1);
  xtape::detail::require_in(op, "dropout", options.dropout, 0.0, 1.0);
  xtape::detail::require_not_negative(op, "layer_norm_eps", options.layer_norm_eps);
  return options;
}

MultiheadAttention attention(std::int64_t width, std::int64_t heads,
                             const TransformerOptions& options, Rng& rng) {
  return MultiheadAttention(width, heads,
                            {.dropout = options.dropout,
                             .bias = options.bias,
                             .batch_first = options.batch_first,
                             .dtype = options.dtype},
                            rng);
}
DenseOptions dense(const TransformerOptions& options) {
  return {.bias = options.bias, .dtype = options.dtype};
}
LayerNorm norm_of(std::int64_t width, const TransformerOptions& options) {
  return LayerNorm(width,
                   {.eps = options.layer_norm_eps, .bias = options.bias, .dtype = options.dtype});
}
AnyModule final_norm(std::int64_t width, const TransformerOptions& options) {
  return options.final_norm ? AnyModule(norm_of(width, options)) : AnyModule(Identity());
}

Tensor activated(FeedForwardActivation activation, const Tensor& x) {
  return activation == FeedForwardActivation::gelu ? gelu(x) : relu(x);
}

/// x with what a part of the layer makes of it, normalised before or behind.
template <class F>
Tensor added(const Tensor& x, const LayerNorm& norm, bool norm_first, const F& part) {
  return norm_first ? x + part(norm(x)) : norm(x + part(x));
}

std::string arguments_of(std::int64_t width, std::int64_t heads,
                         const TransformerOptions& options) {
  const bool gated = options.activation == FeedForwardActivation::gelu;
  return detail::Arguments(width, heads)("feed_forward_width", options.feed_forward_width, 2048)(
             "dropout", options.dropout, 0.1)("activation", std::string(gated ? "gelu" : "relu"),
                                              "relu")("norm_first", options.norm_first, false)
      .text;
}

constexpr const char* encoder = "transformer_encoder";
constexpr const char* decoder = "transformer_decoder";

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(std::int64_t width, std::int64_t heads,
                                                 const TransformerOptions& options, Rng& rng)
    : self_attn(child("self_attn", attention(width, heads, checked(encoder, options), rng))),
      linear1(child("linear1", Dense(width, options.feed_forward_width, dense(options), rng))),
      dropout(child("dropout", Dropout(options.dropout, rng))),
      linear2(child("linear2", Dense(options.feed_forward_width, width, dense(options), rng))),
      norm1(child("norm1", norm_of(width, options))),
      norm2(child("norm2", norm_of(width, options))),
      dropout1(child("dropout1", Dropout(options.dropout, rng))),
      dropout2(child("dropout2", Dropout(options.dropout, rng))),
      norm_first_(options.norm_first),
      activation_(options.activation) {
  describe("TransformerEncoderLayer", arguments_of(width, heads, options));
}

Tensor TransformerEncoderLayer::operator()(const Tensor& x, const AttentionMasks& masks) const {
  return call(x, [&](const Tensor& in) {
    const Tensor attended = added(in, norm1, norm_first_,
                                  [&](const Tensor& at) { return dropout1(self_attn(at, masks)); });
    return added(attended, norm2, norm_first_, [&](const Tensor& at) {
      return dropout2(linear2(dropout(activated(activation_, linear1(at)))));
    });
  });
}

TransformerDecoderLayer::TransformerDecoderLayer(std::int64_t width, std::int64_t heads,
                                                 const TransformerOptions& options, Rng& rng)
    : self_attn(child("self_attn", attention(width, heads, checked(decoder, options), rng))),
      multihead_attn(child("multihead_attn", attention(width, heads, options, rng))),
      linear1(child("linear1", Dense(width, options.feed_forward_width, dense(options), rng))),
      dropout(child("dropout", Dropout(options.dropout, rng))),
      linear2(child("linear2", Dense(options.feed_forward_width, width, dense(options), rng))),
      norm1(child("norm1", norm_of(width, options))),
      norm2(child("norm2", norm_of(width, options))),
      norm3(child("norm3", norm_of(width, options))),
      dropout1(child("dropout1", Dropout(options.dropout, rng))),
      dropout2(child("dropout2", Dropout(options.dropout, rng))),
      dropout3(child("dropout3", Dropout(options.dropout, rng))),
      norm_first_(options.norm_first),
      activation_(options.activation) {
  describe("TransformerDecoderLayer", arguments_of(width, heads, options));
}

Tensor TransformerDecoderLayer::operator()(const Tensor& x, const Tensor& memory,
                                           const DecoderMasks& masks) const {
  return call(x, [&](const Tensor& in) {
    const Tensor own = added(in, norm1, norm_first_, [&](const Tensor& at) {
      return dropout1(self_attn(at, masks.target));
    });
    const Tensor attended = added(own, norm2, norm_first_, [&](const Tensor& at) {
      return dropout2(multihead_attn(at, memory, memory, masks.memory));
    });
    return added(attended, norm3, norm_first_, [&](const Tensor& at) {
      return dropout3(linear2(dropout(activated(activation_, linear1(at)))));
    });
  });
}

TransformerEncoder::TransformerEncoder(std::int64_t width, std::int64_t heads, std::int64_t count,
                                       const TransformerOptions& options, Rng& rng)
    : layers(child("layers", ModuleList<TransformerEncoderLayer>())),
      norm(child("norm", final_norm(xtape::detail::require_at_least<std::int64_t>(encoder, "width",
                                                                                  width, 1),
                                    checked(encoder, options)))) {
  xtape::detail::require_at_least<std::int64_t>(encoder, "count", count, 1);
  for (std::int64_t i = 0; i < count; ++i)
    layers.push_back(TransformerEncoderLayer(width, heads, options, rng));
  describe("TransformerEncoder", detail::Arguments(width, heads, count).text);
}

Tensor TransformerEncoder::operator()(const Tensor& x, const AttentionMasks& masks) const {
  return call(x, [&](const Tensor& in) {
    Tensor y = in;
    for (const TransformerEncoderLayer& layer : layers) y = layer(y, masks);
    return norm(y);
  });
}

TransformerDecoder::TransformerDecoder(std::int64_t width, std::int64_t heads, std::int64_t count,
                                       const TransformerOptions& options, Rng& rng)
    : layers(child("layers", ModuleList<TransformerDecoderLayer>())),
      norm(child("norm", final_norm(xtape::detail::require_at_least<std::int64_t>(decoder, "width",
                                                                                  width, 1),
                                    checked(decoder, options)))) {
  xtape::detail::require_at_least<std::int64_t>(decoder, "count", count, 1);
  for (std::int64_t i = 0; i < count; ++i)
    layers.push_back(TransformerDecoderLayer(width, heads, options, rng));
  describe("TransformerDecoder", detail::Arguments(width, heads, count).text);
}

Tensor TransformerDecoder::operator()(const Tensor& x, const Tensor& memory,
                                      const DecoderMasks& masks) const {
  return call(x, [&](const Tensor& in) {
    Tensor y = in;
    for (const TransformerDecoderLayer& layer : layers) y = layer(y, memory, masks);
    return norm(y);
  });
}

}  // namespace xtape::nn
