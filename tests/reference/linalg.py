#!/usr/bin/env python3
"""Compares tests/support/scipy_linalg.hpp, what SciPy and closed forms give, with what they give now.

Usage: python3 tests/reference/linalg.py [--write]     needs NumPy, SciPy and mpmath (python3-mpmath)

The matrices follow from their shapes, see `operand`; the header keeps the results. Decompositions and
derivatives come from mpmath with 60 digits, derivatives by differences there. Ends with 1 if the header
is not what they give now; with --write it is written anew.
"""
import pathlib
import sys

import mpmath
import numpy
import scipy.linalg

header = pathlib.Path(__file__).resolve().parents[1] / "support" / "scipy_linalg.hpp"
mpmath.mp.dps = 60


def operand(rows, columns, seed=0):
    """Whole numbers from -5 to 5."""
    i = numpy.arange(rows * columns)
    return ((7 * i * i + 3 * i + 5 * seed) % 11 - 5.0).reshape(rows, columns)


def symmetric(n):
    a = operand(n, n)
    return a + a.T


def number(x):
    return repr(float(x)) if abs(x) > 1e-300 else "0.0"


def exact(a):
    return mpmath.matrix(a.tolist())


def eigenvalues(a):
    values = mpmath.eigsy(exact(a), eigvals_only=True)
    return sorted(values[i] for i in range(a.shape[0]))


def singular_values(a):
    # of aᵀ a with 60 digits; eigsy wants no rank
    b = exact(a if a.shape[0] >= a.shape[1] else a.T)
    values = mpmath.eigsy(b.T * b, eigvals_only=True)
    return sorted((mpmath.sqrt(abs(values[i])) for i in range(len(values))), reverse=True)


def exponential(a):
    return mpmath.expm(exact(a))


def flat(m):
    return [m[i, j] for i in range(m.rows) for j in range(m.cols)]


def along(f, a, direction):
    """The derivative of f along a direction, by central differences of order 8 with 60 digits."""
    h = mpmath.mpf(10) ** -6
    weights = [(1, mpmath.mpf(4) / 5), (2, mpmath.mpf(-1) / 5), (3, mpmath.mpf(4) / 105), (4, mpmath.mpf(-1) / 280)]
    total = 0
    for steps, weight in weights:
        ahead = f(a + steps * h * direction)
        behind = f(a - steps * h * direction)
        total = total + weight * (ahead - behind)
    return total / h


def pinv(a):
    a = mpmath.matrix(a)
    return (a.T * a) ** -1 * a.T if a.rows >= a.cols else a.T * (a * a.T) ** -1


def row(name, shape, values):
    return '    {"%s", {%s}, {%s}},' % (name, ", ".join(map(str, shape)), ", ".join(number(v) for v in values))


def rows():
    for n in (2, 3, 5):
        yield row("eigvalsh", (n, n), eigenvalues(symmetric(n)))
    for shape in ((2, 2), (3, 5), (5, 3), (6, 6)):
        yield row("singular_values", shape, singular_values(operand(*shape)))
    for shape in ((3, 5), (5, 3)):
        yield row("pinv", shape, flat(pinv(operand(*shape).tolist())))
        b = exact(operand(shape[0], 2, 1))
        yield row("lstsq", shape, flat(pinv(operand(*shape).tolist()) * b))
        yield row("pinv along", shape,
                  flat(along(pinv, exact(operand(*shape)), exact(operand(*shape, 2)))))
    for n in (2, 3, 5):
        for scale in (1, 16, 256):  # degrees from 3 to 13, and squarings
            yield row("expm / %d" % scale, (n, n), flat(exponential(operand(n, n) / scale)))
    yield row("expm / 0.5", (3, 3), flat(exponential(operand(3, 3) * 2)))
    yield row("expm along / 8", (3, 3),
              flat(along(mpmath.expm, exact(operand(3, 3) / 8), exact(operand(3, 3, 2)))))
    for shape in ((3, 3), (3, 5), (5, 3)):
        p, l, u = scipy.linalg.lu(operand(*shape))
        yield row("lu", shape, list(p.flat) + list(l.flat) + list(u.flat))
        q, r = scipy.linalg.qr(operand(*shape), mode="economic")
        yield row("qr", shape, list(q.flat) + list(r.flat))
    for shape in ((3, 5), (5, 3), (4, 4)):
        a = operand(*shape)
        norms = [numpy.linalg.norm(a, kind) for kind in ("fro", "nuc", 2, 1, numpy.inf)]
        yield row("matrix_norm", shape, norms)
        yield row("cond", shape, [numpy.linalg.cond(a)])
        yield row("matrix_rank", shape, [numpy.linalg.matrix_rank(a)])


head = """#pragma once
#include <cstdint>
#include <vector>

#include <xtape/core/create.hpp>

// Written by tests/reference/linalg.py.

/// Whole numbers from -5 to 5.
inline xtape::Tensor linalg_operand(std::int64_t rows, std::int64_t columns,
                                    std::int64_t seed = 0) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < rows * columns; ++i)
    numbers.push_back(static_cast<double>((7 * i * i + 3 * i + 5 * seed) % 11 - 5));
  return xtape::from_vector(std::move(numbers), {rows, columns});
}

/// What a function gives for such a matrix, of eigvalsh for the sum of it and its transpose, of `along` its
/// derivative along the one of seed 2; row by row, results one behind the other.
struct LinalgResult {
  const char* name;
  xtape::Shape shape;
  std::vector<double> values;
};

// clang-format off
inline const std::vector<LinalgResult> linalg_results{
"""


def main():
    text = head + "\n".join(rows()) + "\n};\n// clang-format on\n"
    if "--write" in sys.argv:
        header.write_text(text)
    elif header.read_text() != text:
        sys.exit("tests/support/scipy_linalg.hpp is not what SciPy and mpmath give: --write writes it anew")


main()
