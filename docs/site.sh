#!/bin/sh
# OUT: builds the site of documents in the folder OUT/site: guides, what the installed headers declare,
# and the sources that guides lead to. Any warning of Doxygen's ends it.
set -eu
out=$1
cd "$(dirname "$0")/.."
mkdir -p "$out"
out=$(cd "$out" && pwd)
rm -rf "$out/site"

# Those that cmake/install.cmake installs.
private=$(sed -n '/^set(XTAPE_PRIVATE_HEADERS/,/^)/p' cmake/private_headers.cmake | grep -oE '[^ ]+\.hpp')
floors="$(sed -nE 's/^set\(XTAPE_FLOORS (.*)\)/\1/p' CMakeLists.txt) dist"
# shellcheck disable=SC2086,SC2016 # lists are split into words, backquotes are the text's
headers=$(find $floors -name '*.hpp' ! -path '*/kernels/*' ! -path '*/replay/*' ! -path 'export/*/*' |
  grep -vxF "$private" | sort)
# In the order of operations.md, then by name.
# shellcheck disable=SC2016
headers=$(printf '%s\n' "$(sed -nE 's/^`<xtape\/(ops\/.*)>`$/\1/p' docs/operations.md)" "$headers" | awk '!seen[$0]++')

# The order of the guides is that of the navigation.
guides=$(sed -nE 's/.*url="@ref guide_([a-z]+)".*/\1/p' docs/site/layout.xml)
pages=$(for guide in $guides; do
  find docs/*.md ./*.md | sed 's/^\.\///' | grep -iE "^(docs/)?$guide\.md$"
done)

missing=$(find docs/*.md | grep -vxF "$pages" || :)
[ -z "$missing" ] || { echo "docs/site/layout.xml does not lead to $missing" >&2; exit 1; }

# A group for each floor, and one in it for each header.
groups=$out/groups.dox
{
  while IFS='|' read -r floor title; do
    printf '/** @defgroup floor_%s %s */\n' "$floor" "$title"
  done <<GROUPS
core|Tensors and derivatives
ops|Operations
nn|Layers and losses
optim|Optimizers
data|Data
train|Training
export|Handing over
report|Pictures
dist|Many machines
xtensor|xtensor
GROUPS
  for header in $headers; do
    awk -f docs/site/header.awk "$header" | grep -q addtogroup || continue
    title=$(awk -v name="\`<xtape/$header>\`" '/^## /{ title = substr($0, 4) } $0 == name { print title; exit }' docs/operations.md)
    name=$(printf '%s' "$header" | tr '/.' '__')
    # shellcheck disable=SC2016
    printf '/** @defgroup header_%s %s\n @ingroup floor_%s\n `<xtape/%s>` */\n' \
      "$name" "${title:-$header}" "${header%%/*}" "$header"
  done
} >"$groups"

{
  cat docs/Doxyfile
  printf 'OUTPUT_DIRECTORY = "%s"\n' "$out"
  printf 'PROJECT_NUMBER = %s\n' "$(sed -nE 's/^  VERSION ([0-9.]+)/\1/p' CMakeLists.txt)"
  # shellcheck disable=SC2086
  printf 'INPUT = %s\n' "$(printf '"%s" ' README.md $pages $headers "$groups")"
} | doxygen -

cp -r docs/pictures "$out/site/"

# Lists of all members lead to friends that have no place.
rm -f "$out"/site/*-members.html
sed -i -E 's/<a href="[^"]*-members\.html">[^<]*<\/a>//' "$out"/site/class*.html "$out"/site/struct*.html

# What guides lead to and Doxygen does not know, as it is: files, and folders with the files in them.
page() {
  page=$out/site/source/$1.html
  mkdir -p "$(dirname "$page")"
  {
    printf '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>%s</title></head>\n<body><pre>\n' "$1"
    if [ -d "$1" ]; then
      for inner in "$1"/*.*; do
        printf '<a href="%s.html">%s</a>\n' "$(basename "$1")/$(basename "$inner")" "$inner"
      done
    else
      sed 's/&/\&amp;/g; s/</\&lt;/g' "$1"
    fi
    printf '</pre></body></html>\n'
  } >"$page"
}
grep -ohE 'href="source/[^"]*"' "$out"/site/*.html | sort -u | sed 's/^href="source\///; s/\.html"$//' |
  while read -r file; do
    page "$file"
    [ ! -d "$file" ] || for inner in "$file"/*.*; do page "$inner"; done
  done

# The rows of the tables are functions too.
told=$(grep -ohE '>xtape::[a-z0-9_]+</a>' "$out"/site/group__header__ops__*.html | sort -u)
rows=$(sed -nE 's/^XTAPE_(UNARY|BINARY|TERNARY|COMPARE) *\(([a-z0-9_]+),.*/\2/p' ops/*.def)
for name in $rows; do
  printf '%s\n' "$told" | grep -qxF ">xtape::$name</a>" || { echo "the site does not tell of $name" >&2; exit 1; }
done
