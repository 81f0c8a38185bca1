#!/usr/bin/env python3
"""Compares tests/support/distribution_values.hpp and distribution_measures.hpp with mpmath, SciPy and PyTorch.

Usage: python3 tests/reference/distributions.py [--write]        needs mpmath, numpy, scipy and torch

Logarithms of densities are mpmath's in 60 digits, and SciPy's to its own precision; entropies and divergences
are PyTorch's, and mpmath's where those have lost digits; draws are NumPy's, and slopes of gamma variables by
differences of mpmath's distribution function.
Ends with 1 if the headers are not what comes out now; with --write they are written anew.
"""
import itertools
import pathlib
import sys

import mpmath as mp
import numpy as np
import scipy.stats as st
import torch
import torch.distributions as td
from torch.distributions import kl_divergence

mp.mp.dps = 60
support = pathlib.Path(__file__).resolve().parents[1] / "support"
torch.set_default_dtype(torch.float64)
inf = float("inf")


def normal(loc, scale, x):
    return -((x - loc) / scale) ** 2 / 2 - mp.log(scale) - mp.log(2 * mp.pi) / 2


def student_t(df, loc, scale, x):
    z = (x - loc) / scale
    return (mp.loggamma((df + 1) / 2) - mp.loggamma(df / 2) - mp.log(df * mp.pi) / 2 - mp.log(scale)
            - (df + 1) / 2 * mp.log(1 + z * z / df))


def exponential(rate, x):
    return -mp.inf if x < 0 else mp.log(rate) - rate * x


def gamma(a, rate, x):
    if x < 0 or x == mp.inf:
        return -mp.inf
    if x == 0:
        return mp.log(rate) if a == 1 else mp.inf if a < 1 else -mp.inf
    return a * mp.log(rate) + (a - 1) * mp.log(x) - rate * x - mp.loggamma(a)


def beta(a, b, x):
    def power(n, base):
        return mp.mpf(0) if n == 0 else -n * mp.inf if base == 0 else n * mp.log(base)
    if x < 0 or x > 1:
        return -mp.inf
    return power(a - 1, x) + power(b - 1, 1 - x) - (mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b))


def bernoulli(logit, x):
    return -mp.log(1 + mp.exp(-logit if x == 1 else logit))


def chance(p, x):
    q = p if x == 1 else 1 - p
    return mp.log(q) if q > 0 else -mp.inf


def poisson(rate, x):
    if x < 0 or x != mp.floor(x):
        return -mp.inf
    if rate == 0:
        return mp.mpf(0) if x == 0 else -mp.inf
    return x * mp.log(rate) - rate - mp.loggamma(x + 1)


def text(x):
    if abs(x) == mp.inf:
        return "inf" if x > 0 else "-inf"
    return repr(float(x))


def table(comment, name, rows):
    lines = [""]
    for row in rows:
        entry = " {" + ", ".join(map(text, row)) + "},"
        if lines[-1] and len(lines[-1]) + len(entry) > 140:
            lines.append("")
        lines[-1] += entry
    body = "\n".join("   " + line for line in lines)
    return f"/// {comment}\ninline constexpr double {name}[][{len(rows[0])}] = {{\n{body}\n}};\n"


def densities(comment, name, truth, scipy, points):
    rows = []
    for point in points:
        value = truth(*[mp.mpf(v) for v in point])
        other = float(scipy(*point))
        near = other == value or abs(other - value) <= 1e-8 * max(1, abs(value))
        assert near or abs(point[-1]) > 1e100, (name, point, value, other)
        rows.append([*point, value])
    assert len(rows) >= 40
    return table(comment, name, rows)


product = itertools.product
out = densities("loc, scale, x, log_prob", "normal_densities", normal,
                lambda m, s, x: st.norm.logpdf(x, m, s),
                product((-1.5, 0, 2), (0.125, 1, 30), (-40, -1.5, 0, 0.75, 6, 1e5)))
out += densities("df, loc, scale, x, log_prob", "student_t_densities", student_t,
                 lambda d, m, s, x: st.t.logpdf(x, d, m, s),
                 product((0.25, 1, 4.5, 300, 1e8), (0, 0.5), (1, 3), (-30, 0.5, 2, 1e160)))
out += densities("rate, x, log_prob", "exponential_densities", exponential,
                 lambda r, x: st.expon.logpdf(x, 0, 1 / r),
                 product((0.01, 0.5, 1, 7, 1e4), (-1, 0, 1e-9, 0.3, 2, 11, 1e3, 1e30, inf)))
out += densities("concentration, rate, x, log_prob", "gamma_densities", gamma,
                 lambda a, r, x: st.gamma.logpdf(x, a, 0, 1 / r),
                 [*product((0.01, 0.5, 1, 2.5, 60), (0.25, 1, 8), (-2, 0, 1e-20, 0.3, 2, 50, inf)),
                  *((a, 4, a / 4 * (1 + s / a ** 0.5)) for a in (10, 9.75, 37.5, 1e3, 1e6) for s in (-2, -0.5, 0, 1, 3))])
out += densities("a, b, x, log_prob", "beta_densities", beta, lambda a, b, x: st.beta.logpdf(x, a, b),
                 [*product((0.02, 1, 3, 50), (0.5, 1, 4.5), (-0.5, 0, 1e-30, 0.25, 0.875, 1, 1.5)),
                  *product((12, 3e3, 2e6), (10, 700, 4e6), (0, 0.0625, 0.3125, 0.359375, 0.75, 1))])
out += densities("logit, x, log_prob", "bernoulli_densities", bernoulli,
                 lambda t, x: -np.logaddexp(0, -t if x == 1 else t),
                 product((-1000, -40, -3, -1, -1e-3, 0, 0.1, 0.5, 2, 5, 8, 12, 20, 36, 60, 100, 300, 700, 750, 1e5), (0, 1)))
out += densities("p, x, log_prob", "chance_densities", chance, lambda p, x: st.bernoulli.logpmf(x, p),
                 product((0, 1e-300, 1e-20, 1e-5, 0.01, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95,
                          0.99, 0.99999, 1), (0, 1)))
out += densities("rate, x, log_prob", "poisson_densities", poisson, lambda r, x: st.poisson.logpmf(x, r),
                 [*product((0, 1e-10, 0.5, 3, 20, 150), (-1, 0, 1, 2.5, 4, 30, 200)),
                  *product((1e4, 1e6, 1e6 + 0.5), (9, 10, 9900, 1e6, 1000700, 3e6))])

r = np.random.RandomState(3)
rows = []
for i in range(10):
    scores = r.normal(0, 10 ** (i / 4), 4)
    whole = mp.log(mp.fsum(mp.exp(mp.mpf(s)) for s in scores))
    rows.append([*scores, *(mp.mpf(s) - whole for s in scores)])
out += table("Four logits, log_prob of each category", "categorical_densities", rows)

rows = []
for i in range(40):
    a = r.normal(0, 1, (3, 3))
    c, loc, x = a @ a.T + 0.1 * np.eye(3), r.normal(0, 1, 3), r.normal(0, 10 ** (i % 3), 3)
    m, d = mp.matrix(c.tolist()), mp.matrix((x - loc).tolist())
    value = -((d.T * m ** -1 * d)[0] + mp.log(mp.det(m)) + 3 * mp.log(2 * mp.pi)) / 2
    assert abs(st.multivariate_normal.logpdf(x, loc, c) - value) < 1e-11 * abs(value)
    rows.append([*loc, *c.ravel(), *x, value])
out += table("loc [3], covariance [3, 3], x [3], log_prob", "multivariate_normal_densities", rows)


def measures(name, comment, make, points):
    """Entropies of all, and divergences between neighbours."""
    t = [make(*map(torch.tensor, point)) for point in points]
    try:
        rows = [[*point, each.entropy().item()] for point, each in zip(points, t)]
        result = table(f"{comment}, entropy", f"{name}_entropies", rows)
    except NotImplementedError:
        result = ""
    if name != "student_t":
        rows = [[*points[i], *points[i + 1], kl_divergence(t[i], t[i + 1]).item()] for i in range(len(points) - 1)]
        result += table(f"{comment}, twice, divergence", f"{name}_divergences", rows)
    return result


out += measures("normal", "loc, scale", td.Normal, [(0., 1.), (1.5, 0.25), (-2., 40.), (3., 0.001)])
out += measures("student_t", "df", td.StudentT, [(0.25,), (1.,), (4.5,), (80.,)])
out += measures("exponential", "rate", td.Exponential, [(1.,), (0.25,), (30.,), (29.,)])
out += measures("gamma", "concentration, rate", td.Gamma, [(1., 1.), (0.25, 3.), (7.5, 0.5), (60., 2.)])
out += measures("beta", "a, b", td.Beta, [(1., 1.), (0.25, 3.), (7.5, 0.5), (60., 20.)])
out += measures("bernoulli", "logit", lambda t: td.Bernoulli(logits=t), [(0.,), (-3.,), (1.5,), (9.,)])


def gamma_entropy(a, rate):
    return a - mp.log(rate) + mp.loggamma(a) + (1 - a) * mp.digamma(a)


def beta_entropy(a, b):
    return (mp.log(mp.beta(a, b)) - (a - 1) * mp.digamma(a) - (b - 1) * mp.digamma(b)
            + (a + b - 2) * mp.digamma(a + b))


def student_t_entropy(df):
    return ((df + 1) / 2 * (mp.digamma((df + 1) / 2) - mp.digamma(df / 2)) + mp.log(df) / 2
            + mp.log(mp.beta(df / 2, mp.mpf(1) / 2)))


def gamma_divergence(a, rate, c, speed):
    return ((a - c) * mp.digamma(a) - mp.loggamma(a) + mp.loggamma(c) + c * mp.log(rate / speed)
            + a * (speed - rate) / rate)


def beta_divergence(a, b, c, d):
    return (mp.log(mp.beta(c, d) / mp.beta(a, b)) + (a - c) * mp.digamma(a) + (b - d) * mp.digamma(b)
            + (c - a + d - b) * mp.digamma(a + b))


def exact(comment, name, truth, points):
    return table(comment, name, [[*point, truth(*map(mp.mpf, point))] for point in points])


measured = ""
sizes = (0.03, 1, 9.5, 10, 40, 1e4, 3e8)
measured += exact("concentration, rate, entropy", "gamma_entropies_far", gamma_entropy, product(sizes, (0.5, 30)))
measured += exact("a, b, entropy", "beta_entropies_far", beta_entropy, product(sizes, sizes))
measured += exact("df, entropy", "student_t_entropies_far", student_t_entropy, [(2 * a,) for a in sizes])
# Exact in binary, so that what lies between p and q is what the numbers say.
shares = (2**-30, -2**-14, 2**-5, -2**-4, 0.75)
measured += exact("concentration, rate, twice, divergence", "gamma_divergences_near", gamma_divergence,
             [(a, 3, a * (1 + s), 3 * (1 + t)) for a in (0.125, 2, 16, 4096, 2.0**40) for s in shares for t in (0, s / 2, -s)])
measured += exact("a, b, twice, divergence", "beta_divergences_near", beta_divergence,
             [(a, b, a * (1 + s), b * (1 - s)) for a in (0.125, 2, 64, 2.0**20) for b in (0.5, 16, 2.0**20) for s in shares])


def draws(name, draw):
    r = np.random.RandomState(5)
    values = np.asarray(draw(r), dtype=float).ravel()
    return table("Twelve draws, the uniform number behind them", f"{name}_draws", [[*values, r.random_sample()]])


array = np.array
out += draws("normal", lambda r: r.normal(array([-1, 0, 2.5]), array([0.3, 1, 7]), (4, 3)))
out += draws("student_t", lambda r: r.standard_t(array([0.7, 2, 50]), (4, 3)) * array([0.3, 1, 7]) + array([-1, 0, 2.5]))
out += draws("exponential", lambda r: r.exponential(1 / array([0.3, 1, 7]), (4, 3)))
out += draws("gamma", lambda r: r.gamma(array([0.3, 1, 7.5]), 1 / array([0.3, 1, 7]), (4, 3)))
out += draws("beta", lambda r: r.beta(array([0.5, 0.001, 2]), array([0.25, 0.002, 7]), (4, 3)))
out += draws("bernoulli", lambda r: r.random_sample((4, 3)) < array([0.1, 0.5, 0.8]))
out += draws("categorical", lambda r: r.choice(4, 12, p=[0.1, 0.0, 0.6, 0.3]))
out += draws("gumbel", lambda r: r.gumbel(0, 1, (4, 3)))
out += draws("poisson", lambda r: r.poisson(array([0.1, 3, 60]), (4, 3)))


def lower(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def moved(a, x):
    """The slope of x by a where P(a, x) stays, and the slope of that."""
    def slope(k, z):
        return -mp.diff(lambda t: lower(t, z), k, h=mp.mpf(10) ** -25) / (z ** (k - 1) * mp.exp(-z) / mp.gamma(k))
    h = mp.mpf(10) ** -12
    first = slope(a, x)
    by_a = (slope(a + h, x) - slope(a - h, x)) / (2 * h)
    by_x = (slope(a, x * (1 + h)) - slope(a, x * (1 - h))) / (2 * h * x)
    return first, by_a + by_x * first


rows = []
r = np.random.RandomState(5)
for a in np.repeat([0.02, 0.3, 1, 1.7, 8, 70, 900, 3e5], 4):
    x = r.standard_gamma(a)
    rows.append([a, x, *moved(mp.mpf(a), mp.mpf(x))])
out += table("a, RandomState(5).standard_gamma(a), its slope by a where P(a, x) stays, the second one", "gamma_slopes", rows)

rows = []
r = np.random.RandomState(5)
for df in np.repeat([0.5, 3, 40], 4):
    z, x, half = mp.mpf(r.standard_normal()), mp.mpf(r.standard_gamma(df / 2)), mp.mpf(df / 2)
    t = z * mp.sqrt(half / x)
    rows.append([df, t, t * (1 / half - moved(half, x)[0] / x) / 4])
out += table("df, RandomState(5).standard_t(df), its slope by df", "student_t_slopes", rows)

def header(constants, tables):
    return f"""#pragma once
{constants[0]}// Written by tests/reference/distributions.py.
// clang-format off

namespace distribution_values {{
{constants[1]}
{tables}
}}  // namespace distribution_values
"""


infinity = ("#include <limits>\n\n", "\ninline constexpr double inf = std::numeric_limits<double>::infinity();\n")
for name, new in (("values", header(infinity, out)), ("measures", header(("", ""), measured))):
    file = support / f"distribution_{name}.hpp"
    if "--write" in sys.argv:
        file.write_text(new)
    elif file.read_text() != new:
        sys.exit(f"{file} is not what comes out now")
