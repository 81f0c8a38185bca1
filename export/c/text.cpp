#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <xtape/core/error.hpp>
#include <xtape/export/c/writer.hpp>

namespace xtape::exporting {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

const char* c_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::boolean: return "unsigned char";
    case Dtype::int64: return "int64_t";
    case Dtype::float32: return "float";
    default: return "double";
  }
}

std::string c_number(double value, Dtype dtype) {
  if (!is_floating(dtype)) return std::to_string(static_cast<std::int64_t>(value));
  const bool single = dtype == Dtype::float32;
  if (std::isnan(value)) return single ? "NAN" : "(double)NAN";
  const std::string sign = std::signbit(value) ? "-" : "";
  if (std::isinf(value)) return sign + (single ? "INFINITY" : "(double)INFINITY");
  if (single) value = static_cast<float>(value);
  std::array<char, 64> buffer;
  const bool plain = value == std::trunc(value) && std::abs(value) < 1e6;
  const std::to_chars_result end =
      plain ? std::to_chars(buffer.begin(), buffer.end(), std::abs(value), std::chars_format::fixed)
            : std::to_chars(buffer.begin(), buffer.end(), std::abs(value), std::chars_format::hex);
  const std::string digits(buffer.data(), end.ptr);
  return sign + (plain ? digits + ".0" : "0x" + digits) + (single ? "F" : "");
}

std::string filled(const std::string& text, CWords words) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      result += text[i++];
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() && is_alphanumeric(text[end])) ++end;
    const std::string word = text.substr(i + 1, end - i - 1);
    const auto* found = std::ranges::find(words, word, [](const auto& pair) { return pair.first; });
    if (found == words.end()) throw Error("export_c: no word " + word);
    result += found->second;
    i = end;
  }
  return result;
}

std::string CStep::spelt(const std::string& text, CWords words, Dtype dtype) const {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const char mark = text[i];
    if (mark != '@' && mark != '#') {
      result += mark;
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    const auto goes_on = [&](char c) {
      return is_alphanumeric(c) || (mark == '#' && c == '.') || (mark == '@' && c == '_');
    };
    while (end < text.size() && goes_on(text[end])) ++end;
    const std::string word = text.substr(i + 1, end - i - 1);
    if (mark == '#') {
      double number = 0;
      std::from_chars(word.data(), word.data() + word.size(), number);
      result += c_number(number, dtype);
    } else {
      const std::string name = word + (dtype == Dtype::float32 ? "f"
                                       : is_floating(dtype)    ? ""
                                                               : "i");
      const bool helps = std::ranges::find(c_helpers(), name, &CHelper::name) != c_helpers().end();
      if (helps) need_helper(name);
      if (!helps && !is_floating(dtype)) refuse("integers have no rule");
      result += name;
    }
    i = end;
  }
  return filled(result, words);
}

std::int64_t CView::size() const {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents) count *= extent;
  return count;
}

bool CView::dense() const {
  std::int64_t stride = 1;
  for (std::size_t axis = extents.size(); axis > 0;) {
    --axis;
    if (extents[axis] != 1 && strides[axis] != stride) return false;
    stride *= extents[axis];
  }
  return true;
}

std::string CView::at(std::span<const std::string> indices) const {
  if (literal) return base;
  std::string text = offset == 0 ? "" : std::to_string(offset);
  for (std::size_t axis = 0; axis < indices.size(); ++axis) {
    if (strides[axis] == 0 || indices[axis] == "0") continue;
    const bool one = strides[axis] == 1 || indices[axis].find(' ') == std::string::npos;
    const std::string index = one ? indices[axis] : "(" + indices[axis] + ")";
    text += (text.empty() ? "" : " + ") +
            (strides[axis] == 1 ? index : std::to_string(strides[axis]) + " * " + index);
  }
  return base + "[" + (text.empty() ? "0" : text) + "]";
}

CView CView::broadcast(const std::vector<std::int64_t>& to) const {
  CView view = *this;
  view.extents = to;
  view.strides.assign(to.size(), 0);
  const std::size_t missing = to.size() - extents.size();
  for (std::size_t axis = 0; axis < extents.size(); ++axis)
    view.strides[axis + missing] = extents[axis] == 1 ? 0 : strides[axis];
  return view;
}

CView CView::reshaped(const std::vector<std::int64_t>& to) const {
  CView view = *this;
  view.extents = to;
  view.strides.assign(to.size(), 0);
  std::int64_t stride = 1;
  for (std::size_t axis = to.size(); axis > 0; stride *= to[axis]) view.strides[--axis] = stride;
  return view;
}

CReduced::CReduced(const CView& of, const std::vector<std::int64_t>& axes, bool keeps)
    : x(of), keep(keeps) {
  for (std::int64_t axis = 0; axis < x.rank(); ++axis) {
    const bool gone = std::ranges::find(axes, axis) != axes.end();
    flags.push_back(gone);
    const std::int64_t extent = x.extents[static_cast<std::size_t>(axis)];
    if (gone) over.push_back(extent);
    if (!gone) stay.push_back(extent);
    if (gone && keeps) stay.push_back(1);
  }
}
std::string CReduced::at(const std::vector<std::string>& of_stay,
                         const std::vector<std::string>& of_over) const {
  std::vector<std::string> all;
  std::size_t i = 0, j = 0;
  for (const bool gone : flags) {
    all.push_back(gone ? of_over[j++] : of_stay[i++]);
    if (gone && keep) ++i;
  }
  return x.at(all);
}

}  // namespace xtape::exporting
