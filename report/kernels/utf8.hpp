#pragma once
#include <string>
#include <string_view>

/// Loops over the letters of texts.
namespace xtape::report::kernels {

/// What begins the text: a code point and its length in bytes; U+FFFD of length 1 for what is no
/// UTF-8.
struct Letter {
  char32_t code;
  std::size_t size;
};
Letter first_letter(std::string_view text);

/// See xml_text.
std::string xml_escaped(std::string_view text);

/// The width of a text in units of the font's size.
double text_ems(std::string_view text);

}  // namespace xtape::report::kernels
