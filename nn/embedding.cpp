#include <type_traits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/embedding.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape::nn {
namespace {

Tensor initial_weight(std::int64_t count, std::int64_t width, const EmbeddingOptions& options,
                      Rng& rng) {
  using xtape::detail::require_at_least;
  require_at_least<std::int64_t>("embedding", "count", count, 1);
  require_at_least<std::int64_t>("embedding", "width", width, 1);
  const auto padding = options.padding_index;
  if (options.max_norm) xtape::detail::require_positive("embedding", "max_norm", *options.max_norm);
  if (padding)
    xtape::detail::require_in<std::int64_t>("embedding", "padding_index", *padding, 0, count - 1);
  const Tensor weight = options.weight_init({count, width}, options.dtype, rng);
  return padding ? set(weight, {*padding}, 0) : weight;
}

/// Gives the words, checked when they are known: an operation, which looks again when it is
/// replayed.
struct CheckedWords {
  static constexpr OpInfo info{"embedding", true};
  std::int64_t count;

  Tensor run(const Tensor& words) const {
    const NoGradGuard off;
    for (const Tensor& word : {amin(words), amax(words)}) {
      if (const auto number = word.data<std::int64_t>()[0]; number < 0 || number >= count)
        throw IndexError("embedding: words must lie in [0, " + std::to_string(count) + "); got " +
                         std::to_string(number));
    }
    return words;
  }
  Tensor batch(const Examples& x) const { return apply(CheckedWords{count}, x[0]); }
};

void check_words(const Tensor& words, std::int64_t count) {
  if (words.size() == 0 || words.dtype() != Dtype::int64) return;
  static_cast<void>(apply(CheckedWords{count}, words));
}

}  // namespace

Embedding::Embedding(std::int64_t count, std::int64_t width, const EmbeddingOptions& options,
                     Rng& rng)
    : weight(parameter("weight", initial_weight(count, width, options, rng))),
      padding_index_(options.padding_index),
      max_norm_(options.max_norm),
      sparse_(options.sparse) {
  describe("Embedding",
           detail::Arguments(count, width)("padding_index", padding_index_.value_or(-1), -1)(
               "max_norm", max_norm_.value_or(0), 0)("sparse", sparse_, false)
               .text);
}

void Embedding::shorten(const Tensor& words) const {
  if (words.body().mapped || weight.body().mapped || !weight.is_leaf()) {
    throw ValueError(
        "embedding: max_norm changes the weight, which must be the layer's own and "
        "cannot be done within vmap");
  }
  const NoGradGuard off;
  const Tensor rows = take(weight.detach(), reshape(words, {words.size()}));
  const Tensor lengths = norm(rows, 1);
  if (rows.size() == 0 || amax(lengths).item() <= *max_norm_) return;
  // as PyTorch, which leaves room for the rounding of the product
  const Tensor factors = where(lengths > *max_norm_, *max_norm_ / (lengths + 1e-7), 1);
  const std::vector<double> factor = factors.to_vector<double>();
  const std::vector<std::int64_t> word = words.to_vector<std::int64_t>();
  std::vector<bool> done(static_cast<std::size_t>(weight.extent(0)));
  const std::int64_t width = weight.extent(1);
  const auto scale = [&](auto* values) {
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (factor[i] == 1 || done[static_cast<std::size_t>(word[i])]) continue;
      done[static_cast<std::size_t>(word[i])] = true;
      auto* const row = values + word[i] * width;
      using Number = std::remove_reference_t<decltype(*row)>;
      for (std::int64_t k = 0; k < width; ++k) row[k] *= static_cast<Number>(factor[i]);
    }
  };
  weight.dtype() == Dtype::float32 ? scale(xtape::detail::writable<float>(weight))
                                   : scale(xtape::detail::writable<double>(weight));
}

Tensor Embedding::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& words) {
    xtape::detail::require_defined("embedding", "x", words);
    check_words(words, weight.extent(0));
    if (max_norm_) shorten(words);
    using namespace xtape::detail;
    Tensor rows = sparse_ ? taken_sparsely(weight, resolved("embedding", words, weight.extent(0)),
                                           padding_index_.value_or(-1))
                          : take(weight, words);
    if (!padding_index_) return rows;
    return where(expand_dims(words == *padding_index_, -1), rows.detach(), rows);
  });
}

}  // namespace xtape::nn
