#include <algorithm>
#include <string_view>

#include <xtape/core/error.hpp>
#include <xtape/export/graph/rules.hpp>

namespace xtape::exporting {

void refuse_step(const char* op, const GraphStep& step, const std::string& what) {
  throw ValueError(std::string(op) + ": " + step.operation +
                   (what.empty() ? " has no rule" : ": " + what) +
                   (step.place.empty() ? "" : " (in " + step.place + ")"));
}

std::string shape_text(std::span<const std::int64_t> extents) {
  std::string text;
  for (const std::int64_t extent : extents)
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

std::vector<std::string> names_of(const char* op, const std::string& what,
                                  const std::vector<std::string>& given, const std::string& stem,
                                  std::size_t count) {
  if (!given.empty() && given.size() != count)
    throw ValueError(std::string(op) + ": each " + what + " needs a name; got " +
                     std::to_string(given.size()) + " for " + std::to_string(count));
  if (!given.empty()) return given;
  if (count == 1) return {stem};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(stem + "_" + std::to_string(i));
  return names;
}

bool only_checks(const GraphStep& step) {
  static constexpr std::string_view distributions[] = {
      "Bernoulli",          "Beta",   "Categorical", "Exponential", "Gamma",
      "MultivariateNormal", "Normal", "Poisson",     "StudentT"};
  static constexpr std::string_view of_indices[] = {"rnn",
                                                    "gru",
                                                    "lstm",
                                                    "take",
                                                    "scatter_add",
                                                    "take_along_axis",
                                                    "scatter_add_along_axis",
                                                    "put_along_axis",
                                                    "index_add"};
  if (step.operands.size() != 1) return false;
  return std::ranges::find(distributions, step.operation) != std::end(distributions) ||
         std::ranges::find(of_indices, step.operation) != std::end(of_indices);
}

Neighbours::Neighbours(const Attributes& attributes, std::int64_t in, std::int64_t out)
    : linear(attributes.flag("linear")) {
  const kernels::Interpolation of{in, out, linear, linear && attributes.flag("align_corners")};
  for (const kernels::Tap& tap : of.taps()) {
    first.push_back(tap.first);
    next.push_back(std::min(tap.first + 1, in - 1));
    weights.push_back(tap.weight);
  }
}

}  // namespace xtape::exporting
