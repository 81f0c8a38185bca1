#!/bin/sh
# usage: objects.sh BUILD [NM OBJDUMP]
# Code of one level of the processor family never stands in for that of another. Of the objects in
# a build folder:
#   1. what the linker can see of a level's unit carries the level's name or number (it would merge
#      weak functions of other names with those of other units);
#   2. instructions of a level are in the units of that level, or higher ones, alone.
# Prints every breach; exits 1 if there is one.
set -eu
build=$1
nm=${2:-nm}
objdump=${3:-objdump}
status=0

breach() {
  printf '%s: %s:\n%s\n' "$1" "$2" "$3"
  status=1
}

# As objdump writes them. (tzcnt is bsf where it is not known, and compilers use it as such.)
above_v2='\sv[a-z0-9]+\s+.*%[xyz]mm|\s(andn|bextr|blsi|blsr|blsmsk|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|movbe|lzcnt)[lq]?\s'
above_v3='%zmm|%[xy]mm(1[6-9]|2[0-9]|3[01])|%k[0-7]'

# forbid_instructions OBJECT PATTERN
forbid_instructions() {
  found=$("$objdump" -d --no-show-raw-insn "$1" | grep -E "$2" | head -5 || :)
  [ -z "$found" ] || breach "$1" "instructions of a higher level" "$found"
}

units=$(find "$build/CMakeFiles" -path "*xtape_kernels_*.dir*" -name "*.o")
others=$(find "$build/CMakeFiles" -name "*.o" | grep -E "/xtape_(core|data)\.dir/" || :)
if [ -z "$units" ] || [ -z "$others" ]; then
  echo "$build: no objects found: has their place changed?"
  exit 1
fi

# In the order of core/kernels/level.hpp: what the mangled names of `compiled<..., level>` say.
number=0
for level in baseline x86_64_v2 x86_64_v3 x86_64_v4; do
  for unit in $(printf '%s\n' "$units" | grep "xtape_kernels_$level\.dir" || :); do
    # The pointer to the personality routine, for unwinding, is data that all units share.
    seen=$("$nm" --defined-only --extern-only "$unit" | awk '{ print $NF }' |
      grep -vE "$level|LevelE${number}E|^DW\.ref\.__gxx_personality_v0$" || :)
    [ -z "$seen" ] || breach "$unit" "symbols outside the namespace of $level" "$seen"
    case $level in
      x86_64_v2) forbid_instructions "$unit" "$above_v2|$above_v3" ;;
      x86_64_v3) forbid_instructions "$unit" "$above_v3" ;;
    esac
  done
  number=$((number + 1))
done

case $units in
  *xtape_kernels_x86_64*)
    for object in $others; do forbid_instructions "$object" "$above_v2|$above_v3"; done
    ;;
esac

exit $status
