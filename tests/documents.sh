#!/bin/sh
# Blocks of documents say what they are: cpp, which a test compiles (tests/docs), cmake, sh, text, and
# so on; what looks like C++ is not called text. What the documents give to ./dev is one of its verbs.
set -eu
cd "$(dirname "$0")/.."
status=0

documents=$(find . -name '*.md' ! -path './build*' ! -path './.*/*' | sed 's/^..//' | sort)
# shellcheck disable=SC2086
wrong=$(awk 'FNR == 1 { inside = 0 }
  /^```/ && !inside {
    inside = 1
    language = substr($0, 4)
    if (language !~ /^(cpp|cmake|python|sh|text|json)$/) print FILENAME ":" FNR ": a block is cpp, cmake, python, sh, text or json, not \"" language "\""
    next
  }
  /^```/ { inside = 0; next }
  inside && language == "text" && /;$|^#include/ { print FILENAME ":" FNR ": this looks like C++, and is not compiled" }' $documents)
[ -z "$wrong" ] || { printf '%s\n' "$wrong"; status=1; }

verbs=$(sed -nE 's/^  ([a-z| ]+)\) "\$verb".*/\1/p; s/^  ([a-z]+)\) [a-z_]+ "\$@".*/\1/p; s/^  (help).*/\1/p' dev | tr -d ' ' | tr '|' '\n')
# shellcheck disable=SC2086
used=$(grep -ohE '\./dev [a-z]+( [a-z_]+)?' $documents | sort -u | cut -d ' ' -f 2,3)
if [ "$(printf '%s\n' "$used" | wc -l)" -lt 10 ]; then
  echo "the documents use ./dev fewer than 10 times: has their form changed?"
  exit 1
fi
while read -r verb what; do
  printf '%s\n' "$verbs" | grep -qx "$verb" || { echo "documents name ./dev $verb, which is not there"; status=1; }
  [ "$verb" != run ] || [ -z "$what" ] || [ -e "examples/$what.cpp" ] ||
    { echo "documents name ./dev run $what, which is not there"; status=1; }
done <<USED
$used
USED
exit $status
