#include <xtape/report/kernels/utf8.hpp>

namespace xtape::report::kernels {
namespace {

constexpr char32_t replacement = 0xfffd;

bool is_xml(char32_t c) {  // XML 1.0, 2.2
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) ||
         (c >= 0xe000 && c <= 0xfffd) || c >= 0x10000;
}

}  // namespace

Letter first_letter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xc2 ? 0
                           : first < 0xe0 ? 2
                           : first < 0xf0 ? 3
                           : first < 0xf5 ? 4
                                          : 0;
  if (size == 1) return {first, 1};
  if (size == 0 || text.size() < size) return {replacement, 1};
  char32_t code = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {replacement, 1};
    code = code << 6U | (byte(i) & 0x3fU);
  }
  constexpr char32_t least[]{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < least[size] || code > 0x10ffff || surrogate) return {replacement, 1};
  return {code, size};
}

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
        if (code == replacement || !is_xml(code)) {
          result += "\xef\xbf\xbd";
        } else {
          result += text.substr(0, size);
        }
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
