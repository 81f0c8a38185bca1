#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <xtape/export/graph/recording.hpp>

namespace xtape::exporting {

/// Of a value or a step, its number in each recording.
using Numbers = std::vector<int>;

struct CommonStep {
  Numbers steps, result;
  std::vector<Numbers> operands;
};

/// What the first recording does where another one does something else: "exp (in 0, at a.cpp:7)".
struct Difference {
  std::size_t recording;  // the other one
  std::string first, other;
};

/// What several recordings do, up to the first difference. They do the same if what their results
/// need of the inputs are the same operations of corresponding operands: a computed value for a
/// computed one, a constant for a constant, whose elements are not looked at here. `contiguous`
/// changes no element, and a layout that is dense already has none: it is a step where all have it.
struct Common {
  std::vector<CommonStep> steps;
  std::vector<Numbers> results;
  std::optional<Difference> difference;
  /// Of each recording the results of `contiguous` that are no steps here, and its operands.
  std::vector<std::unordered_map<int, int>> same;
};
Common common_of(std::span<const Recording* const> recordings);

/// "exp (in encoder.0, at model.cpp:42)", what is known of it.
std::string described(const RecordedStep& step);
/// "float32[7, 4], int64[7]"
std::string described(const Tensors& tensors);

}  // namespace xtape::exporting
