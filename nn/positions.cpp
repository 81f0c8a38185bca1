#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/arguments.hpp>
#include <xtape/nn/positions.hpp>
#include <xtape/ops/dtype_cure.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn {
namespace {

Tensor initial_weight(std::int64_t count, std::int64_t width,
                      const LearnedPositionsOptions& options, Rng& rng) {
  xtape::detail::require_at_least<std::int64_t>("learned_positions", "count", count, 1);
  xtape::detail::require_at_least<std::int64_t>("learned_positions", "width", width, 1);
  return options.weight_init({count, width}, options.dtype, rng);
}

}  // namespace

LearnedPositions::LearnedPositions(std::int64_t count, std::int64_t width,
                                   const LearnedPositionsOptions& options, Rng& rng)
    : weight(parameter("weight", initial_weight(count, width, options, rng))) {
  describe("LearnedPositions", detail::Arguments(count, width).text);
}

Tensor LearnedPositions::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    xtape::detail::require_defined("learned_positions", "x", in);
    if (in.rank() < 2 || in.extent(-1) != weight.extent(1) || in.extent(-2) > weight.extent(0)) {
      throw ShapeError("learned_positions: [..., at most " + std::to_string(weight.extent(0)) +
                       " positions, " + std::to_string(weight.extent(1)) + "] is needed; got " +
                       in.describe());
    }
    if (in.dtype() != weight.dtype()) {
      throw DtypeError("learned_positions: input and weight must share one dtype; got " +
                       in.describe() + " and " + weight.describe() +
                       xtape::detail::dtype_cure(in, weight));
    }
    return in + slice(weight, {range(0, in.extent(-2))});
  });
}

}  // namespace xtape::nn
