#pragma once
#include <cstdint>

#include <xtape/core/dtype.hpp>

/// Recurrent nets over all steps of a batch of sequences; arrays are dense, float32 or float64.
namespace xtape::kernels {

enum class Cell { tanh, relu, gru, lstm };

/// Sums that a step of the cell has for each number of its state.
constexpr std::int64_t gates_of(Cell cell) {
  return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1;
}

/// x is [steps, batch, inputs], states [steps + 1, batch, width]: in the direction of the steps,
/// the one before a step beside the one behind it.
struct Recurrence {
  Cell cell;
  Dtype dtype;
  bool reverse;
  std::int64_t steps, batch, inputs, width;
  const std::int64_t* lengths;  // of the sequences; null if each has all steps

  std::int64_t before(std::int64_t step) const { return reverse ? step + 1 : step; }
  std::int64_t behind(std::int64_t step) const { return reverse ? step : step + 1; }
};

struct RecurrenceWeights {
  const std::byte *input, *hidden, *input_bias, *hidden_bias;
};

/// What has been computed: states, `c` of an LSTM only, and what the gradient reads of the steps:
/// `gates` [steps, batch, n width], and of a GRU `inner` [steps, batch, width].
struct RecurrenceValues {
  std::byte *h, *c, *gates, *inner;
};

/// From the states before the first step, which stand in their place, to all others.
void recurrence(const Recurrence& of, const RecurrenceWeights& weights, const std::byte* x,
                const RecurrenceValues& values);

struct RecurrenceGradients {
  const std::byte *gh, *gc;    // of the states
  std::byte *dgates, *dinner;  // of the sums before the gates, and of `inner`, or in place
  std::byte *dh, *dc;          // of the states before the first step
};

void recurrence_gradient(const Recurrence& of, const std::byte* hidden_weight,
                         const RecurrenceValues& values, const RecurrenceGradients& to);

}  // namespace xtape::kernels
