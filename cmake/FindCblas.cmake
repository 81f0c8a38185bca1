# Finds the C interface of a BLAS, with LAPACK, and defines Cblas::Cblas. The build and the installed package
# both use this file. Cblas_ROOT, or Cblas_INCLUDE_DIR and Cblas_LIBRARY, choose another BLAS.

find_path(Cblas_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas)
find_library(Cblas_LIBRARY NAMES openblas blis cblas blas)
mark_as_advanced(Cblas_INCLUDE_DIR Cblas_LIBRARY)
set(Cblas_required Cblas_LIBRARY Cblas_INCLUDE_DIR)
get_filename_component(Cblas_name "${Cblas_LIBRARY}" NAME)
# OpenBLAS has LAPACK in it, unless it is built without, as vcpkg does.
set(Cblas_has_lapack FALSE)
if(Cblas_name MATCHES "openblas")
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES "${Cblas_LIBRARY}")
  set(CMAKE_REQUIRED_QUIET TRUE)
  check_cxx_source_compiles(
    "extern \"C\" void dpotrf_(); int main() { dpotrf_(); }" Cblas_OPENBLAS_HAS_LAPACK)
  unset(CMAKE_REQUIRED_LIBRARIES)
  unset(CMAKE_REQUIRED_QUIET)
  set(Cblas_has_lapack "${Cblas_OPENBLAS_HAS_LAPACK}")
endif()
if(NOT Cblas_has_lapack)
  find_library(Cblas_LAPACK_LIBRARY NAMES lapack)
  mark_as_advanced(Cblas_LAPACK_LIBRARY)
  if(NOT Cblas_name MATCHES "openblas")  # a static one need not link by itself
    list(APPEND Cblas_required Cblas_LAPACK_LIBRARY)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cblas
  REQUIRED_VARS ${Cblas_required}
  REASON_FAILURE_MESSAGE "on Debian and Ubuntu: apt-get install libopenblas-dev")

if(Cblas_FOUND AND NOT TARGET Cblas::Cblas)
  set(lapack "")
  if(Cblas_LAPACK_LIBRARY)  # and not Cblas_LAPACK_LIBRARY-NOTFOUND
    set(lapack "${Cblas_LAPACK_LIBRARY}")
  endif()
  add_library(Cblas::Cblas UNKNOWN IMPORTED)
  set_target_properties(Cblas::Cblas PROPERTIES
    IMPORTED_LOCATION "${Cblas_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Cblas_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${lapack}")
endif()
