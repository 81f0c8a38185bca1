#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include <xtape/core/cpu_level.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {
namespace {

#ifdef __x86_64__
/// What the processor says of itself, and the system of what it saves. Each question takes
/// microseconds in a virtual machine, and the compiler's own `__builtin_cpu_supports` asks many.
struct Processor {
  unsigned basic = 0, extended = 0, later = 0;  // features of leaves 1, 0x80000001 and 7
  unsigned saved = 0;                           // registers

  Processor() {
    unsigned a, b, d;
    __cpuid(1, a, b, basic, d);
    if ((basic & (bit_FMA | bit_OSXSAVE)) != (bit_FMA | bit_OSXSAVE)) return;
    unsigned c;
    __cpuid(0x80000001, a, b, extended, d);
    __cpuid_count(7, 0, a, later, c, d);  // there, as FMA is
    asm("xgetbv" : "=a"(saved), "=d"(d) : "c"(0));
  }
  bool has(unsigned of_basic, unsigned of_extended, unsigned of_later, unsigned of_saved) const {
    return (basic & of_basic) == of_basic && (extended & of_extended) == of_extended &&
           (later & of_later) == of_later && (saved & of_saved) == of_saved;
  }
};

// As the x86-64 psABI lists them, beside what all of these have.
constexpr unsigned v2_basic = bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT | bit_CMPXCHG16B;
constexpr unsigned v3_basic = v2_basic | bit_AVX | bit_F16C | bit_FMA | bit_MOVBE | bit_OSXSAVE;
constexpr unsigned v3_later = bit_AVX2 | bit_BMI | bit_BMI2;
constexpr unsigned v4_later =
    v3_later | bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
constexpr unsigned saves_avx = 0x6, saves_avx512 = 0xE6;
#endif

/// Whether this processor, and the system it runs under, can run code of a level.
bool runs(Level level) {
#ifdef __x86_64__
  static const Processor here;
  switch (level) {
    case Level::x86_64_v2: return here.has(v2_basic, 0, 0, 0);
    case Level::x86_64_v3: return here.has(v3_basic, bit_LZCNT, v3_later, saves_avx);
    case Level::x86_64_v4: return here.has(v3_basic, bit_LZCNT, v4_later, saves_avx512);
    default: return true;
  }
#else
  static_cast<void>(level);
  return true;
#endif
}

std::string_view name_of(Level level) {
  constexpr std::string_view names[] = {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4",
                                        "native"};
  return names[static_cast<std::size_t>(level)];
}

void check_wish(std::string_view wish) {
  std::string list;
  for (const Level level : levels) {
    if (name_of(level) == wish) return;
    list.append(list.empty() ? "" : ", ").append(name_of(level));
  }
  throw ValueError("XTAPE_CPU_LEVEL: the level must be one of this build (" + list + "); got \"" +
                   std::string(wish) + "\"");
}

std::size_t choose() {
  const char* const wish = std::getenv("XTAPE_CPU_LEVEL");
  if (wish != nullptr) check_wish(wish);
  std::size_t best = level_count;
  for (std::size_t i = 0; i < level_count && runs(levels[i]); ++i) {
    best = i;
    if (wish != nullptr && name_of(levels[i]) == wish) break;
  }
  if (best == level_count) {
    throw Error("xtape: this build needs a processor of at least " +
                std::string(name_of(levels[0])));
  }
  if (wish != nullptr && name_of(levels[best]) != wish) {
    throw ValueError(
        "XTAPE_CPU_LEVEL: the level must be one that this processor can run, at most " +
        std::string(name_of(levels[best])) + "; got \"" + wish + "\"");
  }
  return best;
}

}  // namespace

std::size_t level_in_use() {
  static const std::size_t index = choose();
  return index;
}

}  // namespace xtape::kernels

std::string_view xtape::cpu_level() {
  return kernels::name_of(kernels::levels[kernels::level_in_use()]);
}
