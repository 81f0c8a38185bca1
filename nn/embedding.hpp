#pragma once
#include <cstdint>
#include <optional>

#include <xtape/config.hpp>
#include <xtape/nn/init.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_index = {};  ///< a row of zeros that is not trained
  std::optional<double> max_norm =
      {};  ///< rows that are looked up are first shortened to this length
  bool sparse =
      false;  ///< the weight keeps its gradient as rows, see `Tensor::sparse_grad` and SparseAdam
  init::Initializer weight_init = init::normal(1);
  Dtype dtype = default_dtype();
};

/// A row of numbers for each of `count` words.
///   x [...] int64   ->   y [..., width], the rows at these numbers
/// With max_norm a row that is longer is scaled in the weight itself, as it is used, in evaluation
/// too, where nobody else may use the layer meanwhile: no part of the derivative.
/// Throws ValueError for a count or width below 1, a padding index that is no row, a max_norm that
/// is not above 0 and finite, and for max_norm within vmap; DtypeError unless x is int64,
/// IndexError for a word out of range.
struct Embedding : Module {
  Embedding(std::int64_t count, std::int64_t width, const EmbeddingOptions& options = {},
            Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;

  Parameter weight;  // [count, width]

 private:
  void shorten(const Tensor& words) const;

  std::optional<std::int64_t> padding_index_;
  std::optional<double> max_norm_;
  bool sparse_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
