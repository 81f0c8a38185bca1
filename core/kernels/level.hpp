#pragma once
// Kernels are compiled once for each level of the processor family, and the best that this
// processor can run is chosen when the program starts.
//
// A unit of kernels is compiled with the flags of its level and XTAPE_LEVEL set to the level's
// name; all that it defines stands in a namespace of that name. So no code of a level can stand in
// for that of another, not even where the linker merges equal templates. A unit offers its
// functions as one table, a struct of function pointers:
//
//   template <>
//   const RowKernels& compiled<RowKernels, Level::XTAPE_LEVEL>() { ... }
//
// and the others call `chosen<RowKernels>().softmax(...)`.

#include <array>
#include <cstddef>
#include <utility>

// In sources that are compiled once.
#ifndef XTAPE_LEVEL
#define XTAPE_LEVEL baseline
#endif
#ifndef XTAPE_LEVELS
#define XTAPE_LEVELS Level::baseline
#endif

namespace xtape::kernels {

/// What a unit was compiled for: a level of the x86-64 psABI, the processor of the build machine,
/// or whatever the compiler takes without flags.
enum class Level { baseline, x86_64_v2, x86_64_v3, x86_64_v4, native };

/// The levels of this build, lowest first.
inline constexpr Level levels[] = {XTAPE_LEVELS};
inline constexpr std::size_t level_count = std::size(levels);

/// The place in `levels` of the level that this process uses, see `cpu_level`.
std::size_t level_in_use();

/// The functions of a unit, as compiled for a level.
template <class Table, Level level>
const Table& compiled();

/// The functions of a unit for this processor.
template <class Table>
const Table& chosen() {
  static const Table& table = [&]<std::size_t... i>(std::index_sequence<i...>)->const Table& {
    return std::array{&compiled<Table, levels[i]>...}[level_in_use()]();
  }
  (std::make_index_sequence<level_count>());
  return table;
}

}  // namespace xtape::kernels
