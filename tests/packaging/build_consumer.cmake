# Builds and runs a consumer, which reaches xtape by `way`.

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed (${result}): ${ARGV}")
  endif()
endfunction()

set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${launcher}")
set(prefix "${work}/prefix")

# build(SOURCE TREE OPTIONS...): configures and builds what lies in a folder beside this file.
function(build source tree)
  run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/${source}" -B "${tree}" -G "${generator}"
    -D "CMAKE_CXX_COMPILER=${compiler}" ${ARGN})
  run("${CMAKE_COMMAND}" --build "${tree}" --parallel "${jobs}")
endfunction()

# A project that asks for a component is refused, with the reason.
function(refuse component reason)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}/components" -B "${work}/refused"
      -G "${generator}" -D "CMAKE_CXX_COMPILER=${compiler}" -D "CMAKE_PREFIX_PATH=${prefix}"
      -D "COMPONENTS=${component}"
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE errors)
  string(REGEX REPLACE "[ \n]+" " " errors "${errors}")
  string(FIND "${errors}" "${reason}" place)
  if(result EQUAL 0 OR place EQUAL -1)
    message(FATAL_ERROR "for ${component} \"${reason}\" was expected; got ${errors}")
  endif()
endfunction()

function(require_file path)
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "there must be ${path}")
  endif()
endfunction()

# The library inside another project: shared, without optimisation and what debuggers read. All that need it compile it
# at the same place with the same commands: who comes second finds it built. The lowest level does:
# kernels are compiled alike in every build type.
function(build_embedded way)
  build(consumer "${work}/embedded"
    -D "WAY=${way}"
    -D "FETCHCONTENT_SOURCE_DIR_XTAPE=${xtape_source}"
    -D BUILD_SHARED_LIBS=ON
    -D CMAKE_BUILD_TYPE=Debug
    -D CMAKE_CXX_FLAGS_DEBUG=
    -D "XTAPE_LEVELS=${level}"
    -D XTAPE_INSTALL=ON
    -D "CMAKE_INSTALL_PREFIX=${prefix}-shared")
endfunction()

# What a shared library shows is declared by a public header; of kernels and of what the library
# links it shows nothing.
function(check_exports library)
  execute_process(COMMAND "${nm}" -DC --defined-only "${library}" OUTPUT_VARIABLE symbols)
  if(NOT symbols MATCHES "xtape::Tensor::backward")
    message(FATAL_ERROR "${library} does not export Tensor::backward")
  endif()
  string(REGEX MATCHALL "[^\n]* [A-Z] [^\n]*(kernels::|Depot|cblas|csv_|unz|anonymous)[^\n]*"
    inner "${symbols}")
  string(REGEX MATCHALL "[^\n]* [TDBR] [^\n]*" strong "${symbols}")
  list(FILTER strong EXCLUDE REGEX "xtape::")
  if(inner OR strong)
    list(JOIN inner "\n" inner)
    list(JOIN strong "\n" strong)
    message(FATAL_ERROR "${library} exports what no public header declares:\n${inner}\n${strong}")
  endif()
endfunction()

function(run_plugin prefix how)
  set(tree "${work}/plugin-${how}")
  build(plugin "${tree}" -D "CMAKE_PREFIX_PATH=${prefix}")
  run("${tree}/host" "${tree}/libplugin.so" ${how})
endfunction()

if(NOT way MATCHES "^(add_subdirectory|FetchContent|shared-plugin|vcpkg|conan)$")
  file(REMOVE_RECURSE "${prefix}")
  run("${CMAKE_COMMAND}" --install "${xtape_build}" --prefix "${prefix}")
endif()

if(way STREQUAL "find_package")
  require_file("${prefix}/share/doc/xtape/LICENSE")
  build(consumer "${work}/installed" -D "CMAKE_PREFIX_PATH=${prefix}" -D WAY=find_package)
  run("${work}/installed/consumer")
elseif(way STREQUAL "components")
  # As on a machine that has nothing but a BLAS.
  set(absent "")
  foreach(package ZLIB Minizip PNG JPEG xtensor)
    list(APPEND absent -D "CMAKE_DISABLE_FIND_PACKAGE_${package}=ON")
  endforeach()
  build(components "${work}/components-core" -D "CMAKE_PREFIX_PATH=${prefix}" -D COMPONENTS=core
    ${absent})
  run("${work}/components-core/core")
  refuse("tensors" "components are core, data, xtensor, images, mpi; got \"tensors\".")
  if(NOT images)
    refuse("images" "the component images was not built")
  endif()
  build(components "${work}/components-xtensor" -D "CMAKE_PREFIX_PATH=${prefix}"
    -D COMPONENTS=xtensor)
  run("${work}/components-xtensor/core")
  run("${work}/components-xtensor/interop")
  if(images)
    build(components "${work}/components-images" -D "CMAKE_PREFIX_PATH=${prefix}" -D COMPONENTS=images)
    run("${work}/components-images/images")
  endif()
  if(EXISTS "${xtape_build}/libxtape_mpi.a" OR EXISTS "${xtape_build}/libxtape_mpi.so")
    build(components "${work}/components-mpi" -D "CMAKE_PREFIX_PATH=${prefix}" -D COMPONENTS=mpi)
    run("${work}/components-mpi/ranks")
  endif()
elseif(way STREQUAL "pkg-config" OR way STREQUAL "headers")
  run(sh "${CMAKE_CURRENT_LIST_DIR}/${way}.sh" "${prefix}" "${work}" "${compiler}")
elseif(way STREQUAL "deb")
  file(REMOVE_RECURSE "${work}/deb")
  run("${cpack}" -G DEB -B "${work}/deb" --config "${xtape_build}/CPackConfig.cmake")
  file(GLOB packages "${work}/deb/*.deb")
  foreach(package IN LISTS packages)
    run(dpkg-deb --extract "${package}" "${work}/deb/root")
    get_filename_component(name "${package}" NAME)
    string(REGEX REPLACE "_.*" "" name "${name}")
    require_file("${work}/deb/root/usr/share/doc/${name}/copyright")
  endforeach()
  build(consumer "${work}/deb-consumer" -D "CMAKE_PREFIX_PATH=${work}/deb/root/usr"
    -D WAY=find_package)
  run("${work}/deb-consumer/consumer")
elseif(way STREQUAL "vcpkg")
  include("${CMAKE_CURRENT_LIST_DIR}/vcpkg.cmake")
  build(consumer "${work}/vcpkg-consumer" -D "CMAKE_PREFIX_PATH=${CURRENT_PACKAGES_DIR}"
    -D WAY=find_package)
  run("${work}/vcpkg-consumer/consumer")
elseif(way STREQUAL "conan")
  run(sh "${CMAKE_CURRENT_LIST_DIR}/conan.sh" "${conan_program}" "${xtape_source}/packaging/conan"
    "${work}/conan-home" "${CMAKE_COMMAND}" "${xtape_build}" "${images}")
elseif(way STREQUAL "plugin")
  run_plugin("${prefix}" apart)
elseif(way STREQUAL "shared-plugin")
  build_embedded(add_subdirectory)
  run("${CMAKE_COMMAND}" --install "${work}/embedded")
  file(GLOB_RECURSE library "${prefix}-shared/libxtape.so")
  check_exports("${library}")
  run(sh "${CMAKE_CURRENT_LIST_DIR}/exports.sh" "${nm}" "${library}" "${xtape_build}")
  run_plugin("${prefix}-shared" shared)
else()
  build_embedded(${way})
  run("${work}/embedded/consumer")
endif()
