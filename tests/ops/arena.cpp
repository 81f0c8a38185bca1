// Where results lie in the block of a replay.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/ops/replay/arena.hpp>
#include <xtape/xtape.hpp>

using namespace xtape;
using detail::Lifetime;

namespace {

/// What is needed at one time, at most.
std::size_t needed(const std::vector<Lifetime>& lifetimes) {
  std::size_t most = 0;
  for (const Lifetime& at : lifetimes) {
    std::size_t bytes = 0;
    for (const Lifetime& other : lifetimes)
      if (other.first <= at.first && at.first <= other.last) bytes += other.bytes;
    most = std::max(most, bytes);
  }
  return most;
}

bool meet(std::size_t a_first, std::size_t a_last, std::size_t b_first, std::size_t b_last) {
  return a_first <= b_last && b_first <= a_last;
}

}  // namespace

TEST_CASE("arena: what lives at one time does not meet in memory") {
  Rng rng(3);
  for (const std::int64_t count : {0, 1, 40, 300, 4096, 5000}) {
    std::vector<Lifetime> lifetimes;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto draw = [&](std::int64_t below) {
        return static_cast<std::size_t>(rng.integers(0, below, {1}).item());
      };
      const std::size_t first = draw(count);
      lifetimes.push_back({64 * (1 + draw(100)), first, first + draw(9)});
    }
    const detail::Arrangement places = detail::arrange(lifetimes);
    const std::vector<std::size_t>& offsets = places.offsets;
    const std::size_t bytes = places.bytes;
    CHECK(bytes >= needed(lifetimes));
    // By size 1.064 of 40, 1.041, 1.029 of 4096; in order of their times, which more are
    // placed in, 1.08, and 1.14 of 300.
    const double most = count <= 4096 ? 1.07 : 1.1;
    CHECK(static_cast<double>(bytes) <= most * static_cast<double>(needed(lifetimes)));
    for (std::size_t i = 0; i < lifetimes.size(); ++i) {
      const Lifetime& a = lifetimes[i];
      bool apart = offsets[i] % 64 == 0 && offsets[i] + a.bytes <= bytes;
      for (std::size_t k = 0; k < i; ++k) {
        const Lifetime& b = lifetimes[k];
        apart = apart &&
                !(meet(a.first, a.last, b.first, b.last) &&
                  meet(offsets[i], offsets[i] + a.bytes - 1, offsets[k], offsets[k] + b.bytes - 1));
      }
      REQUIRE(apart);
    }
  }
}

TEST_CASE("arena: a large result takes the place of small ones that were there before it") {
  // In the order of their times the third would lie behind the second, which keeps it from the first's.
  const std::vector<Lifetime> lifetimes{{64, 0, 1}, {64, 0, 3}, {128, 2, 3}};
  CHECK(detail::arrange(lifetimes).bytes == needed(lifetimes));
}
