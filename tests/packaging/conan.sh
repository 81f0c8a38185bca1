#!/bin/sh
# CONAN RECIPE HOME LEVEL JOBS: the recipe makes a package of this library, against those of the system,
# and its test_package runs. Nothing is fetched.
set -eu
conan=$1
CONAN_HOME=$3
export CONAN_HOME
"$conan" profile detect --force >/dev/null
"$conan" create "$2" --no-remote -o 'xtape/*:with_system_libraries=True' \
  -s compiler.cppstd=20 -s build_type=Debug \
  -c tools.cmake.cmaketoolchain:generator=Ninja -c "tools.build:jobs=$5" \
  -c "tools.cmake.cmaketoolchain:extra_variables={'XTAPE_LEVELS': '$4'}"
"$conan" cache clean '*' >/dev/null  # what was built, not what was packed
