#pragma once
#include <optional>
#include <string>

#include <xtape/core/watch.hpp>

namespace xtape::detail {

/// "exp in the backward pass of softmax, called at model.cpp:12,": which operation a step was.
std::string what_ran(const Step& step);

/// What finite differences, to 1e-5 absolutely or 1e-4 relatively, say against the rule of an
/// operation at the operands of a step, by those that require gradients: empty if they agree. None
/// where they say nothing: for float32, and results that are no numbers.
std::optional<std::string> objection_to_rule(const Step& step);

}  // namespace xtape::detail
