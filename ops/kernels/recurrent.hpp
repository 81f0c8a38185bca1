#pragma once
#include <cstdint>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>

/// What a step of a recurrent net does to its gates, for a batch of sequences: states and their
/// gradients are [batch, width], gates [batch, n width] side by side, with a `bias` [n width] that
/// is added to their sums; dense, float32 or float64.
namespace xtape::kernels {

/// A step of a batch. Sequences that are not `alive` keep their states; all are if that is null.
struct RecurrentStep {
  std::int64_t batch, width;
  const bool* alive;
};

struct RecurrentKernels {
  /// gates i, f, g, o: from sums to values.   c = f c_before + i g,  h = o tanh(c)
  void (*lstm)(Dtype dtype, const RecurrentStep& step, const std::byte* bias, std::byte* gates,
               const std::byte* h_before, const std::byte* c_before, std::byte* h, std::byte* c);
  /// From dL/dh and dL/dc to those of the sums and, in place of dc, of c_before.
  void (*lstm_gradient)(Dtype dtype, const RecurrentStep& step, const std::byte* gates,
                        const std::byte* c_before, const std::byte* c, const std::byte* dh,
                        std::byte* dc, std::byte* dgates);

  /// gates r, z, n: from sums to values; `inner`, by which r is multiplied, gets the bias [width]
  /// behind that of the gates.   n = tanh(sum + r inner),  h = n + z (h_before - n)
  void (*gru)(Dtype dtype, const RecurrentStep& step, const std::byte* bias, std::byte* gates,
              std::byte* inner, const std::byte* h_before, std::byte* h);
  /// From dL/dh to those of the sums, of `inner` and, in place of dh, what goes to h_before past
  /// them.
  void (*gru_gradient)(Dtype dtype, const RecurrentStep& step, const std::byte* gates,
                       const std::byte* inner, const std::byte* h_before, std::byte* dh,
                       std::byte* dgates, std::byte* dinner);

  /// h = tanh(sum), or relu.
  void (*rnn)(Dtype dtype, const RecurrentStep& step, bool rectified, const std::byte* bias,
              const std::byte* sums, const std::byte* h_before, std::byte* h);
  void (*rnn_gradient)(Dtype dtype, const RecurrentStep& step, bool rectified, const std::byte* h,
                       const std::byte* dh, std::byte* dsums);

  /// y = g + what comes past a step: from `behind` it, of all sequences or of those that the step
  /// is not for.
  void (*pass)(Dtype dtype, const RecurrentStep& step, bool all, const std::byte* g,
               const std::byte* behind, std::byte* y);
};

}  // namespace xtape::kernels
