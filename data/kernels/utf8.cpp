#include <xtape/data/kernels/utf8.hpp>

namespace xtape::data::kernels {

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

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    if (!letter.good()) return false;
    text.remove_prefix(letter.size);
  }
  return true;
}

std::string valid_utf8(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    result += letter.good() ? text.substr(0, letter.size) : replacement_utf8;
    text.remove_prefix(letter.size);
  }
  return result;
}

}  // namespace xtape::data::kernels
