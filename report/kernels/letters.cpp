#include <xtape/data/kernels/utf8.hpp>
#include <xtape/report/kernels/letters.hpp>

namespace xtape::report::kernels {

using data::kernels::first_letter, data::kernels::replacement, data::kernels::replacement_utf8;

namespace {

bool is_xml(char32_t c) {  // XML 1.0, 2.2
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) ||
         (c >= 0xe000 && c <= 0xfffd) || c >= 0x10000;
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto [code, size] = first_letter(text);
    switch (code) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default:
        result += is_xml(code) && code != replacement ? text.substr(0, size) : replacement_utf8;
    }
    text.remove_prefix(size);
  }
  return result;
}

double text_ems(std::string_view text) {
  double width = 0;
  while (!text.empty()) {
    const auto [code, size] = first_letter(text);
    const bool wide =
        code < 0x80 && std::string_view("mwMW@%").find(static_cast<char>(code)) != text.npos;
    const bool narrow =
        code < 0x80 &&
        std::string_view("iljtfrI.,:;'|!()[] -").find(static_cast<char>(code)) != text.npos;
    if (wide) {
      width += 0.9;
    } else if (narrow) {
      width += 0.36;
    } else if (code >= 'A' && code <= 'Z') {
      width += 0.7;
    } else {
      width += code >= 0x1100 ? 1.0 : 0.59;  // Korean letters and what lies behind them
    }
    text.remove_prefix(size);
  }
  return width;
}

}  // namespace xtape::report::kernels
