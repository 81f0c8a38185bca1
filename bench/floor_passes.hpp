#pragma once

#include <cstdint>

namespace bench {

/// The fused passes of the floor: each reads and writes its memory once. Rows are contiguous;
/// hidden widths are multiples of the SIMD width; buffers are aligned to 64 bytes.

inline constexpr std::int64_t alignment_floats = 16;  // 64 bytes

/// How a hidden layer drops its outputs: each is kept with probability 1 - rate and scaled by
/// 1 / (1 - rate).
struct Dropout {
  float rate = 0;
  std::uint32_t key = 0;  // a new one each step
};

/// h = max(h + bias, 0), then dropout.   h [rows, columns], in place
void bias_relu(float* h, const float* bias, std::int64_t rows, std::int64_t columns,
               Dropout dropout);

/// g = h > 0 ? g scale : 0 and bias_gradient = the column sums of g.   g, h [rows, columns]
/// h > 0 holds where the unit was active and was not dropped, so no mask is stored.
void relu_backward(float* g, const float* h, float* bias_gradient, std::int64_t rows,
                   std::int64_t columns, float scale);

/// Adds the bias to the logits z [rows, classes], replaces z by (softmax(z) - onehot) / rows, sums
/// the bias gradient, and returns the mean cross-entropy.   scratch [2, classes, 16]
float softmax_cross_entropy(float* z, const float* bias, const std::int64_t* labels,
                            std::int64_t rows, std::int64_t classes, float* bias_gradient,
                            float* scratch);

/// Adds the bias to the logits z [count], replaces z by (sigmoid(z) - target) / count, sums the
/// bias gradient, and returns the mean binary cross-entropy,
/// max(z, 0) - z target + log1p(exp(-|z|)).
float sigmoid_cross_entropy(float* z, float bias, const float* targets, std::int64_t count,
                            float* bias_gradient);

/// What one step of Adam (Kingma and Ba 2015, algorithm 1) needs to know.
struct AdamStep {
  float rate;         // learning rate / (1 - beta1^t)
  float correction2;  // 1 / (1 - beta2^t)
  float l2;           // adds 2 l2 p to the gradient
};

/// One step over count parameters (a multiple of 16). Returns the sum of their squares before it,
/// or 0 if l2 is 0.
float adam(float* p, const float* g, float* m, float* v, std::int64_t count, AdamStep step);

}  // namespace bench
