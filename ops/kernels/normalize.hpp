#pragma once
#include <cstddef>
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>

/// Normalization of dense arrays [outer, channels, inner], float32 or float64.
namespace xtape::kernels {

/// What has mean 0 and variance 1 afterwards: each channel; or, in each of `outer`, each of
/// `groups` of channels. Without `centred` the mean is left as it is, and the mean square becomes
/// 1.
struct Normalization {
  std::int64_t outer, channels, inner;
  bool by_channel;
  std::int64_t groups;
  bool centred;
  double eps;  // added to the variance

  std::int64_t parts() const { return by_channel ? channels : outer * groups; }
  /// Elements that are normalized together.
  std::int64_t together() const {
    return by_channel ? outer * inner : groups == 0 ? 0 : channels / groups * inner;
  }
};

struct NormalizeKernels {
  /// y = (x - mean) / sqrt(variance + eps) weight + bias, a weight and a bias for each channel, or
  /// null. Into `moments` [3, parts] come the means, 1 / sqrt(variance + eps), and the variances.
  void (*normalize)(Dtype dtype, const Normalization& of, const std::byte* x,
                    const std::byte* weight, const std::byte* bias, std::byte* y,
                    std::byte* moments);

  /// dx, and d(weight) and d(bias) [channels] unless null, of dL/dy = g.
  void (*normalize_gradient)(Dtype dtype, const Normalization& of, const std::byte* g,
                             const std::byte* x, const std::byte* weight, const std::byte* moments,
                             std::byte* dx, std::byte* dweight, std::byte* dbias);
};

inline const NormalizeKernels& normalize_kernels() { return chosen<NormalizeKernels>(); }

}  // namespace xtape::kernels
