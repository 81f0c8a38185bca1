#!/usr/bin/env python3
"""Computes the polynomials of ops/kernels anew, in 60 digits, and compares the headers with them.

Usage: python3 tests/reference/polynomials.py        needs mpmath (Debian: python3-mpmath)

Coefficients come from interpolation at Chebyshev nodes, those of erf and erfc from the Chebyshev
series itself. Prints for each list how far the polynomial is from the function, relative to its
greatest value, and ends with 1 if a coefficient in a header is not the computed one.
"""
import pathlib
import re
import sys

from mpmath import (asin, atan, atanh, besseli, chebyfit, cos, diff, digamma, erf, erfc, erfinv,
                    exp, findroot, log, loggamma, lu_solve, matrix, mp, mpf, nint, nstr, pi, polygamma,
                    rgamma, sin, sqrt, tan)

mp.dps = 60
kernels = pathlib.Path(__file__).resolve().parents[2] / "ops" / "kernels"
digits = {"float": mpf(2) ** -23, "double": mpf(2) ** -52}


def header_lists():
    """The lists of coefficients in the headers: {name: (type, [numbers])}."""
    lists = {}
    for header in sorted(kernels.glob("*.hpp")):
        pattern = r"inline constexpr (float|double) (\w+)\[\] = \{([^}]*)\}"
        for kind, name, text in re.findall(pattern, header.read_text()):
            numbers = [number.strip() for number in text.split(",") if number.strip()]
            if "0x" in text:
                numbers = [mpf(float.fromhex(number.rstrip("F"))) for number in numbers]
            else:
                numbers = [mpf(number.rstrip("F")) for number in numbers]
            lists[name] = (kind, numbers)
    return lists


def near_zero(function, limit):
    """The function, and its limit where the formula loses all digits."""
    return lambda x: limit(x) if abs(x) < mpf(10) ** -12 else function(x)


sigmoid = lambda x: 1 / (1 + exp(-x))
density = lambda x: exp(-x * x / 2) / sqrt(2 * pi)
below = lambda x: erfc(-x / sqrt(2)) / 2
rate, cubic = 2 * sqrt(2 / pi), mpf("0.044715")
argument = lambda x: rate * x * (1 + cubic * x * x)
slopes = {
    "silu": lambda x: sigmoid(x) * (1 + x * sigmoid(-x)),
    "gelu": lambda x: below(x) + x * density(x),
    "gelu_tanh": lambda x: sigmoid(argument(x))
    + x * sigmoid(argument(x)) * sigmoid(-argument(x)) * rate * (1 + 3 * cubic * x * x),
}


def beside_zero(name, near):
    """slope(zero + d) / d"""
    slope = slopes[name]
    zero = findroot(slope, near)
    return lambda d: diff(slope, zero) if abs(d) < mpf(10) ** -20 else slope(zero + d) / d


def logarithm_beyond_line(base):
    """(log(1 + r) - r) / r^2 to the base."""
    return near_zero(lambda r: (log(1 + r) - r) / r**2 / log(base),
                     lambda r: (-mpf(1) / 2 + r / 3) / log(base))


def beyond_one(power):
    """((1 - c)^power - 1) / c"""
    return near_zero(lambda c: ((1 - c) ** power - 1) / c, lambda c: -power)


# Intervals are 1 % wider than the reduction needs: it rounds.
half_log2 = log(2) / 2 * mpf("1.01")
ratio = ((sqrt(2) - 1) / (sqrt(2) + 1) * mpf("1.01")) ** 2
eighth_turn = (pi / 4 * mpf("1.01")) ** 2
fitted = {
    "exp": (near_zero(lambda r: (exp(r) - 1 - r) / r**2, lambda r: mpf(1) / 2 + r / 6),
            -half_log2, half_log2),
    "log": (near_zero(lambda z: (2 * atanh(sqrt(z)) - 2 * sqrt(z)) / sqrt(z) / z,
                      lambda z: mpf(2) / 3 + z * 2 / 5), mpf(0), ratio),
    "power_log": (near_zero(lambda z: (2 * atanh(sqrt(z)) - 2 * sqrt(z) * (1 + z / 3 + z * z / 5)) / sqrt(z) / z**3,
                            lambda z: mpf(2) / 7 + z * 2 / 9), mpf(0), ratio),
    "sin": (near_zero(lambda z: (sin(sqrt(z)) - sqrt(z)) / sqrt(z) / z,
                      lambda z: -mpf(1) / 6 + z / 120), mpf(0), eighth_turn),
    "cos": (near_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2,
                      lambda z: mpf(1) / 24 - z / 720), mpf(0), eighth_turn),
    "atan": (near_zero(lambda z: (atan(sqrt(z)) - sqrt(z)) / sqrt(z) / z,
                       lambda z: -mpf(1) / 3 + z / 5), mpf(0), ((sqrt(2) - 1) * mpf("1.01")) ** 2),
    "asin": (near_zero(lambda z: (asin(sqrt(z)) - sqrt(z)) / sqrt(z) / z,
                       lambda z: mpf(1) / 6 + z * 3 / 40), mpf(0), mpf("0.255")),
    "cbrt_start": (beyond_one(-mpf(1) / 3), -mpf("0.103"), mpf("0.103")),
    "cbrt_step": (beyond_one(-mpf(2) / 3), -mpf("0.103"), mpf("0.103")),
    "cbrt_end": (beyond_one(-mpf(2) / 3), -mpf("0.0004"), mpf("0.0004")),
    "exp2": (near_zero(lambda r: (2**r - 1) / r, lambda r: log(2) + log(2) ** 2 * r / 2),
             -mpf("0.505"), mpf("0.505")),
    "log2_square": (logarithm_beyond_line(2), -mpf("0.0168"), mpf("0.0316")),
    "log10_square": (logarithm_beyond_line(10), -mpf("0.0168"), mpf("0.0316")),
    "power_cubic": (near_zero(lambda r: 2 * (log(1 + r) - r + r * r / 2) / log(2) / r**3,
                              lambda r: (mpf(2) / 3 - r / 2) / log(2)), -mpf("0.0158"), mpf("0.0158")),
    "power_exp2": (near_zero(lambda r: (2**r - 1) / r, lambda r: log(2) + log(2) ** 2 * r / 2),
                   -mpf("0.0158"), mpf("0.0158")),
    "silu_zero": (beside_zero("silu", -1.28), mpf("-0.55"), mpf("0.55")),
    "gelu_zero": (beside_zero("gelu", -0.75), mpf("-0.62"), mpf("0.62")),
    "gelu_tanh_zero": (beside_zero("gelu_tanh", -0.75), mpf("-0.82"), mpf("0.82")),
}
series = {
    "limited_tail": lambda t: tail_over_distance((mpf("1.2") - t) / mpf("3.3")),
    "scaled_erfc": lambda t: near_end(t),
    "scaled_erfc_integral": lambda t: integral_near_end(t),
    "erf_over_x": lambda t: near_zero(lambda x: erf(x) / x,
                                      lambda x: 2 / sqrt(pi) * (1 - x * x / 3))(sqrt((t + 1) / 2)),
    "digamma_near": lambda t: digamma_over_distance((t + 3) / 2),
    "lgamma_near": lambda t: log_gamma_over_zeros((t + 3) / 2),
    "reciprocal_gamma": lambda t: rgamma((t + 3) / 2),
    "erfinv_center": lambda t: inverse_over_argument((t + 1) * mpf("3.125")),
    "erfinv_middle": lambda t: inverse_over_root(mpf("4.25") + t * mpf("1.75")),
    "erfinv_far": lambda t: inverse_over_root(mpf("16.75") + t * mpf("10.75")),
    "bessel_i0_near": lambda t: scaled_bessel(0, 4 * (t + 1)),
    "bessel_i0_far": lambda t: bessel_at_end(0, t),
    "bessel_i1_near": lambda t: near_zero(lambda x: (1 + x) * scaled_bessel(1, x) / x,
                                          lambda x: mpf(1) / 2)(4 * (t + 1)),
    "bessel_i1_far": lambda t: bessel_at_end(1, t),
    "bessel_fall_near": lambda t: bessel_fall_near(4 * (t + 1)),
    "bessel_fall_far": lambda t: bessel_fall_at_end(t),
}


def tail_over_distance(r):
    """P(X < -z) exp(z^2 / 2) / r for r = 1 / (z + 1.5), X standard normal."""
    z = 1 / r - mpf("1.5")
    return erfc(z / sqrt(2)) / 2 * exp(z * z / 2) / r


def rounded(x, bits=24):
    with mp.workprec(bits):
        return +x


def power_tables():
    """Of the 32 parts of float_power.hpp."""
    parts = [rounded(1 / (1 + mpf(i) / 32)) for i in range(32)]
    logs = [-log(part, 2) for part in parts]
    short = [nint(number * 2**16) / 2**16 for number in logs]
    roots = [mpf(2) ** (mpf(i) / 32) for i in range(32)]
    return {
        "power_part": parts,
        "power_part_log": short,
        "power_part_rest": [number - near for number, near in zip(logs, short)],
        "power_root": [rounded(root) for root in roots],
        "power_root_rest": [root - rounded(root) for root in roots],
    }


def logarithm_tables():
    """Of the 32 parts of bases.hpp, from 1 on to 3 / 2 and then from 3 / 4."""
    middles = [(1 + (i + mpf(1) / 2) / 32) / (1 if i < 16 else 2) for i in range(32)]
    parts = [mpf(1) if i in (0, 31) else rounded(1 / middle, 9) for i, middle in enumerate(middles)]
    lists = {"log_part": parts}
    for base, bits in ((2, 16), (10, 17)):
        logs = [-log(part, base) for part in parts]
        short = [nint(number * 2**bits) / 2**bits for number in logs]
        lists[f"log_part_log{base}"] = short
        lists[f"log_part_log{base}_rest"] = [number - near for number, near in zip(logs, short)]
    return lists


tables = power_tables() | logarithm_tables()
of_tan = {"float": (2, 2), "double": (3, 4)}
quotients = {"tan_above": of_tan, "tan_below": of_tan}


def near_end(t):
    """(1 + 2 x) exp(x^2) erfc(x) in t = (x - 4) / (x + 4), its limit at t = 1."""
    if t > 1 - mpf(10) ** -9:
        return 2 / sqrt(pi)
    x = 4 * (1 + t) / (1 - t)
    if x < 100:
        return (1 + 2 * x) * exp(x * x) * erfc(x)
    total, term = mpf(1), mpf(1)
    for k in range(1, 60):  # the asymptotic series of erfc
        term *= -(2 * k - 1) / (2 * x * x)
        total += term
    return (1 + 2 * x) / (x * sqrt(pi)) * total


def integral_near_end(t):
    """(1 + 2 x)^2 (1 / sqrt(pi) - x exp(x^2) erfc(x)) in the same t, its limit at t = 1."""
    if t > 1 - mpf(10) ** -9:
        return 2 / sqrt(pi)
    x = 4 * (1 + t) / (1 - t)
    if x < 100:
        return (1 + 2 * x) ** 2 * (1 / sqrt(pi) - x * exp(x * x) * erfc(x))
    total, term = mpf(0), mpf(1)
    for k in range(1, 60):
        term *= -(2 * k - 1) / (2 * x * x)
        total -= term
    return (1 + 2 * x) ** 2 * total / sqrt(pi)


def digamma_over_distance(x):
    """digamma(x) / (x - zero), zero that of digamma on [1, 2]."""
    zero = findroot(digamma, mpf("1.46"))
    return polygamma(1, zero) if abs(x - zero) < mpf(10) ** -30 else digamma(x) / (x - zero)


def log_gamma_over_zeros(x):
    """log(gamma(x)) / ((x - 1) (x - 2))"""
    if min(abs(x - 1), abs(x - 2)) < mpf(10) ** -30:
        return -digamma(1) if x < mpf("1.5") else digamma(2)
    return loggamma(x) / ((x - 1) * (x - 2))


def inverse_over_argument(w):
    """erfinv(x) / x for w = -log(1 - x^2)."""
    x = sqrt(1 - exp(-w))
    return sqrt(pi) / 2 * (1 + pi * w / 12) if w < mpf(10) ** -20 else erfinv(x) / x


def inverse_over_root(s):
    """erfinv(x) / s for s = sqrt(-log(1 - x^2))."""
    e = exp(-s * s)
    tail = log(e / (1 + sqrt(1 - e)))
    return findroot(lambda y: log(erfc(y)) - tail, s - 1 / (2 * s)) / s


def scaled_bessel(order, x):
    return exp(-x) * besseli(order, x)


def bessel_at_end(order, t):
    """sqrt(x) exp(-x) I(x) in t = 16 / x - 1, and its limit."""
    if t < -1 + mpf(10) ** -30:
        return 1 / sqrt(2 * pi)
    x = 16 / (t + 1)
    return sqrt(x) * scaled_bessel(order, x)


def bessel_fall_near(x):
    """(1 + x)^2 exp(-x) (I0(x) - I1(x))"""
    return (1 + x) ** 2 * (scaled_bessel(0, x) - scaled_bessel(1, x))


def bessel_fall_at_end(t):
    """x^1.5 exp(-x) (I0(x) - I1(x)) in t = 16 / x - 1, and its limit."""
    if t < -1 + mpf(10) ** -20:
        return 1 / sqrt(8 * pi)
    x = 16 / (t + 1)
    return x * sqrt(x) * (scaled_bessel(0, x) - scaled_bessel(1, x))


def chebyshev_series(function, terms, nodes=200):
    places = [pi * (k + mpf(1) / 2) / nodes for k in range(nodes)]
    values = [function(cos(place)) for place in places]
    sums = [2 * sum(v * cos(n * p) for v, p in zip(values, places)) / nodes for n in range(terms)]
    return [sums[0] / 2] + sums[1:]


def parts_of_half_pi(kind, count):
    """pi / 2 as a sum of numbers of the type, each what the ones before leave, rounded."""
    rest, parts = pi / 2, []
    precision = 24 if kind == "float" else 53
    for _ in range(count):
        with mp.workprec(precision):
            part = +rest
        parts.append(part)
        rest -= part
    return parts


def quotient(function, high, above, below):
    """Coefficients a and b so that (1 + z a(z)) / (1 + z b(z)) meets the function at Chebyshev nodes."""
    count = above + below
    nodes = [high / 2 * (1 + cos(pi * (2 * k + 1) / (2 * count))) for k in range(count)]
    values = [function(z) for z in nodes]
    rows = [[z ** (j + 1) for j in range(above)] + [-y * z ** (j + 1) for j in range(below)]
            for z, y in zip(nodes, values)]
    solved = lu_solve(matrix(rows), matrix([y - 1 for y in values]))
    return {"tan_above": list(solved)[:above], "tan_below": list(solved)[above:]}


def computed(name, kind, count):
    base = re.sub(r"_(float|double)$", "", name)
    if base in quotients:
        over_argument = lambda z: tan(sqrt(z)) / sqrt(z)
        return quotient(over_argument, eighth_turn, *quotients[base][kind])[base], None
    if base == "half_pi":
        return parts_of_half_pi(kind, count), None
    if base in tables:
        return tables[base], None
    if base in series:
        return chebyshev_series(series[base], count), None
    function, low, high = fitted[base]
    coefficients, error = chebyfit(function, [low, high], count, error=True)
    return coefficients[::-1], error / max(abs(function(low)), abs(function(high)))


def main():
    lists, status = header_lists(), 0
    known = set(fitted) | set(series) | set(tables) | set(quotients) | {"half_pi"}
    missing = known - {re.sub(r"_(float|double)$", "", name) for name in lists}
    if missing:
        sys.exit(f"no lists in the headers for {', '.join(sorted(missing))}")
    for name, (kind, numbers) in lists.items():
        expected, error = computed(name, kind, len(numbers))
        # The lists have the digits of their type; the last ones of a series are rounding errors.
        size = max(abs(number) for number in expected)
        worst = max(abs(got - wanted) / max(abs(wanted), size * digits["double"] / 8)
                    for got, wanted in zip(numbers, expected))
        agrees = worst <= digits[kind]
        note = "" if error is None else f", the polynomial to {nstr(error, 3)}"
        print(f"{name}: coefficients to {nstr(worst, 3)}{note}{'' if agrees else '   WRONG'}")
        status |= not agrees
    sys.exit(status)


if __name__ == "__main__":
    main()
