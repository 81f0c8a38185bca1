#!/bin/sh
# Writes operations.md: the operations that ops/ has, as its headers and tables describe them.
# Usage: sh docs/operations.sh >docs/operations.md
set -eu
cd "$(dirname "$0")/.."

# What a user looks for, and the header that has it.
sections='Elementwise: arithmetic, comparisons, activations|elementwise
Elementwise: rounding, angles, other logarithms, hyperbolic functions|functions
Elementwise: gamma and beta functions, the normal distribution, Bessel functions|special
Bits of integers|bitwise
Incomplete gamma and beta functions|incomplete
Sums, extrema and other reductions|reduce
Variances, norms, truth|statistics
Reductions of what a mask chooses|masked
Median, quantiles, sums without NaN|quantile
Samples of a function: differences and areas|samples
Shapes, parts and joining|layout
Rearranging, padding, replacing parts|rearrange
Elements by index|index
Elements by an index for each place|along_axis
Elements by several indices and by masks|places
Order|sort
Searching and counting|search
Running sums, products and extrema|cumulative
Products of matrices|matmul
Other products|products
Angles and distances|similarity
Sums of products by subscripts|einsum
Convolutions and correlations of signals|convolve
Convolutions of images|convolution
Pooling|pooling
Images in other sizes|upsample
Normalization|normalization
Recurrent nets|recurrent
Attention|attention
Positions|positions
Linear algebra|linalg
Fourier transforms|fourier
Softmax|softmax
Closeness|close
Other activations|activation
Dropout|dropout
Probability distributions|distributions
Derivatives of functions|derivatives
Functions of one example, for all|vmap
Recomputing instead of keeping|checkpoint
Solutions of equations|implicit
Checking derivatives|gradcheck
Gradients on their way|hook'

# Watching is told in graph.md, replays in replay.md, parts of a batch in distributed.md, what an operand may be in elementwise.hpp.
missing=$(sed -nE 's/#include <xtape\/ops\/(.*)\.hpp>/\1/p' xtape.hpp |
  grep -vxE "batch_part|compile|debug_guard|trace|operand|$(printf '%s\n' "$sections" | sed 's/.*|//' | paste -sd '|')" || :)
if [ -n "$missing" ]; then
  echo "docs/operations.sh: no section has the headers $missing of ops/" >&2
  exit 1
fi

cat <<END
# Operations

Written by docs/operations.sh out of the headers and tables in \`ops/\`. All operations take part in derivatives of any order, in forward
mode (\`jvp\`) and in \`vmap\`, unless it says otherwise: \`tests/gradients.cpp\` and \`tests/ops/transforms.cpp\` hold that for each. A function
takes \`any\` dtype, \`numeric\` ones, all but boolean, or \`floating\` ones, to which it converts integers. g is dL/dy, the gradient of the
result. A greatest error is in units of the last place, in float32 and in float64; a slope's is the greater of two, and so is that of a second
derivative, which stands where its formula may lose digits. Edges are values at 0 and infinity, and at 1, -1 and other places where a domain
ends. More about errors: [accuracy.md](accuracy.md).

END
printf '%s\n' "$sections" | while IFS='|' read -r title header; do
  anchor=$(printf '%s' "$title" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 ]//g; s/ /-/g')
  echo "- [$title](#$anchor)"
done

# The rows of a table: name, dtypes, value, derivatives, greatest errors, values at edges. The errors are those
# that tests/support/greatest_errors.def states, the edges those of tests/support/special_ends.def and of the
# uses in tests/peers.
rows() {
  printf '\n| function | takes | value | derivatives by its arguments | greatest error | edges |\n|---|---|---|---|---|---|\n'
  awk '
    # The text up to the next comma outside of brackets; `rest` is what follows it.
    function next_field(text,   depth, i, letter) {
      depth = 0
      for (i = 1; i <= length(text); ++i) {
        letter = substr(text, i, 1)
        if (letter == "(") ++depth
        if (letter == ")") --depth
        if (depth < 0 || (letter == "," && depth == 0)) break
      }
      rest = substr(text, i + 1)
      text = substr(text, 1, i - 1)
      gsub(/^ +| +$/, "", text)
      gsub(/\|/, "\\|", text)
      return text
    }
    # "5*0" as five times 0.
    function spread(first, into,   i, k, parts, count) {
      count = 0
      for (i = first; i <= NF; ++i) {
        if (split($i, parts, "*") == 1) into[++count] = $i
        else for (k = 0; k < parts[1]; ++k) into[++count] = parts[2]
      }
      return count
    }
    FILENAME ~ /greatest_errors/ {
      if (/^XTAPE_/) {
        gsub(/[(),]/, " ")
        error[$2] = "value " $3 ", " $4 ($5 == "" ? "" : "; slope " $5 ", " $6) ($7 == "" ? "" : "; second " $7 ", " $8)
      }
      next
    }
    FILENAME ~ /special_ends/ {
      if (/^XTAPE_END/) {
        line = $0
        sub(/^XTAPE_END\(/, "", line)
        rest = line
        use = next_field(rest)
        call = next_field(rest)
        place = next_field(rest)
        value = next_field(rest)
        if (place == "-0.0") next
        sub(/\.0$/, "", place)
        if (value ~ /\./) value = sprintf("%.4g", value)
        one = (call == use "(x)" ? "" : "`" call "` at ") place ": " value
        edge[use] = edge[use] (edge[use] == "" ? "" : ", ") one
      }
      next
    }
    FILENAME ~ /peers/ {
      if (/^[a-z]/) { use = $0; sub(/:.*/, "", use); inputs = 0 }
      if (/^ [a-z]+ [-0-9.]+ [-0-9.]+ :/) {
        ++inputs
        others = 0
        for (i = 6; i <= NF; ++i) if ($i == "+") others = spread(i + 1, at)
      }
      if (/^ y / && inputs == 1 && others > 0 && !(use in edge)) {
        for (i = 2; $i != ":"; ++i) { }
        count = spread(i + 1, y)
        for (k = 1; k <= others; ++k) {
          value = y[count - others + k]
          if (at[k] !~ /^(0|1|-1|-?inf)$/ || value == "~") continue
          if (at[k] ~ /1/ && value !~ /inf|nan/) continue  # 1 and -1 are ends of domains
          if (value == "-0") value = 0  # the tests there take both zeros as one
          if (value ~ /\./) value = sprintf("%.4g", value)
          edge[use] = edge[use] (edge[use] == "" ? "" : ", ") at[k] ": " value
        }
      }
      next
    }
    /^XTAPE_(UNARY|BINARY|TERNARY|COMPARE) *\(/ {
      kind = $0
      sub(/^XTAPE_/, "", kind)
      sub(/[ (].*/, "", kind)
      rest = $0
      sub(/^[^(]*\(/, "", rest)
      name = next_field(rest)
      inputs = kind == "UNARY" ? "x" : kind == "TERNARY" ? "a, b, c" : "a, b"
      takes = kind == "COMPARE" ? "any" : next_field(rest)
      value = next_field(rest)
      count = kind == "UNARY" ? 1 : kind == "BINARY" ? 2 : kind == "TERNARY" ? 3 : 0
      derivatives = count == 0 ? "none: the result is boolean" : ""
      for (i = 0; i < count; ++i) {
        one = next_field(rest)
        derivatives = derivatives (i > 0 ? "; " : "") (one == "none" ? one : "`" one "`")
      }
      if (kind != "COMPARE" && error[name] == "") {
        print "docs/operations.sh: greatest_errors.def does not state that of " name >"/dev/stderr"
        exit 1
      }
      printf "| `%s(%s)` | %s | `%s` | %s | %s | %s |\n", name, inputs, takes, value, derivatives, error[name], edge[name]
    }' tests/support/greatest_errors.def tests/support/special_ends.def tests/peers/elementwise.txt tests/peers/special.txt "$1"
}

# What the formulas of a table have in common.
formulas() {
  awk '
    /^XTAPE_FORMULA *\(/ {
      line = $0
      sub(/^XTAPE_FORMULA *\( */, "", line)
      sub(/\) *$/, "", line)
      name = line
      sub(/,.*/, "", name)
      parameters = line
      sub(/^[^(]*\(/, "", parameters)
      value = parameters
      sub(/\).*/, "", parameters)
      gsub(/T /, "", parameters)
      sub(/^[^)]*\), */, "", value)
      if (!shown++) printf "\nIn these, `over(g, d)` is g / d and `times(g, e)` is g e, both 0 where g is 0; and\n\n"
      printf "- `%s(%s)` is `%s`\n", name, parameters, value
    }' "$1"
}

# The functions of a header with what is said of them, but for what is in detail.
functions() {
  awk '
    /^namespace detail/ { hidden = 1 }
    hidden && /^}/ { hidden = 0; doc = "" }
    hidden { next }
    /^ *\/\/\// {
      if (closed) doc = ""
      closed = 0
      line = $0
      sub(/^ *\/\/\/ ?/, "", line)
      if (line ~ /^```/) {
        fence = !fence
        doc = doc (fence ? "```cpp" : "```") "\n"
        next
      }
      if (fence) {
        doc = doc line "\n"
        next
      }
      if (doc != "" && doc !~ /```\n$/ && doc !~ /\n\n$/ && line ~ /^( +|Throws|Source)/) sub(/\n$/, "\\\n", doc)  # begins a line
      sub(/^ +/, "", line)
      if (line ~ /\]\(/ && line !~ /`/) line = "`" line "`"  # no link
      doc = doc line "\n"
      next
    }
    /^requires.*\[\[nodiscard\]\]/ { sub(/^requires.*\[\[nodiscard\]\]/, "[[nodiscard]]") }
    /^\[\[nodiscard\]\]/ || /^(void|Tensor) [a-z_]+\(/ { statement = ""; inside = 1 }
    inside {
      line = $0
      sub(/^\[\[nodiscard\]\] /, "", line)
      statement = statement (statement == "" ? "" : "\n") line
      if (line !~ /[;{]$/ && line !~ /}$/) next
      inside = 0
      sub(/ *\{[^}]*\}?$/, ";", statement)
      sub(/^inline /, "", statement)
      if (!closed) {
        if (shown) printf "```\n"
        if (doc != "") printf "\n%s\n```cpp\n", doc
        else printf "\n```cpp\n"
        shown = 1
      }
      print statement
      closed = 1
      next
    }
    /^}/ || /^(struct|class|enum|concept)/ { if (!closed) doc = "" }
    END { if (shown) printf "```\n" }' "$1"
}

# The types of a header with what is said of them, but for bodies of functions and what is in detail.
types() {
  awk '
    /^\/\/\// {
      line = $0
      sub(/^\/\/\/ ?/, "", line)
      if (doc != "" && doc !~ /\n\n$/ && line ~ /^( +|Throws|Source)/) sub(/\n$/, "\\\n", doc)  # begins a line
      sub(/^ +/, "", line)
      doc = doc line "\n"
      next
    }
    /^namespace detail/ { hidden = 1 }
    /^}.*namespace detail/ { hidden = 0; doc = "" }
    /^namespace xtape/ && doc != "" { printf "\n%s", doc; doc = "" }
    /^template/ { head = $0 "\n"; next }
    /^struct [A-Z].*{$/ && !hidden { printf "\n%s\n```cpp\n%s", doc, head; doc = ""; inside = 1 }
    { head = "" }
    /^};/ && inside { print "};\n```"; inside = 0 }
    inside && skipped { if (/^  }$/) skipped = 0; next }
    inside && /^      :/ { next }
    inside {
      line = $0
      if (line ~ /^  .*\) (const )?{$/) skipped = 1
      sub(/ {( .*})?$/, ";", line)
      if (line ~ /^struct/) line = $0
      if (line ~ /\)$/) line = line ";"
      print line
    }' "$1"
}

printf '%s\n' "$sections" | while IFS='|' read -r title header; do
  printf '\n## %s\n\n`<xtape/ops/%s.hpp>`\n' "$title" "$header"
  if [ -e "ops/$header.def" ]; then
    rows "ops/$header.def"
    formulas "ops/$header.def"
  fi
  [ "$header" != distributions ] || types "ops/$header.hpp"
  functions "ops/$header.hpp"
done
