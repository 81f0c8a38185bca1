# Compiles the kernels once for each level, into the namespace of that level, and tells the library
# which there are.

# Rules of optimizers may round once where the processor can: faster, and closer to the formula.
set_source_files_properties(optim/kernels/update.cpp optim/kernels/more_updates.cpp PROPERTIES
  COMPILE_OPTIONS -ffp-contract=fast SKIP_PRECOMPILE_HEADERS ON)

# gcc at -O3 writes a loop once more for each case that it can think of. Where the loops are many and
# say themselves what goes together, that only takes room: two thirds of what follows.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT XTAPE_SANITIZE)
  set_source_files_properties(ops/kernels/rows.cpp ops/kernels/functions.cpp
    ops/kernels/special.cpp
    PROPERTIES COMPILE_OPTIONS "-fno-version-loops-for-strides;-fno-unswitch-loops")
  set_source_files_properties(ops/kernels/skinny.cpp
    PROPERTIES COMPILE_OPTIONS "-fno-version-loops-for-strides")
  set_source_files_properties(ops/kernels/reduce.cpp
    PROPERTIES COMPILE_OPTIONS "-O2;-fvect-cost-model=dynamic" SKIP_PRECOMPILE_HEADERS ON)
endif()

set(level_names "")
set(objects "")
set(kernel_optimisation -O3)
if(XTAPE_SANITIZE)  # every access of every formula is checked: at -O3 that takes minutes a source
  set(kernel_optimisation -O1)
endif()
foreach(level IN LISTS XTAPE_LEVELS)
  string(REPLACE "-" "_" name "${level}")
  list(APPEND level_names "Level::${name}")
  set(target xtape_kernels_${name})
  add_library(${target} OBJECT ${XTAPE_KERNELS})
  target_compile_features(${target} PRIVATE cxx_std_20)
  xtape_set_placement(${target})
  target_compile_definitions(${target} PRIVATE XTAPE_LEVEL=${name})
  # Optimised in every build type: what is not inlined would be a weak function of this level, which
  # the linker could take for others. No contraction: all compilers round alike.
  target_compile_options(${target} PRIVATE
    $<TARGET_PROPERTY:xtape_warnings,INTERFACE_COMPILE_OPTIONS> ${kernel_optimisation}
    -ffp-contract=off -Wno-psabi)
  if(NOT level STREQUAL "baseline")
    target_compile_options(${target} PRIVATE -march=${level})
  endif()
  if(level STREQUAL "x86-64-v4")
    # What gcc takes for any processor costs 3 % of a small training step on one with AVX-512; and
    # that one's loops in halves of a register, a quarter of one with dropout.
    target_compile_options(${target} PRIVATE -mtune=icelake-server -mprefer-vector-width=512)
  endif()
  target_include_directories(${target}
    PRIVATE $<TARGET_PROPERTY:xtape_core,INTERFACE_INCLUDE_DIRECTORIES>)
  xtape_precompile(${target} <algorithm> <cmath> <functional> <string> <vector>
    <xtape/core/kernels/lane.hpp>)
  list(APPEND objects $<TARGET_OBJECTS:${target}>)
endforeach()
list(REVERSE objects)  # the highest next to what calls it, see CMakeLists.txt
target_sources(xtape_core PRIVATE ${objects})
list(JOIN level_names "," level_names)
target_compile_definitions(xtape_core PRIVATE "XTAPE_LEVELS=${level_names}")
