#pragma once
#include <string_view>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// The level of the processor family whose kernels this process uses, "x86-64-v3": the highest of
/// this build that the processor can run, or a lower one that the environment variable
/// XTAPE_CPU_LEVEL names. Throws ValueError if it names none that there is here, Error on a
/// processor below the lowest.
[[nodiscard]] std::string_view cpu_level();

}  // namespace xtape

XTAPE_EXPORT_END
