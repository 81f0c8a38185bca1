#!/bin/sh
# Runs each target of a build without libFuzzer: for_seconds.sh BUILD SECONDS JOBS SEED, so long, so many
# of them at a time, by inputs that no run before has had if the seed is new. Exits 1 if anything is wrong.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$1
seconds=$2
jobs=$3
seed=$4
target=${5:-}
export OPENBLAS_NUM_THREADS=1

if [ -z "$target" ]; then
  status=0
  for folder in "$here"/corpora/*; do basename "$folder"; done |
    xargs -P "$jobs" -I TARGET sh "$here/for_seconds.sh" "$build" "$seconds" 1 "$seed" TARGET || status=1
  exit $status
fi

program=$build/tests/fuzz/fuzz_$target
if [ ! -x "$program" ]; then
  [ "$target" != images ] || exit 0  # without libpng and libjpeg
  program=$build/tests/fuzz/fuzz_readers
fi
said=$(XTAPE_READER=$target "$program" --seconds "$seconds" --first "$seed" "$here/corpora/$target"/* 2>&1) || {
  printf '%s, from seed %s:\n%s\n' "$target" "$seed" "$said"
  exit 1
}
printf '%s: %s\n' "$target" "$(printf '%s\n' "$said" | tail -n 1)"
