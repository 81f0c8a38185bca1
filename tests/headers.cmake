# Every public header compiles on its own, and twice in one file.

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_BINARY_DIR}/include"
  FOLLOW_SYMLINKS "${PROJECT_BINARY_DIR}/include/*.hpp")
list(FILTER headers EXCLUDE REGEX "/kernels/")

foreach(header IN LISTS headers)
  string(REPLACE "/" "_" source "${header}")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/headers/${source}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include <${header}>\n#include <${header}>\n")
  list(APPEND sources "${source}")
endforeach()

add_library(xtape_headers_selfcontained OBJECT ${sources})
target_link_libraries(xtape_headers_selfcontained PRIVATE xtape::xtape xtensor xtape_warnings)
target_compile_options(xtape_headers_selfcontained PRIVATE -O0)
