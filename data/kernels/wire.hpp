#pragma once
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xtape::data::kernels {

/// So many bytes of a number, the lowest first.
std::string little_endian(std::uint64_t value, int bytes);

/// A message as protocol buffers write it: fields by their numbers.
/// Source: Protocol Buffers, Encoding.
class Message {
 public:
  /// A number of any integral type: int32, int64, an enumeration.
  Message& integer(std::uint64_t field, std::int64_t value);
  Message& real(std::uint64_t field, double value);
  Message& real(std::uint64_t field, float value);
  /// Packed.
  Message& reals(std::uint64_t field, const std::vector<double>& values);
  /// Bytes, a message within, or a text that is UTF-8.
  Message& bytes(std::uint64_t field, std::string_view bytes);
  /// A text. What is no UTF-8 in it is replaced: readers refuse the whole message for it.
  Message& string(std::uint64_t field, std::string_view text);
  Message& message(std::uint64_t field, const Message& inner) { return bytes(field, inner.bytes_); }

  const std::string& text() const { return bytes_; }

 private:
  void varint(std::uint64_t value);
  std::string bytes_;
};

}  // namespace xtape::data::kernels
