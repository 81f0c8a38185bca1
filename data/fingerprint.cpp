#include <algorithm>
#include <cstring>
#include <limits>
#include <random>

#include <xtape/core/body.hpp>
#include <xtape/data/fingerprint.hpp>
#include <xtape/data/kernels/mixed.hpp>

namespace xtape::data::detail {
namespace {

/// Of stretches of so many words one word each: a drawn one, as those at a fixed distance could
/// all lie in the same columns.
std::int64_t fingerprint(const NamedTensors& data, std::int64_t looked_at) {
  std::uint64_t hash = kernels::hash_start;
  for (const auto& [name, x] : data) {
    const std::int64_t bytes = x.size() * static_cast<std::int64_t>(size_of(x.dtype()));
    const std::int64_t words = (bytes + 7) / 8,
                       stretch = std::max<std::int64_t>(
                           words / looked_at + (words % looked_at != 0 ? 1 : 0), 1);
    std::mt19937_64 draw;
    hash = kernels::hashed(hash, static_cast<std::uint64_t>(bytes));
    for (std::int64_t first = 0; first < words; first += stretch) {
      std::int64_t i = first;
      if (stretch > 1) {
        const std::int64_t among = std::min(stretch, words - first);
        i += static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(among));
      }
      std::uint64_t word = 0;
      std::memcpy(&word, x.body().data + 8 * i,
                  static_cast<std::size_t>(std::min<std::int64_t>(bytes - 8 * i, 8)));
      hash = kernels::hashed(hash, word);
    }
  }
  return data.empty() ? 0 : static_cast<std::int64_t>(hash >> 1);
}

}  // namespace

std::int64_t fingerprint_of_all(const NamedTensors& data) {
  return fingerprint(data, std::numeric_limits<std::int64_t>::max());
}

std::int64_t fingerprint_of_some(const NamedTensors& data) { return fingerprint(data, 1 << 17); }

}  // namespace xtape::data::detail
