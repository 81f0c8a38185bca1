#pragma once
#include <cstddef>
#include <string>
#include <string_view>

/// Texts letter by letter. UTF-8 is what RFC 3629 says, which allows neither longer forms than
/// needed nor surrogates.
namespace xtape::data::kernels {

constexpr char32_t replacement = 0xfffd;  // what stands for bytes that are no letter
constexpr std::string_view replacement_utf8 = "\xef\xbf\xbd";

/// What begins a text: a code point and its length in bytes; the replacement of length 1 for what
/// is no UTF-8.
struct Letter {
  char32_t code;
  std::size_t size;
  bool good() const { return code != replacement || size > 1; }
};
Letter first_letter(std::string_view text);

bool is_utf8(std::string_view text);

/// The text with the replacement for each byte that is no UTF-8.
std::string valid_utf8(std::string_view text);

}  // namespace xtape::data::kernels
