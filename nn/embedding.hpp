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
  init::Initializer weight_init = init::normal(1);
  Dtype dtype = default_dtype();
};

/// A row of numbers for each of `count` words.
///   x [...] int64   ->   y [..., width], the rows at these numbers
/// Throws ValueError for a count or width below 1 and a padding index that is no row, DtypeError unless x
/// is int64, IndexError for a word out of range.
struct Embedding : Module {
  Embedding(std::int64_t count, std::int64_t width, const EmbeddingOptions& options = {},
            Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;

  Parameter weight;  // [count, width]

 private:
  std::optional<std::int64_t> padding_index_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
