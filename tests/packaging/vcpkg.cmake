# The port of packaging/vcpkg, carried out without vcpkg: what it calls does here, with the libraries of
# the system and in one configuration, what vcpkg's scripts of these names do in two. What is installed
# is configured by the port; compiled it is already, by this build.

set(PORT xtape)
set(CURRENT_PACKAGES_DIR "${work}/vcpkg/packages")
set(vcpkg_build "${work}/vcpkg/build")

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "vcpkg_cmake_configure does not know ${arg_UNPARSED_ARGUMENTS}")
  endif()
  run("${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${vcpkg_build}" -G "${generator}"
    -D "CMAKE_CXX_COMPILER=${compiler}" -D CMAKE_INSTALL_LIBDIR=lib ${arg_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
  file(GLOB libraries "${xtape_build}/libxtape*")
  file(COPY ${libraries} DESTINATION "${vcpkg_build}")
  foreach(prefix "${CURRENT_PACKAGES_DIR}" "${CURRENT_PACKAGES_DIR}/debug")
    run("${CMAKE_COMMAND}" --install "${vcpkg_build}" --prefix "${prefix}")
  endforeach()
endfunction()

# From lib/cmake/xtape to share/xtape: one folder less to go up.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  file(COPY "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/"
    DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/lib/cmake" "${CURRENT_PACKAGES_DIR}/debug/lib/cmake")
  file(GLOB files "${CURRENT_PACKAGES_DIR}/share/${PORT}/*.cmake")
  set(up "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REPLACE "${up}${up}${up}" "${up}${up}" text "${text}")
    string(REPLACE "/../../../" "/../../" text "${text}")
    file(WRITE "${file}" "${text}")
  endforeach()
endfunction()

function(vcpkg_fixup_pkgconfig)
  file(GLOB files "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/*.pc")
  list(LENGTH files count)
  if(NOT count EQUAL 2)
    message(FATAL_ERROR "two files for pkg-config were expected in lib/pkgconfig, not ${files}")
  endif()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  file(INSTALL ${arg_FILE_LIST} DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}" RENAME copyright)
endfunction()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}")
set(folder "${xtape_source}/packaging/vcpkg/ports/${PORT}")
file(READ "${folder}/vcpkg.json" manifest)
string(JSON name GET "${manifest}" name)
string(JSON VERSION GET "${manifest}" version-semver)
file(READ "${xtape_source}/CMakeLists.txt" project)
if(NOT name STREQUAL PORT OR NOT project MATCHES "\n  VERSION ${VERSION}\n")
  message(FATAL_ERROR "vcpkg.json has another name or version than CMakeLists.txt: ${name} ${VERSION}")
endif()
include("${folder}/portfile.cmake")

foreach(file share/xtape/copyright share/xtape/usage share/xtape/xtapeConfig.cmake lib/libxtape.a
    include/xtape/xtape.hpp debug/lib/libxtape.a)
  if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${file}")
    message(FATAL_ERROR "the port does not install ${file}")
  endif()
endforeach()
if(EXISTS "${CURRENT_PACKAGES_DIR}/debug/include")
  message(FATAL_ERROR "the port installs headers twice")
endif()
