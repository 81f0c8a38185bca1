#!/bin/sh
# The programs that docs/training.md names for a start have at most 40 lines: of all but comments and blanks.
set -eu
cd "$(dirname "$0")/../examples"

status=0
for program in breast_cancer.cpp clothes.cpp diabetes.cpp; do
  lines=$(grep -cvE '^ *(//.*)?$' "$program")
  [ "$lines" -le 40 ] || { echo "$program has $lines lines"; status=1; }
done
exit $status
