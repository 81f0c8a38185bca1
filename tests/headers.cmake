# Every public header compiles on its own, and twice in one file: in front of the source that it stands
# beside, which costs nothing, or in a file of its own. Behind precompiled headers the former would say
# nothing: it is for ./dev lint, which reads all sources without them.

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_BINARY_DIR}/include"
  FOLLOW_SYMLINKS "${PROJECT_BINARY_DIR}/include/*.hpp")
list(FILTER headers EXCLUDE REGEX "/kernels/")

set(library "")
foreach(target xtape_core xtape_data)
  get_target_property(of_target ${target} SOURCES)
  list(APPEND library ${of_target})
endforeach()

foreach(header IN LISTS headers)
  string(REGEX REPLACE "^xtape/(.*)\\.hpp$" "\\1.cpp" beside "${header}")
  if(beside IN_LIST library)
    if(NOT XTAPE_PRECOMPILED)
      set_property(SOURCE "${PROJECT_SOURCE_DIR}/${beside}" DIRECTORY "${PROJECT_SOURCE_DIR}"
        APPEND PROPERTY COMPILE_OPTIONS -include "${header}")
    endif()
  else()
    string(REPLACE "/" "_" source "${header}")
    set(source "${CMAKE_CURRENT_BINARY_DIR}/headers/${source}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "#include <${header}>\n#include <${header}>\n")
    list(APPEND sources "${source}")
  endif()
endforeach()

add_library(xtape_headers_selfcontained OBJECT ${sources})
target_link_libraries(xtape_headers_selfcontained PRIVATE xtape::xtape xtensor xtape_warnings)
target_compile_options(xtape_headers_selfcontained PRIVATE -O0)
if(XTAPE_MPI)
  target_link_libraries(xtape_headers_selfcontained PRIVATE MPI::MPI_CXX)
endif()
