#!/bin/sh
# SOURCES: every C++ block of every document is in a program or a collection of fragments that CMake
# compiles: a source in the folder SOURCES names its line.
set -eu
sources=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
status=0

# Those of operations.md are copied out of headers by docs/operations.sh.
documents=$(find . -name '*.md' ! -path './build*' ! -path './.*/*' ! -path ./docs/operations.md | sed 's/^..//')
# shellcheck disable=SC2086
places=$(awk 'FNR == 1 { inside = 0 }
  /^```/ { inside = !inside; if (inside && /^```(cpp|c\+\+)$/) print FNR + 1 " \"" FILENAME "\"" }' $documents)
compiled=$(grep -h '^#line' "$sources"/*.cpp)
# An empty list would pass whatever is missing.
if [ "$(printf '%s\n' "$places" | wc -l)" -lt 50 ]; then
  echo "the documents have fewer than 50 blocks of C++: has their form changed?"
  exit 1
fi
while read -r place; do
  printf '%s\n' "$compiled" | grep -qxF "#line $place" && continue
  echo "no test compiles the block at line $place"
  status=1
done <<PLACES
$places
PLACES
exit $status
