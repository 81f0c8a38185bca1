#!/bin/sh
# Runs each target of fuzzing of a build with libFuzzer: run.sh BUILD SECONDS [JOBS], so many of them
# at a time; or one: run.sh BUILD SECONDS 1 TARGET. What is new it adds to BUILD/corpora, what is
# wrong to BUILD/found; exits 1 if there is any.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$1
seconds=$2
jobs=${3:-1}
target=${4:-}
export OPENBLAS_NUM_THREADS=1 ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1

if [ -z "$target" ]; then
  status=0
  for folder in "$here"/corpora/*; do basename "$folder"; done |
    xargs -P "$jobs" -I TARGET sh "$here/run.sh" "$build" "$seconds" 1 TARGET || status=1
  exit $status
fi

program=$build/tests/fuzz/fuzz_$target
if [ ! -x "$program" ]; then
  [ "$target" != images ] || exit 0  # without libpng and libjpeg
  program=$build/tests/fuzz/fuzz_readers
fi
mkdir -p "$build/corpora/$target" "$build/found/$target"
log=$build/found/$target.log
if XTAPE_READER=$target "$program" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=3000 \
  -malloc_limit_mb=2000 -max_len=4096 -print_final_stats=1 -verbosity=0 \
  -artifact_prefix="$build/found/$target/" "$build/corpora/$target" "$here/corpora/$target" >"$log" 2>&1; then
  printf '%s: %s inputs, no fault\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
else
  printf '%s: a fault, see %s\n' "$target" "$log"
  exit 1
fi
