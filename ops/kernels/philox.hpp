#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/wraps.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

/// A register of words, two in each lane of 64 bits.
struct Words {
  // NOLINTBEGIN(modernize-use-using)
  typedef std::uint64_t Pairs __attribute__((vector_size(register_bytes)));
  typedef std::uint32_t Singles __attribute__((vector_size(register_bytes)));
  // NOLINTEND(modernize-use-using)
  static constexpr std::uint32_t width = register_bytes / sizeof(std::uint32_t);

  /// 0, 1, 2, ...
  XTAPE_INLINE static Singles count() {
    return []<std::uint32_t... i>(std::integer_sequence<std::uint32_t, i...>) {
      return Singles{i...};
    }
    (std::make_integer_sequence<std::uint32_t, width>());
  }
  /// The products of the lower words of all lanes. Of compilers none finds the instruction.
  XTAPE_INLINE static Pairs product(Pairs a, Pairs b) {
#if defined(__AVX512F__)
    return Pairs(_mm512_maskz_mul_epu32(0xff, __m512i(a), __m512i(b)));
#elif defined(__AVX2__)
    return Pairs(_mm256_mul_epu32(__m256i(a), __m256i(b)));
#elif defined(__SSE2__) && !defined(__AVX__)
    return Pairs(_mm_mul_epu32(__m128i(a), __m128i(b)));
#else
    return (a & 0xffffffff) * (b & 0xffffffff);
#endif
  }
};

/// Random words for consecutive counters: words[j][i] is word j of counter first + i.
/// Source: Philox4x32-10, Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011),
/// section 3.3.
struct PhiloxBlock {
  static constexpr std::uint32_t counters = 64;
  std::uint32_t words[4][counters];

  XTAPE_WRAPS void generate(std::uint64_t first, std::uint64_t stream, std::uint64_t key) {
    for (std::uint32_t i = 0; i < counters; i += Words::width)
      generate_register(first, i, stream, key);
  }

 private:
  using Pairs = Words::Pairs;
  using Singles = Words::Singles;

  /// The upper and the lower words of a factor times each word of x.
  struct Product {
    XTAPE_INLINE Product(std::uint32_t factor, Singles x) {
      const Pairs all = reinterpret_cast<Pairs>(x), by = Pairs{} + factor;
      const Pairs even = Words::product(all, by), odd = Words::product(all >> 32, by);
      constexpr std::uint64_t low = 0xffffffff;
      upper = reinterpret_cast<Singles>(even >> 32 | (odd & ~low));
      lower = reinterpret_cast<Singles>((even & low) | odd << 32);
    }
    Singles upper, lower;
  };

  XTAPE_INLINE XTAPE_WRAPS void generate_register(std::uint64_t first, std::uint32_t at,
                                                  std::uint64_t stream, std::uint64_t key) {
    const Singles lower = Singles{} + static_cast<std::uint32_t>(first + at);
    const Singles upper = Singles{} + static_cast<std::uint32_t>((first + at) >> 32);
    Singles w[4];
    w[0] = Words::count() + lower;
    w[1] = upper - reinterpret_cast<Singles>(w[0] < lower);  // a comparison that is true gives -1
    w[2] = Singles{} + static_cast<std::uint32_t>(stream);
    w[3] = Singles{} + static_cast<std::uint32_t>(stream >> 32);
    auto low = static_cast<std::uint32_t>(key);
    auto high = static_cast<std::uint32_t>(key >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const Product a(0xD2511F53, w[0]), b(0xCD9E8D57, w[2]);
      w[0] = b.upper ^ w[1] ^ low;
      w[1] = b.lower;
      w[2] = a.upper ^ w[3] ^ high;
      w[3] = a.lower;
      low += 0x9E3779B9;
      high += 0xBB67AE85;
    }
    for (std::size_t j = 0; j < 4; ++j) std::memcpy(words[j] + at, &w[j], sizeof(w[j]));
  }
};

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
