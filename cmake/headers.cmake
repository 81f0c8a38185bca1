# Headers stand beside their sources and are included as <xtape/core/tensor.hpp>: a tree of links
# gives the build the paths that an installation has.

set(header_tree "${PROJECT_BINARY_DIR}/include/xtape")
file(MAKE_DIRECTORY "${header_tree}")
foreach(path IN LISTS XTAPE_FLOORS ITEMS dlpack.hpp images.hpp xtape.hpp xtensor.hpp)
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${path}" "${header_tree}/${path}" SYMBOLIC)
endforeach()

set(XTAPE_SHARED ${BUILD_SHARED_LIBS})
configure_file(cmake/config.hpp.in "${header_tree}/config.hpp")

target_include_directories(xtape_core PUBLIC $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>)
