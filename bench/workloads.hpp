#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {

enum class Loss { softmax_cross_entropy, sigmoid_binary_cross_entropy };
enum class Rule { adam, sgd, adagrad, rmsprop };

/// A training problem: a multilayer perceptron with ReLU between its layers, trained full batch.
struct Workload {
  std::string name;
  std::string description;
  std::int64_t samples;
  std::vector<std::int64_t> widths;  // inputs, hidden ..., outputs
  Loss loss = Loss::softmax_cross_entropy;
  Rule rule = Rule::adam;
  float learning_rate = 0.001F;
  float momentum = 0;  // of sgd
  float decay = 0;     // rate(t) = learning_rate / (1 + decay t)
  float l2 = 0;        // on weights and bias of the first layer
  float dropout = 0;   // after the first layer
  double target = 0;   // xtape's time over the floor's on one thread, at most; 0: none
};

inline constexpr float beta1 = 0.9F;
inline constexpr float beta2 = 0.999F;
inline constexpr float epsilon = 1e-7F;
inline constexpr float rho = 0.999F;  // of rmsprop, as the book trains

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
      {.name = "g",
       .description = "spiral n=3000, 2-512-3, b without both",
       .samples = 3000,
       .widths = {2, 512, 3},
       .learning_rate = 0.05F,
       .decay = 5e-5F},
  };
}

/// The runs of *Neural Networks from Scratch*, chapters 10 to 16.
inline std::vector<Workload> book_workloads() {
  const std::vector<std::int64_t> small{2, 64, 3};
  using enum Rule;
  return {
      {.name = "sgd",
       .description = "SGD, decay 1e-3",
       .samples = 300,
       .widths = small,
       .rule = sgd,
       .learning_rate = 1,
       .decay = 1e-3F},
      {.name = "momentum",
       .description = "SGD, decay 1e-3, momentum 0.9",
       .samples = 300,
       .widths = small,
       .rule = sgd,
       .learning_rate = 1,
       .momentum = 0.9F,
       .decay = 1e-3F},
      {.name = "adagrad",
       .description = "Adagrad, decay 1e-4",
       .samples = 300,
       .widths = small,
       .rule = adagrad,
       .learning_rate = 1,
       .decay = 1e-4F},
      {.name = "rmsprop",
       .description = "RMSprop, rho 0.999, decay 1e-5",
       .samples = 300,
       .widths = small,
       .rule = rmsprop,
       .learning_rate = 0.02F,
       .decay = 1e-5F},
      {.name = "adam",
       .description = "Adam, decay 5e-7",
       .samples = 300,
       .widths = small,
       .learning_rate = 0.05F,
       .decay = 5e-7F},
      {.name = "l2",
       .description = "Adam, L2",
       .samples = 300,
       .widths = small,
       .learning_rate = 0.02F,
       .decay = 5e-7F,
       .l2 = 5e-4F},
      {.name = "l2-data",
       .description = "Adam, L2, 1000 samples a class",
       .samples = 3000,
       .widths = small,
       .learning_rate = 0.02F,
       .decay = 5e-7F,
       .l2 = 5e-4F},
      {.name = "l2-256",
       .description = "the same, 256 hidden",
       .samples = 3000,
       .widths = {2, 256, 3},
       .learning_rate = 0.02F,
       .decay = 5e-7F,
       .l2 = 5e-4F},
      {.name = "l2-512",
       .description = "the same, 512 hidden",
       .samples = 3000,
       .widths = {2, 512, 3},
       .learning_rate = 0.02F,
       .decay = 5e-7F,
       .l2 = 5e-4F},
      {.name = "dropout",
       .description = "Adam, L2, 1000 samples, dropout 0.1",
       .samples = 3000,
       .widths = small,
       .learning_rate = 0.05F,
       .decay = 5e-5F,
       .l2 = 5e-4F,
       .dropout = 0.1F},
      {.name = "dropout-512",
       .description = "the same, 512 hidden",
       .samples = 3000,
       .widths = {2, 512, 3},
       .learning_rate = 0.05F,
       .decay = 5e-5F,
       .l2 = 5e-4F,
       .dropout = 0.1F},
      {.name = "binary",
       .description = "one output, sigmoid, L2",
       .samples = 200,
       .widths = {2, 64, 1},
       .loss = Loss::sigmoid_binary_cross_entropy,
       .learning_rate = 0.001F,
       .decay = 5e-7F,
       .l2 = 5e-4F},
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

/// Writes a problem for a peer in another process: one line of text `samples loss rule
/// learning_rate momentum decay l2 dropout width ...` (loss and rule as numbers, in the order of
/// their enumerations), then in the machine's byte order inputs (float32), labels (int64) and each
/// layer's weights (float32), all row-major.
void write_problem(const Problem& problem, const std::filesystem::path& file);

/// Reads what write_problem wrote. Throws std::runtime_error if the file is short.
Problem read_problem(const std::filesystem::path& file);

}  // namespace bench
