# What can be set from outside, and what follows for our own targets. Nothing here reaches a consumer.

# CMake 3.20 has no PROJECT_IS_TOP_LEVEL.
string(COMPARE EQUAL "${CMAKE_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}" XTAPE_IS_TOP_LEVEL)

option(XTAPE_BUILD_TESTS "Build the tests" ${XTAPE_IS_TOP_LEVEL})
option(XTAPE_BUILD_EXAMPLES "Build the examples" ${XTAPE_IS_TOP_LEVEL})
option(XTAPE_BUILD_BENCH "Build the benchmark" ${XTAPE_IS_TOP_LEVEL})
option(XTAPE_INSTALL "Generate the install rules" ${XTAPE_IS_TOP_LEVEL})
option(XTAPE_WERROR "Treat warnings as errors" OFF)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(default_levels x86-64-v2 x86-64-v3 x86-64-v4)
else()
  set(default_levels baseline)
endif()
set(XTAPE_LEVELS "${default_levels}" CACHE STRING
  "Levels of the processor family that kernels are compiled for, lowest first: x86-64-v2 to -v4; \
baseline, for the compiler's default; native, for this machine alone")
set(XTAPE_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread; with clang \
also integer, or memory with a C++ library of its own, see tests/msan")
option(XTAPE_FUZZ "Build the programs of tests/fuzz for libFuzzer, with clang" OFF)

option(XTAPE_PRECOMPILED "Precompile headers for our own targets" ON)

set(CMAKE_CXX_EXTENSIONS OFF)

if(XTAPE_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

# Sign conversions are part of clang's -Wconversion but not of gcc's for C++: ask both the same.
# Before 13, gcc takes std::string's operator+ for overlapping copies (its bug 105329).
set(old_gcc "$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>")
add_library(xtape_warnings INTERFACE)
target_compile_options(xtape_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  $<${old_gcc}:-Wno-restrict>
  $<$<BOOL:${XTAPE_WERROR}>:-Werror>)

# What goes into the library can be put into a plugin or a Python module, and shows nothing there. A
# linker that is told --gc-sections leaves out each function that a program does not use.
function(xtape_set_placement target)
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
  if(BUILD_SHARED_LIBS)  # nobody puts other functions in the place of these
    target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  endif()
endfunction()

if(XTAPE_SANITIZE)
  add_compile_options(
    -fsanitize=${XTAPE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${XTAPE_SANITIZE})
  if(XTAPE_SANITIZE MATCHES "memory")
    add_compile_options(-fsanitize-memory-track-origins)
  endif()
  if(XTAPE_SANITIZE MATCHES "integer")
    add_compile_options(-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/wraps.ignorelist)
  endif()
endif()

if(XTAPE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(XTAPE_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(XTAPE_CCACHE ccache)
  if(XTAPE_CCACHE)
    # What it must overlook to take sources with precompiled headers at all. It goes by the files
    # that were read, never by the preprocessed text: that is the same where only a comment changed,
    # but GCC knows a header of #pragma once again by all of its bytes, and would read it twice. What
    # a cache noted of files when it went by text is as wrong, so these notes have a name of their own.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_DEPEND=1
      CCACHE_NAMESPACE=by-files CCACHE_SLOPPINESS=pch_defines,time_macros "${XTAPE_CCACHE}")
  endif()
endif()
