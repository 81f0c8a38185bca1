#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/state.hpp>

namespace xtape::detail {
namespace {

std::string listed(const char* what, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + ('"' + name + '"');
  return text.empty() ? text : "; " + std::string(what) + ": " + text;
}

}  // namespace

MatchedState match_state(const NamedTensors& expected, const NamedTensors& given,
                         const RestoreOptions& options) {
  std::unordered_map<std::string_view, const Tensor*> found;
  for (const NamedTensor& entry : expected) found.emplace(entry.first, nullptr);
  MatchedState matched;
  auto& [missing, unexpected] = matched.left_out;
  std::vector<std::string> twice;
  for (const NamedTensor& entry : given) {
    const auto place = found.find(entry.first);
    if (place == found.end()) {
      unexpected.push_back(entry.first);
    } else if (std::exchange(place->second, &entry.second) != nullptr) {
      twice.push_back(entry.first);
    }
  }
  std::string misfits;
  bool shapes = false;
  for (const auto& [name, wanted] : expected) {
    const Tensor* got = found.at(name);
    matched.entries.emplace_back(name, Tensor());
    if (got == nullptr || !got->defined()) {
      missing.push_back(name);
    } else if (got->shape() != wanted.shape() || got->dtype() != wanted.dtype()) {
      misfits += "; \"" + name + "\" must be " + wanted.describe() + ", got " + got->describe();
      shapes = shapes || got->shape() != wanted.shape();
    } else {
      check_has_values("restore", *got);
      matched.entries.back().second = got->detach().clone();
    }
  }
  const bool names = !twice.empty() || (options.strict && !(missing.empty() && unexpected.empty()));
  if (!names && misfits.empty()) return matched;
  const std::string text = "restore: the entries must be those of state()" +
                           listed("missing", missing) + listed("unexpected", unexpected) +
                           listed("given twice", twice) + misfits;
  if (names) throw ValueError(text);
  if (shapes) throw ShapeError(text);
  throw DtypeError(text);
}

}  // namespace xtape::detail
