#!/usr/bin/env python3
"""Compares tests/support/special_values.hpp, what special functions and their derivatives are, with mpmath.

Usage: python3 tests/reference/special.py [--write]        needs mpmath (Debian: python3-mpmath)

The points are numbers of float32, so that they are the same in both dtypes; values and the first two
derivatives by the last argument are computed in 50 digits and rounded to float64. Ends with 1 if the
header is not what comes out now; with --write it is written anew.
"""
import pathlib
import struct
import sys

from mpmath import (besseli, besselj, beta, digamma, erfc, erfinv, exp, findroot, gamma, log, loggamma,
                    log1p, mp, mpf, pi, polygamma, sign, sincpi, sqrt)

mp.dps = 50
header = pathlib.Path(__file__).resolve().parents[1] / "support" / "special_values.hpp"


def single(x):
    """x rounded to float32."""
    return struct.unpack("f", struct.pack("f", x))[0]


def between(low, high, count):
    """Numbers from all over a range, beside its simple fractions."""
    return [single(low + (high - low) * (i + 0.37) / count) for i in range(count)]


def sizes(low, high, count):
    """Positive numbers of all sizes in a range."""
    return [single(low * (high / low) ** (i / (count - 1))) for i in range(count)]


def mirrored(points):
    return points + [-x for x in points]


def below(x):
    """P(X < x) for a standard normal X"""
    return erfc(-x / sqrt(2)) / 2


def density(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


def inverse_normal(p):
    if mpf("0.1") < p < mpf("0.9"):
        return sqrt(2) * erfinv(2 * p - 1)
    tail = min(p, 1 - p)
    x = findroot(lambda x: log(below(x)) - log(tail), -sqrt(-2 * log(tail)))
    return x if tail == p else -x


def ratio(x):
    return density(x) / below(x)


def repeated(n, x):
    """exp(x^2) times the n-th repeated integral of erfc."""
    with mp.workdps(50 + 20 * (n + 1)):
        before, here = 2 / sqrt(pi), exp(x * x) * erfc(x)
        for k in range(1, int(n) + 1):
            before, here = here, (before - 2 * x * here) / (2 * k)
    return +here


def bessel(n, x):
    return besseli(n, abs(x)) * ((-1) ** int(n) if x < 0 else 1)


def scaled_bessel(n, x, times=0):
    """A derivative of exp(-|x|) In(x)."""
    if times == 0:
        return exp(-abs(x)) * bessel(n, x)
    lower = (scaled_bessel(n - 1, x, times - 1) + scaled_bessel(n + 1, x, times - 1)) / 2
    return lower - sign(x) * scaled_bessel(n, x, times - 1)


def bessel_slope(n, x, times):
    if times == 0:
        return bessel(n, x)
    return (bessel_slope(n - 1, x, times - 1) + bessel_slope(n + 1, x, times - 1)) / 2


def spherical(n, x, times=0):
    """A derivative of the spherical Bessel function."""
    if n < 0:
        return mpf(0)
    if times == 0:
        return sqrt(pi / (2 * abs(x))) * besselj(n + mpf(1) / 2, abs(x)) * ((-1) ** n if x < 0 else 1)
    return (n * spherical(n - 1, x, times - 1)
            - (n + 1) * spherical(n + 1, x, times - 1)) / (2 * n + 1)


def difference(b, a):
    return digamma(b) - digamma(a + b)


# Name: value, first and second derivative by the last argument, and points.
one = {
    "lgamma": (lambda x: loggamma(x) if x > 0 else log(abs(gamma(x))), digamma,
               lambda x: polygamma(1, x),
               sizes(1e-30, 1e30, 16) + between(0, 6, 16) + between(-7, 0, 13)),
    "digamma": (digamma, lambda x: polygamma(1, x), lambda x: polygamma(2, x),
                sizes(1e-12, 1e15, 14) + between(0, 12, 18) + between(-7, 0, 12)),
    "erfinv": (erfinv, lambda x: sqrt(pi) / 2 * exp(erfinv(x) ** 2),
               lambda x: pi / 2 * erfinv(x) * exp(2 * erfinv(x) ** 2),
               between(-1, 1, 25) + sizes(1e-30, 0.1, 8) +
               [single(1 - 0.7 * 2.0 ** -k) for k in range(4, 24, 2)]),
    "ndtri": (inverse_normal, lambda p: 1 / density(inverse_normal(p)),
              lambda p: inverse_normal(p) / density(inverse_normal(p)) ** 2,
              between(0, 1, 22) + sizes(1e-37, 0.1, 12) +
              [single(1 - 0.7 * 2.0 ** -k) for k in range(4, 24, 2)]),
    "logit": (lambda p: log(p / (1 - p)), lambda p: 1 / (p * (1 - p)),
              lambda p: (2 * p - 1) / (p * (1 - p)) ** 2,
              between(0, 1, 23) + sizes(1e-18, 0.1, 10) +
              [single(1 - 0.7 * 2.0 ** -k) for k in range(4, 24, 2)]),
    "ndtr": (below, density, lambda x: -x * density(x),
             between(-4, 4, 25) + between(-37, -4, 10) + sizes(1e-9, 1, 8)),
    "log_ndtr": (lambda x: log(below(x)) if x < 2 else log1p(-below(-x)), ratio,
                 lambda x: -ratio(x) * (x + ratio(x)),
                 between(-4, 8, 26) + between(-60, -4, 10) + [-x for x in sizes(1e2, 1e9, 6)]),
    "erfcx": (lambda x: repeated(0, x), lambda x: -2 * repeated(1, x), lambda x: 8 * repeated(2, x),
              between(-5, 9, 28) + between(-25, -5, 4) + sizes(10, 1e9, 10)),
    "sinc": (sincpi, lambda x: -pi * spherical(1, pi * x), lambda x: -pi ** 2 * spherical(1, pi * x, 1),
             mirrored(between(0, 5, 16)) + sizes(1e-12, 1e-2, 6) + between(5, 60, 6)),
    "i0": (lambda x: bessel(0, x), lambda x: bessel(1, x), lambda x: bessel_slope(0, x, 2),
           mirrored(between(0, 12, 14)) + sizes(1e-9, 1, 8) + between(12, 85, 8)),
    "i1": (lambda x: bessel(1, x), lambda x: bessel_slope(1, x, 1), lambda x: bessel_slope(1, x, 2),
           mirrored(between(0, 12, 14)) + sizes(1e-9, 1, 8) + between(12, 85, 8)),
    "i0e": (lambda x: scaled_bessel(0, x), lambda x: scaled_bessel(0, x, 1),
            lambda x: scaled_bessel(0, x, 2),
            mirrored(between(0, 12, 14)) + sizes(1e-9, 1, 8) + sizes(12, 1e3, 8)),
    "i1e": (lambda x: scaled_bessel(1, x), lambda x: scaled_bessel(1, x, 1),
            lambda x: scaled_bessel(1, x, 2),
            mirrored(between(0, 12, 14)) + sizes(1e-9, 1, 8) + sizes(12, 1e3, 8)),
}
orders = {
    "polygamma": (polygamma, lambda n, x: polygamma(n + 1, x), lambda n, x: polygamma(n + 2, x),
                  range(6), sizes(1e-3, 1e5, 6) + between(0.5, 14, 6) + between(-4, 0, 4)),
    "repeated_erfcx": (repeated, lambda n, x: -2 * (n + 1) * repeated(n + 1, x),
                       lambda n, x: 4 * (n + 1) * (n + 2) * repeated(n + 2, x),
                       range(4), between(-3, 6, 10) + sizes(8, 1e5, 3)),
    "iv": (bessel, lambda n, x: bessel_slope(n, x, 1), lambda n, x: bessel_slope(n, x, 2),
           range(5), mirrored(between(0, 24, 4)) + sizes(30, 80, 3)),
    "ive": (scaled_bessel, lambda n, x: scaled_bessel(n, x, 1), lambda n, x: scaled_bessel(n, x, 2),
            range(5), mirrored(between(0, 24, 4)) + sizes(30, 500, 3)),
    "spherical_jn": (spherical, lambda n, x: spherical(n, x, 1), lambda n, x: spherical(n, x, 2),
                     [0, 1, 2, 3, 11], mirrored(between(0, 5, 4)) + between(5, 40, 5)),
}
two = {
    "log_beta": (lambda a, b: loggamma(a) + loggamma(b) - loggamma(a + b), lambda a, b: difference(b, a),
                 lambda a, b: polygamma(1, b) - polygamma(1, a + b),
                 sizes(1e-3, 1e4, 7), sizes(3e-3, 5e3, 6)),
    "beta": (beta, lambda a, b: beta(a, b) * difference(b, a),
             lambda a, b: beta(a, b) * (difference(b, a) ** 2 + polygamma(1, b) - polygamma(1, a + b)),
             sizes(1e-3, 70, 7), sizes(3e-3, 50, 6)),
}


def row(functions, point):
    numbers = [repr(x) for x in point]
    for function in functions:
        exact = function(*(int(x) if type(x) is int else mpf(x) for x in point))
        numbers.append(repr(float(exact)))
    return ", ".join(numbers)


def table():
    cases = [(name, functions, [(x,) for x in points])
             for name, (*functions, points) in one.items()]
    cases += [(name, functions, [(a, b) for a in left for b in right])
              for name, (*functions, left, right) in [*orders.items(), *two.items()]]
    lines = []
    for name, functions, points in cases:
        lines.append(f'    {{"{name}", {len(points[0])}, {{')
        rows = [row(functions, point) for point in points]
        lines += [f"        {', '.join(rows[i:i + 5])}," for i in range(0, len(rows), 5)]
        lines.append("    }},")
    return "\n".join(lines)


def main():
    text = header.read_text()
    begin = text.index("special_values{\n") + len("special_values{\n")
    end = text.index("};\n// clang-format on")
    now = f"{text[:begin]}{table()}\n{text[end:]}"
    if "--write" in sys.argv:
        header.write_text(now)
    elif now != text:
        sys.exit(f"{header} is not what mpmath gives")
    print(f"{header.name}: {len(one) + len(orders) + len(two)} functions")


if __name__ == "__main__":
    main()
