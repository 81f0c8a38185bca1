#pragma once
#include <xtape/config.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/similarity.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

/// `cosine_similarity` of two tensors as a module.
class CosineSimilarity : public Module {
 public:
  explicit CosineSimilarity(const SimilarityOptions& options = {}) : options_(options) {
    describe("CosineSimilarity",
             options.axis == -1 ? "" : "axis=" + xtape::detail::text(options.axis));
  }
  Tensor operator()(const Tensor& a, const Tensor& b) const {
    const ErrorContext in = here();
    return cosine_similarity(a, b, options_);
  }

 private:
  SimilarityOptions options_;
};

/// `pairwise_distance` of two tensors as a module.
class PairwiseDistance : public Module {
 public:
  explicit PairwiseDistance(const DistanceOptions& options = {}) : options_(options) {
    describe("PairwiseDistance",
             options.order == 2 ? "" : "order=" + xtape::detail::text(options.order));
  }
  Tensor operator()(const Tensor& a, const Tensor& b) const {
    const ErrorContext in = here();
    return pairwise_distance(a, b, options_);
  }

 private:
  DistanceOptions options_;
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
