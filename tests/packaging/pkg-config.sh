#!/bin/sh
# usage: pkg-config.sh PREFIX WORK COMPILER
# The consumer built without CMake, by the flags that pkg-config knows.
set -eu
prefix=$1
work=$2
compiler=$3
here=$(dirname "$0")

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name xtape.pc)")
export PKG_CONFIG_PATH
version=$(pkg-config --modversion xtape)
printf '#include <xtape/config.hpp>\nstatic_assert(sizeof XTAPE_VERSION == sizeof "%s");\n' \
  "$version" > "$work/version.cpp"
# shellcheck disable=SC2046 # flags are words
"$compiler" -std=c++20 "$here/consumer/consumer.cpp" "$work/version.cpp" -o "$work/by-pkg-config" \
  $(pkg-config --static --cflags --libs xtape)
"$work/by-pkg-config"
if pkg-config --exists xtape-images; then
  # shellcheck disable=SC2046
  "$compiler" -std=c++20 "$here/components/images.cpp" -o "$work/images-by-pkg-config" \
    $(pkg-config --static --cflags --libs xtape-images)
  "$work/images-by-pkg-config"
fi
# And by the line that README.md gives.
line=$(sed -n 's/^\(g++ .*\) program\.cpp \(-l[^#]*\).*/\1 \2/p' "$here/../../README.md")
[ -n "$line" ] || { echo "README.md has no line of g++"; exit 1; }
flags=${line%% -l*}
library=$(dirname "$(find "$prefix" -name 'libxtape.*' | head -n 1)")
# shellcheck disable=SC2086
"$compiler" ${flags#g++} -I "$prefix/include" "$here/consumer/consumer.cpp" -o "$work/by-readme" \
  -L "$library" -l${line#* -l}
LD_LIBRARY_PATH=$library "$work/by-readme"
case $(pkg-config --static --libs xtape-core) in
  *minizip* | *-lz*)
    echo "xtape-core links what reads files"
    exit 1
    ;;
esac
