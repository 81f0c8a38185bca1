#include <exception>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "properties.hpp"

using namespace xtape;

Program shortened(const Program& program) {
  Program best = program;
  const auto kind = [](const std::string& promise) { return promise.substr(0, promise.find(':')); };
  const std::string broken = kind(broken_promise(program));
  const auto still = [&](const Program& candidate) {
    try {
      static_cast<void>(values_of(candidate, candidate.inputs));
      return kind(broken_promise(candidate)) == broken;
    } catch (const std::exception&) {
      return false;
    }
  };
  for (bool shorter = true; shorter;) {
    shorter = false;
    for (std::size_t i = best.steps.size(); i > 0;
         --i) {  // without a step: its first operand instead
      Program candidate = best;
      const std::size_t gone = best.inputs.size() + i - 1, instead = best.steps[i - 1].operands[0];
      candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(i - 1));
      for (Step& step : candidate.steps)
        for (std::size_t& operand : step.operands)
          operand = operand == gone ? instead : operand > gone ? operand - 1 : operand;
      if (still(candidate)) best = candidate, shorter = true;
    }
    for (std::size_t i = 0; i < best.inputs.size() && best.inputs.size() > 1;
         ++i) {  // without an input
      Program candidate = best;
      candidate.inputs.erase(candidate.inputs.begin() + static_cast<std::ptrdiff_t>(i));
      for (Step& step : candidate.steps)
        for (std::size_t& operand : step.operands)
          operand = operand > i ? operand - 1 : operand == i ? 0 : operand;
      if (still(candidate)) best = candidate, shorter = true;
    }
    for (std::size_t i = 0; i < best.inputs.size(); ++i) {  // smaller inputs
      for (int axis = 0; axis < best.inputs[i].rank(); ++axis) {
        if (best.inputs[i].shape()[axis] < 2) continue;
        Program candidate = best;
        std::vector<Slice> part(static_cast<std::size_t>(axis) + 1);
        part.back() = range({}, best.inputs[i].shape()[axis] - 1);
        candidate.inputs[i] = slice(best.inputs[i], part).contiguous();
        if (still(candidate)) best = candidate, shorter = true;
      }
    }
    if (best.outputs > 1) {
      Program candidate = best;
      --candidate.outputs;
      if (still(candidate)) best = candidate, shorter = true;
    }
  }
  return best;
}
