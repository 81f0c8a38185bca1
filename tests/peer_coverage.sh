#!/bin/sh
# Values and derivatives of every public operation that has a gradient are compared with another
# implementation: it has a use in tests/peers, or docs/accuracy.md says why it has none. Where a use
# differs by choice, ~ in tests/peers, docs/accuracy.md tells of the operation too.
set -eu
cd "$(dirname "$0")/.."

rows=$(sed -nE 's/^XTAPE_(UNARY|BINARY|TERNARY) *\(([a-z0-9_]+),.*/\2/p' \
  ops/elementwise.def ops/functions.def ops/special.def)
headers=$(find ops nn -maxdepth 1 -name '*.hpp' ! -name close.hpp ! -name gradcheck.hpp ! -name derivatives.hpp \
  ! -name checkpoint.hpp ! -name implicit.hpp ! -name hook.hpp ! -name numbers.hpp ! -name row.hpp \
  ! -name row_table.hpp ! -name indices.hpp ! -name labels.hpp ! -name clipped.hpp ! -name window_shape.hpp ! -name unit.hpp ! -name dropout_stream.hpp ! -name compile.hpp \
  ! -name incomplete_gamma.hpp ! -name distributions.hpp ! -name replaced.hpp \
  ! -name stack_parameters.hpp ! -name reduction.hpp ! -name init.hpp ! -name channels.hpp ! -name weight_norm.hpp)
pattern='^(\[\[nodiscard\]\] )?(inline )?(Tensor|std::vector<Tensor>|ValuesAndIndices|Unique|Histogram|SignAndLog|Eigh|Svd|Qr|Lu) ([a-z0-9_]+)\(.*'
# shellcheck disable=SC2086 # a list of files
declared=$(sed -nE "s/$pattern/\4/p" $headers | sort -u)
# shellcheck disable=SC2016 # backquotes are the text's
told=$(sed -n "/^## Beside PyTorch/,/^## What/p" docs/accuracy.md | grep -oE '`[a-z0-9_]+`' | tr -d '`')
status=0

# An empty list would pass whatever is missing.
if [ -z "$rows" ] || [ -z "$declared" ] || [ -z "$told" ]; then
  echo "no operations found: has their form changed?"
  exit 1
fi

for op in $rows $declared to contiguous; do
  grep -qE "^$op(:|\$)" tests/peers/*.txt && continue
  printf '%s\n' "$told" | grep -qx "$op" && continue
  grep -q "{\"$op: " tests/support/cases.cpp && continue  # has no gradient
  echo "tests/peers has no use of $op"
  status=1
done
differing=$(awk '/^[a-z]/ { sub(/:.*/, ""); op = $0 } /^ [ygh] .*~/ { print op }' \
  tests/peers/*.txt | sort -u)
for op in $differing; do
  printf '%s\n' "$told" | grep -qx "$op" && continue
  echo "docs/accuracy.md does not say how $op differs"
  status=1
done
exit $status
