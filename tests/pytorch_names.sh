#!/bin/sh
# Every name that docs/pytorch.md gives as ours is there: a row of a table, or declared in a header, that of
# the namespace which the document names; options are fields of one.
set -eu
cd "$(dirname "$0")/.."

# A bar between backquotes is no column.
# shellcheck disable=SC2016 # backquotes are the text's
column=$(grep '^|' docs/pytorch.md | grep -v '^| PyTorch\|^|---' | cut -d '|' -f 3 | grep -oE '`[^`]+`' | tr -d '`')
names=$(printf '%s\n' "$column" | grep -oE '^([A-Za-z]+(::|\.))*[A-Za-z_0-9]+' | sort -u)
# shellcheck disable=SC2016 # backquotes are the text's
options=$(grep '^|' docs/pytorch.md | cut -d '|' -f 3,4 | grep -oE '[`{( ]\.[a-z_]+' | sed 's/.*\.//' | sort -u)
rows=$(sed -nE 's/^XTAPE_[A-Z]+ *\(([a-z0-9_]+),.*/\1/p' ops/*.def)
status=0

# An empty list would pass whatever is missing.
if [ "$(printf '%s\n' "$names" | wc -l)" -lt 250 ] || [ "$(printf '%s\n' "$options" | wc -l)" -lt 20 ]; then
  echo "docs/pytorch.md names fewer than 250 names or 20 options: has its form changed?"
  exit 1
fi
for name in $names; do
  last=$(printf '%s' "$name" | sed -E 's/.*(::|\.)//')
  case $name in
    const | a.then) continue ;;
    [a-z]*::*)  # optim::schedule stands within optim
      within=${name%::*}
      headers=$(grep -rlE "^namespace (xtape::$within|${within##*::}) \{" --include='*.hpp' \
        core ops nn optim data train) || headers=/dev/null ;;
    *) headers=$(find core ops nn optim data train -name '*.hpp' ! -path '*/kernels/*') ;;
  esac
  printf '%s\n' "$rows" | grep -qx "$last" && continue
  # shellcheck disable=SC2086 # a list of files
  cat $headers | sed 's@//.*@@' | grep -qE "\b$last\(|(struct|class|using|enum class) (\[\[nodiscard\]\] )?$last\b|\b$last(\{|;)| $last<" && continue
  echo "docs/pytorch.md names $name, which is not there"
  status=1
done
for option in $options; do
  cat core/*.hpp ops/*.hpp nn/*.hpp optim/*.hpp data/*.hpp train/*.hpp |
    grep -qE "^  [A-Za-z].* $option( =|;|$)" && continue
  echo "docs/pytorch.md names the option $option, which is not there"
  status=1
done
exit $status
