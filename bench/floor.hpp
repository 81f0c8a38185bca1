#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "floor_passes.hpp"
#include "workloads.hpp"

namespace bench {

/// The floor under every ratio: one training step (forward, loss, backward, bias-corrected Adam
/// with decay) of a workload's network written by hand in float32. Matrix products are cblas calls
/// that write straight into their buffers, everything between two products is one fused SIMD pass,
/// there is no autodiff, and after the constructor nothing is allocated. The gradient of the inputs
/// is not computed. With more than one thread only the matrix products are threaded.
class FloorMlp {
 public:
  /// Throws std::invalid_argument if a hidden width is no multiple of 16 (the passes have no
  /// tails).
  explicit FloorMlp(const Problem& problem);

  FloorMlp(const FloorMlp&) = delete;
  FloorMlp& operator=(const FloorMlp&) = delete;

  /// One step; returns the loss before the update, the L2 penalty included.
  float step();

 private:
  struct Layer {
    std::int64_t inputs, outputs;
    float* weight = nullptr;           // [inputs, outputs]
    float* bias = nullptr;             // [outputs]
    float* weight_gradient = nullptr;  // like weight
    float* bias_gradient = nullptr;    // like bias
    float* output = nullptr;           // [samples, outputs]; the last: logits, then their gradient
    float* output_gradient = nullptr;  // [samples, outputs]
  };
  struct Free {
    void operator()(float* block) const { std::free(block); }
  };

  std::int64_t place_buffers(float* block);
  void set_initial_values();
  Dropout dropout(const Layer& layer) const;
  void forward();
  float loss_and_gradient();
  void backward();
  float update();

  const Problem* problem_;
  std::int64_t samples_;
  std::int64_t steps_ = 0;
  std::vector<float> targets_;  // [samples], labels as floats
  std::vector<Layer> layers_;
  std::unique_ptr<float, Free> memory_;  // one block for all that follows
  std::int64_t parameter_count_ = 0;     // every weight and bias, each padded to 64 bytes
  float* parameters_ = nullptr;
  float* gradients_ = nullptr;
  float* first_moments_ = nullptr;
  float* second_moments_ = nullptr;
  float* scratch_ = nullptr;  // [2, outputs of the last layer, 16]
};

}  // namespace bench
