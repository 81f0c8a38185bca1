#!/usr/bin/env python3
"""Compares tests/support/numpy_random.hpp, what NumPy's legacy generator draws, with NumPy.

Usage: python3 tests/reference/random.py [--write]        needs numpy

Of each way to draw: the first numbers, the sum of all as integers (of floating ones their bits), modulo 2^64,
and the uniform number that comes next. Ends with 1 if the header is not what comes out now; with --write it
is written anew.
"""
import pathlib
import sys

import numpy as np

header = pathlib.Path(__file__).resolve().parents[1] / "support" / "numpy_random.hpp"
count = 20000
probabilities = [0.1, 0.0, 0.25, 0.4, 0.25]
many = [(i % 7) / 594 for i in range(200)]  # their sum is 1

continuous = {"exponential(2.5)": lambda r: r.exponential(2.5, count)}
for k in (0, 0.001, 0.3, 0.99, 1, 1.2, 7.5, 1e6):
    continuous[f"gamma({k}, 1.5)"] = lambda r, k=k: r.gamma(k, 1.5, count)
for df in (0.7, 2, 3.5, 50):
    continuous[f"chisquare({df})"] = lambda r, df=df: r.chisquare(df, count)
    continuous[f"standard_t({df})"] = lambda r, df=df: r.standard_t(df, count)
for a, b in ((0.5, 0.5), (1, 1), (0.001, 0.002), (2, 3), (0.5, 4), (100, 1)):
    continuous[f"beta({a}, {b})"] = lambda r, a=a, b=b: r.beta(a, b, count)
continuous["dirichlet"] = lambda r: r.dirichlet([0.5, 1, 3, 20], (50, 20))

discrete = {}
for mean in (0, 0.1, 3, 9.9, 10, 11.5, 60, 1e4, 1e12, 9e18):
    discrete[f"poisson({mean})"] = lambda r, mean=mean: r.poisson(mean, count)
discrete["bernoulli(0.3)"] = lambda r: r.random_sample(count) < 0.3
for n in (0, 1, 20, 1000):
    discrete[f"multinomial({n})"] = lambda r, n=n: r.multinomial(n, probabilities, (50, 40))
discrete["choice(5)"] = lambda r: r.choice(5, count)
discrete["choice(5) by p"] = lambda r: r.choice(5, count, p=probabilities)
discrete["choice(5) of different by p"] = lambda r: r.choice(5, (2, 2), False, probabilities)
discrete["choice(200) of different by p"] = lambda r: r.choice(200, 150, False, many)
discrete["choice(200) of different"] = lambda r: r.choice(200, (10, 15), False)


def row(name, draw, bits):
    r = np.random.RandomState(5)
    values = np.ascontiguousarray(draw(r)).ravel()
    whole = values.view(np.uint64) if bits else values.astype(np.int64).view(np.uint64)
    total = int(np.add.reduce(whole, dtype=np.uint64))
    first = ", ".join(repr(v) for v in values[:4].tolist()) if bits else ", ".join(str(int(v)) for v in values[:4])
    return f'      {{"{name}", {{{first}}}, {total}U, {r.random_sample()!r}}},\n'


text = """#pragma once
#include <cstdint>
#include <string>
#include <vector>

// Written by tests/reference/random.py.
// clang-format off

/// What NumPy draws, all with seed 5.
template <class T>
struct NumpyDraws {
  std::string name;
  std::vector<T> first;
  std::uint64_t sum;  // of all, as integers
  double next;        // the uniform number behind them
};

inline const std::vector<NumpyDraws<double>>& numpy_continuous() {
  static const std::vector<NumpyDraws<double>> table{
"""
text += "".join(row(name, draw, True) for name, draw in continuous.items())
text += """  };
  return table;
}

inline const std::vector<NumpyDraws<std::int64_t>>& numpy_discrete() {
  static const std::vector<NumpyDraws<std::int64_t>> table{
"""
text += "".join(row(name, draw, False) for name, draw in discrete.items())
text += """  };
  return table;
}
"""

if "--write" in sys.argv:
    header.write_text(text)
elif header.read_text() != text:
    sys.exit(f"{header} is not what NumPy draws now")
