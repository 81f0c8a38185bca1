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
xtape_find(Threads libc6-dev)

# The lines of a user's program in Trace and DebugGuard: libbacktrace, which comes with gcc.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES backtrace)
check_cxx_source_compiles("
  extern \"C\" struct backtrace_state* backtrace_create_state(const char*, int, void*, void*);
  int main() { return backtrace_create_state(nullptr, 1, nullptr, nullptr) == nullptr; }"
  XTAPE_HAS_BACKTRACE)
unset(CMAKE_REQUIRED_LIBRARIES)

# Pictures in files: xtape::images, where there is what reads them.
find_package(PNG QUIET)
find_package(JPEG QUIET)
if(PNG_FOUND AND JPEG_FOUND)
  set(images_found ON)
else()
  set(images_found OFF)
endif()
option(XTAPE_IMAGES "Build xtape::images, which reads PNG and JPEG" ${images_found})
if(XTAPE_IMAGES)
  xtape_find(PNG libpng-dev)
  xtape_find(JPEG libjpeg-dev)
endif()

# Many processes that train one model: xtape::mpi, where there is an MPI.
find_package(MPI QUIET COMPONENTS CXX)
option(XTAPE_MPI "Build xtape::mpi, for training on many processes" ${MPI_CXX_FOUND})
if(XTAPE_MPI)
  xtape_find(MPI libopenmpi-dev)
endif()
