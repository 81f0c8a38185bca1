# A guide as GitHub reads it -> as Doxygen 1.9 reads it: pages and headings get names, links lead to
# these, other files of the repository become pages of their sources, comments go.

function slug(title) {
  title = tolower(title)
  gsub(/[^a-z0-9_ -]/, "", title)
  gsub(/ /, "-", title)
  return title
}

# "docs/" and "../ops/x.def" -> "ops/x.def"
function resolved(folder, path) {
  path = folder path
  while (match(path, /[^\/]+\/\.\.\//)) path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
  return path
}

function page_of(path) {
  sub(/.*\//, "", path)
  sub(/\.md$/, "", path)
  return path == "README" ? "index" : "guide_" tolower(path)
}

function target(link,   hash, anchor) {
  if (link ~ /^[a-z]+:/) return link
  hash = index(link, "#")
  anchor = hash ? substr(link, hash + 1) : ""
  if (hash) link = substr(link, 1, hash - 1)
  if (anchor != "") return "@ref " page_of(link == "" ? file : link) "-" anchor
  link = resolved(folder, link)
  if (link ~ /\.md$/) return link == "README.md" ? "index.html" : "@ref " page_of(link)
  return "source/" link ".html"
}

# Links of a text without code.
function linked(text,   done, link, start, rest) {
  done = ""
  while (match(text, /\]\([^)]*\)/)) {
    link = substr(text, RSTART + 2, RLENGTH - 3)
    start = substr(text, 1, RSTART + 1)
    rest = substr(text, RSTART + RLENGTH)
    done = done start target(link) ")"
    text = rest
  }
  return done text
}

# What Doxygen would take for a command of its own.
function escaped(text) {
  if (text ~ /<img /) {
    gsub(/src="docs\//, "src=\"", text)
    return text
  }
  gsub(/[\\@]/, "\\\\&", text)
  gsub(/</, "\\&lt;", text)
  return text
}

# A bar in the code of a table ends no cell.
function code(text, in_table) {
  if (text ~ /'/) return "``" text "``"  # a quotation mark would end it
  if (!in_table || text !~ /\\\|/) return "`" text "`"
  gsub(/&/, "\\&amp;", text)
  gsub(/</, "\\&lt;", text)
  gsub(/>/, "\\&gt;", text)
  return "<code>" text "</code>"
}

# Code may begin on one line and end on the next.
function converted(line,   parts, count, i, done, ends) {
  ends = sub(/\\$/, "", line)  # breaks the line
  count = split(line, parts, "`")
  done = ""
  for (i = 1; i <= count; ++i) {
    if ((i + within_code) % 2) done = done linked(escaped(parts[i]))
    else if (i > 1 && i < count) done = done code(parts[i], line ~ /^\|/)
    else done = done (i > 1 ? "`" : "") parts[i] (i < count ? "`" : "")
  }
  if (count > 0) within_code = (within_code + count - 1) % 2
  return done (ends ? "<br>" : "")
}

BEGIN { fence = "```" }
FNR == 1 {
  file = FILENAME
  if (index(file, ENVIRON["PWD"] "/") == 1) file = substr(file, length(ENVIRON["PWD"]) + 2)
  folder = file
  if (!sub(/[^\/]*$/, "", folder)) folder = ""
}
comment {
  if (/-->/) comment = 0
  next
}
!inside && /^<!--/ {
  if (!/-->/) comment = 1
  next
}
substr($0, 1, 3) == fence {
  inside = !inside
  print
  next
}
inside { print; next }
/^# / {
  print converted($0) " {#" (file == "README.md" ? "mainpage" : page_of(file)) "}"
  next
}
/^##+ / {
  title = $0
  sub(/^#+ /, "", title)
  print converted($0) " {#" page_of(file) "-" slug(title) "}"
  next
}
/^ *$/ { within_code = 0 }
{ print converted($0) }
