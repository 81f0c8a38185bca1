#!/bin/sh
# Every public operation stands in the gradient tables: a row of ops/*.def with a scalar reference
# in support/rows.cpp, any other with a use in support/cases. Prints the missing ones.
set -eu
cd "$(dirname "$0")/.."

rows=$(sed -nE 's/^XTAPE_(UNARY|BINARY|TERNARY|COMPARE) *\(([a-z0-9_]+),.*/\2/p' \
  ops/elementwise.def ops/functions.def ops/special.def)
headers=$(find ops -maxdepth 1 -name '*.hpp' ! -name close.hpp ! -name gradcheck.hpp ! -name derivatives.hpp \
  ! -name checkpoint.hpp ! -name implicit.hpp ! -name hook.hpp ! -name numbers.hpp ! -name row.hpp \
  ! -name row_table.hpp ! -name indices.hpp ! -name replaced.hpp ! -name window_shape.hpp ! -name unit.hpp ! -name dropout_stream.hpp ! -name compile.hpp ! -name incomplete_gamma.hpp)
pattern='^(\[\[nodiscard\]\] )?(inline )?(Tensor|ValuesAndIndices|std::vector<Tensor>) ([a-z0-9_]+)\(.*'
# shellcheck disable=SC2086 # a list of files
declared=$(sed -nE "s/$pattern/\4/p" $headers | sort -u)
status=0

# An empty list would pass whatever is missing.
if [ -z "$rows" ] || [ -z "$declared" ]; then
  echo "no operations found: has their form changed?"
  exit 1
fi

for op in $rows; do
  grep -q "{\"$op\"," tests/support/rows.cpp && continue
  echo "tests/support/rows.cpp has no scalar reference for the row $op"
  status=1
done
for op in $declared to contiguous; do
  grep -q "{\"$op: " tests/support/cases.cpp tests/support/cases/*.hpp && continue
  echo "tests/support/cases has no use of $op"
  status=1
done
exit $status
