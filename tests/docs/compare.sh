#!/bin/sh
# PROGRAM DOCUMENT: the program prints what the first block of text of the document shows.
set -eu
shown=$(awk '/^```/ { if (inside) { if (plain) exit; inside = 0 } else { inside = 1; plain = $0 == "```text"; next } } inside && plain' "$2")
printed=$("$1")
[ "$printed" = "$shown" ] && exit
printf '%s\n' "$2 shows:" "$shown" "the program prints:" "$printed"
exit 1
