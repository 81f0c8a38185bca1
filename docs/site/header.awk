# A public header as it is -> as Doxygen reads it. Each header is a group, named in docs/site.sh. Of a
# sentence that several functions share each gets a copy. Rows of a table become functions, told of as
# docs/operations.md does. Lines of a comment that are set in begin a line.

# Code may begin on one line and end on the next.
function escaped(text,   parts, count, i, done, mark) {
  if (text ~ /\]\(/ && text !~ /`/ && !within_code) text = "`" text "`"  # no link
  count = split(text, parts, "`")
  done = ""
  for (i = 1; i <= count; ++i) {
    if ((i + within_code) % 2) {
      gsub(/[\\@]/, "\\\\&", parts[i])
      gsub(/&/, "\\&amp;", parts[i])
      gsub(/</, "\\&lt;", parts[i])
      gsub(/>/, "\\&gt;", parts[i])
      done = done parts[i]
    } else if (i > 1 && i < count) {
      mark = parts[i] ~ /'/ ? "``" : "`"  # a quotation mark would end it
      done = done mark parts[i] mark
    } else {
      done = done (i > 1 ? "`" : "") parts[i] (i < count ? "`" : "")
    }
  }
  if (count > 0) within_code = (within_code + count - 1) % 2
  return done
}

function trimmed(text) {
  gsub(/^ +| +$/, "", text)
  return text
}

# The rows of this header's section of operations.md.
function print_rows(   line, within, cells, count, name, inputs, kinds, i, parameters) {
  while ((getline line < "docs/operations.md") > 0) {
    if (line ~ /^`<xtape\//) within = index(line, "`<xtape/" file ">`") == 1
    if (!within || line !~ /^\| `/) continue
    gsub(/\\\|/, "\001", line)
    count = split(line, cells, "|")
    for (i = 1; i <= count; ++i) {
      cells[i] = trimmed(cells[i])
      gsub(/\001/, "|", cells[i])
    }
    name = cells[2]
    gsub(/`/, "", name)
    inputs = name
    sub(/\(.*/, "", name)
    sub(/^[^(]*\(/, "", inputs)
    sub(/\)$/, "", inputs)
    count = split(inputs, kinds, /, /)
    if (count == 3) continue  # the header declares these itself
    parameters = ""
    for (i = 1; i <= count; ++i)
      parameters = parameters (i > 1 ? ", " : "") "const " (count == 1 ? "Tensor" : "Operand") "& " kinds[i]
    print "/// " cells[4] ", of " cells[3] " dtypes."
    print "///"
    print "/// Derivatives by its arguments: " escaped(cells[5]) "<br>"
    if (cells[6] != "") print "/// Greatest error: " cells[6] "<br>"
    if (cells[7] != "") print "/// Edges: " escaped(cells[7])
    print "Tensor " name "(" parameters ");"
    print ""
  }
  close("docs/operations.md")
}

# The words of xtensor that this header gives to tensors.
function print_words(kind,   line, name, formula, binary) {
  while ((getline line < "xtensor/words.def") > 0) {
    if (line !~ "^XTAPE_XT_(" kind ") ") continue
    binary = line ~ /BINARY/
    sub(/^[^(]*\( */, "", line)
    name = formula = line
    sub(/,.*/, "", name)
    sub(/^[^,]*, */, "", formula)
    sub(/(\)|,   +[-0-9.].*)$/, "", formula)
    print "/// `" formula "`"
    print binary ? "template <class E1, class E2>" : "template <class E>"
    print "xtape::Tensor " name (binary ? "(E1&& a, E2&& b);" : kind == "REDUCTION" ? "(E&& x, axes, options);" : "(E&& x);") "\n"
  }
  close("xtensor/words.def")
}

BEGIN { OFS = "" }
FNR == 1 {
  file = FILENAME
  if (index(file, ENVIRON["PWD"] "/") == 1) file = substr(file, length(ENVIRON["PWD"]) + 2)
  group = file
  gsub(/[\/.]/, "_", group)
  group = "header_" group
}
/^#include <xtape\/.*\.def>/ {
  if (file ~ /^ops\//) print_rows()
  else print_words(file ~ /reductions/ ? "REDUCTION" : "UNARY|BINARY")
  next
}

# Macros that make declarations of rows; nothing else is one.
/^#define/ { macro = 1 }
macro {
  macro = /\\$/
  next
}
/^#undef/ { next }

# Doxygen leads to private classes that it does not show.
/^ *private:$/ {
  match($0, /private/)
  private = RSTART
  next
}
private && /^ *(public:|protected:|};)/ {
  match($0, /[^ ]/)
  if (RSTART == private - (/}/ ? 1 : 0)) private = 0
}
private && /^ *(struct|class) [A-Za-z]+( : [^;]*)?;$/ { next }

/^}.*\/\/ namespace/ {
  if (opened[depth--]) print "/// @}"
  print
  doc = ""
  next
}
/^namespace .*{$/ {
  print
  opened[++depth] = /^namespace xt/ && !/detail|kernels|replay/
  if (opened[depth]) print "/// @addtogroup ", group, "\n/// @{"
  doc = ""
  next
}

/^ *\/\/\// && !/^ *\/\/\/</ {
  if (!within_doc) {
    doc = ""
    breaks = within_code = 0
  }
  indent = $0
  sub(/\/\/\/.*/, "", indent)
  text = substr($0, length(indent) + 4)
  sub(/^ /, "", text)
  if (text ~ /^```/) {
    fence = !fence
    text = fence ? "```{.cpp}" : "```"
  }
  if (fence || text == "```") {
    print indent "/// " text
    doc = doc indent "/// " text "\n"
    within_doc = 1
    next
  }
  text = escaped(text)
  line = indent "/// "
  if (within_doc && text ~ /^( +[^ ]|Throws|Source)/ && !blank)
    line = breaks++ ? line "<br>" : indent "///\n" line  # the first ends what a list shows
  blank = text == ""
  sub(/^ +/, "", text)
  line = line text
  print line
  doc = doc line "\n"
  within_doc = 1
  next
}
{
  # Beside the one before, without a line between: the sentence is about both.
  if (!within_doc && doc != "" && closed && /^(\[\[nodiscard\]\]|inline|Tensor|void)/) printf "%s", doc
  within_doc = 0
  blank = 0
  closed = /[;}]$/
  if (/^ *$/ || /^[})]/) doc = ""
}
/\/\/\/</ {
  within_code = 0
  at = index($0, "///<")
  print substr($0, 1, at + 3), escaped(substr($0, at + 4))
  next
}
# Friends have no place of their own to be led to.
/^ *template <.*>$/ {
  if (held != "") print held
  held = $0
  next
}
/^ *friend / {
  befriended = 1
  body = ""
}
befriended {
  held = ""
  if (body != "" ? $0 == body : /;$|}$/) befriended = 0
  if (body == "" && /{$/) {
    body = $0
    sub(/[^ ].*/, "}", body)
  }
  next
}
{
  if (held != "") print held
  held = ""
  print
}
