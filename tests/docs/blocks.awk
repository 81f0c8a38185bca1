# -v want=names DOCUMENT: the programs in its C++ blocks and, if there are any, "fragments", a line each.
# -v want=NAME DOCUMENT: that program, or one that goes through all fragments.
#
# The blocks of a document are a program, one behind the other. Comments that readers do not see, right
# before a block, say otherwise:
#   <!-- program NAME [...] -->     another program begins
#   <!-- fragment [...] -->         the inside of a function of its own
# The lines of such a comment go before the block. A program without main is the inside of one.

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

BEGIN { current = "program" }
!inside && /^<!--/ {
  rest = $0
  sub(/^<!-- */, "", rest)
  split(rest, words, /[ ,]/)
  if (words[1] !~ /^(program|fragment)$/) next
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
  mine = kind == "fragment" ? "fragments" : current
  note(mine)
  if (mine == want) {
    if (kind == "fragment") {
      add("void lines_" start "() {")
      calls = calls "lines_" start "();\n"
    }
    add_lines(prelude, prelude_line)
    add_lines(text, start)
    if (kind == "fragment") add("}")
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
  if (body !~ /int main\(/)
    includes = includes "#include <iostream>\n#include <string>\n#include <utility>\n#include <vector>\n#include <xtape/xtape.hpp>\nusing namespace xtape;\n"
  print includes
  if (want == "fragments") body = body "int main() {\n" calls "}\n"
  if (body !~ /int main\(/) body = "int main() {\n" body "}\n"
  printf "%s", body
}
