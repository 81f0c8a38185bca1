include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/xtape")
set(header_dir "${CMAKE_INSTALL_INCLUDEDIR}/xtape")
set(pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# One set of targets for each component that has libraries of its own to find.
set(places
  LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE COMPONENT development)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)
install(TARGETS xtape_core EXPORT xtapeCoreTargets
  ${places} INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS xtape_data xtape EXPORT xtapeDataTargets ${places})
if(XTAPE_IMAGES)
  install(TARGETS xtape_images EXPORT xtapeImagesTargets ${places})
  install(EXPORT xtapeImagesTargets NAMESPACE xtape:: DESTINATION "${package_dir}")
  install(FILES images.hpp DESTINATION "${header_dir}")
endif()
if(XTAPE_MPI)
  install(TARGETS xtape_mpi EXPORT xtapeMpiTargets
    LIBRARY COMPONENT mpi ARCHIVE COMPONENT mpi)
  install(EXPORT xtapeMpiTargets NAMESPACE xtape:: DESTINATION "${package_dir}" COMPONENT mpi)
endif()
install(EXPORT xtapeCoreTargets NAMESPACE xtape:: DESTINATION "${package_dir}")
install(EXPORT xtapeDataTargets NAMESPACE xtape:: DESTINATION "${package_dir}")

set(private_headers "")
foreach(header IN LISTS XTAPE_PRIVATE_HEADERS)
  list(APPEND private_headers PATTERN "${header}" EXCLUDE)
endforeach()
set(without_images "")
if(NOT XTAPE_IMAGES)
  set(without_images PATTERN "data/images" EXCLUDE)
endif()
install(FILES dlpack.hpp xtape.hpp xtensor.hpp "${header_tree}/config.hpp" DESTINATION "${header_dir}")
install(DIRECTORY ${XTAPE_FLOORS} DESTINATION "${header_dir}"
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.def"
  PATTERN "kernels" EXCLUDE
  PATTERN "replay" EXCLUDE
  PATTERN "export/c" EXCLUDE
  PATTERN "export/graph" EXCLUDE
  PATTERN "export/onnx" EXCLUDE
  ${without_images}
  ${private_headers})

configure_package_config_file(
  cmake/xtapeConfig.cmake.in "${PROJECT_BINARY_DIR}/xtapeConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/xtapeConfig.cmake"
  "${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake"
  cmake/FindCblas.cmake
  cmake/FindMinizip.cmake
  DESTINATION "${package_dir}")

# The licence, where each of Debian's packages has it too.
set(doc_dir "${CMAKE_INSTALL_DATAROOTDIR}/doc")
install(FILES LICENSE DESTINATION "${doc_dir}/libxtape-dev" RENAME copyright)
if(BUILD_SHARED_LIBS)
  install(FILES LICENSE
    DESTINATION "${doc_dir}/libxtape${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}"
    RENAME copyright COMPONENT runtime)
endif()
if(XTAPE_MPI)
  install(FILES LICENSE DESTINATION "${doc_dir}/libxtape-mpi-dev"
    RENAME copyright COMPONENT mpi)
endif()
install(FILES LICENSE DESTINATION "${doc_dir}/xtape")

# The flags that link a library: -lopenblas, and where it is unless the linker looks there anyway.
function(xtape_link_flags variable path)
  get_filename_component(directory "${path}" DIRECTORY)
  get_filename_component(name "${path}" NAME_WE)
  string(REGEX REPLACE "^lib" "" name "${name}")
  set(flags "-l${name}")
  if(NOT directory IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    set(flags "-L${directory} ${flags}")
  endif()
  set(${variable} "${flags}" PARENT_SCOPE)
endfunction()

xtape_link_flags(blas_flags "${Cblas_LIBRARY}")
if(Cblas_LAPACK_LIBRARY)
  xtape_link_flags(lapack_flags "${Cblas_LAPACK_LIBRARY}")
  string(PREPEND blas_flags "${lapack_flags} ")
endif()
set(backtrace_flags "")
if(XTAPE_HAS_BACKTRACE)
  set(backtrace_flags -lbacktrace)
endif()
xtape_link_flags(minizip_flags "${Minizip_LIBRARY}")
file(RELATIVE_PATH prefix_from_pkgconfig "/${pkgconfig_dir}" "/")
set(pkgconfig_files xtape xtape-core)
if(XTAPE_IMAGES)
  list(APPEND pkgconfig_files xtape-images)
endif()
foreach(file IN LISTS pkgconfig_files)
  configure_file(cmake/${file}.pc.in "${PROJECT_BINARY_DIR}/${file}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${file}.pc" DESTINATION "${pkgconfig_dir}")
endforeach()
