# Builds and runs the consumer, which reaches xtape by `way`.

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed (${result}): ${ARGV}")
  endif()
endfunction()

set(prefix "${work}/prefix")
if(way STREQUAL "find_package")
  set(tree "${work}/installed")
  file(REMOVE_RECURSE "${prefix}")
  run("${CMAKE_COMMAND}" --install "${xtape_build}" --prefix "${prefix}")
else()
  # Both ways compile xtape at the same place with the same commands: the one that comes second finds
  # it built. No build type and no architecture: quick, and the library must do without -march too.
  set(tree "${work}/embedded")
endif()

set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${launcher}")
run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/consumer" -B "${tree}" -G "${generator}"
  -D "CMAKE_CXX_COMPILER=${compiler}"
  -D "CMAKE_PREFIX_PATH=${prefix}"
  -D "FETCHCONTENT_SOURCE_DIR_XTAPE=${xtape_source}"
  -D XTAPE_ARCH=
  -D "WAY=${way}")
run("${CMAKE_COMMAND}" --build "${tree}" --parallel "${jobs}")
run("${tree}/consumer")
