#!/bin/sh
# Counts the instructions of a training step, which do not depend on what else the machine does, and
# compares them with those written down beside this script:
#   instructions.sh PROGRAM [--write]
# A processor of x86-64-v3 is emulated. The step is the difference of runs of two lengths.
set -eu

program=$1
table=$(dirname "$0")/instructions.txt
slack=10  # percent
export XTAPE_CPU_LEVEL=x86-64-v3 XTAPE_THREADS=1 OPENBLAS_NUM_THREADS=1

instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

step_of() {
  short=$(instructions "$1" 20)
  long=$(instructions "$1" 60)
  echo $(((long - short) / 40))
}

failed=
written=
for workload in a c; do
  now=$(step_of "$workload")
  [ "$now" -gt 0 ] || { echo "$workload: nothing was counted" >&2; exit 1; }
  written="$written$workload $now
"
  [ "${2:-}" != --write ] || continue
  before=$(sed -n "s/^$workload //p" "$table")
  echo "$workload: $now instructions a step, $before written down"
  if [ $((now * 100)) -gt $((before * (100 + slack))) ]; then
    echo "$workload takes more than $slack % more; if that must be, write it down: --write" >&2
    failed=1
  fi
done
[ "${2:-}" != --write ] || printf %s "$written" >"$table"
[ -z "$failed" ]
