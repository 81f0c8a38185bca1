#!/bin/sh
# usage: killed_search.sh MPIEXEC PROGRAM
# A search of which a rank is killed again and again comes to the table of one that nobody disturbs, and evaluates nothing
# twice that had been finished.
mpiexec=$1
program=$2
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
fail() { echo "$*"; exit 1; }

timeout 20 "$mpiexec" -n 2 "$program" "$folder/quiet" 0 >"$folder/expected" || fail "the quiet search failed"
runs=0
until timeout 20 "$mpiexec" -n 3 "$program" "$folder/killed" 3 >"$folder/table" 2>"$folder/said"; do
  runs=$((runs + 1))
  [ $runs -lt 8 ] || { cat "$folder/said"; fail "it does not come to an end"; }
done
[ $runs -ge 2 ] || fail "rank 1 was killed in $runs runs"
cmp "$folder/expected" "$folder/table" || { cat "$folder/expected" "$folder/table"; fail "another table"; }
lines=$(cat "$folder"/killed/evaluations-*.tsv | wc -l)
[ "$lines" -eq 40 ] || fail "$lines evaluations of 40"
