#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/embedding.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::nn {
namespace {

Tensor initial_weight(std::int64_t count, std::int64_t width, const EmbeddingOptions& options,
                      Rng& rng) {
  using xtape::detail::require_at_least;
  require_at_least<std::int64_t>("embedding", "count", count, 1);
  require_at_least<std::int64_t>("embedding", "width", width, 1);
  const auto padding = options.padding_index;
  if (padding)
    xtape::detail::require_in<std::int64_t>("embedding", "padding_index", *padding, 0, count - 1);
  const Tensor weight = options.weight_init({count, width}, options.dtype, rng);
  return padding ? set(weight, {*padding}, 0) : weight;
}

/// Within vmap nobody can look.
void check_not_negative(const Tensor& words) {
  if (words.body().mapped || words.size() == 0) return;
  const Tensor least = amin(words);
  if (least.item() < 0)
    throw IndexError("embedding: words must not be negative; got " + to_string(least));
}

}  // namespace

Embedding::Embedding(std::int64_t count, std::int64_t width, const EmbeddingOptions& options,
                     Rng& rng)
    : weight(parameter("weight", initial_weight(count, width, options, rng))),
      padding_index_(options.padding_index) {
  describe("Embedding",
           detail::Arguments(count, width)("padding_index", padding_index_.value_or(-1), -1).text);
}

Tensor Embedding::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& words) {
    Tensor rows = take(weight, words);
    check_not_negative(words);
    if (!padding_index_) return rows;
    return where(expand_dims(words == *padding_index_, -1), rows.detach(), rows);
  });
}

}  // namespace xtape::nn
