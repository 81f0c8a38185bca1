#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/attention.hpp>
#include <xtape/ops/attention.hpp>
#include <xtape/ops/dropout.hpp>
#include <xtape/ops/dropout_stream.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn {
namespace {

constexpr const char* name = "multihead_attention";

/// The width, if all fits: before a number is drawn.
std::int64_t checked(std::int64_t width, std::int64_t heads,
                     const MultiheadAttentionOptions& options) {
  using xtape::detail::require_at_least;
  require_at_least<std::int64_t>(name, "width", width, 1);
  require_at_least<std::int64_t>(name, "heads", heads, 1);
  xtape::detail::require(width % heads == 0, name, "heads", "divide the width", heads);
  require_at_least<std::int64_t>(name, "key_width", options.key_width, 0);
  require_at_least<std::int64_t>(name, "value_width", options.value_width, 0);
  xtape::detail::require_in(name, "dropout", options.dropout, 0.0, 1.0);
  return width;
}

/// Initial weights [outputs, inputs].
Tensor drawn(std::int64_t outputs, std::int64_t inputs, Dtype dtype, Rng& rng) {
  return transpose(init::glorot_uniform()({inputs, outputs}, dtype, rng)).contiguous();
}

[[noreturn]] void refuse(const std::string& what, const Tensor& got) {
  throw ShapeError(std::string(name) + ": " + what + "; got " + got.describe());
}

void check(const char* what, const Tensor& x, std::int64_t width, const Tensor& like) {
  xtape::detail::require_defined(name, what, x);
  if ((x.rank() == 3 || x.rank() == 2) && x.rank() == like.rank() && x.extent(-1) == width) return;
  refuse(std::string(what) + " must be " + (like.rank() == 2 ? "" : "of a batch, ") +
             "[positions, " + std::to_string(width) + "]",
         x);
}

/// A mask for scores [batch, heads, queries, keys], with true for what counts if it is boolean.
class Mask {
 public:
  Mask(const AttentionMasks& masks, bool causal, const Shape& scores, Dtype dtype) : dtype_(dtype) {
    if (causal) add(arange(scores[3]) > expand_dims(arange(scores[2]), 1));
    if (masks.attn_mask.defined()) {
      const Tensor& given = masks.attn_mask;
      const Shape one{scores[2], scores[3]}, all{scores[0] * scores[1], scores[2], scores[3]};
      if (given.shape() != one && given.shape() != all)
        refuse("attn_mask must be " + to_string(one) + " or " + to_string(all), given);
      check_dtype("attn_mask", given);
      add(given.shape() == one ? given : reshape(given, scores));
    }
    if (masks.key_padding_mask.defined()) {
      const Tensor& given = masks.key_padding_mask;
      const Shape wanted{scores[0], scores[3]};
      if (given.shape() != wanted && !(scores[0] == 1 && given.shape() == Shape{scores[3]}))
        refuse("key_padding_mask must be " + to_string(wanted), given);
      check_dtype("key_padding_mask", given);
      add(reshape(given, {scores[0], 1, 1, scores[3]}));
    }
  }
  const Tensor& value() const { return mask_; }

 private:
  void check_dtype(const char* what, const Tensor& given) const {
    if (given.dtype() != Dtype::boolean && given.dtype() != dtype_) {
      throw DtypeError(std::string(name) + ": " + what + " must be boolean or " +
                       std::string(to_string(dtype_)) + "; got " + given.describe());
    }
  }
  void add(const Tensor& given) {
    const Tensor next = given.dtype() == Dtype::boolean ? given == false : given;
    if (!mask_.defined())
      mask_ = next;
    else if (mask_.dtype() == Dtype::boolean && next.dtype() == Dtype::boolean)
      mask_ = where(mask_, next, false);
    else
      mask_ = numbers(mask_) + numbers(next);
  }
  Tensor numbers(const Tensor& mask) const {
    if (mask.dtype() != Dtype::boolean) return mask;
    return where(mask, zeros({}, dtype_), -std::numeric_limits<double>::infinity());
  }
  Dtype dtype_;
  Tensor mask_;
};

}  // namespace

/// Queries, keys and values [batch, heads, positions, width of a head].
struct MultiheadAttention::Heads {
  Tensor q, k, v;
  AttentionOptions options;
};

MultiheadAttention::MultiheadAttention(std::int64_t width, std::int64_t heads,
                                       const MultiheadAttentionOptions& options, Rng& rng)
    : out_proj(child("out_proj", Dense(checked(width, heads, options), width,
                                       {.bias = options.bias, .dtype = options.dtype}, rng))),
      width_(width),
      heads_(heads),
      key_width_(options.key_width == 0 ? width : options.key_width),
      value_width_(options.value_width == 0 ? width : options.value_width),
      dropout_(options.dropout),
      batch_first_(options.batch_first),
      add_zero_attn_(options.add_zero_attn) {
  const auto weight = [&](const char* what, std::int64_t rows, std::int64_t inputs) {
    return parameter(what, drawn(rows, inputs, options.dtype, rng));
  };
  if (key_width_ == width && value_width_ == width) {
    in_proj_weight = weight("in_proj_weight", 3 * width, width);
  } else {
    q_proj_weight = weight("q_proj_weight", width, width);
    k_proj_weight = weight("k_proj_weight", width, key_width_);
    v_proj_weight = weight("v_proj_weight", width, value_width_);
  }
  if (options.bias)
    in_proj_bias = parameter("in_proj_bias", zeros(Shape{3 * width}, options.dtype));
  if (options.add_bias_kv) {
    const double spread = 1 / std::sqrt(static_cast<double>(width));
    bias_k = parameter("bias_k", rng.normal({1, 1, width}, 0, spread, options.dtype));
    bias_v = parameter("bias_v", rng.normal({1, 1, width}, 0, spread, options.dtype));
  }
  if (dropout_ > 0) {
    const std::int64_t key = rng.integer(0, std::numeric_limits<std::int64_t>::max());
    stream_ = buffer("stream", tensor({key, std::int64_t{0}}));
    set_torch_layout("stream", TorchLayout::absent);
  }
  describe("MultiheadAttention",
           detail::Arguments(width, heads)("dropout", options.dropout, 0)(
               "bias", options.bias, true)("key_width", key_width_, width)(
               "value_width", value_width_, width)("add_bias_kv", options.add_bias_kv, false)(
               "add_zero_attn", add_zero_attn_, false)("batch_first", batch_first_, true)
               .text);
}

/// x by some of the three parts of the weights that project queries, keys and values.
Tensor MultiheadAttention::project(const Tensor& x, std::int64_t part, std::int64_t parts) const {
  const auto rows = [&](const Tensor& of) {
    return parts == 3 ? of : slice(of, {range(part * width_, (part + parts) * width_)});
  };
  const Parameter* own[] = {&q_proj_weight, &k_proj_weight, &v_proj_weight};
  const Tensor weight = in_proj_weight.defined() ? rows(in_proj_weight) : Tensor(*own[part]);
  return in_proj_bias.defined() ? linear(x, transpose(weight), rows(in_proj_bias))
                                : linear(x, transpose(weight));
}

void MultiheadAttention::append_own_keys(Heads& heads) const {
  const auto extended = [&](const Tensor& x, const Parameter& bias) {
    const Shape one{x.extent(0), heads_, 1, x.extent(3)};
    std::vector<Tensor> parts{x};
    if (bias.defined()) parts.push_back(broadcast_to(reshape(bias, {heads_, 1, x.extent(3)}), one));
    if (add_zero_attn_) parts.push_back(zeros(one, x.dtype()));
    return concatenate(parts, 2);
  };
  const std::int64_t given = heads.k.extent(2);
  heads.k = extended(heads.k, bias_k);
  heads.v = extended(heads.v, bias_v);
  Tensor& mask = heads.options.mask;
  if (!mask.defined()) return;
  std::vector<Padding> widths(static_cast<std::size_t>(mask.rank()));
  widths.back().after = heads.k.extent(2) - given;
  mask = pad(mask, widths, mask.dtype() == Dtype::boolean);
}

MultiheadAttention::Heads MultiheadAttention::projected(const Tensor& query, const Tensor& key,
                                                        const Tensor& value,
                                                        const AttentionMasks& masks) const {
  const auto same = [](const Tensor& a, const Tensor& b) { return &a.body() == &b.body(); };
  std::vector<Tensor> all;
  // Of parts side by side; split last, so that their gradients are added where they lie.
  const auto add_heads = [&](const Tensor& x, std::int64_t parts) {
    const Tensor by_part = reshape(x, {x.extent(0), x.extent(1), parts, heads_, width_ / heads_});
    for (std::int64_t i = 0; i < parts; ++i) {
      all.push_back(swapaxes(
          parts == 1 ? squeeze(by_part, 2) : slice(by_part, {Slice::all, Slice::all, i}), 1, 2));
    }
  };
  if (in_proj_weight.defined() && same(query, key) && same(key, value)) {
    add_heads(project(query, 0, 3), 3);
  } else if (in_proj_weight.defined() && same(key, value)) {
    add_heads(project(query, 0, 1), 1);
    add_heads(project(key, 1, 2), 2);
  } else {
    add_heads(project(query, 0, 1), 1);
    add_heads(project(key, 1, 1), 1);
    add_heads(project(value, 2, 1), 1);
  }
  Heads heads{all[0], all[1], all[2], {}};
  const Shape scores{query.extent(0), heads_, query.extent(1), key.extent(1)};
  // The kernel's order of places would leave out the layer's own keys, which stand behind all
  // others.
  const bool causal_by_mask = masks.causal && has_own_keys();
  heads.options.mask = Mask(masks, causal_by_mask, scores, heads.q.dtype()).value();
  heads.options.causal = masks.causal && !causal_by_mask;
  if (has_own_keys()) append_own_keys(heads);
  if (!training() || dropout_ == 0) return heads;
  heads.options.dropout = dropout_;
  heads.options.dropout_stream = xtape::detail::next_in_stream(stream_);
  return heads;
}

Tensor MultiheadAttention::attended(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionMasks& masks, const AttentionWeights* wanted,
                                    Tensor* weights) const {
  check("query", query, width_, query);
  check("key", key, key_width_, query);
  check("value", value, value_width_, query);
  const bool single = query.rank() == 2;
  const auto batched = [&](const Tensor& x) {
    return single ? expand_dims(x, 0) : batch_first_ ? x : swapaxes(x, 0, 1);
  };
  const Tensor q = batched(query);
  const Tensor k = &key.body() == &query.body() ? q : batched(key);
  const Tensor v = &value.body() == &key.body() ? k : batched(value);
  if (k.extent(1) != v.extent(1) || k.extent(0) != q.extent(0) || v.extent(0) != q.extent(0))
    refuse("queries, keys and values must have one batch, keys and values as many positions; got " +
               query.describe() + ", " + key.describe() + " and " + value.describe(),
           value);
  const Heads heads = projected(q, k, v, masks);
  Tensor y;
  if (wanted == nullptr) {
    y = scaled_dot_product_attention(heads.q, heads.k, heads.v, heads.options);
  } else {
    const Tensor each = eye(heads.k.extent(2), heads.q.dtype());
    const Tensor all = scaled_dot_product_attention(heads.q, heads.k, each, heads.options);
    y = matmul(all, heads.v);
    const Tensor shown = wanted->average ? mean(all, 1) : all;
    *weights = single ? squeeze(shown, 0) : shown;
  }
  const Tensor joined = reshape(swapaxes(y, 1, 2), {q.extent(0), q.extent(1), width_});
  const Tensor out = out_proj(joined);
  return single ? squeeze(out, 0) : batch_first_ ? out : swapaxes(out, 0, 1);
}

Tensor MultiheadAttention::operator()(const Tensor& x) const { return (*this)(x, {}); }

Tensor MultiheadAttention::operator()(const Tensor& x, const AttentionMasks& masks) const {
  return call(x, [&](const Tensor& in) { return attended(in, in, in, masks, nullptr, nullptr); });
}

Tensor MultiheadAttention::operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                      const AttentionMasks& masks) const {
  return call(query,
              [&](const Tensor& in) { return attended(in, key, value, masks, nullptr, nullptr); });
}

AttentionResult MultiheadAttention::with_weights(const Tensor& query, const Tensor& key,
                                                 const Tensor& value,
                                                 const AttentionWeights& options) const {
  AttentionResult result;
  result.output = call(query, [&](const Tensor& in) {
    return attended(in, key, value, options.masks, &options, &result.weights);
  });
  return result;
}

}  // namespace xtape::nn
