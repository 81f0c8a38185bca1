#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <xtape/export/graph/graph.hpp>
#include <xtape/ops/kernels/interpolate.hpp>

/// What the writers of all languages have in common.
namespace xtape::exporting {

/// Throws ValueError: "export_c: sort: what (in place)".
[[noreturn]] void refuse_step(const char* op, const GraphStep& step, const std::string& what);

/// "[2, 3]"
std::string shape_text(std::span<const std::int64_t> extents);

/// The names that were given, or of one value the stem, of several "stem_0", "stem_1", ... Throws
/// ValueError unless there is one for each.
std::vector<std::string> names_of(const char* op, const std::string& what,
                                  const std::vector<std::string>& given, const std::string& stem,
                                  std::size_t count);

/// Whether the step looks at its operand and gives it back: parameters of distributions, lengths,
/// indices.
bool only_checks(const GraphStep& step);

/// The rule of a step among those of several tables; that of `variable`, which changes nothing, for
/// checks.
/// Throws ValueError in the name of `op` if there is none.
template <class Rule, class Tables>
const Rule& rule_for(const char* op, const Tables& tables, const GraphStep& step) {
  const std::string operation = only_checks(step) ? "variable" : step.operation;
  for (const std::span<const Rule> table : tables) {
    const auto rule = std::ranges::find(table, operation, &Rule::operation);
    if (rule != table.end()) return *rule;
  }
  refuse_step(op, step, "");
}

/// Of each place of an axis that is resized the two neighbours that it lies between, and the share
/// of the second.
struct Neighbours {
  Neighbours(const Attributes& attributes, std::int64_t in, std::int64_t out);
  std::vector<std::int64_t> first, next;
  std::vector<double> weights;
  bool linear;
};

}  // namespace xtape::exporting
