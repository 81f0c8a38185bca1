#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include <xtape/core/error.hpp>
#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {
namespace {

/// Whether this processor, and the system it runs under, can run code of a level.
bool runs(Level level) {
  switch (level) {
#ifdef __x86_64__
    case Level::x86_64_v2:
      return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    case Level::x86_64_v3:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi2");
    case Level::x86_64_v4:
      return runs(Level::x86_64_v3) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default: return true;
  }
}

std::size_t choose() {
  const char* const wish = std::getenv("XTAPE_CPU_LEVEL");
  std::size_t best = level_count;
  for (std::size_t i = 0; i < level_count && runs(levels[i]); ++i) {
    best = i;
    if (wish != nullptr && std::string_view(wish) == name_of(levels[i])) break;
  }
  if (best == level_count) {
    throw Error(std::string("xtape: this build needs a processor of at least ") +
                name_of(levels[0]));
  }
  return best;
}

}  // namespace

const char* name_of(Level level) {
  constexpr const char* names[] = {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4", "native"};
  return names[static_cast<std::size_t>(level)];
}

std::size_t level_in_use() {
  static const std::size_t index = choose();
  return index;
}

}  // namespace xtape::kernels
