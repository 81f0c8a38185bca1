#include <algorithm>
#include <array>
#include <ostream>
#include <unordered_map>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node_place.hpp>
#include <xtape/core/place.hpp>
#include <xtape/core/text.hpp>
#include <xtape/ops/trace.hpp>

namespace xtape {
namespace {

std::string place_now() {
  const char* rule = detail::running_rule();
  return rule != nullptr ? std::string("backward of ") + rule : ErrorContext::path();
}

/// Whether two handles mean the same elements: what was saved for backward is another handle.
bool same_value(const Tensor& a, const Tensor& b) {
  const detail::Body &x = a.body(), &y = b.body();
  if (&x == &y) return true;
  return x.size > 0 && x.data != nullptr && x.data == y.data && x.dtype == y.dtype &&
         x.shape == y.shape && x.strides == y.strides;
}

std::string operands_text(const TraceStep& step) {
  std::string text;
  for (std::size_t i = 0; i < step.operands.size(); ++i) {
    text +=
        (i > 0 ? ", " : "") + ("%" + std::to_string(step.operands[i])) + " " + step.described[i];
  }
  return text;
}

std::string title(const TraceStep& step) {
  const bool told = step.attributes == "gives=gradient";  // by the place, a rule
  return step.operation + (step.attributes.empty() || told ? "" : " " + step.attributes);
}

}  // namespace

struct Trace::Numbers {
  std::unordered_multimap<const void*, std::int64_t> of;
};

Trace::Trace() : numbers_(new Numbers) {}
Trace::~Trace() = default;

std::int64_t Trace::number_of(const Tensor& x) {
  // What was changed in place may have its elements elsewhere now: the tensor itself comes first.
  const std::array<const void*, 2> keys{&x.body(), x.body().data};
  for (const void* key : keys) {
    const auto [first, end] = numbers_->of.equal_range(key);
    const auto known = std::find_if(first, end, [&](const auto& entry) {
      return same_value(tensors_[static_cast<std::size_t>(entry.second)], x);
    });
    if (known != end) return known->second;
  }
  const auto number = static_cast<std::int64_t>(tensors_.size());
  tensors_.push_back(x);
  for (const void* key : keys) numbers_->of.emplace(key, number);
  return number;
}

void Trace::computed(const detail::Step& step) {
  TraceStep entry;
  entry.operation = step.operation;
  entry.attributes = step.attributes;
  for (const Tensor* x : step.inputs) {
    entry.operands.push_back(number_of(*x));
    entry.described.push_back(x->describe());
  }
  entry.result = number_of(step.result);
  entry.shape = step.result.describe();
  entry.bytes = step.bytes();
  entry.flops = step.flops();
  entry.place = place_now();
  entry.line = detail::user_line();
  steps_.push_back(std::move(entry));
  told_ = step.has_derivative;
}

void Trace::recorded(Node& node) {
  const bool told = std::exchange(told_, false) && steps_.back().operation == node.name();
  detail::NodePlaces::note(node, told ? detail::Place{steps_.back().place, steps_.back().line}
                                      : detail::Place{place_now(), detail::user_line()});
}

double Trace::flops() const {
  double total = 0;
  for (const TraceStep& step : steps_) total += step.flops;
  return total;
}

std::int64_t Trace::bytes() const {
  std::int64_t total = 0;
  for (const TraceStep& step : steps_) total += step.bytes;
  return total;
}

std::string Trace::to_dot() const {
  std::string dot = "digraph trace {\n";
  for (const TraceStep& step : steps_) {
    const std::string id = "t" + std::to_string(step.result);
    dot += "  " + id + " [label=" + detail::quoted(title(step) + "\n" + step.shape) + "];\n";
    for (const std::int64_t operand : step.operands)
      if (operand != step.result) dot += "  t" + std::to_string(operand) + " -> " + id + ";\n";
  }
  return dot + "}\n";
}

std::ostream& operator<<(std::ostream& stream, const Trace& trace) {
  const bool lines = std::any_of(trace.steps().begin(), trace.steps().end(),
                                 [](const TraceStep& step) { return !step.line.empty(); });
  std::vector<std::vector<std::string>> rows{
      {"step", "operation", "operands", "result", "bytes", "flops", "place", lines ? "line" : ""}};
  for (std::size_t i = 0; i < trace.steps().size(); ++i) {
    const TraceStep& step = trace.steps()[i];
    rows.push_back({std::to_string(i), title(step), operands_text(step),
                    "%" + std::to_string(step.result) + " " + step.shape,
                    std::to_string(step.bytes), detail::text(step.flops), step.place, step.line});
  }
  rows.push_back(
      {"", "", "", "", std::to_string(trace.bytes()), detail::text(trace.flops()), "", ""});
  return stream << detail::table(rows, {0, 4, 5});
}

}  // namespace xtape
