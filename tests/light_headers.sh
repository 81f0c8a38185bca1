#!/bin/sh
# No header that is installed includes what compiles for long, by itself or through another: every
# program pays for it. Those of xtensor, which is heavier than all of these, are left out.
# shellcheck disable=SC2086 # lists of files are split into words
set -eu
cd "$(dirname "$0")/.."

private=$(sed -n '/^set(XTAPE_PRIVATE_HEADERS/,/^)/p' cmake/private_headers.cmake | tr ' ' '\n' | grep '\.hpp$')
public=$(find core ops nn optim data train export report dist dlpack.hpp images.hpp xtape.hpp -name '*.hpp' |
  grep -v /kernels/ | grep -vxF "$private" | sort)
status=0

# How many MB of memory gcc 12 takes for each, and what serves instead.
heavy='
algorithm            27: a loop, or a function in the source
chrono               58: seconds as a double, a clock in the source
condition_variable   68: a member behind core/owned.hpp
filesystem           80: std::string for paths
fstream              50: core/owned.hpp and std::FILE, or a member in the source
functional           41: core/function.hpp for std::function
future               86: a member behind core/owned.hpp
iomanip              53: in the source
iostream             47: <iosfwd>
locale               48: in the source
mutex                47: a member behind core/owned.hpp
random               62: core/rng.hpp
ranges               51: std::begin and std::end, and a concept of what is needed of them
regex                86: a function in the source
sstream              49: <iosfwd>
stop_token           63: a member behind core/owned.hpp
thread               63: a member behind core/owned.hpp
unordered_map        27: a member behind core/owned.hpp
unordered_set        27: a member behind core/owned.hpp
valarray             45: std::vector'

by_hand='^core/function\.hpp:'  # where the library is not gcc's
included=$(grep -nE '^ *# *include <[a-z_]+>' $public | grep -vE "$by_hand")
[ "$(printf '%s\n' "$included" | wc -l)" -gt 300 ] || {
  echo "fewer than 300 standard headers are included: has their form changed?"
  exit 1
}

# All that those of the standard library bring along.
probe=$(mktemp -d)
trap 'rm -r "$probe"' EXIT
printf '%s\n' "$included" | grep -oE '#.*' | sort -u >"$probe/all.cpp"
grep -hE '#include <bits/' core/function.hpp >>"$probe/all.cpp"
brought=""
if printf '#include <cstddef>\n#ifndef __GLIBCXX__\n#error\n#endif\n' | ${CXX:-c++} -std=c++20 -x c++ -fsyntax-only - 2>/dev/null; then
  brought=$(${CXX:-c++} -std=c++20 -M "$probe/all.cpp" | grep -oE '/c\+\+/[0-9.]+/[a-z_]+( |$)' | sed 's@.*/@@; s@ $@@')
fi

while read -r header why; do
  [ -n "$header" ] || continue
  found=$(printf '%s\n' "$included" | grep "<$header>" || :)
  if [ -z "$found" ] && printf '%s\n' "$brought" | grep -qx "$header"; then
    found="through another header of the standard library; c++ -H tells which"
  fi
  [ -z "$found" ] && continue
  printf 'an installed header includes <%s>, %s\n%s\n' "$header" "$why" "$found"
  status=1
done <<END
$heavy
END

exit $status
