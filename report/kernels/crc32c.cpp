#include <array>

#include <xtape/core/wraps.hpp>
#include <xtape/report/kernels/crc32c.hpp>

namespace xtape::report::kernels {
namespace {

/// What a byte makes of a check that is 0, its bits from the lowest on.
constexpr std::array<std::uint32_t, 256> make_table() {
  constexpr std::uint32_t polynomial = 0x82f63b78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t check = byte;
    for (int bit = 0; bit < 8; ++bit)
      check = (check & 1U) != 0 ? check >> 1U ^ polynomial : check >> 1U;
    table[byte] = check;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> table = make_table();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t check = 0xffffffff;
  for (const char c : bytes)
    check = table[(check ^ static_cast<unsigned char>(c)) & 0xffU] ^ check >> 8U;
  return ~check;
}

XTAPE_WRAPS std::uint32_t masked_crc32c(std::string_view bytes) {
  const std::uint32_t check = crc32c(bytes);
  return (check >> 15U | check << 17U) + 0xa282ead8U;
}

}  // namespace xtape::report::kernels
