#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

struct SimilarityOptions {
  std::int64_t axis = -1;  ///< along which the vectors lie
  double eps = 1e-8;       ///< the least length
};

/// The cosine of the angle between vectors, a b / (|a| |b|), both lengths at least eps; they
/// broadcast.
///   da = g (b / |b| - y a / |a|) / |a|, and below eps g b / (|b| eps), where PyTorch goes on as above
/// Throws ShapeError unless they broadcast, DtypeError for integers, IndexError for an axis that
/// there is not, ValueError for an eps that is negative or not finite.
[[nodiscard]] Tensor cosine_similarity(const Tensor& a, const Tensor& b,
                                       const SimilarityOptions& options = {});

struct DistanceOptions {
  double order = 2;   ///< of the norm
  double eps = 1e-6;  ///< added to each difference, so that equal vectors have slopes
  std::int64_t axis = -1;
};

/// The norm of a - b + eps along an axis; they broadcast.   da = g times the norm's slope, db = -da
/// Throws as cosine_similarity, ValueError unless the order is above 0.
[[nodiscard]] Tensor pairwise_distance(const Tensor& a, const Tensor& b,
                                       const DistanceOptions& options = {});

}  // namespace xtape

XTAPE_EXPORT_END
