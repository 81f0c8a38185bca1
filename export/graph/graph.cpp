#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/export/graph/graph.hpp>
#include <xtape/export/kernels/constants.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/search.hpp>

namespace xtape::exporting {
namespace {

/// Those that recordings are made of.
constexpr std::array<std::int64_t, 3> batches{7, 2, 17};

/// Other numbers than those of x, so that what is made of them past the operations shows; of
/// integers, which may be indices, the same ones.
Tensor moved(const Tensor& x, const Tensor& by) {
  return is_floating(x.dtype()) ? (x * (1 + by) + by).to(x.dtype()) : x;
}

/// So many rows of x, along an axis, again from the first where there are no more; those of numbers
/// all differ.
Tensor with_rows(const Tensor& x, int axis, std::int64_t rows) {
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < rows; ++i) places.push_back(i % x.extent(axis));
  Shape column{rows};
  for (int i = axis + 1; i < x.rank(); ++i) column.push_back(1);
  const Tensor by = reshape(arange(0, rows), column).to(Dtype::float32) / 64;
  return moved(take(x, from_vector(std::move(places)), axis), by);
}

bool equal_values(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && same_bytes(a, b);
}

/// Examples with so many rows, and other numbers where they have no batch.
Tensors with_rows(const Tensors& examples, const BatchAxes& axes, std::int64_t rows) {
  Tensors all;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Tensor x = examples[i].detach();
    const double by = static_cast<double>(rows) / 64;
    all.push_back(axes[i] ? with_rows(x, *axes[i], rows) : moved(x, full({}, by, Dtype::float32)));
  }
  return all;
}

std::string described(const Tensors& tensors) {
  std::string text;
  for (const Tensor& x : tensors) text += (text.empty() ? "" : ", ") + x.describe();
  return text;
}

/// What the model does with so many rows. Where it takes the examples, but not these, that is told.
Recording recording_of_rows(const char* op, const nn::Module& model, const ModelFunction& function,
                            const Tensors& examples, const BatchAxes& axes, std::int64_t rows) {
  const Tensors x = with_rows(examples, axes, rows);
  try {
    return record_model(op, model, function, x);
  } catch (const Error& error) {
    const std::string said = error.what();
    if (said.starts_with(op)) throw;
    static_cast<void>(record_model(op, model, function, examples));
    throw ShapeError(std::string(op) + ": the model must take any number of rows, along the axis " +
                     "of the batch; it took " + described(examples) + ", and of " + described(x) +
                     " says \"" + said + "\": give an example [n, ...], or .dynamic_batch = false");
  }
}

/// Several recordings of one model.
class Merger {
 public:
  Merger(const char* op, std::vector<Recording> of, std::vector<std::int64_t> of_batches)
      : op_(op), recordings_(std::move(of)), batches_(std::move(of_batches)) {}

  /// What the model made of one row: its result must be like the others, and if it did the same for
  /// it, its constants. (It may leave out what one row does not need.)
  void compare_with_one(Recording one) {
    if (one.results.size() != graph_.results.size()) refuse_steps();
    for (std::size_t i = 0; i < one.results.size(); ++i)
      compare_result(graph_.value(graph_.results[i]).shape,
                     one.values[static_cast<std::size_t>(one.results[i])].tensor);
    if (!same_steps(one)) return;
    recordings_.push_back(std::move(one));
    batches_.push_back(1);
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      GraphValue& value = graph_.values[i];
      if (!value.constant.defined()) continue;
      const Tensor& tensor = recordings_.back().values[i].tensor;
      if (tensor.dtype() != value.dtype || tensor.rank() != std::ssize(value.shape)) refuse_steps();
      value.constant = {};
      value.count.reset();
      add_constant(static_cast<int>(i));
    }
  }

  const Graph& merged(std::size_t inputs) {
    const Recording& first = recordings_[0];
    graph_.inputs.resize(inputs);
    std::iota(graph_.inputs.begin(), graph_.inputs.end(), 0);
    for (std::size_t i = 0; i < first.steps.size(); ++i) add_step(i);
    for (const Recording& other : recordings_) {
      if (other.steps.size() != first.steps.size() || other.results != first.results ||
          other.values.size() != first.values.size())
        refuse_steps();
    }
    for (std::size_t i = 0; i < first.values.size(); ++i) add_value(i);
    graph_.results = first.results;
    for (std::size_t i = 0; i < first.results.size(); ++i)
      if (first.values[static_cast<std::size_t>(first.results[i])].constant)
        refuse_apart(inputs == 1 ? "the input has" : "the inputs have",
                     first.results.size() == 1 ? "the result" : "result " + std::to_string(i));
    find_needed();
    for (const int i : graph_.needed) {
      refuse_derivative(graph_.step(i));
      for (const int operand : graph_.step(i).operands) add_constant(operand);
    }
    return graph_;
  }

 private:
  void compare_result(const std::vector<Extent>& shape, const Tensor& of_one) const {
    bool same = std::ssize(shape) == of_one.rank();
    for (int axis = 0; same && axis < of_one.rank(); ++axis)
      same = shape[static_cast<std::size_t>(axis)].at(1) == of_one.extent(axis);
    if (same) return;
    throw ValueError(std::string(op_) + ": the model must do the same for one row; got " +
                     of_one.describe() + " (see dynamic_batch)");
  }
  bool same_steps(const Recording& other) const {
    const Recording& first = recordings_[0];
    return other.values.size() == first.values.size() && other.results == first.results &&
           std::ranges::equal(other.steps, first.steps,
                              [](const RecordedStep& a, const RecordedStep& b) {
                                return a.operation == b.operation && a.operands == b.operands &&
                                       a.result == b.result;
                              });
  }
  [[noreturn]] void refuse_apart(const std::string& input, const std::string& result) const {
    throw ValueError(std::string(op_) + ": " + input + " no part in " + result +
                     ", or passed the operations");
  }
  [[noreturn]] void refuse_steps() const {
    throw ValueError(std::string(op_) + ": the model must do the same for each batch; got other " +
                     "operations for another one (see dynamic_batch)");
  }
  void add_step(std::size_t i) {
    const RecordedStep& first = recordings_[0].steps[i];
    std::vector<std::string> attributes;
    for (const Recording& of : recordings_) {
      if (of.steps.size() <= i || of.steps[i].operation != first.operation ||
          of.steps[i].operands != first.operands || of.steps[i].result != first.result)
        refuse_steps();
      attributes.push_back(of.steps[i].attributes);
    }
    graph_.steps.push_back({first.operation, first.place,
                            Attributes(op_ + (": " + first.operation), attributes, batches_),
                            first.operands, first.result});
  }
  void add_value(std::size_t i) {
    const RecordedValue& first = recordings_[0].values[i];
    GraphValue value{first.tensor.dtype(), {}, {}, {}, first.name, first.made_by};
    for (int axis = 0; axis < first.tensor.rank(); ++axis) {
      std::vector<std::int64_t> extents;
      for (const Recording& of : recordings_) {
        const Tensor& tensor = of.values[i].tensor;
        if (tensor.rank() != first.tensor.rank() || tensor.dtype() != value.dtype) refuse_steps();
        extents.push_back(tensor.extent(axis));
      }
      const std::optional<Extent> extent = fitted(extents, batches_);
      if (!extent) refuse_extent(first, axis);
      value.shape.push_back(*extent);
    }
    value.moves_parameter = value.made_by >= 0 && first.constant && moves_parameter(value.made_by);
    graph_.values.push_back(std::move(value));
  }
  [[noreturn]] void refuse_extent(const RecordedValue& value, int axis) const {
    const std::string what =
        value.made_by < 0 ? "a tensor"
                          : recordings_[0].steps[static_cast<std::size_t>(value.made_by)].operation;
    throw ValueError(std::string(op_) + ": " + what + ": extent " + std::to_string(axis) + " of " +
                     value.tensor.describe() +
                     " depends on the batch in a way that cannot be told (see dynamic_batch)");
  }
  bool moves_parameter(int by) const {
    static constexpr std::string_view layouts[] = {"transpose", "reshape", "slice", "contiguous"};
    const GraphStep& step = graph_.step(by);
    if (std::ranges::find(layouts, step.operation) == std::end(layouts)) return false;
    const GraphValue& of = graph_.value(step.operands[0]);
    return !of.name.empty() || of.moves_parameter;
  }
  void find_needed() {
    std::vector<bool> wanted(graph_.values.size());
    for (const int result : graph_.results) wanted[static_cast<std::size_t>(result)] = true;
    for (std::size_t i = graph_.steps.size(); i > 0;) {
      --i;
      const GraphStep& step = graph_.steps[i];
      const auto result = static_cast<std::size_t>(step.result);
      if (!wanted[result] || recordings_[0].values[result].constant) continue;
      graph_.needed.push_back(static_cast<int>(i));
      for (const int operand : step.operands) wanted[static_cast<std::size_t>(operand)] = true;
    }
    std::ranges::reverse(graph_.needed);
    for (const int i : graph_.inputs)
      if (!wanted[static_cast<std::size_t>(i)])
        refuse_apart("input " + std::to_string(i) + " has", "a result");
  }
  /// Derivatives have the name of their operation, which is another one.
  void refuse_derivative(const GraphStep& step) const {
    if (step.attributes.has("gives") && step.attributes.text("gives") == "gradient") {
      throw ValueError(std::string(op_) + ": the derivative of " + step.operation + " has no rule" +
                       (step.place.empty() ? "" : " (in " + step.place + ")"));
    }
  }
  /// A constant must be the same for each batch, but for rows that repeat.
  void add_constant(int number) {
    const auto i = static_cast<std::size_t>(number);
    GraphValue& value = graph_.values[i];
    if (!recordings_[0].values[i].constant || value.constant.defined()) return;
    Tensor one = recordings_[0].values[i].tensor.detach();
    for (int axis = 0; axis < one.rank(); ++axis) {
      if (value.shape[static_cast<std::size_t>(axis)].fixed()) continue;
      std::vector<Slice> first(static_cast<std::size_t>(axis) + 1, Slice::all);
      first.back() = range(0, 1);
      one = slice(one, first);
    }
    value.constant = one.contiguous();
    if (value.moves_parameter) add_constant(graph_.step(value.made_by).operands[0]);
    if (one.size() == 1 && batches_.size() > 1) value.count = count_in(i);
    if (value.count) return;
    for (const Recording& of : recordings_) {
      const Tensor& tensor = of.values[i].tensor;
      if (!equal_values(broadcast_to(value.constant, tensor.shape()), tensor)) {
        const bool any_batch = batches_.size() > 2;
        throw ValueError(std::string(op_) + ": a tensor that the model makes, " +
                         tensor.describe() +
                         (any_batch ? ", must be the same for each batch, or have rows that "
                                      "repeat; got different ones (see dynamic_batch)"
                                    : ", must be the same each time, or be made of the input by "
                                      "operations on this thread; got different ones"));
      }
    }
  }

  /// The number of a constant, if it is an integer that is not the same for each batch.
  std::optional<Extent> count_in(std::size_t i) const {
    std::vector<std::int64_t> numbers;
    for (const Recording& of : recordings_) {
      if (!all_equal(of.values[i].tensor)) return std::nullopt;
      const double number = of.values[i].tensor.to_vector<double>()[0];
      if (number != std::trunc(number) || std::abs(number) > 1e15) return std::nullopt;
      numbers.push_back(static_cast<std::int64_t>(number));
    }
    const std::optional<Extent> count = fitted(numbers, batches_);
    return count && !count->fixed() ? count : std::nullopt;
  }

  const char* op_;
  std::vector<Recording> recordings_;
  std::vector<std::int64_t> batches_;
  Graph graph_;
};

}  // namespace

Graph graph_of(const char* op, const nn::Module& model, const ModelFunction& function,
               const Tensors& examples, const BatchAxes& batch_axes) {
  const bool grows =
      std::ranges::any_of(batch_axes, [](const auto& axis) { return axis.has_value(); });
  for (std::size_t i = 0; grows && i < examples.size(); ++i) {
    const Tensor& x = examples[i];
    if (batch_axes[i] && (x.rank() == 0 || x.extent(*batch_axes[i]) == 0))
      throw ShapeError(std::string(op) + ": an example with at least one row is needed; got " +
                       x.describe());
  }
  const NoGradGuard off;
  std::vector<Recording> recordings;
  std::vector<std::int64_t> of;
  if (grows) {
    of.assign(batches.begin(), batches.end());
    for (const std::int64_t rows : of)
      recordings.push_back(recording_of_rows(op, model, function, examples, batch_axes, rows));
  } else {
    of = {0, 0};
    recordings.push_back(record_model(op, model, function, examples));
    const BatchAxes none(examples.size());
    recordings.push_back(record_model(op, model, function, with_rows(examples, none, 8)));
  }
  Merger merger(op, std::move(recordings), std::move(of));
  Graph graph = merger.merged(examples.size());
  if (!grows) return graph;
  std::optional<Recording> one = [&]() -> std::optional<Recording> {
    try {
      return record_model(op, model, function, with_rows(examples, batch_axes, 1));
    } catch (const Error&) {
      return std::nullopt;  // it takes no single row
    }
  }();
  if (one) merger.compare_with_one(std::move(*one));
  return graph;
}

}  // namespace xtape::exporting
