#include <bit>

#include <xtape/data/kernels/utf8.hpp>
#include <xtape/data/kernels/wire.hpp>

namespace xtape::data::kernels {
namespace {

enum Kind : std::uint64_t { varint_kind = 0, eight_bytes = 1, with_length = 2, four_bytes = 5 };

char low_byte(std::uint64_t value) {
  return static_cast<char>(static_cast<unsigned char>(value & 0xffU));
}

}  // namespace

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8U) text += low_byte(value);
  return text;
}

void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) bytes_ += low_byte((value & 0x7fU) | 0x80U);
  bytes_ += low_byte(value);
}

Message& Message::integer(std::uint64_t field, std::int64_t value) {
  varint(field << 3U | varint_kind);
  varint(std::bit_cast<std::uint64_t>(value));
  return *this;
}

Message& Message::real(std::uint64_t field, double value) {
  varint(field << 3U | eight_bytes);
  bytes_ += little_endian(std::bit_cast<std::uint64_t>(value), 8);
  return *this;
}

Message& Message::real(std::uint64_t field, float value) {
  varint(field << 3U | four_bytes);
  bytes_ += little_endian(std::bit_cast<std::uint32_t>(value), 4);
  return *this;
}

Message& Message::reals(std::uint64_t field, const std::vector<double>& values) {
  varint(field << 3U | with_length);
  varint(8 * values.size());
  for (const double value : values) bytes_ += little_endian(std::bit_cast<std::uint64_t>(value), 8);
  return *this;
}

Message& Message::bytes(std::uint64_t field, std::string_view bytes) {
  varint(field << 3U | with_length);
  varint(bytes.size());
  bytes_ += bytes;
  return *this;
}

Message& Message::string(std::uint64_t field, std::string_view text) {
  return bytes(field, valid_utf8(text));
}

}  // namespace xtape::data::kernels
