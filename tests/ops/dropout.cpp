// Dropout against its definition, one element at a time.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/threads.hpp"

using namespace xtape;

namespace {

using Words = std::array<std::uint32_t, 4>;

/// Philox4x32-10. Source: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011),
/// section 3.3.
Words philox(Words counter, std::uint64_t key) {
  auto low = static_cast<std::uint32_t>(key), high = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0],
                        second = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ low,
               static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ high,
               static_cast<std::uint32_t>(first)};
    low = static_cast<std::uint32_t>((std::uint64_t{low} + 0x9E3779B9) & 0xffffffff);
    high = static_cast<std::uint32_t>((std::uint64_t{high} + 0xBB67AE85) & 0xffffffff);
  }
  return counter;
}

/// The 16 random bits of an element: blocks of 64 counters, word 0 of all, then word 1, ...
std::uint32_t bits_of(std::int64_t element, std::uint64_t key, std::uint64_t call) {
  const auto block = static_cast<std::uint64_t>(element / 512),
             word = static_cast<std::uint64_t>(element % 512 / 2);
  const std::uint64_t number = block * 64 + word % 64;
  const Words words =
      philox({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32),
              static_cast<std::uint32_t>(call), static_cast<std::uint32_t>(call >> 32)},
             key);
  return words[word / 64] >> (element % 2 * 16) & 0xffff;
}

}  // namespace

TEST_CASE("the reference of dropout's random numbers gives the published ones") {
  // Source: the known answers that come with the authors' library, Random123.
  CHECK(philox({0, 0, 0, 0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
}

TEST_CASE("dropout: values and gradients by element, at the edges of blocks") {
  constexpr std::uint64_t key = 0x0123456789abcdef, call = 0x100000002;
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const std::int64_t n :
         {0, 1, 7, 31, 32, 33, 511, 512, 513, 1030, 8191, 8192, 8193, 20000}) {
      for (const double rate : {0.0, 1e-9, 0.1, 0.5, 0.99, 1 - 1e-9, 1.0}) {
        CAPTURE(dtype);
        CAPTURE(n);
        CAPTURE(rate);
        Tensor x = (arange(n) + 1).to(dtype);
        x.set_requires_grad(true);
        const Threads threads(n > 8192 ? 2 : 1);
        const Tensor y = dropout(x, rate, key, call);
        const Tensor g = (arange(n) * 2 + 3).to(dtype);
        const auto [dx] = grad(y, {x}, {.seeds = {g}});

        const double limit = rate < 1 ? std::min(std::round(rate * 65536), 65535.0) : 65536;
        std::vector<double> factors;
        for (std::int64_t i = 0; i < n; ++i) {
          const bool kept = bits_of(i, key, call) >= limit;
          const double scale = 65536 / (65536 - limit);
          factors.push_back(!kept                     ? 0
                            : dtype == Dtype::float32 ? static_cast<float>(scale)
                                                      : scale);
        }
        const Tensor factor = from_vector(factors, {n}).to(dtype);
        CHECK(mismatch(y.detach(), x.detach() * factor) == "");
        CHECK(mismatch(dx, g * factor) == "");
      }
    }
  }
}

TEST_CASE("dropout: what is dropped is 0 whatever it was, forward and backward") {
  const std::int64_t n = 600;
  Tensor x = full({n}, std::nan(""));
  x.set_requires_grad(true);
  const Tensor y = dropout(x, 1.0, 1, 2);
  CHECK(mismatch(y.detach(), zeros({n})) == "");
  const auto [dx] = grad(y, {x}, {.seeds = {full({n}, std::nan(""))}});
  CHECK(mismatch(dx, zeros({n})) == "");
}
