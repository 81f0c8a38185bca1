#!/bin/sh
# usage: headers.sh PREFIX WORK COMPILER
# Each installed header compiles on its own, from what is installed, and leaves behind no macro
# without the prefix XTAPE_.
set -eu
prefix=$1
work=$2
compiler=$3
status=0
cd "$prefix/include"

# Macros of the standard library and the compiler: those that stand outside the library's headers.
for header in $(find xtape -name '*.hpp' ! -path '*xtensor*'); do
  printf '#include <%s>\n' "$header" > "$work/header.cpp"
  if ! "$compiler" -std=c++20 -I . -dD -E "$work/header.cpp" > "$work/header.ii"; then
    echo "$header does not compile from what is installed"
    status=1
  fi
  macros=$(awk '/^# [0-9]+ "/ { ours = $3 ~ /^"(\.\/)?xtape\// }
    ours && ($1 == "#define" || $1 == "#undef") && $2 !~ /^XTAPE_/' "$work/header.ii")
  if [ -n "$macros" ]; then
    printf '%s: macros without the prefix XTAPE_:\n%s\n' "$header" "$macros"
    status=1
  fi
done
exit $status
