#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {

enum class Loss { softmax_cross_entropy, sigmoid_binary_cross_entropy };

/// A training problem: a multilayer perceptron with ReLU between its layers, trained full batch by
/// Adam.
struct Workload {
  std::string name;
  std::string description;
  std::int64_t samples;
  std::vector<std::int64_t> widths;  // inputs, hidden ..., outputs
  Loss loss = Loss::softmax_cross_entropy;
  float learning_rate = 0.001F;
  float decay = 0;    // rate(t) = learning_rate / (1 + decay t)
  float l2 = 0;       // on weights and bias of the first layer
  float dropout = 0;  // after the first layer
  double target = 0;  // xtape's time over the floor's on one thread, at most; 0: none
};

inline constexpr float beta1 = 0.9F;
inline constexpr float beta2 = 0.999F;
inline constexpr float epsilon = 1e-7F;

/// The workloads, in the order in which they are reported: a, b and c are spirals in the style of
/// *Neural Networks from Scratch* (chapters 10, 15 and 16), d and e have the shapes of image
/// classifiers.
inline std::vector<Workload> workloads() {
  using enum Loss;
  return {
      {.name = "a",
       .description = "spiral n=300, 2-64-3, softmax CE",
       .samples = 300,
       .widths = {2, 64, 3},
       .learning_rate = 0.05F,
       .decay = 5e-7F,
       .target = 1.5},
      {.name = "b",
       .description = "spiral n=3000, 2-512-3, L2, dropout 0.1",
       .samples = 3000,
       .widths = {2, 512, 3},
       .learning_rate = 0.05F,
       .decay = 5e-5F,
       .l2 = 5e-4F,
       .dropout = 0.1F},
      {.name = "c",
       .description = "spiral n=300, 2-64-1, sigmoid BCE",
       .samples = 300,
       .widths = {2, 64, 1},
       .loss = sigmoid_binary_cross_entropy,
       .learning_rate = 0.05F,
       .decay = 5e-7F,
       .target = 2.0},
      {.name = "d",
       .description = "784-128-128-10, batch 128",
       .samples = 128,
       .widths = {784, 128, 128, 10},
       .learning_rate = 0.001F,
       .decay = 1e-3F,
       .target = 1.15},
      {.name = "e",
       .description = "784-1024-1024-10, batch 256",
       .samples = 256,
       .widths = {784, 1024, 1024, 10},
       .learning_rate = 0.0001F,
       .decay = 1e-3F,
       .target = 1.15},
  };
}

/// A workload with the data and the initial weights that all contestants share. Biases start at
/// zero.
struct Problem {
  Workload workload;
  std::vector<float> inputs;                // [samples, widths.front()]
  std::vector<std::int64_t> labels;         // [samples]
  std::vector<std::vector<float>> weights;  // per layer [inputs, outputs]
};

/// The same numbers in every run and on every machine.
Problem make_problem(const Workload& workload);

/// Writes a problem for a peer in another process: one line of text `samples loss learning_rate
/// decay l2 dropout width ...` (loss 0: softmax, 1: sigmoid), then in the machine's byte order
/// inputs (float32), labels (int64) and each layer's weights (float32), all row-major.
void write_problem(const Problem& problem, const std::filesystem::path& file);

/// Reads what write_problem wrote. Throws std::runtime_error if the file is short.
Problem read_problem(const std::filesystem::path& file);

}  // namespace bench
