#!/bin/sh
# expect.sh CODE PATTERN PROGRAM ARGUMENTS...
# Runs the program; fails unless it exits with CODE and prints a line that matches PATTERN.
code=$1 pattern=$2
shift 2
output=$("$@" 2>&1)
got=$?
printf '%s\n(exit code %s)\n' "$output" "$got"
if [ "$got" -ne "$code" ]; then
  echo "expected exit code $code"
  exit 1
fi
if ! printf '%s\n' "$output" | grep -qE -- "$pattern"; then
  echo "expected a line with: $pattern"
  exit 1
fi
