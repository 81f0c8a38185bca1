#pragma once
#include <string>
#include <string_view>

/// Loops over the letters of texts.
namespace xtape::report::kernels {

/// See xml_text.
std::string xml_escaped(std::string_view text);

/// The width of a text in units of the font's size.
double text_ems(std::string_view text);

}  // namespace xtape::report::kernels
