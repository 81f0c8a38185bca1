#!/bin/sh
# usage: fails.sh MESSAGE COMMAND...
# The command fails within 5 seconds, and says so.
message=$1
shift
said=$(timeout 5 "$@" 2>&1)
status=$?
printf '%s\n' "$said"
[ $status -ne 0 ] || { echo "it did not fail"; exit 1; }
[ $status -ne 124 ] || { echo "after 5 seconds it still ran"; exit 1; }
printf '%s\n' "$said" | grep -qF -- "$message" || { echo "it does not say: $message"; exit 1; }
