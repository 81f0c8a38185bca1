#include <algorithm>
#include <cstring>
#include <utility>

#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/buffer.hpp>
#include <xtape/ops/kernels/packed_matrix.hpp>
#include <xtape/ops/kernels/recurrence.hpp>
#include <xtape/ops/kernels/recurrent.hpp>

namespace xtape::kernels {
namespace {

/// Offsets in bytes of what a step has.
struct Layout {
  explicit Layout(const Recurrence& of)
      : element(static_cast<std::int64_t>(size_of(of.dtype))),
        state(of.batch * of.width * element),
        gates(gates_of(of.cell) * state) {}
  std::int64_t element, state, gates;
};

/// Some of the sequences of a batch: each goes its way alone.
struct Sequences {
  std::int64_t first, count;

  /// From the first of so many numbers for each sequence.
  template <class Byte>
  void move(Byte*& data, std::int64_t each, const Layout& at) const {
    if (data != nullptr) data += first * each * at.element;
  }
};

/// Which of them a step belongs to.
class Alive {
 public:
  Alive(const Recurrence& of, const Sequences& sequences)
      : of_(of), sequences_(sequences), flags_(std::max<std::int64_t>(sequences.count, 1)) {}
  RecurrentStep at(std::int64_t step) {
    for (std::int64_t b = 0; of_.lengths != nullptr && b < sequences_.count; ++b)
      flags_.data()[b] = step < of_.lengths[sequences_.first + b];
    return {sequences_.count, of_.width, of_.lengths == nullptr ? nullptr : flags_.data()};
  }

 private:
  const Recurrence& of_;
  const Sequences& sequences_;
  Buffer<bool> flags_;
};

/// What is added to the sums of each gate, and behind that to a GRU's `inner`.
template <class T>
void put_biases(const Recurrence& of, const RecurrenceWeights& weights, std::byte* y) {
  const auto *input = reinterpret_cast<const T*>(weights.input_bias),
             *hidden = reinterpret_cast<const T*>(weights.hidden_bias);
  auto* sums = reinterpret_cast<T*>(y);
  const std::int64_t columns = gates_of(of.cell) * of.width;
  const std::int64_t both = of.cell == Cell::gru ? 2 * of.width : columns;
  for (std::int64_t i = 0; i < both; ++i) sums[i] = input[i] + hidden[i];
  std::copy(input + both, input + columns, sums + both);
  std::copy(hidden + both, hidden + columns, sums + columns);
}

/// The products with all inputs, and the biases.
class Inputs {
 public:
  Inputs(const Recurrence& of, const RecurrenceWeights& weights, const std::byte* x,
         std::byte* gates)
      : biases_(5 * of.width * Layout(of).element) {
    (of.dtype == Dtype::float32 ? put_biases<float> : put_biases<double>)(of, weights,
                                                                          biases_.data());
    const std::int64_t stride = std::max<std::int64_t>(of.inputs, 1);
    const std::int64_t columns = gates_of(of.cell) * of.width;
    PackedMatrix(of.dtype, columns, of.inputs, {weights.input, stride, true})
        .multiply(of.steps * of.batch, {x, stride, false}, gates, columns, false);
  }
  const std::byte* biases() const { return biases_.data(); }

 private:
  Buffer<std::byte> biases_;
};

/// Calls f with some of the sequences, which threads share: each thread takes all steps of its own.
/// No bit depends on how many go together: rows of a PackedMatrix's products are summed each alone.
template <class F>
void share_sequences(const Recurrence& of, const F& f) {
  constexpr std::int64_t least = 4;
  const int count = threads();
  const std::int64_t each = (of.batch + count - 1) / count;
  const double products = static_cast<double>(of.steps * of.batch) *
                          static_cast<double>(gates_of(of.cell) * of.width * of.width);
  detail::parallel_for(of.batch, (each + least - 1) / least * least,
                       detail::time_of_products(products),
                       [&](std::int64_t first, std::int64_t last) {
                         f(Sequences{first, last - first});
                       });
}

RecurrenceValues values_of(const Recurrence& of, const Sequences& sequences,
                           RecurrenceValues values) {
  const Layout at(of);
  sequences.move(values.h, of.width, at);
  sequences.move(values.c, of.width, at);
  sequences.move(values.gates, gates_of(of.cell) * of.width, at);
  sequences.move(values.inner, of.width, at);
  return values;
}

/// Calls f with each step and what there is of it, from the first in the direction, or from the
/// last.
template <class F>
void for_each_step(const Recurrence& of, const Sequences& sequences, bool backwards, const F& f) {
  Alive alive(of, sequences);
  for (std::int64_t i = 0; i < of.steps; ++i) {
    const std::int64_t step = of.reverse != backwards ? of.steps - 1 - i : i;
    f(step, alive.at(step));
  }
}

void recurrence_gru(const Recurrence& of, const RecurrenceWeights& weights, const std::byte* biases,
                    const RecurrenceValues& all) {
  const Layout at(of);
  const std::int64_t n = of.width;
  const std::byte* last = weights.hidden + 2 * n * n * at.element;
  const PackedMatrix outer(of.dtype, 2 * n, n, {weights.hidden, n, true});
  const PackedMatrix within(of.dtype, n, n, {last, n, true});
  share_sequences(of, [&](const Sequences& sequences) {
    const RecurrenceValues values = values_of(of, sequences, all);
    for_each_step(of, sequences, false, [&](std::int64_t step, const RecurrentStep& alive) {
      const std::byte* before = values.h + of.before(step) * at.state;
      std::byte *sums = values.gates + step * at.gates, *inner = values.inner + step * at.state;
      outer.multiply(alive.batch, {before, n, false}, sums, 3 * n, true);
      within.multiply(alive.batch, {before, n, false}, inner, n, false);
      chosen<RecurrentKernels>().gru(of.dtype, alive, biases, sums, inner, before,
                                     values.h + of.behind(step) * at.state);
    });
  });
}

/// The gradient of the states before a step, from that of those behind it; `dc` is changed in
/// place, and `now` may be.
class GradientStep {
 public:
  GradientStep(const Recurrence& of, const std::byte* hidden_weight)
      : of_(of),
        at_(of),
        outer_gates_(of.cell == Cell::gru ? 2 : gates_of(of.cell)),
        outer_(of.dtype, of.width, outer_gates_ * of.width, {hidden_weight, of.width, false}),
        within_(
            of.dtype, of.width, of.cell == Cell::gru ? of.width : 0,
            {hidden_weight + outer_gates_ * of.width * of.width * at_.element, of.width, false}) {}

  void operator()(std::int64_t step, const RecurrentStep& alive, const RecurrenceValues& values,
                  const RecurrenceGradients& to, std::byte* now, std::byte* next) const {
    const auto& kernels = chosen<RecurrentKernels>();
    const std::int64_t before = of_.before(step) * at_.state, behind = of_.behind(step) * at_.state;
    const std::int64_t n = of_.width, columns = gates_of(of_.cell) * n;
    const std::byte* gates = values.gates + step * at_.gates;
    std::byte* sums = to.dgates + step * at_.gates;
    const bool gru = of_.cell == Cell::gru;
    if (of_.cell == Cell::lstm) {
      kernels.lstm_gradient(of_.dtype, alive, gates, values.c + before, values.c + behind, now,
                            to.dc, sums);
      kernels.pass(of_.dtype, alive, true, to.gc + before, to.dc, to.dc);
    } else if (gru) {
      kernels.gru_gradient(of_.dtype, alive, gates, values.inner + step * at_.state,
                           values.h + before, now, sums, to.dinner + step * at_.state);
    } else {
      kernels.rnn_gradient(of_.dtype, alive, of_.cell == Cell::relu, values.h + behind, now, sums);
    }
    kernels.pass(of_.dtype, alive, gru, to.gh + before, now, next);
    outer_.multiply(alive.batch, {sums, columns, false}, next, n, true);
    if (gru) within_.multiply(alive.batch, {to.dinner + step * at_.state, n, false}, next, n, true);
  }

 private:
  const Recurrence& of_;
  Layout at_;
  std::int64_t outer_gates_;
  PackedMatrix outer_, within_;
};

}  // namespace

void recurrence(const Recurrence& of, const RecurrenceWeights& weights, const std::byte* x,
                const RecurrenceValues& all) {
  if (of.batch == 0 || of.steps == 0) return;
  const Inputs inputs(of, weights, x, all.gates);
  const std::byte* biases = inputs.biases();
  if (of.cell == Cell::gru) return recurrence_gru(of, weights, biases, all);
  const Layout at(of);
  const auto& kernels = chosen<RecurrentKernels>();
  const std::int64_t n = of.width, columns = gates_of(of.cell) * n;
  const PackedMatrix product(of.dtype, columns, n, {weights.hidden, n, true});
  share_sequences(of, [&](const Sequences& sequences) {
    const RecurrenceValues values = values_of(of, sequences, all);
    for_each_step(of, sequences, false, [&](std::int64_t step, const RecurrentStep& alive) {
      const std::int64_t before = of.before(step) * at.state, behind = of.behind(step) * at.state;
      const std::byte* h = values.h + before;
      std::byte* sums = values.gates + step * at.gates;
      product.multiply(alive.batch, {h, n, false}, sums, columns, true);
      if (of.cell == Cell::lstm) {
        kernels.lstm(of.dtype, alive, biases, sums, h, values.c + before, values.h + behind,
                     values.c + behind);
      } else {
        kernels.rnn(of.dtype, alive, of.cell == Cell::relu, biases, sums, h, values.h + behind);
      }
    });
  });
}

void recurrence_gradient(const Recurrence& of, const std::byte* hidden_weight,
                         const RecurrenceValues& all_values, const RecurrenceGradients& all) {
  if (of.batch == 0) return;
  const Layout at(of);
  const GradientStep gradient(of, hidden_weight);
  const std::int64_t end = (of.reverse ? 0 : of.steps) * at.state;
  share_sequences(of, [&](const Sequences& sequences) {
    const RecurrenceValues values = values_of(of, sequences, all_values);
    RecurrenceGradients to = all;
    for (const std::byte** given : {&to.gh, &to.gc}) sequences.move(*given, of.width, at);
    for (std::byte** made : {&to.dinner, &to.dh, &to.dc}) sequences.move(*made, of.width, at);
    sequences.move(to.dgates, gates_of(of.cell) * of.width, at);
    const std::int64_t size = sequences.count * of.width * at.element;
    const auto bytes = static_cast<std::size_t>(size);
    const Buffer<std::byte> other(size);
    std::byte *now = to.dh, *next = other.data();
    std::memcpy(now, to.gh + end, bytes);
    if (of.cell == Cell::lstm) std::memcpy(to.dc, to.gc + end, bytes);
    for_each_step(of, sequences, true, [&](std::int64_t step, const RecurrentStep& alive) {
      gradient(step, alive, values, to, now, next);
      std::swap(now, next);
    });
    if (now != to.dh) std::memcpy(to.dh, now, bytes);
  });
}

}  // namespace xtape::kernels
