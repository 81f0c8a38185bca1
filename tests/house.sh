#!/bin/sh
# The house rules that no compiler checks. Prints every breach; exits 1 if there is one.
# shellcheck disable=SC2086 # lists of files are split into words
set -eu
cd "$(dirname "$0")/.."

floors=$(ls -d core ops nn optim data train export report dist xtensor 2>/dev/null || :)
library=$(find $floors dlpack.hpp images.hpp xtape.hpp xtensor.hpp -name '*.hpp' -o -name '*.cpp' -o -name '*.def')
private=$(sed -n '/^set(XTAPE_PRIVATE_HEADERS/,/^)/p' cmake/private_headers.cmake | grep '\.hpp')
public=$(printf '%s\n' $library | grep '\.hpp$' | grep -v /kernels/ |
  grep -vxF "$(printf '%s\n' $private)")
others=$(find tests examples bench -name '*.hpp' -o -name '*.cpp' 2>/dev/null || :)
status=0

# forbid RULE BREACHES: fails unless there are none.
forbid() {
  [ -n "$2" ] || return 0
  printf '%s:\n%s\n' "$1" "$2"
  status=1
}

forbid "a file has at most 400 lines" \
  "$(wc -l $library $others dev CMakeLists.txt | awk '$1 > 400 && $2 != "total"')"

# doctest takes differences in proportion to 1 beside the value: any small number is near any other.
forbid "a small number is compared in proportion to itself: doctest::Approx(1e-9).scale(0)" \
  "$(grep -nE 'Approx\([^)]*e-[0-9]+[^)]*\)' $others | grep -vF '.scale(0)' || :)"

forbid "nothing is left open in the text" \
  "$(grep -nE '\b(TODO|FIXME|XXX)\b' $library $others || :)"

# Each floor with those it may include from; nn and optim do not know each other.
while read -r floor allowed; do
  [ -d "$floor" ] || continue
  forbid "$floor includes only from $allowed, as <xtape/folder/file.hpp>" \
    "$(grep -rnE '#include (<xtape/|"\.\./)' "$floor" | grep -vE "<xtape/(config\.hpp|($allowed)/)" || :)"
done <<END
core core
ops core|ops
nn core|ops|nn
optim core|ops|optim
data core|ops|nn|optim|data
train core|ops|nn|optim|data|train
export core|ops|nn|data|export
report core|ops|nn|optim|data|train|report
dist core|ops|nn|optim|data|train|dist
xtensor core|ops|xtensor
END

forbid "installed headers are light, but for those of xtensor" \
  "$(grep -nE '#include [<"](xtensor|xtl|xsimd|cblas|openblas|mpi|fmt)' $public |
    grep -v '^xtensor/' || :)"

forbid "installed headers include no kernels and no private headers: those are not installed" \
  "$(grep -nE '#include [<"].*kernels/' $public ||
    grep -nF "$(printf '<xtape/%s>\n' $private)" $public || :)"

# What a header declares is hidden from the users of a shared library unless it says so.
for header in $public; do
  grep -q '^[^#/]' "$header" || continue
  [ "$(grep -c '^XTAPE_EXPORT_\(BEGIN\|END\)' "$header")" = 2 ] ||
    forbid "what an installed header declares is exported" "$header"
done

forbid "installed headers define no macro without the prefix XTAPE_" \
  "$(grep -nE '^ *# *(define|undef) ' $public | grep -vE '(define|undef) +XTAPE_' || :)"

forbid "no kernel throws: who calls it has checked the arguments" \
  "$(grep -nE '\bthrow\b' $(find core/kernels ops/kernels optim/kernels dist/kernels -name '*.?pp' |
    grep -vE '/(level|state)\.') || :)"

# What is written without the whole of its namespace then means one thing.
# shellcheck disable=SC2016 # fields of awk
forbid "no class of xtape::detail in an installed header is called as one of another namespace is" "$(awk '
  FNR == 1 { space = "" }
  /^namespace .*[{]$/ { space = space (space == "" ? "" : "::") $2 }
  /^}  \/\/ namespace / { space = substr(space, 1, length(space) - length($4) - (space != $4 ? 2 : 0)) }
  /^(class|struct) [A-Z]/ && !/^[^{]*;$/ {
    name = $2
    sub(/[^A-Za-z0-9].*/, "", name)
    if (space == "xtape::detail") own[name] = FILENAME
    else others[name] = others[name] " " FILENAME
  }
  END { for (name in own) if (name in others) print own[name] ": " name ", and" others[name] }
  ' $public)"

# What one of them includes inside of a namespace would not compile, nor say why.
known=tests/export/examples.cpp
for example in $(sed -nE 's@^#include "\.\./\.\./(examples/[a-z_]+\.cpp)"@\1@p' $known); do
  for header in $(sed -nE 's@^ *#include ["<]([^">]+)[">].*@\1@p' "$example"); do
    grep -qE "^#include [<\"](\.\./\.\./examples/)?$header[>\"]" $known ||
      forbid "$known includes first what $example does" "$header"
  done
done

# A source that CMake does not know is neither compiled nor tested.
for source in $(printf '%s\n' $library | grep '\.cpp$'); do
  grep -qwF "$source" CMakeLists.txt || forbid "CMakeLists.txt lists every source" "$source"
done
for source in $(cd tests && find . -name '*.cpp' -not -path './packaging/*' -not -path './fuzz/*' | cut -c 3-); do
  grep -qwF "$source" tests/CMakeLists.txt tests/cases.cmake ||
    forbid "tests/cases.cmake and tests/CMakeLists.txt list every source" "tests/$source"
done
for source in $(cd tests/fuzz && ls *.cpp); do
  grep -qwF "$source" tests/fuzz/CMakeLists.txt ||
    forbid "tests/fuzz/CMakeLists.txt lists every source" "tests/fuzz/$source"
done

exit $status
