#!/bin/sh
# Every function that docs/numpy.md names as ours is there: declared in a header, or a row of a table.
set -eu
cd "$(dirname "$0")/.."

# shellcheck disable=SC2016 # backquotes are the text's
names=$(grep '^|' docs/numpy.md | sed 's/\\|//g' | cut -d '|' -f 4 |
  grep -oE '`[A-Za-z_:.]+(\(|`)' | tr -d '`(' | sed -E 's/^([a-z]+(::|\.))+//' | sort -u)
declared=$(find core ops data -name '*.hpp' ! -path '*/kernels/*' -exec cat {} +)
rows=$(sed -nE 's/^XTAPE_[A-Z]+ *\(([a-z0-9_]+),.*/\1/p' ops/*.def)
status=0

# An empty list would pass whatever is missing.
if [ "$(printf '%s\n' "$names" | wc -l)" -lt 100 ]; then
  echo "docs/numpy.md names fewer than 100 functions: has its form changed?"
  exit 1
fi
for name in $names; do
  printf '%s\n' "$rows" | grep -qx "$name" && continue
  printf '%s\n' "$declared" | grep -qE "\b$name\(" && continue
  echo "docs/numpy.md names $name, which is not there"
  status=1
done
exit $status
