#pragma once
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/report/color.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

/// A number of a picture with at most two decimals, the same in every locale: "12.5", "3".
/// Throws ValueError for NaN and infinity, of which a picture has none.
std::string svg_number(double value);

/// Text as XML has it: marks of XML, quotes and what is no UTF-8 or no character of XML are
/// replaced.
std::string xml_text(std::string_view text);

/// About how wide a text is, for a font without serifs: a little more rather than less.
double text_width(std::string_view text, double font_size);

/// The value of an attribute.
class SvgValue {
 public:
  template <class T>
  requires std::integral<T> || std::floating_point<T> SvgValue(T number)
      : text_(svg_number(static_cast<double>(number))) {}
  SvgValue(Color color) : text_(color.hex()) {}
  SvgValue(const char* text) : text_(xml_text(text)) {}
  SvgValue(const std::string& text) : text_(xml_text(text)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using SvgAttributes = std::vector<std::pair<std::string, SvgValue>>;

/// Elements of an SVG picture, one a line.
class Svg {
 public:
  /// <tag .../>, for numbers and texts of any kind: svg.element("circle", {{"r", 2}, {"fill",
  /// "red"}})
  Svg& element(std::string_view tag, const SvgAttributes& attributes);
  /// Text at a place, which is its left end on the line that it stands on.
  Svg& text(double x, double y, std::string_view text, const SvgAttributes& attributes = {});
  /// What follows is within this element, until it is closed.
  Svg& open(std::string_view tag, const SvgAttributes& attributes);
  Svg& close();
  /// Elements that were made elsewhere.
  Svg& append(std::string_view elements);

  const std::string& elements() const { return elements_; }

 private:
  void begin(std::string_view tag, const SvgAttributes& attributes);
  std::string elements_;
  std::vector<std::string> open_;
};

/// The course of a line or the outline of an area, for the attribute "d" of a path.
class SvgPath {
 public:
  SvgPath& move(double x, double y) { return step('M', x, y); }
  SvgPath& line(double x, double y) { return step('L', x, y); }
  SvgPath& close() {
    text_ += 'z';
    return *this;
  }
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  SvgPath& step(char letter, double x, double y);
  std::string text_;
};

}  // namespace xtape::report

XTAPE_EXPORT_END
