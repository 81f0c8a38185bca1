#!/bin/sh
# Builds a C++ library that tells the memory sanitizer what it writes: libcxx.sh FOLDER. It is libc++
# of LLVM 15, the first whose ranges the library can be compiled with, as Debian has its source; no
# more than 20 of its 140 MB are kept while it is built, and only what is installed stays.
set -eu
folder=$1
version=15.0.6
archive=llvm-toolchain-15_$version.orig.tar.xz
sum=076ac9fe372b3141b4fcbee80abfae34f9574fdb959cd8d14a7fd3f39ff89399
[ ! -f "$folder/lib/libc++abi.a" ] || exit 0

work=$folder/work
rm -rf "$work"
mkdir -p "$work"
# From where this machine's packages come.
archives=$(apt-get --print-uris download libc++-15-dev | sed -nE "s|^'([^']*/pool)/.*|\1|p")
/usr/lib/apt/apt-helper download-file \
  "$archives/main/l/llvm-toolchain-15/$archive" "$work/$archive" "SHA256:$sum"
tar -C "$work" --strip-components=1 --wildcards --no-wildcards-match-slash -xJf "$work/$archive" \
  '*/cmake' '*/libcxx' '*/libcxxabi' '*/llvm/cmake' '*/runtimes'
rm "$work/$archive"
cmake -G Ninja -S "$work/runtimes" -B "$work/build" -D CMAKE_BUILD_TYPE=RelWithDebInfo \
  -D CMAKE_C_COMPILER=clang-14 -D CMAKE_CXX_COMPILER=clang++-14 \
  -D CMAKE_CXX_FLAGS_RELWITHDEBINFO='-O1 -g1 -DNDEBUG' \
  -D CMAKE_INSTALL_PREFIX="$folder" -D LLVM_ENABLE_RUNTIMES='libcxx;libcxxabi' \
  -D LLVM_USE_SANITIZER=MemoryWithOrigins -D LLVM_INCLUDE_TESTS=OFF -D LLVM_INCLUDE_DOCS=OFF \
  -D LIBCXX_ENABLE_SHARED=OFF -D LIBCXX_ENABLE_EXPERIMENTAL_LIBRARY=OFF \
  -D LIBCXX_INCLUDE_BENCHMARKS=OFF -D LIBCXX_INCLUDE_TESTS=OFF -D LIBCXXABI_ENABLE_SHARED=OFF \
  -D LIBCXXABI_INCLUDE_TESTS=OFF -D LIBCXXABI_USE_LLVM_UNWINDER=OFF
cmake --build "$work/build" --target install-cxx install-cxxabi
rm -rf "$work"
