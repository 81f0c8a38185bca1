#!/usr/bin/env python3
"""Writes tests/support/table_values.hpp: files as pandas writes them and R would, with the columns and fields that pandas
reads in them, and dates by the formats of strptime, with the seconds since 1970 that pandas makes of them.

Usage: python3 -P tests/reference/tables.py    needs pandas (pip install pandas)
"""
import io
import pathlib
import subprocess

import pandas

here = pathlib.Path(__file__).parent
frame = pandas.DataFrame({"a": [1.5, 2.25], "b": ["x", "y, z"]})
named = frame.set_index(pandas.Index(["p", "q"]))
files = {
    "to_csv": (frame.to_csv(), ","),
    "to_csv of named rows": (named.to_csv(), ","),
    "to_csv of two indices": (frame.set_index([[1, 2], ["p", "q"]]).to_csv(), ","),
    "to_string": (named.drop(columns="b").assign(c=[3, 4]).to_string(), " "),
    # As the manual of R has it: write.csv(frame), write.table(frame) and, of quote = FALSE, sep = "\t", the last.
    "write.csv": ('"","a","b"\n"1",1.5,"x"\n"2",2.25,"y, z"\n', ","),
    "write.table": ('"a" "b"\n"1" 1.5 "x"\n"2" 2.25 "y, z"\n', " "),
    "write.table with tabs": ("a\tb\n1\t1.5\tx\n2\t2.25\ty, z\n", "\t"),
}
dates = [("%d.%m.%Y", "31.12.2024"), ("%m/%d/%Y", "2/9/2024"), ("%Y%m%d", "20241231"), ("%d-%b-%y", "09-oct-68"),
         ("%d-%b-%y", "09-OCT-69"), ("%m/%d/%y %I:%M %p", "12/31/24 12:05 AM"), ("%m/%d/%Y %I:%M:%S %p", "1/2/2024 12:05:09 PM"),
         ("%Y%m%d%H%M%S", "20240229235958"), ("%d/%b/%Y:%H:%M:%S %z", "10/Oct/2000:13:55:36 -0700"),
         ("%Y-%m-%dT%H:%M%z", "2024-02-29T23:59Z"), ("%H.%M %d.%m.%Y", "7.05 1.3.2024"), ("100%% %y%m%d", "100% 991231")]


def literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def braces(items):
    return "{" + ", ".join(items) + "}"


out = [f"""#pragma once
// Written by tests/reference/tables.py: pandas {pandas.__version__}.
#include <string>
#include <vector>

namespace table_values {{

struct File {{
  std::string name, text;
  char delimiter;
  std::vector<std::string> columns;  // those without a name as pandas numbers them
  std::vector<std::vector<std::string>> rows;
}};
inline const std::vector<File> files{{"""]
for name, (text, delimiter) in files.items():
    table = pandas.read_csv(io.StringIO(text), sep=r"\s+" if delimiter == " " else delimiter, dtype=str)
    if not isinstance(table.index, pandas.RangeIndex):
        table = table.reset_index()
    rows = braces(braces(literal(field) for field in row) for row in table.to_numpy())
    out.append(f"{{{literal(name)}, {literal(text)}, '{delimiter if delimiter != chr(9) else chr(92) + 't'}', "
               f"{braces(literal(str(column)) for column in table.columns)}, {rows}}},")
out.append("""};

struct Instant {
  std::string format, text;
  double seconds;
};
inline const std::vector<Instant> instants{""")
for form, text in dates:
    instant = pandas.to_datetime(text, format=form)
    out.append(f"{{{literal(form)}, {literal(text)}, {int(instant.timestamp())}}},")
out.append("};\n\n}  // namespace table_values")
path = here.parent / "support/table_values.hpp"
path.write_text("\n".join(out) + "\n")
subprocess.run(["clang-format-14", "-i", path], check=True)
