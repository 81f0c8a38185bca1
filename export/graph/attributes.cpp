#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <xtape/core/error.hpp>
#include <xtape/export/graph/attributes.hpp>

namespace xtape::exporting {
namespace {

/// Parts of a text between separators that are not in brackets.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (c == separator && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// The items of "[1, 2]", without blanks.
std::vector<std::string> items_of(const std::string& list) {
  if (list.size() < 2 || list == "[]") return {};
  std::vector<std::string> items = split(list.substr(1, list.size() - 2), ',');
  for (std::string& item : items) std::erase(item, ' ');
  return items;
}

std::optional<std::int64_t> integer_in(const std::string& text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<Extent> fitted(std::span<const std::int64_t> values,
                             std::span<const std::int64_t> batches) {
  Extent extent{0, values[0]};
  if (values.size() > 1 && values[1] != values[0]) {
    const std::int64_t rise = values[1] - values[0], run = batches[1] - batches[0];
    if (run == 0 || rise % run != 0) return std::nullopt;
    extent = {rise / run, values[0] - rise / run * batches[0]};
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    if (extent.at(batches[i]) != values[i]) return std::nullopt;
  return extent;
}

Attributes::Attributes(std::string operation, const std::vector<std::string>& texts,
                       std::vector<std::int64_t> batches)
    : operation_(std::move(operation)), batches_(std::move(batches)) {
  for (const std::string& text : texts) {
    std::size_t i = 0;
    for (const std::string& entry : split(text, ' ')) {
      const std::size_t equals = entry.find('=');
      if (equals == std::string::npos) continue;
      const std::string name = entry.substr(0, equals);
      if (&text == texts.data()) entries_.emplace_back(name, Texts());
      if (i >= entries_.size() || entries_[i].first != name) refuse(name);
      entries_[i++].second.push_back(entry.substr(equals + 1));
    }
    if (i != entries_.size()) refuse(entries_[i].first);
  }
}

const Attributes::Texts* Attributes::find(const std::string& name) const {
  const auto entry = std::ranges::find(entries_, name, [](const auto& pair) { return pair.first; });
  return entry == entries_.end() ? nullptr : &entry->second;
}
const Attributes::Texts& Attributes::all(const std::string& name) const {
  const Texts* texts = find(name);
  if (texts == nullptr) throw ValueError(operation_ + ": an attribute " + name + " is needed");
  return *texts;
}
void Attributes::refuse(const std::string& name) const {
  throw ValueError(operation_ + ": its " + name +
                   " depends on the batch in a way that cannot be told (see dynamic_batch)");
}

const std::string& Attributes::text(const std::string& name) const {
  const Texts& texts = all(name);
  if (std::ranges::count(texts, texts[0]) != std::ssize(texts)) refuse(name);
  return texts[0];
}
double Attributes::number(const std::string& name) const {
  const std::string& value = text(name);
  double number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}
std::int64_t Attributes::integer(const std::string& name) const {
  const std::optional<std::int64_t> value = integer_in(text(name));
  if (!value) refuse(name);
  return *value;
}
std::vector<std::int64_t> Attributes::integers(const std::string& name) const {
  std::vector<std::int64_t> values;
  for (const std::string& item : items_of(text(name)))
    values.push_back(integer_in(item).value_or(0));
  return values;
}

Extent Attributes::extent(const std::string& name, const Texts& numbers) const {
  std::vector<std::int64_t> values;
  for (const std::string& number : numbers) {
    const std::optional<std::int64_t> value = integer_in(number);
    if (!value) refuse(name);
    values.push_back(*value);
  }
  const std::optional<Extent> extent = fitted(values, batches_);
  if (!extent) refuse(name);
  return *extent;
}

std::vector<Part> Attributes::parts(const std::string& name) const {
  std::vector<Texts> items;  // of each recording
  for (const std::string& text : all(name)) items.push_back(items_of(text));
  std::vector<Part> parts;
  for (std::size_t axis = 0; axis < items[0].size(); ++axis)
    parts.push_back(part(name, items, axis));
  return parts;
}

Part Attributes::part(const std::string& name, const std::vector<Texts>& items,
                      std::size_t axis) const {
  std::vector<Texts> numbers;  // start, stop and step of each recording
  for (const Texts& of : items) {
    if (of.size() != items[0].size()) refuse(name);
    numbers.push_back(split(of[axis], ':'));
    if (numbers.back().size() != numbers[0].size()) refuse(name);
  }
  if (items[0][axis] == ":") return {.whole = true};
  const auto number = [&](std::size_t i) {
    Texts texts;
    for (const Texts& of : numbers) texts.push_back(of[i]);
    return extent(name, texts);
  };
  Part part{.single = numbers[0].size() == 1, .start = number(0)};
  if (numbers[0].size() > 1 && !numbers[0][1].empty()) part.stop = number(1);
  if (numbers[0].size() > 2) {
    const Extent step = number(2);
    if (!step.fixed()) refuse(name);
    part.step = step.more;
  }
  return part;
}

}  // namespace xtape::exporting
