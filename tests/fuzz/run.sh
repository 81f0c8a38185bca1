#!/bin/sh
# Runs each target of fuzzing of a build with libFuzzer: run.sh BUILD SECONDS. What is new it adds to
# BUILD/corpora, what is wrong to BUILD/found; exits 1 if there is any.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$1
seconds=$2
export OPENBLAS_NUM_THREADS=1 ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1

status=0
for folder in "$here"/corpora/*; do
  target=$(basename "$folder")
  program=$build/tests/fuzz/fuzz_$target
  if [ ! -x "$program" ]; then
    [ "$target" != images ] || continue  # without libpng and libjpeg
    program=$build/tests/fuzz/fuzz_readers
  fi
  mkdir -p "$build/corpora/$target" "$build/found/$target"
  log=$build/found/$target.log
  if XTAPE_READER=$target "$program" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=3000 \
    -malloc_limit_mb=2000 -max_len=4096 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$build/found/$target/" "$build/corpora/$target" "$folder" >"$log" 2>&1; then
    printf '%s: %s inputs, no fault\n' "$target" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  else
    printf '%s: a fault, see %s\n' "$target" "$log"
    status=1
  fi
done
exit $status
