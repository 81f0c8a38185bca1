#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/export/graph/merger.hpp>
#include <xtape/export/kernels/constants.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::exporting {
namespace {

const RecordedValue& value_of(const Recording& of, int number) {
  return of.values[static_cast<std::size_t>(number)];
}
const RecordedStep& step_of(const Recording& of, int number) {
  return of.steps[static_cast<std::size_t>(number)];
}

bool has_shape(const Tensor& x, const std::vector<Extent>& shape, std::int64_t batch) {
  return std::ranges::equal(x.shape(), shape, {}, {},
                            [&](const Extent& extent) { return extent.at(batch); });
}

bool equal_values(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && same_bytes(a, b);
}

/// The integer that all elements are, if they are one.
std::optional<std::int64_t> integer_in(const Tensor& x) {
  if (!all_equal(x)) return std::nullopt;
  const double number = x.to_vector<double>()[0];
  if (number != std::trunc(number) || std::abs(number) > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

/// Whether a constant is this for so many rows.
bool is_like(const GraphValue& of, const Tensor& tensor, std::int64_t batch) {
  if (tensor.dtype() != of.dtype || !has_shape(tensor, of.shape, batch)) return false;
  if (of.count) return tensor.size() == 0 || integer_in(tensor) == of.count->at(batch);
  return equal_values(broadcast_to(of.constant, tensor.shape()), tensor);
}

}  // namespace

Common Merger::in_common(const Recording* more) const {
  std::vector<const Recording*> all;
  for (const Recording& of : recordings_) all.push_back(&of);
  if (more != nullptr) all.push_back(more);
  return common_of(all);
}
const RecordedValue& Merger::value(std::size_t recording, const Numbers& numbers) const {
  return value_of(recordings_[recording], numbers[recording]);
}
const RecordedStep* Merger::maker(const Numbers& numbers, std::size_t recording) const {
  const int by = value(recording, numbers).made_by;
  return by < 0 ? nullptr : &step_of(recordings_[recording], by);
}
const RecordedStep& Merger::first_of(const Numbers& steps) const {
  return step_of(recordings_[0], steps[0]);
}

void Merger::merge() {
  const Common common = in_common();
  if (common.difference) refuse(*common.difference);
  refuse_apart(common);
  for (std::size_t i = 0; i < inputs_; ++i)
    graph_.inputs.push_back(add_value(Numbers(recordings_.size(), static_cast<int>(i))));
  for (const CommonStep& step : common.steps) add_step(step);
  for (const Numbers& result : common.results) graph_.results.push_back(ids_.at(result));
}

void Merger::compare_with_one(const Recording& one) const {
  Tensors results;
  for (const int result : one.results) results.push_back(value_of(one, result).tensor);
  if (results.size() != graph_.results.size()) refuse_one(results);
  for (std::size_t i = 0; i < results.size(); ++i)
    if (!has_shape(results[i], graph_.value(graph_.results[i]).shape, 1)) refuse_one({results[i]});

  const Common common = in_common(&one);
  if (common.difference) return;
  for (const CommonStep& step : common.steps) {
    for (const Numbers& operand : step.operands) {
      const auto known = ids_.find(Numbers(operand.begin(), operand.end() - 1));
      if (known == ids_.end() || !graph_.value(known->second).constant.defined()) continue;
      const Tensor& tensor = value_of(one, operand.back()).tensor;
      if (!is_like(graph_.value(known->second), tensor, 1))
        refuse_constant(tensor, step_of(one, step.steps.back()));
    }
  }
}

void Merger::calibrate(const Recording& calibration) {
  const std::array<const Recording*, 2> both{&recordings_[0], &calibration};
  const Common common = common_of(both);
  if (common.difference)
    refuse("the model must do the same for the calibration as for the example; got " +
           told(*common.difference, recordings_[0], calibration));
  std::unordered_map<int, int> its;  // by the number in the first recording
  for (int i = 0; std::cmp_less(i, inputs_); ++i) its.emplace(i, i);
  for (const CommonStep& step : common.steps) its.emplace(step.result[0], step.result[1]);
  for (const auto& [numbers, id] : ids_) {
    const auto passed = common.same[0].find(numbers[0]);
    const auto found = its.find(passed == common.same[0].end() ? numbers[0] : passed->second);
    if (found == its.end()) continue;
    graph_.values[static_cast<std::size_t>(id)].calibrated =
        value_of(calibration, found->second).tensor;
  }
}

void Merger::add_step(const CommonStep& of) {
  const RecordedStep& first = first_of(of.steps);
  GraphStep step{first.operation, first.place, attributes_of(of.steps), {}, -1};
  refuse_derivative(step);
  for (const Numbers& operand : of.operands) {
    const auto known = ids_.find(operand);
    step.operands.push_back(known != ids_.end() ? known->second : add_constant(operand, first));
  }
  const int result = step.result = add_value(of.result);
  const int number = add(std::move(step));
  graph_.needed.push_back(number);
  graph_.values[static_cast<std::size_t>(result)].made_by = number;
}

int Merger::add(GraphStep step) {
  graph_.steps.push_back(std::move(step));
  return static_cast<int>(graph_.steps.size()) - 1;
}

Attributes Merger::attributes_of(const Numbers& steps) const {
  std::vector<std::string> texts;
  for (std::size_t r = 0; r < recordings_.size(); ++r)
    texts.push_back(step_of(recordings_[r], steps[r]).attributes);
  return {op_ + (": " + described(first_of(steps))), texts, batches_};
}

std::vector<Extent> Merger::shape_of(const Numbers& numbers, const std::string& what) const {
  const Tensor& first = value(0, numbers).tensor;
  std::vector<Extent> shape;
  for (int axis = 0; axis < first.rank(); ++axis) {
    std::vector<std::int64_t> extents;
    for (std::size_t r = 0; r < recordings_.size(); ++r)
      extents.push_back(value(r, numbers).tensor.extent(axis));
    const std::optional<Extent> extent = fitted(extents, batches_);
    if (!extent)
      refuse(what + ": extent " + std::to_string(axis) + " of " + first.describe() +
             " depends on the batch in a way that cannot be told (see dynamic_batch)");
    shape.push_back(*extent);
  }
  return shape;
}

int Merger::add_value(const Numbers& numbers, const RecordedStep* taker) {
  const RecordedValue& first = value(0, numbers);
  const RecordedStep* const by = maker(numbers);
  const std::string what = by != nullptr      ? described(*by)
                           : taker != nullptr ? "an operand of " + described(*taker)
                                              : "an input";
  GraphValue made;
  made.dtype = first.tensor.dtype();
  made.name = first.name;
  if (by != nullptr) made.made_as = by->operation;
  for (std::size_t r = 0; r < recordings_.size(); ++r) {
    const RecordedValue& other = value(r, numbers);
    if (other.tensor.rank() != first.tensor.rank() || other.tensor.dtype() != made.dtype)
      refuse(what + ": " + first.tensor.describe() +
             " must have the same dtype and axes each time; got " + other.tensor.describe() +
             (grows() ? " for another batch (see dynamic_batch)" : ""));
    if (other.name != first.name) made.name.clear();
  }
  made.shape = shape_of(numbers, what);
  graph_.values.push_back(std::move(made));
  return ids_[numbers] = static_cast<int>(graph_.values.size()) - 1;
}

int Merger::add_constant(const Numbers& numbers, const RecordedStep& taker) {
  const std::optional<Numbers> moved = parameter_moved_to(numbers);
  const int by = moved ? add_moving_step(numbers, *moved, taker) : -1;
  const int id = add_value(numbers, &taker);
  GraphValue& made = graph_.values[static_cast<std::size_t>(id)];
  made.made_by = by;
  made.moves_parameter = moved.has_value();
  if (moved) graph_.steps[static_cast<std::size_t>(by)].result = id;
  Tensor one = value(0, numbers).tensor.detach();
  for (int axis = 0; axis < one.rank(); ++axis) {
    if (made.shape[static_cast<std::size_t>(axis)].fixed()) continue;
    std::vector<Slice> first(static_cast<std::size_t>(axis) + 1, Slice::all);
    first.back() = range(0, 1);
    one = slice(one, first);
  }
  made.constant = one.contiguous();
  if (one.size() == 1) made.count = count_in(numbers);
  for (std::size_t r = 0; r < recordings_.size(); ++r)
    if (!is_like(made, value(r, numbers).tensor, batches_[r]))
      refuse_constant(value(0, numbers).tensor, taker);
  return id;
}

int Merger::add_moving_step(const Numbers& numbers, const Numbers& from,
                            const RecordedStep& taker) {
  Numbers steps;
  for (std::size_t r = 0; r < recordings_.size(); ++r) steps.push_back(value(r, numbers).made_by);
  const auto known = ids_.find(from);
  const int of = known != ids_.end() ? known->second : add_constant(from, taker);
  const RecordedStep& first = first_of(steps);
  return add({first.operation, first.place, attributes_of(steps), {of}, -1});
}

std::optional<Numbers> Merger::parameter_moved_to(const Numbers& numbers) const {
  static constexpr std::string_view layouts[] = {"transpose", "reshape", "slice", "contiguous"};
  Numbers from;
  bool named = true;
  for (std::size_t r = 0; r < recordings_.size(); ++r) {
    const RecordedStep* const step = maker(numbers, r);
    if (step == nullptr || step->operation != maker(numbers)->operation ||
        std::ranges::find(layouts, step->operation) == std::end(layouts))
      return std::nullopt;
    from.push_back(step->operands[0]);
    const std::string& name = value(r, from).name;
    named = named && !name.empty() && name == value(0, from).name;
  }
  return named || parameter_moved_to(from) ? std::optional(from) : std::nullopt;
}

std::optional<Extent> Merger::count_in(const Numbers& numbers) const {
  std::vector<std::int64_t> all;
  for (std::size_t r = 0; r < recordings_.size(); ++r) {
    const std::optional<std::int64_t> number = integer_in(value(r, numbers).tensor);
    if (!number) return std::nullopt;
    all.push_back(*number);
  }
  const std::optional<Extent> count = fitted(all, batches_);
  return count && !count->fixed() ? count : std::nullopt;
}

std::string Merger::told(const Difference& difference, const Recording& first,
                         const Recording& other) const {
  const auto inputs = [&](const Recording& of) {
    Tensors all;
    for (std::size_t i = 0; i < inputs_; ++i) all.push_back(of.values[i].tensor);
    return described(all);
  };
  return difference.first + " for " + inputs(first) + ", and " + difference.other + " for " +
         inputs(other);
}
void Merger::refuse(const std::string& what) const {
  throw ValueError(std::string(op_) + ": " + what);
}
void Merger::refuse(const Difference& difference) const {
  if (!grows())
    refuse("the model must do the same each time; got " + difference.first + ", and then " +
           difference.other);
  refuse("the model must do the same for each batch, of 7, 2, 17 rows and 1; got " +
         told(difference, recordings_[0], recordings_[difference.recording]) +
         " (see dynamic_batch)");
}
void Merger::refuse_one(const Tensors& results) const {
  refuse("the model must do the same for one row; got " + described(results) +
         " (see dynamic_batch)");
}
void Merger::refuse_constant(const Tensor& tensor, const RecordedStep& taker) const {
  refuse("a tensor that the model makes, " + tensor.describe() + ", an operand of " +
         described(taker) +
         (grows() ? ", must be the same for each batch, of 7, 2, 17 rows and 1, or have rows that "
                    "repeat; got different ones (see dynamic_batch)"
                  : ", must be the same each time, or be made of the input by operations on this "
                    "thread; got different ones"));
}

void Merger::refuse_apart(const Common& common) const {
  for (std::size_t i = 0; i < common.results.size(); ++i)
    if (value(0, common.results[i]).constant)
      refuse_apart(inputs_ == 1 ? "the input has" : "the inputs have",
                   common.results.size() == 1 ? "the result" : "result " + std::to_string(i));
  for (std::size_t i = 0; i < inputs_; ++i) {
    const auto is_input = [&](const Numbers& of) { return std::cmp_equal(of[0], i); };
    const auto takes_it = [&](const CommonStep& step) {
      return std::ranges::any_of(step.operands, is_input);
    };
    if (std::ranges::none_of(common.results, is_input) &&
        std::ranges::none_of(common.steps, takes_it))
      refuse_apart("input " + std::to_string(i) + " has", "a result");
  }
}
void Merger::refuse_apart(const std::string& input, const std::string& result) const {
  refuse(input + " no part in " + result + ", or passed the operations");
}
void Merger::refuse_derivative(const GraphStep& step) const {
  if (step.attributes.has("gives") && step.attributes.text("gives") == "gradient")
    refuse("the derivative of " + step.operation + " has no rule" +
           (step.place.empty() ? "" : " (in " + step.place + ")"));
}

}  // namespace xtape::exporting
