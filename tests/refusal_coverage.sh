#!/bin/sh
# Every public function that takes a count, a size or a number, and every option that is one, has a
# row in the tables of tests/refusals. Prints the missing ones.
set -eu
cd "$(dirname "$0")/.."

headers=$(sed -nE 's/#include <xtape\/(.*)>/\1/p' xtape.hpp |
  grep -vxE 'config\.hpp|core/(error|mapped|node|number|operation|tape)\.hpp')  # what takes numbers there is the library's own
rows=$(grep -ohE '"[A-Za-z0-9_]+(: |\.)[A-Za-z0-9_]+"' tests/refusals/*.cpp | tr -d '"')
status=0

# Any value is right; or the library's own.
taken='broadcast_shapes|PackedShape|deallocate|throw_out_of_memory|normalize_axis|row_major_strides'
taken="$taken|out_of_range|count_of|place|place_from_end|insert|erase|push_back|to_string|below|draw"
taken="$taken|seed_by|describe|number_tensor|fail|Iterator|batch|checked|check_penalty|flags|observe|evaluation_seed"
taken="$taken|MixtureWeights|tril|triu|diagonal|trace|matrix_power|Slice|Tensor|name|make_tensor|begin_assign|penalize|of|track|Images|pool_name|momentum_product|check_texts"
taken="$taken|AlongAxis|lengths|matrix_of|iterate_power|mask|MaskedModule|channels_first"
taken="$taken|Picture|color_of|image|scalar|write_summary|mixed|move|palette|text_width"
taken="$taken|accumulate|backward|begin_batch|given|is_text|is_number|parsed|check_range|row_of|gathered|PackedIntegers|Batch|RecurrentLayer|RecurrentCell|project|void|double|pause|count|advance|drawn|Curve|ProgressBar"

number='(double|int|std::u?int64_t|std::size_t|Axes&|Shape&|Number&|CsvColumn&)'
functions=$(for header in $headers; do
  sed -E 's@//.*@@' "$header" | tr '\n' ' ' |
    grep -oE "\b[A-Za-z_]+\([^();{}]*\b$number [^();]*" | sed -E 's/\(.*//'
  echo
done | sort -u | grep -vxE "$taken|")
options=$(for header in $headers; do
  awk '/^struct .*Options \{/ { name = $2 }
    /^};/ { name = "" }
    name && /^  (double|int|std::u?int64_t|std::optional<(double|std::int64_t)>|Setting<double>|CsvColumn) / {
      sub(/\/\/.*/, ""); sub(/^  [^ ]+ /, "")
      count = split($0, fields, ",")
      for (i = 1; i <= count; ++i) { sub(/^ */, "", fields[i]); sub(/[ =;].*/, "", fields[i]); print name "." fields[i] }
    }' "$header"
done | sort -u | grep -vxE 'SearchOptions.seed|AttentionOptions.dropout_(key|call)')  # any seed is right

# An empty list would pass whatever is missing.
if [ -z "$functions" ] || [ -z "$options" ]; then
  echo "no functions or options found: has their form changed?"
  exit 1
fi

for function in $functions; do
  printf '%s\n' "$rows" | grep -q "^$function: " && continue
  echo "tests/refusals has no row \"$function: ...\""
  status=1
done
for option in $options; do
  printf '%s\n' "$rows" | grep -qxF "$option" && continue
  echo "tests/refusals has no row \"$option\""
  status=1
done
exit $status
