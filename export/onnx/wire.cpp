#include <bit>

#include <xtape/export/onnx/wire.hpp>

namespace xtape::exporting {

void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value % 0x80 + 0x80);
  bytes_ += static_cast<char>(value);
}

void Message::add(int field, float value) {
  tag(field, 5);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift & 0xff);
}

}  // namespace xtape::exporting
