# Headers that most sources include are compiled once a target: a third of the time that a build from
# nothing takes. Sources include what they use all the same; ./dev lint reads them without this. A
# source that is optimised or rounded otherwise than its target goes without, by
# SKIP_PRECOMPILE_HEADERS: it would get some of the target's ways with the headers.

# For a compiler cache, which looks at what is in files, not at their age.
add_library(xtape_precompiled INTERFACE)
target_compile_options(xtape_precompiled INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
  "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")

# xtape_precompile(TARGET HEADERS...)
function(xtape_precompile target)
  if(XTAPE_PRECOMPILED)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    target_compile_options(${target} PRIVATE
      $<TARGET_PROPERTY:xtape_precompiled,INTERFACE_COMPILE_OPTIONS>)
  endif()
endfunction()

# xtape_precompile_as(OTHER TARGETS...): with the headers of another target that is compiled alike.
function(xtape_precompile_as other)
  if(XTAPE_PRECOMPILED)
    foreach(target IN LISTS ARGN)
      target_precompile_headers(${target} REUSE_FROM ${other})
      target_compile_options(${target} PRIVATE
        $<TARGET_PROPERTY:xtape_precompiled,INTERFACE_COMPILE_OPTIONS>)
    endforeach()
  endif()
endfunction()
