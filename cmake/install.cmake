include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/xtape")
set(header_dir "${CMAKE_INSTALL_INCLUDEDIR}/xtape")

install(TARGETS xtape EXPORT xtapeTargets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT xtapeTargets NAMESPACE xtape:: DESTINATION "${package_dir}")

install(FILES xtape.hpp core/xtensor.hpp DESTINATION "${header_dir}")
install(DIRECTORY ${XTAPE_FLOORS} DESTINATION "${header_dir}"
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.def"
  PATTERN "kernels" EXCLUDE
  PATTERN "xtensor.hpp" EXCLUDE)

configure_package_config_file(
  cmake/xtapeConfig.cmake.in "${PROJECT_BINARY_DIR}/xtapeConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/xtapeConfig.cmake"
  "${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake"
  cmake/FindCblas.cmake
  cmake/FindCsv.cmake
  cmake/FindMinizip.cmake
  DESTINATION "${package_dir}")
