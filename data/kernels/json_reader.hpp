#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xtape::data::kernels {

/// Reads a JSON text piece by piece: the caller says what must come next, so that nothing nests
/// deeper than it does. Throws IoError, which names the `place`, where the text is something else.
/// Source of the form: RFC 8259.
class JsonReader {
 public:
  /// Throws IoError unless it is UTF-8.
  JsonReader(std::string_view text, const std::string& place);

  /// Calls item(key) for each key of an object, to read its value.
  template <class Item>
  void object(const Item& item) {
    expect('{');
    if (accept('}')) return;
    do {
      const std::string key = string();
      expect(':');
      item(key);
    } while (accept(','));
    expect('}');
  }
  /// Calls item() for each element of an array, to read it.
  template <class Item>
  void array(const Item& item) {
    expect('[');
    if (accept(']')) return;
    do {
      item();
    } while (accept(','));
    expect(']');
  }
  std::string string();
  /// A whole number from 0 to 2^63 - 1, without a sign, a point or an exponent.
  std::int64_t count();
  /// What is left.
  std::string_view rest() const { return rest_; }
  [[noreturn]] void fail(const std::string& wanted) const;

 private:
  void skip_blanks();
  bool accept(char wanted);
  void expect(char wanted);
  char next();
  void unescape(std::string& text);
  std::uint32_t hexadecimal();

  std::string_view text_, rest_;
  const std::string& place_;
};

}  // namespace xtape::data::kernels
