#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Activations that are made of functions of elements; integers become floating numbers. At kinks
/// their slopes are PyTorch's. Others, `relu`, `gelu`, `mish`, are rows of elementwise.def and
/// functions.def.
namespace xtape {

/// x limited to [low, high].   dx = g strictly between the two, 0 elsewhere, at the limits too
/// Throws ValueError unless low <= high.
[[nodiscard]] Tensor hardtanh(const Tensor& x, double low = -1, double high = 1);

/// x for x > 0, alpha (exp(x / alpha) - 1) elsewhere: elu with a slope that is continuous for each
/// alpha.
///   dx = g for x > 0, g exp(x / alpha) elsewhere
/// Throws ValueError for an alpha that is 0 or not finite.
/// Source: Barron, Continuously Differentiable Exponential Linear Units (2017).
[[nodiscard]] Tensor celu(const Tensor& x, double alpha = 1);

/// 0 where |x| <= lambda, elsewhere x, or x brought nearer to 0 by lambda.
///   dx = 0 where |x| <= lambda, g elsewhere
/// Throws ValueError for a lambda that is negative or not finite.
[[nodiscard]] Tensor hardshrink(const Tensor& x, double lambda = 0.5);
[[nodiscard]] Tensor softshrink(const Tensor& x, double lambda = 0.5);

/// x where x > limit, elsewhere a value.   dx = g where x > limit, 0 elsewhere
/// Throws ValueError for a number that is not finite.
[[nodiscard]] Tensor threshold(const Tensor& x, double limit, double value);

/// leaky_relu with a slope for each channel, the second axis of x, or one for all: weight
/// [channels] or [1].
///   dx = g for x > 0, g w elsewhere;  dw = g x for x <= 0, summed over the rest
/// Throws ShapeError for another weight, or an x without channels.
/// Source: He et al., Delving Deep into Rectifiers (2015), equation 1.
[[nodiscard]] Tensor prelu(const Tensor& x, const Tensor& weight);

/// The first half a of an axis, times a gate that the second half b opens: a sigmoid(b); a relu(b),
/// a gelu(b) and a silu(b) likewise.
///   x [..., 2 n, ...]   ->   y [..., n, ...]
/// Throws ShapeError unless the axis has an even extent, IndexError for an axis that there is not.
/// Sources: Dauphin et al., Language Modeling with Gated Convolutional Networks (2017); Shazeer,
/// GLU Variants Improve Transformer (2020).
[[nodiscard]] Tensor glu(const Tensor& x, std::int64_t axis = -1);
[[nodiscard]] Tensor reglu(const Tensor& x, std::int64_t axis = -1);
[[nodiscard]] Tensor geglu(const Tensor& x, std::int64_t axis = -1);
[[nodiscard]] Tensor swiglu(const Tensor& x, std::int64_t axis = -1);

/// softmax(-x) along an axis.   dx = y (sum(g y) - g)
[[nodiscard]] Tensor softmin(const Tensor& x, std::int64_t axis = -1);

}  // namespace xtape

XTAPE_EXPORT_END
