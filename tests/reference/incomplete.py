#!/usr/bin/env python3
"""Compares tests/support/incomplete_values.hpp, incomplete gamma and beta functions, with mpmath.

Usage: python3 tests/reference/incomplete.py [--write]        needs mpmath (PyPI or Debian: python3-mpmath)

Ends with 1 if it is not what mpmath gives now, in 400 digits; with --write it is written anew.
"""
import pathlib
import sys

import mpmath as mp

mp.mp.dps = 400
header = pathlib.Path(__file__).resolve().parents[1] / "support" / "incomplete_values.hpp"


def lower(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def beta_derivative(orders, a, b, x):
    def value(p, q, at):
        return mp.betainc(p, q, 0, at, regularized=True)

    def density(p, q, at):
        return at ** (p - 1) * (1 - at) ** (q - 1) / mp.beta(p, q)

    by_a, by_b, by_x = orders
    f = density if by_x else value
    if by_a == by_b == 0:
        return f(a, b, x)
    with mp.workdps(100):
        h = mp.mpf(10) ** -20
        if (by_a, by_b) == (1, 1):
            return sum(s * t * f(a + s * h, b + t * h, x) for s in (-1, 1) for t in (-1, 1)) / (4 * h * h)
        points = [f(a + s * h * (by_a > 0), b + s * h * (by_b > 0), x) for s in (-1, 0, 1)]
        if by_a + by_b == 1:
            return (points[2] - points[0]) / (2 * h)
        return (points[2] - 2 * points[1] + points[0]) / (h * h)


def text(x):
    return mp.nstr(x, 17, min_fixed=0, max_fixed=0)


gamma_rows = []
for a in (0.05, 0.5, 1, 2.5, 7, 15, 60, 300):
    for share in (0.05, 0.5, 0.95, 1.05, 2, 5):
        x = a * share
        at, to = mp.mpf(a), mp.mpf(x)
        numbers = [mp.mpf(a), mp.mpf(x), lower(at, to), mp.gammainc(at, to, mp.inf, regularized=True)]
        numbers += [mp.diff(lambda t: lower(t, to), at, n, h=mp.mpf(10) ** -40) for n in (1, 2)]
        gamma_rows.append("    {" + ", ".join(map(text, numbers)) + "},")

def far_parts(a, distance):
    """x at so many standard deviations from a, and both parts, by quadrature."""
    x = float(a + distance * mp.sqrt(a))
    with mp.workdps(50):
        at = mp.mpf(a)
        scale = mp.sqrt(at)
        height = mp.exp(at * mp.log(at) - at - mp.loggamma(at)) / scale
        density = lambda v: height * mp.exp(at * mp.log1p(v / scale) - v * scale) / (1 + v / scale)
        place = (mp.mpf(x) - at) / scale
        out = 1 if place > 0 else -1
        panel = 1 / (1 + abs(place))  # far out the density falls by exp(-1) in one
        here = density(place)  # beside which quad sees its errors
        tail = here * abs(mp.quad(lambda v: density(v) / here, [place + out * k * panel for k in range(81)]))
        below, above = (1 - tail, tail) if place > 0 else (tail, 1 - tail)
        return [mp.mpf(a), mp.mpf(x), below, above]


far_rows = []
for a in (9.9e5, 1e6, 3e8, 1e12, 1e15):
    for distance in (-30, -8, -2.5, -0.3, 0, 0.4, 3, 9, 31):
        far_rows.append("    {" + ", ".join(map(text, far_parts(a, distance))) + "},")

beta_rows = []
for a in (0.125, 0.5, 1, 3, 20, 200):
    for b in (0.125, 1, 2.5, 30):
        for x in (0.0625, 0.25, 0.75, 0.9375):
            numbers = [mp.mpf(v) for v in (a, b, x)]
            for orders in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (2, 0, 0), (1, 1, 0), (0, 2, 0), (1, 0, 1), (0, 1, 1)):
                numbers.append(beta_derivative(orders, *numbers[:3]))
            beta_rows.append("    {" + ", ".join(map(text, numbers)) + "},")

new = """#pragma once
// Written by tests/reference/incomplete.py.

/// a, x, P(a, x), 1 - P(a, x), dP/da, d2P/da2
// clang-format off
inline constexpr double incomplete_gamma_values[][6] = {
%s
};
/// a, x, P(a, x), 1 - P(a, x)
inline constexpr double incomplete_gamma_far[][4] = {
%s
};
/// a, b, x, I_x(a, b), its derivatives by a, b, aa, ab, bb, ax, bx
inline constexpr double incomplete_beta_values[][11] = {
%s
};
// clang-format on
""" % ("\n".join(gamma_rows), "\n".join(far_rows), "\n".join(beta_rows))
if "--write" in sys.argv:
    header.write_text(new)
elif header.read_text() != new:
    sys.exit(f"{header} is not what mpmath gives")
