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
/// What x86-64-v3 has beside AVX2, FMA and BMI2; not all compilers know these by name.
bool has_rest_of_v3() {
  unsigned a, b, c = 0, d, extended = 0, leaf7 = 0;
  __get_cpuid(1, &a, &b, &c, &d);
  __get_cpuid(0x80000001, &a, &b, &extended, &d);
  __get_cpuid_count(7, 0, &a, &leaf7, &b, &d);
  return (c & bit_MOVBE) != 0 && (c & bit_F16C) != 0 && (extended & bit_LZCNT) != 0 &&
         (leaf7 & bit_BMI) != 0;
}
#endif

/// Whether this processor, and the system it runs under, can run code of a level.
bool runs(Level level) {
  switch (level) {
#ifdef __x86_64__
    case Level::x86_64_v2:
      return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    case Level::x86_64_v3:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi2") && has_rest_of_v3();
    case Level::x86_64_v4:
      return runs(Level::x86_64_v3) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default: return true;
  }
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
