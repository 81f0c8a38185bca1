#!/bin/sh
# How long programs may be: those that docs/training.md names for a start 40 lines, of all but comments and blanks; those of
# real use 150 lines in all.
set -eu
cd "$(dirname "$0")/../examples"

status=0
for program in breast_cancer clothes diabetes; do
  lines=$(grep -cvE '^ *(//.*)?$' "$program.cpp")
  [ "$lines" -le 40 ] || { echo "$program.cpp has $lines lines"; status=1; }
done
for program in anomalies audio_effect ensemble fine_tune molecular_dynamics on_device online_learning option_pricing reinforcement \
  robot_joint surrogate; do
  lines=$(wc -l < "$program.cpp")
  [ "$lines" -le 150 ] || { echo "$program.cpp has $lines lines"; status=1; }
done
exit $status
