# -v want=names DOCUMENT: the programs in its C++ blocks and, if there are any, "fragments", a line each.
# -v want=NAME DOCUMENT: that program, or all fragments as one source to compile.
#
# The blocks of a document are a program, one behind the other. Comments that readers do not see, right
# before a block, say otherwise:
#   <!-- program NAME [...] -->     another program begins
#   <!-- fragment [...] -->         the inside of a function
#   <!-- continued [...] -->        the same function goes on
#   <!-- declarations [...] -->     what stands outside of functions
# The lines of such a comment go before the block. A program without main is the inside of one.

function is_fragment() { return kind == "fragment" || kind == "continued" || kind == "declarations" }

function note(name) {
  if (!(name in known)) names = names name "\n"
  known[name] = 1
}

function add(text) {
  if (text ~ /^#include/) includes = includes text "\n"
  else body = body text "\n"
}

function add_lines(text, line,   lines, count, i) {
  if (text == "") return
  add("#line " line " \"" FILENAME "\"")
  count = split(text, lines, "\n")
  for (i = 1; i < count; ++i) add(lines[i])
}

function end_function() {
  if (open) add("}\n}")
  open = 0
}

BEGIN { current = "program" }
!inside && /^<!--/ {
  rest = $0
  sub(/^<!-- */, "", rest)
  split(rest, words, /[ ,]/)
  if (words[1] !~ /^(program|fragment|continued|declarations)$/) next
  kind = words[1]
  if (kind == "program") current = words[2]
  prelude = ""
  prelude_line = FNR + 1
  marked = FNR
  commented = !/-->/
  next
}
commented {
  if (/-->/) { commented = 0; marked = FNR }
  else prelude = prelude $0 "\n"
  next
}
/^```/ && inside {
  inside = 0
  if (!cpp) next
  mine = is_fragment() ? "fragments" : current
  note(mine)
  if (mine == want) {
    if (kind == "declarations" || kind == "fragment") end_function()
    if (kind == "declarations") add("namespace lines_" start " {")
    if (kind == "fragment") {
      add("namespace lines_" start " {\n[[maybe_unused]] void block() {")
      open = 1
    }
    if (kind == "continued" && !open) {
      print FILENAME ":" start ": nothing is continued" >"/dev/stderr"
      exit 1
    }
    add_lines(prelude, prelude_line)
    add_lines(text, start)
    if (kind == "declarations") add("}")
  }
  kind = prelude = ""
  next
}
/^```/ {
  inside = 1
  cpp = /^```(cpp|c\+\+)$/
  if (kind != "" && (!cpp || FNR != marked + 1)) {
    print FILENAME ":" FNR ": a mark stands right before a block of C++" >"/dev/stderr"
    exit 1
  }
  start = FNR + 1
  text = ""
  next
}
inside { text = text $0 "\n" }
END {
  if (want == "names") {
    printf "%s", names
    exit
  }
  end_function()
  if (want == "fragments" || body !~ /int main\(/)
    includes = includes "#include <iostream>\n#include <string>\n#include <utility>\n#include <vector>\n#include <xtape/xtape.hpp>\nusing namespace xtape;\n"
  print includes
  if (want != "fragments" && body !~ /int main\(/) body = "int main() {\n" body "}\n"
  printf "%s", body
}
