#!/bin/sh
# NM LIBRARY BUILD: what the compiled examples and documents in BUILD ask of the library, and do not
# define themselves, the shared LIBRARY, or libxtape_data or libxtape_mpi beside it, exports.
set -eu
nm=$1 library=$2 build=$3
asked=$(mktemp)
trap 'rm -f "$asked"' EXIT

objects=$(find "$build/examples" "$build/tests/docs" -name '*.o')
[ -n "$objects" ] || { printf 'no compiled examples in %s\n' "$build"; exit 1; }
printf '%s\n' "$objects" | xargs "$nm" | awk '/xtape/ && $1 == "U" { print $2 }' | sort -u > "$asked"
[ -s "$asked" ]
missing=$(for file in "$library" "${library%.so}_data.so" "${library%.so}_mpi.so"; do
  [ ! -e "$file" ] || "$nm" -D --defined-only "$file"
done |
  awk '{ print $3 }' | sort -u | comm -23 "$asked" -)
defined=$(printf '%s\n' "$objects" | xargs "$nm" --defined-only | awk 'NF == 3 { print $3 }' | sort -u)
missing=$(printf '%s\n' "$missing" | grep -vxF "$defined" || :)
[ -z "$missing" ] || { printf 'not exported:\n%s\n' "$missing" | c++filt; exit 1; }
