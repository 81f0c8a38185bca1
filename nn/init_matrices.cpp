// Initial values that take linear algebra or the normal distribution: whoever uses none of them
// links neither.
#include <algorithm>
#include <cmath>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/init.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/special.hpp>

namespace xtape::nn::init {
namespace {

/// Inputs, those of a whole window, and outputs.
Shape matrix_of(const Shape& shape) {
  static_cast<void>(Fans::of(shape));
  const std::int64_t outputs = shape[shape.rank() - 1];
  return {outputs == 0 ? 0 : shape.size() / outputs, outputs};
}

/// Numbers that were drawn in float64. Throws ValueError for one that the dtype does not hold.
Tensor fitting(const Tensor& numbers, Dtype dtype) {
  if (numbers.size() > 0) Number(amax(abs(numbers)).item()).check("init", dtype);
  return numbers.to(dtype);
}

}  // namespace

Initializer truncated_normal(const TruncatedNormalOptions& options) {
  const char* const op = "init";
  xtape::detail::require_finite(op, "mean", options.mean);
  xtape::detail::require_positive(op, "stddev", options.stddev);
  xtape::detail::require(options.low < options.high, op, "low", "be below high", options.low);
  // on the left of the mean, where probabilities have their digits
  const bool turned = options.low > options.mean;
  const auto below = [&](double limit) {
    const double z = (limit - options.mean) / options.stddev;
    return std::erfc((turned ? z : -z) / std::sqrt(2.0)) / 2;
  };
  const double first = below(turned ? options.high : options.low),
               last = below(turned ? options.low : options.high);
  xtape::detail::require(last - first >= 1e-12, op, "low", "leave something below high",
                         options.low);
  return [=](const Shape& shape, Dtype dtype, Rng& rng) {
    const NoGradGuard off;
    const Tensor z = ndtri(rng.uniform(shape, first, last, Dtype::float64));
    const Tensor x = options.mean + (turned ? -options.stddev : options.stddev) * z;
    return fitting(clip(x, options.low, options.high), dtype);
  };
}

Initializer orthogonal(double gain) {
  xtape::detail::require_not_negative("init", "gain", gain);
  return [gain](const Shape& shape, Dtype dtype, Rng& rng) {
    const NoGradGuard off;
    Number(gain).check("init", dtype);
    const Shape matrix = matrix_of(shape);
    if (shape.size() == 0) return xtape::zeros(shape, dtype);
    const bool wide = matrix[0] < matrix[1];
    const Shape tall{std::max(matrix[0], matrix[1]), std::min(matrix[0], matrix[1])};
    const auto [q, r] = linalg::qr(rng.randn(tall, Dtype::float64));
    const Tensor chosen = q * copysign(gain, diagonal(r));
    return reshape(wide ? transpose(chosen) : chosen, shape).to(dtype).contiguous();
  };
}

Initializer sparse(double sparsity, double stddev) {
  xtape::detail::require_in("init", "sparsity", sparsity, 0.0, 1.0);
  xtape::detail::require_not_negative("init", "stddev", stddev);
  return [=](const Shape& shape, Dtype dtype, Rng& rng) {
    const NoGradGuard off;
    const Shape matrix = matrix_of(shape);
    const auto none =
        static_cast<std::int64_t>(std::ceil(sparsity * static_cast<double>(matrix[0])));
    std::vector<double> values = rng.normal(matrix, 0, stddev, Dtype::float64).to_vector<double>();
    for (std::int64_t output = 0; output < matrix[1]; ++output) {
      const auto order = rng.permutation(matrix[0]).to_vector<std::int64_t>();
      for (std::int64_t k = 0; k < none; ++k) {
        const std::int64_t input = order[static_cast<std::size_t>(k)];
        values[static_cast<std::size_t>(input * matrix[1] + output)] = 0;
      }
    }
    return fitting(from_vector(std::move(values), shape), dtype);
  };
}

Initializer identity(std::int64_t groups) {
  xtape::detail::require_at_least<std::int64_t>("init", "groups", groups, 1);
  return [groups](const Shape& shape, Dtype dtype, Rng&) {
    const Shape matrix = matrix_of(shape);
    xtape::detail::require(matrix[1] % groups == 0, "init", "groups", "divide the outputs", groups);
    std::vector<double> values(static_cast<std::size_t>(shape.size()), 0);
    std::int64_t middle = 0;
    for (int axis = 0; axis < shape.rank() - 2; ++axis)
      middle = middle * shape[axis] + shape[axis] / 2;
    const std::int64_t inputs = shape[shape.rank() - 2], of_group = matrix[1] / groups;
    for (std::int64_t output = 0; output < matrix[1]; ++output) {
      const std::int64_t input = output % of_group;
      if (input < inputs) {
        const std::int64_t place = (middle * inputs + input) * matrix[1] + output;
        values[static_cast<std::size_t>(place)] = 1;
      }
    }
    return from_vector(std::move(values), shape).to(dtype);
  };
}

}  // namespace xtape::nn::init
