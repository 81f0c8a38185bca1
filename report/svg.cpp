#include <array>
#include <charconv>
#include <cmath>

#include <xtape/core/error.hpp>
#include <xtape/report/kernels/letters.hpp>
#include <xtape/report/svg.hpp>

namespace xtape::report {

std::string svg_number(double value) {
  if (!std::isfinite(value)) throw ValueError("svg: a picture has no place for NaN and infinity");
  std::array<char, 512> digits;  // 1e308 has so many
  char* end = std::to_chars(digits.begin(), digits.end(), value, std::chars_format::fixed, 2).ptr;
  while (end[-1] == '0') --end;
  if (end[-1] == '.') --end;
  std::string text(digits.data(), end);
  return text == "-0" ? "0" : text;
}

std::string xml_text(std::string_view text) { return kernels::xml_escaped(text); }

double text_width(std::string_view text, double font_size) {
  return font_size * kernels::text_ems(text);
}

void Svg::begin(std::string_view tag, const SvgAttributes& attributes) {
  elements_.append("<").append(tag);
  for (const auto& [name, value] : attributes)
    elements_.append(" ").append(name).append("=\"").append(value.text()).append("\"");
}

Svg& Svg::element(std::string_view tag, const SvgAttributes& attributes) {
  begin(tag, attributes);
  elements_ += "/>\n";
  return *this;
}

Svg& Svg::text(double x, double y, std::string_view text, const SvgAttributes& attributes) {
  SvgAttributes all{{"x", x}, {"y", y}};
  all.insert(all.end(), attributes.begin(), attributes.end());
  begin("text", all);
  elements_.append(">").append(xml_text(text)).append("</text>\n");
  return *this;
}

Svg& Svg::open(std::string_view tag, const SvgAttributes& attributes) {
  begin(tag, attributes);
  elements_ += ">\n";
  open_.emplace_back(tag);
  return *this;
}

Svg& Svg::close() {
  if (open_.empty()) throw ValueError("svg: there is no element to close");
  elements_.append("</").append(open_.back()).append(">\n");
  open_.pop_back();
  return *this;
}

Svg& Svg::append(std::string_view elements) {
  elements_ += elements;
  return *this;
}

SvgPath& SvgPath::step(char letter, double x, double y) {
  text_ += letter;
  text_.append(svg_number(x)).append(" ").append(svg_number(y));
  return *this;
}

}  // namespace xtape::report
