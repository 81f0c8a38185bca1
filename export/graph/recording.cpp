#include <algorithm>
#include <unordered_map>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/recording.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/export/graph/recording.hpp>
#include <xtape/nn/evaluation_scope.hpp>
#include <xtape/ops/trace.hpp>

namespace xtape::exporting {
namespace {

bool same_elements(const detail::Body& a, const detail::Body& b) {
  return &a == &b || (a.data == b.data && a.size > 0 && a.dtype == b.dtype && a.shape == b.shape &&
                      a.strides == b.strides);
}

/// Lengths are no operands of theirs; here they come behind them.
bool takes_lengths(const std::string& operation) {
  return operation == "rnn" || operation == "gru" || operation == "lstm";
}

class Recorder final : detail::Watcher {
 public:
  Recorder(const char* op, const nn::Module& model, const Tensors& inputs) : op_(op) {
    for (const Tensor& input : inputs) add({input, false, {}, -1});
    for (const NamedTensors& all : {model.named_parameters(), model.named_buffers()})
      for (const auto& [name, tensor] : all) add({tensor, true, name, -1});
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() override = default;

  Recording finish(const Tensors& results) {
    if (results.empty()) refuse("the model must give a tensor; got none");
    for (const Tensor& result : results) {
      detail::require_defined(op_, "the result of the model", result);
      made_.results.push_back(number_of(result));
    }
    return std::move(made_);
  }

 private:
  void computed(const detail::Step& step) override {
    if (step.in_place) refuse(std::string(step.operation) + " changes a tensor in place");
    if (step.inputs.empty()) refuse(std::string(step.operation) + " draws random numbers");
    RecordedStep made{
        step.operation, step.attributes, ErrorContext::path(), trace_.steps().back().line, {}, -1};
    bool constant = true;
    for (const Tensor* x : step.inputs) {
      made.operands.push_back(number_of(*x));
      constant = constant && made_.values[static_cast<std::size_t>(made.operands.back())].constant;
    }
    for (const detail::SavedValue* held : step.copy->held()) {
      if (!held->tensor().defined()) continue;
      if (!takes_lengths(step.operation) || step.inputs.size() == 1)
        refuse(std::string(step.operation) + " with a tensor beside its operands (a stream of " +
               "random numbers) has no place in an exported graph");
      made.operands.push_back(number_of(held->tensor()));
      constant = constant && made_.values[static_cast<std::size_t>(made.operands.back())].constant;
    }
    made.result = add({step.result, constant, {}, static_cast<int>(made_.steps.size())});
    made_.steps.push_back(std::move(made));
  }
  void assigns(const Tensor& leaf, const Tensor&) override {
    refuse("assign changes " + leaf.describe() + " while the model is called");
  }
  void reads(const char* function, const Tensor& of) override {
    const int known = find(of);
    if (known >= 0 && !made_.values[static_cast<std::size_t>(known)].constant)
      refuse(
          std::string(function) + " reads " + of.describe() +
          ", which depends on the input: what the model makes of its values would stay as it is");
  }
  void meets(const char* operation, const Tensor&) override {
    refuse(std::string(operation) +
           " is recorded by `record`, not applied: nobody knows how it is" + " computed");
  }

  int add(RecordedValue value) {
    const auto number = static_cast<int>(made_.values.size());
    const detail::Body& body = value.tensor.body();
    by_memory_.emplace(body.size > 0 ? static_cast<const void*>(body.data) : &body, number);
    if (body.storage && !value.constant) of_input_.emplace(body.storage.get(), number);
    made_.values.push_back(std::move(value));
    return number;
  }
  /// The value that was given these elements last; -1 if there is none.
  int find(const Tensor& x) const {
    int newest = -1;
    const detail::Body& body = x.body();
    const auto [first, end] =
        by_memory_.equal_range(body.size > 0 ? static_cast<const void*>(body.data) : &body);
    for (auto entry = first; entry != end; ++entry) {
      const Tensor& value = made_.values[static_cast<std::size_t>(entry->second)].tensor;
      if (same_elements(value.body(), body)) newest = std::max(newest, entry->second);
    }
    return newest;
  }
  int number_of(const Tensor& x) {
    if (x.body().mapped) refuse("a tensor within vmap has no elements of its own");
    if (const int known = find(x); known >= 0) return known;
    // A part of nothing is a constant, by whatever way it was taken.
    if (x.size() > 0 && x.body().storage && of_input_.contains(x.body().storage.get()))
      refuse("a part of a result was taken past the operations, as " + x.describe());
    return add({x.detach(), true, {}, -1});
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw ValueError(std::string(op_) + ": " + what);
  }

  const char* op_;
  Trace trace_;     // the innermost, so it is told first
  Recording made_;  // its values live, so that no memory is used twice
  std::unordered_multimap<const void*, int> by_memory_;
  std::unordered_map<const detail::Storage*, int> of_input_;
};

}  // namespace

Recording record_model(const char* op, const nn::Module& model, const ModelFunction& function,
                       const Tensors& inputs) {
  const NoGradGuard off;
  const detail::EvaluationScope evaluation(model);
  Tensors own;
  for (const Tensor& input : inputs) own.push_back(input.detach().clone());
  Recorder recorder(op, model, own);
  return recorder.finish(function(own));
}

}  // namespace xtape::exporting
