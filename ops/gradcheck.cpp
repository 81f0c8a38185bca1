#include <algorithm>
#include <exception>
#include <optional>
#include <ostream>
#include <set>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/tape.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/gradcheck/compare.hpp>
#include <xtape/ops/gradcheck/rule.hpp>

namespace xtape {
namespace {

using detail::as_leaves, detail::call;
using detail::GradcheckFunction, detail::Problem, detail::Tensors;

/// Checks the rules of a function's operations one by one, as they are carried out.
class Suspects : detail::Watcher {
 public:
  ~Suspects() override = default;

  /// The first operation whose rule is wrong by itself; else those that were not checked: what
  /// cannot be carried out again, as `record` makes it, or has a rule that is no derivative on
  /// purpose.
  std::string found(const Tensors& outputs) const {
    if (!wrong_.empty()) return "the rule of " + wrong_ + " is wrong";
    std::set<std::string> unknown;
    const Tape tape(outputs);
    for (std::size_t i = 0; i < tape.size(); ++i) {
      if (!tape[i].is_leaf() && !checked_.contains(tape[i].number()))
        unknown.insert(tape[i].name());
    }
    std::string names;
    for (const std::string& name : unknown) names += (names.empty() ? "" : ", ") + name;
    if (names.empty()) return "each rule is right by itself: does something leave the tape?";
    return "only the rules of these could not be checked: " + names;
  }

 private:
  void computed(const detail::Step& step) override {
    right_ = false;
    if (!wrong_.empty() || !step.has_derivative) return;
    try {
      const std::optional<std::string> objection = detail::objection_to_rule(step);
      right_ = objection && objection->empty();
      if (objection && !right_) wrong_ = detail::what_ran(step);
    } catch (const std::exception&) {  // it refuses operands beside its own
    }
  }
  void recorded(Node& node) override {
    if (std::exchange(right_, false)) checked_.insert(node.number());
  }

  std::string wrong_;
  bool right_ = false;  // the rule of the operation that is recorded next
  std::set<std::uint64_t> checked_;
};

std::string suspected(const Problem& problem) {
  const RecordingScope on(true);
  Suspects suspects;
  try {
    return suspects.found(
        call(problem, as_leaves(problem.inputs, std::vector<bool>(problem.inputs.size(), true))));
  } catch (const std::exception&) {  // one call more than it bears; the result is there already
    return {};
  }
}

GradcheckResult check_orders(Problem problem, const GradcheckOptions& options) {
  detail::require_at_least("gradcheck", "order", options.order, 1);
  GradcheckResult result;
  Rng rng(options.seed);
  for (int order = 1; order <= options.order && result.passed; ++order) {
    if (order > 1) problem = gradient_of(problem, rng);
    result = {.order = order};
    detail::compare_derivatives(problem, options, result);
  }
  const bool of_rules = !result.problem.starts_with("there is nothing") &&
                        !result.problem.starts_with("two calls of the function");
  if (!result.passed && of_rules) result.suspect = suspected(problem);
  return result;
}

/// Puts leaves back as they were: value, dtype, place on the tape and gradient.
class Restore {
 public:
  explicit Restore(const NamedTensors& leaves) : leaves_(leaves) {
    for (const auto& [name, leaf] : leaves) originals_.push_back(detail::snapshot(leaf));
  }
  ~Restore() {
    for (std::size_t i = 0; i < leaves_.size(); ++i) stand_for(leaves_[i].second, originals_[i]);
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

  /// Makes all handles of `leaf` mean `value`.
  static void stand_for(const Tensor& leaf, const Tensor& value) {
    leaf.body().node = nullptr;
    detail::replace_value(leaf, value);
    leaf.body().node = value.body().node;
  }

 private:
  const NamedTensors& leaves_;
  Tensors originals_;
};

}  // namespace

GradcheckResult detail::gradcheck_inputs(const GradcheckFunction& function,
                                         const std::vector<Tensor>& inputs,
                                         const GradcheckOptions& options) {
  Problem problem{function, {}, options.names};
  for (const Tensor& input : inputs) {
    problem.inputs.push_back(is_floating(input.dtype()) ? input.detach().to(Dtype::float64).clone()
                                                        : input.detach());
  }
  if (problem.names.empty()) problem.names = detail::numbered("input", inputs.size());
  if (problem.names.size() != inputs.size()) {
    throw ValueError("gradcheck: one name an input is needed; got " +
                     std::to_string(problem.names.size()) + " for " +
                     std::to_string(inputs.size()));
  }
  return check_orders(std::move(problem), options);
}

GradcheckResult detail::gradcheck_leaves(const GradcheckFunction& function,
                                         const NamedTensors& leaves,
                                         const GradcheckOptions& options) {
  const Restore at_end(leaves);
  std::vector<std::string> names;
  Tensors trained, values;
  for (const auto& [name, leaf] : leaves) {
    if (!is_floating(leaf.dtype())) continue;
    const Tensor raised = leaf.detach().to(Dtype::float64);
    if (!leaf.requires_grad()) {
      Restore::stand_for(leaf, raised);
      continue;
    }
    names.push_back(name);
    trained.push_back(leaf);
    values.push_back(raised);
  }
  GradcheckOptions named = options;
  named.names = names;
  return gradcheck_inputs(
      [&](Tensors& x) {
        for (std::size_t i = 0; i < trained.size(); ++i) Restore::stand_for(trained[i], x[i]);
        return function(x);
      },
      values, named);
}

std::ostream& operator<<(std::ostream& stream, const GradcheckResult& result) {
  const std::string order = " of order " + std::to_string(result.order);
  if (result.passed)
    return stream << "gradcheck: " << result.compared << " derivatives" << order << " agree";
  stream << "gradcheck: ";
  if (!result.problem.empty()) stream << result.problem << " (order " << result.order << ')';
  const std::string suspect = result.suspect.empty() ? "" : "\n  " + result.suspect;
  if (result.differing == 0) return stream << suspect;
  const GradcheckEntry& worst = result.worst;
  const auto precision = stream.precision(10);
  stream << (result.problem.empty() ? "" : "; ") << result.differing << " of " << result.compared
         << " derivatives" << order << " differ from their finite differences, most of all d "
         << worst.output << " / d " << worst.input << "\n  analytic  " << worst.analytic
         << "\n  numeric   " << worst.numeric << " (from the left " << worst.left
         << ", from the right " << worst.right << ')';
  stream << suspect;
  stream.precision(precision);
  return stream;
}

}  // namespace xtape
