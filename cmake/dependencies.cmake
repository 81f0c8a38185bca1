list(APPEND CMAKE_MODULE_PATH "${PROJECT_SOURCE_DIR}/cmake")

# Finds a package, or stops and names the Debian package that has it.
macro(xtape_find package debian_package)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR
      "xtape needs ${package}, and CMake cannot find it. "
      "On Debian and Ubuntu: apt-get install ${debian_package}")
  endif()
endmacro()

xtape_find(Cblas libopenblas-dev)
xtape_find(ZLIB zlib1g-dev)
xtape_find(Minizip libminizip-dev)
xtape_find(Csv libcsv-dev)
xtape_find(Threads libc6-dev)
