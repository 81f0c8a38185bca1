#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/debug_guard.hpp>
#include <xtape/ops/gradcheck/rule.hpp>

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
  if (least > most) return ", NaN throughout";
  const auto finite = [](double value) { return std::isfinite(value); };
  return " from " + detail::text(least) + " to " + detail::text(most) +
         (std::all_of(values.begin(), values.end(), finite) ? "" : ", not all finite");
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
  throw ValueError("DebugGuard: " + detail::what_ran(step) + " gave " + bad +
                   "; operands: " + operands(step));
}

void check_rule(const detail::Step& step) {
  const std::string objection = detail::objection_to_rule(step).value_or("");
  if (objection.empty()) return;
  throw ValueError("DebugGuard: the rule of " + detail::what_ran(step) + " is wrong: " + objection +
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
  if (options_.max_nodes && !step.in_place && memory::live_nodes() > *options_.max_nodes) {
    throw ValueError("DebugGuard: more than " + std::to_string(*options_.max_nodes) +
                     " nodes are alive when " + detail::what_ran(step) +
                     " is recorded: does a graph grow without backward?");
  }
}

}  // namespace xtape
