#include <algorithm>

#include <xtape/core/error.hpp>
#include <xtape/data/kernels/claimed_bytes.hpp>

namespace xtape::data::kernels {

std::vector<std::byte> read_claimed(const Read& read, const std::string& place,
                                    const std::string& claim, std::size_t count) {
  constexpr std::size_t least = std::size_t{1} << 20;
  const auto fail = [&](const std::string& found) {
    throw IoError(place + ": the header says " + claim + ", " + std::to_string(count) +
                  " bytes; the file holds " + found);
  };
  std::vector<std::byte> bytes;
  while (bytes.size() < count) {
    const std::size_t done = bytes.size();
    bytes.resize(std::min(count, std::max(least, 2 * done)));
    const std::size_t got = read(bytes.data() + done, bytes.size() - done);
    if (done + got < bytes.size()) fail(std::to_string(done + got));
  }
  std::byte behind;
  if (read(&behind, 1) != 0) fail("more");
  return bytes;
}

}  // namespace xtape::data::kernels
