#!/bin/sh
# Every relative link of the Markdown documents leads to a file, or to a heading of one, that is there.
# With a folder: that of every page of a site in it, as docs/site.sh makes one.
set -eu

site=${1:-}
if [ -n "$site" ]; then
  cd "$site"
  # ids and links of all pages; of scripts, which are the navigation and the search, links
  find . -name '*.html' -o -name '*.js' ! -name 'navtreeindex*' | sed 's/^..//' | sort >.pages
  broken=$(awk '
    BEGIN { while ((getline page < ".pages") > 0) ARGV[ARGC++] = page }
    FNR == 1 { pages[FILENAME] = 1; folder = FILENAME; if (!sub(/[^\/]*$/, "", folder)) folder = "" }
    FILENAME ~ /\.js$/ {
      text = $0
      while (match(text, /["\047][^"\047 ]+\.html(#[^"\047]*)?["\047]/)) {
        value = folder substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        if (!(value in from)) from[value] = FILENAME
      }
      next
    }
    {
      text = $0
      while (match(text, /(id|name|href|src)="[^"]*"/)) {
        one = substr(text, RSTART, RLENGTH - 1)
        text = substr(text, RSTART + RLENGTH)
        value = one
        sub(/^[^"]*"/, "", value)
        if (one ~ /^(id|name)/) { ids[FILENAME "#" value] = 1; continue }
        if (value == "" || value ~ /^([a-z]+:|#$)/) continue
        if (value ~ /^#/) value = FILENAME value
        else value = folder value
        if (!(value in from)) from[value] = FILENAME
      }
    }
    END {
      for (value in from) {
        place = from[value]
        while (match(value, /[^\/]+\/\.\.\//)) value = substr(value, 1, RSTART - 1) substr(value, RSTART + RLENGTH)
        page = value
        sub(/#.*/, "", page)
        there = page in pages
        if (!there && (getline line < page) >= 0) { there = 1; close(page) }
        if (!there || (value ~ /#/ && !(value in ids))) print place " leads to " value ", which is not there"
      }
    }' | sort)
  count=$(wc -l <.pages)
  rm .pages
  if [ "$count" -lt 100 ]; then
    echo "$site has fewer than 100 pages"
    exit 1
  fi
else
  cd "$(dirname "$0")/.."
  documents=$(find . -name '*.md' ! -path './build*' ! -path './.*/*' | sed 's/^..//' | sort)
  # shellcheck disable=SC2086 # a list of files
  broken=$(awk '
    FNR == 1 { inside = comment = 0; folder = FILENAME; if (!sub(/[^\/]*$/, "", folder)) folder = "" }
    /^```/ { inside = !inside; next }
    inside { next }
    /^<!--/ { comment = 1 }
    comment { if (/-->/) comment = 0; next }
    /^#+ / {
      title = tolower($0)
      sub(/^#+ /, "", title)
      gsub(/[^a-z0-9_ -]/, "", title)
      gsub(/ /, "-", title)
      ids[FILENAME "#" title] = 1
    }
    {
      gsub(/`[^`]*`/, "")
      text = $0
      while (match(text, /(\]\([^)]*\)|src="[^"]*")/)) {
        value = substr(text, RSTART, RLENGTH - 1)
        text = substr(text, RSTART + RLENGTH)
        sub(/^(\]\(|src=")/, "", value)
        ++links
        if (value ~ /^[a-z]+:/) continue
        from[value ~ /^#/ ? FILENAME value : folder value] = FILENAME ":" FNR
      }
    }
    END {
      if (links < 100) print "fewer than 100 links: has their form changed?"
      for (value in from) {
        place = from[value]
        while (match(value, /[^\/]+\/\.\.\//)) value = substr(value, 1, RSTART - 1) substr(value, RSTART + RLENGTH)
        file = value
        sub(/#.*/, "", file)
        if (system("test -e \"" file "\"") || (value ~ /#/ && !(value in ids))) print place ": " value " is not there"
      }
    }' $documents | sort)
fi
[ -z "$broken" ] || { printf '%s\n' "$broken"; exit 1; }
