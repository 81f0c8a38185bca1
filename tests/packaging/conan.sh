#!/bin/sh
# CONAN RECIPE HOME CMAKE BUILD IMAGES: the recipe makes a package of this library, against those of the
# system, and its test_package runs. Nothing is fetched, and nothing compiled but that: where the recipe
# builds, a program in CMake's place puts what lies in BUILD.
set -eu
conan=$1 recipe=$2
export CONAN_HOME="$3" XTAPE_CMAKE="$4" XTAPE_BUILD="$5"
images=False
case $6 in ON | on | TRUE | 1) images=True ;; esac

mkdir -p "$CONAN_HOME/bin"
cat >"$CONAN_HOME/bin/cmake" <<'CMAKE'
#!/bin/sh
if [ "$1" = --build ] && grep -q '^CMAKE_PROJECT_NAME:STATIC=xtape$' "$2/CMakeCache.txt"; then
  exec cp "$XTAPE_BUILD"/libxtape* "$2"
fi
exec "$XTAPE_CMAKE" "$@"
CMAKE
chmod +x "$CONAN_HOME/bin/cmake"
PATH=$CONAN_HOME/bin:$PATH

"$conan" profile detect --force >/dev/null
"$conan" create "$recipe" --no-remote -s compiler.cppstd=20 -c tools.cmake.cmaketoolchain:generator=Ninja \
  -c "tools.cmake.cmake_layout:test_folder=$CONAN_HOME/test" -c tools.cmake.cmaketoolchain:user_presets= \
  -o 'xtape/*:with_system_libraries=True' -o "xtape/*:with_images=$images"
"$conan" remove 'xtape/*' --confirm >/dev/null
