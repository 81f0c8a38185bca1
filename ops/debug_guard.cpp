#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/place.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/debug_guard.hpp>
#include <xtape/ops/gradcheck.hpp>

namespace xtape {
namespace {

std::string range_text(const Tensor& x) {
  if (!is_floating(x.dtype()) || x.size() == 0) return "";
  const std::vector<double> values = x.detach().to_vector<double>();
  double least = HUGE_VAL, most = -HUGE_VAL;
  for (const double value : values) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  const auto finite = [](double value) { return std::isfinite(value); };
  return " from " + detail::text(least) + " to " + detail::text(most) +
         (std::all_of(values.begin(), values.end(), finite) ? "" : ", not all finite");
}

std::string what_ran(const detail::Step& step) {
  std::string text = step.operation;
  if (!step.attributes.empty()) text += " " + step.attributes;
  if (const char* rule = detail::running_rule(); rule != nullptr)
    text += std::string(" in the backward pass of ") + rule;
  if (const std::string line = detail::user_line(); !line.empty())
    text += ", called at " + line + ",";
  return text;
}

std::string operands(const detail::Step& step) {
  std::string text;
  for (const Tensor* x : step.inputs)
    text += (text.empty() ? "" : "; ") + x->describe() + range_text(*x);
  return text;
}

void check_finite(const detail::Step& step) {
  const std::string bad = detail::first_not_finite(step.result);
  if (bad.empty()) return;
  throw ValueError("DebugGuard: " + what_ran(step) + " gave " + bad +
                   "; operands: " + operands(step));
}

void check_rule(const detail::Step& step) {
  std::vector<Tensor> inputs;
  for (const Tensor* x : step.inputs) {
    if (x->dtype() == Dtype::float32) return;  // its finite differences say nothing
    inputs.push_back(x->detach());
  }
  const RecordingScope on(true);
  const auto compared = [&](GradcheckOptions options) {
    options.fast = true;
    options.subsets = false;
    return detail::gradcheck_inputs(
        [&](std::vector<Tensor>& x) { return std::vector<Tensor>{step.again(x)}; }, inputs,
        options);
  };
  const GradcheckResult result = compared({});
  if (result) return;
  // Beside a pole, as that of a logarithm, only much smaller steps stay on this side of it.
  if (compared({.stencil = Stencil::two_point, .eps = 1e-9, .atol = 1e-5, .rtol = 1e-4})) return;
  std::ostringstream text;
  text << result;
  throw ValueError("DebugGuard: the rule of " + what_ran(step) + " is wrong: " + text.str() +
                   "; operands: " + operands(step));
}

}  // namespace

DebugGuard::DebugGuard(const DebugOptions& options) : options_(options) {
  if (options.max_nodes)
    detail::require_at_least<std::int64_t>("DebugGuard", "max_nodes", *options.max_nodes, 0);
}

void DebugGuard::computed(const detail::Step& step) {
  if (options_.finite) check_finite(step);
  if (options_.check_rules && step.has_derivative) check_rule(step);
  if (options_.max_nodes && step.again && memory::live_nodes() > *options_.max_nodes) {
    throw ValueError("DebugGuard: more than " + std::to_string(*options_.max_nodes) +
                     " nodes are alive when " + what_ran(step) +
                     " is recorded: does a graph grow without backward?");
  }
}

}  // namespace xtape
