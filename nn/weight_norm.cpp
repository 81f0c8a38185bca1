#include <vector>

#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/require_eps.hpp>
#include <xtape/nn/weight_norm.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape::nn::detail {

Tensor lengths(const Tensor& weight, std::int64_t axis) {
  std::vector<std::int64_t> others;
  for (std::int64_t i = 0; i < weight.rank(); ++i)
    if (i != axis) others.push_back(i);
  return norm(weight, others, {.keep_dims = true});
}

Tensor matrix_of(const Tensor& weight, std::int64_t axis) {
  return reshape(moveaxis(weight, axis, 0), {weight.extent(axis), -1});
}

void iterate_power(const Tensor& matrix, Tensor& u, Tensor& v, const SpectralNormOptions& options,
                   std::int64_t iterations) {
  xtape::detail::require_positive_eps("spectral_norm", options.eps, matrix.dtype());
  const NoGradGuard off;
  const auto unit = [&](const Tensor& x) { return x / maximum(norm(x), options.eps); };
  for (std::int64_t i = 0; i < iterations; ++i) {
    u = unit(matmul(matrix, v));
    v = unit(matmul(u, matrix));
  }
}

void check_spectral_norm(const SpectralNormOptions& options) {
  xtape::detail::require_at_least<std::int64_t>("spectral_norm", "iterations", options.iterations,
                                                1);
  xtape::detail::require_positive("spectral_norm", "eps", options.eps);
}

}  // namespace xtape::nn::detail
