#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

/// All public operations as models, for the tests of exports.
namespace models {

/// A use of an operation, as a function of one tensor, which holds its numbers in float32; those of
/// one that takes integers alone, in int64.
struct Use {
  std::string name;  // "norm: order 3"
  std::function<xtape::Tensor(const xtape::Tensor&)> function;
  xtape::Tensor x;
};

/// What came of the export of a use of each row and each case in tests/support.
struct Attempt {
  std::string name;
  std::optional<Use> exported;
  std::string error;  // of what was refused
};
/// Exports each use as a function of all its operands, or else of the first while the others are
/// constants, as weights are. What has no elements, or no part in its result, is left out.
std::vector<Attempt> sweep(const std::function<void(const Use& use)>& exporter);

/// The names of what was refused: of an operation, or of uses if others were not.
std::set<std::string> refused(const std::vector<Attempt>& attempts);

}  // namespace models
