#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

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

/// Letters to add, drop or change to make b of a: Wagner and Fischer (1974).
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

/// What stands in front of all names of one list, and of none of the other, if that is all between
/// them.
std::string prefix_between(const std::vector<std::string>& longer,
                           const std::vector<std::string>& shorter) {
  if (longer.size() != shorter.size() || shorter.empty()) return {};
  const std::unordered_set<std::string_view> all(longer.begin(), longer.end());
  for (const std::string& name : longer) {
    if (!name.ends_with(shorter.front())) continue;
    std::string prefix = name.substr(0, name.size() - shorter.front().size());
    const auto fits = [&](const std::string& one) { return all.contains(prefix + one); };
    if (std::ranges::all_of(shorter, fits)) return prefix;
  }
  return {};
}

/// What the names of the first unexpected entries may have been meant to be.
std::string hint(const LeftOut& names) {
  const auto& [missing, unexpected] = names;
  if (const std::string prefix = prefix_between(unexpected, missing); !prefix.empty())
    return "; all fit without \"" + prefix + "\" in front";
  if (const std::string prefix = prefix_between(missing, unexpected); !prefix.empty())
    return "; all fit with \"" + prefix + "\" in front";
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, unexpected.size()); ++i) {
    const std::string& name = unexpected[i];
    const std::string* nearest = nullptr;
    std::size_t least = name.size() / 3 + 1;  // others are not alike
    for (const std::string& other : missing) {
      const std::size_t between = distance(name, other);
      if (between < least) least = between, nearest = &other;
    }
    if (nearest == nullptr) continue;
    text += (text.empty() ? "; nearest: \"" : ", \"") + *nearest + "\" to \"" + name + "\"";
  }
  return text;
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
                           listed("given twice", twice) + misfits +
                           (options.strict ? hint(matched.left_out) : "");
  if (names) throw ValueError(text);
  if (shapes) throw ShapeError(text);
  throw DtypeError(text);
}

}  // namespace xtape::detail
