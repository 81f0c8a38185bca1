#!/usr/bin/env python3
"""Writes tests/support/pipeline_values.hpp: what scikit-learn's imputers, encoders and scalers, fitted to training
rows, make of these and of test rows; and what pandas says of a table's columns.

Usage: python3 -P tests/reference/pipeline.py    needs NumPy, pandas and scikit-learn (pip install scikit-learn pandas)
"""
import io
import pathlib
import subprocess

import numpy
import pandas
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

here = pathlib.Path(__file__).parent
random = numpy.random.RandomState(0)


def drawn(rows, colours, sizes):
    age = numpy.round(random.normal(40, 12, rows), 1)
    fare = numpy.round(random.gamma(2, 15, rows))
    table = {"age": age, "fare": fare, "colour": random.choice(colours, rows), "size": random.choice(sizes, rows)}
    table = {name: [str(value) for value in column] for name, column in table.items()}
    for name in table:
        for row in random.choice(rows, rows // 6, replace=False):
            table[name][row] = ""
    lines = [",".join(table)] + [",".join(row) for row in zip(*table.values())]
    return "\n".join(lines) + "\n"


training = drawn(22, ["red", "red", "red", "green", "green", "blue", "violet"], ["2", "10", "1", "10", "10"])
test = drawn(9, ["red", "blue", "grey", "violet", "green"], ["10", "2", "7"])
# Of one row in which all is there, and one in which nothing is.
test += "31.5,20.0,red,10\n,,,\n"


def read(text):
    table = pandas.read_csv(io.StringIO(text), dtype={"colour": object, "size": object}, keep_default_na=False,
                            na_values=[""])
    for name in ("colour", "size"):
        table[name] = table[name].astype(object).where(table[name].notna(), numpy.nan)
    return table


numbers, colour, both = ["age", "fare"], ["colour"], ["colour", "size"]


def steps(*parts):
    return make_pipeline(*parts)


def imputer(strategy, **options):
    return SimpleImputer(strategy=strategy, **options)


def hot(**options):
    return OneHotEncoder(sparse_output=False, **options)


def codes(**options):
    return OrdinalEncoder(handle_unknown="use_encoded_value", **options)


sizes = numpy.array(["1", "2", "10"], object)  # in the order of numbers
cases = {
    "mean_standard": [("", steps(imputer("mean"), StandardScaler()), numbers)],
    "median_min_max": [("", steps(imputer("median"), MinMaxScaler()), numbers)],
    "most_frequent_max_abs": [("", steps(imputer("most_frequent"), MaxAbsScaler()), numbers)],
    "constant_indicator": [("", imputer("constant", fill_value=-1), numbers),
                           ("missing", MissingIndicator(features="all"), numbers)],
    "one_hot": [("", steps(imputer("most_frequent"), hot(handle_unknown="ignore")), colour),
                ("size", steps(imputer("most_frequent"), hot(handle_unknown="ignore", categories=[sizes])), ["size"])],
    "one_hot_rare": [("", steps(imputer("most_frequent"),
                                hot(handle_unknown="infrequent_if_exist", min_frequency=4)), colour)],
    "codes": [("", steps(imputer("most_frequent"), codes(unknown_value=3)), colour),
              ("size", steps(imputer("most_frequent"), codes(unknown_value=3, categories=[sizes])), ["size"])],
    "codes_rare": [("", steps(imputer("most_frequent"), codes(unknown_value=3, min_frequency=4)), colour)],
    "all": [("numbers", steps(imputer("median"), StandardScaler()), numbers),
            ("colours", steps(imputer("constant", fill_value="none"), hot(handle_unknown="ignore")), colour),
            ("sizes", steps(imputer("most_frequent"), codes(unknown_value=3, categories=[sizes])), ["size"])],
}


def literal(values):
    text = ", ".join(repr(float(value)) if not float(value).is_integer() else str(int(value)) for value in values)
    return "{" + text + "}"


out = [f"""#pragma once
// Written by tests/reference/pipeline.py: scikit-learn {sklearn.__version__}, pandas {pandas.__version__}.
#include <vector>

namespace pipeline_values {{

inline constexpr const char* training =
    R"({training})";
inline constexpr const char* test =
    R"({test})";

/// Features of the training rows and of the test rows, row by row.
struct Case {{
  std::vector<double> training, test;
}};
"""]
for name, parts in cases.items():
    transformer = ColumnTransformer([(f"{part[0]}{i}", part[1], part[2]) for i, part in enumerate(parts)],
                                    sparse_threshold=0)
    fitted = numpy.asarray(transformer.fit_transform(read(training)), float)
    applied = numpy.asarray(transformer.transform(read(test)), float)
    out.append(f"// [*, {fitted.shape[1]}]\ninline const Case {name}{{{literal(fitted.ravel())},\n"
               f"  {literal(applied.ravel())}}};\n")
described = read(training)[numbers].describe()
out.append("/// count, mean, deviation, min, quartiles, max of age and fare\n"
           f"inline const std::vector<double> described{literal(described.to_numpy().T.ravel())};\n")
out.append("}  // namespace pipeline_values")
path = here.parent / "support/pipeline_values.hpp"
path.write_text("\n".join(out) + "\n")
subprocess.run(["clang-format-14", "-i", path], check=True)
