#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/nn/init.hpp>
#include <xtape/nn/module.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::nn {

struct LearnedPositionsOptions {
  init::Initializer weight_init = init::normal(0.02);
  Dtype dtype = default_dtype();
};

/// A learnt row of numbers added to each of up to `count` positions.
///   x [..., positions, width]   ->   y = x + weight[:positions]
/// Throws ValueError for a count or width below 1, ShapeError for another width and more
/// positions, DtypeError for another dtype.
struct LearnedPositions : Module {
  LearnedPositions(std::int64_t count, std::int64_t width,
                   const LearnedPositionsOptions& options = {}, Rng& rng = default_rng());

  Tensor operator()(const Tensor& x) const;

  Parameter weight;  // [count, width]
};

}  // namespace xtape::nn

XTAPE_EXPORT_END
