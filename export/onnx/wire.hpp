#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace xtape::exporting {

/// A message in the wire format of Protocol Buffers, field by field, which nests by its bytes.
/// Source: Google, Protocol Buffers, "Encoding".
class Message {
 public:
  void add(int field, std::int64_t value) {
    tag(field, 0);
    varint(static_cast<std::uint64_t>(value));
  }
  void add(int field, float value);
  void add(int field, std::string_view bytes) {
    tag(field, 2);
    varint(bytes.size());
    bytes_ += bytes;
  }
  void add(int field, const char* text) { add(field, std::string_view(text)); }
  void add(int field, const Message& message) { add(field, std::string_view(message.bytes_)); }

  const std::string& bytes() const { return bytes_; }

 private:
  void tag(int field, int type) {
    varint(static_cast<std::uint64_t>(field) * 8 + static_cast<std::uint64_t>(type));
  }
  void varint(std::uint64_t value);

  std::string bytes_;
};

}  // namespace xtape::exporting
