"""The rows of ops/special.def, incomplete functions and what is made of rows, by PyTorch and mpmath."""
import math

import mpmath
import torch

from derivatives import Use, constants, orders, uniform

inf, nan = math.inf, math.nan


def unary(function, low, high, others=()):
    return Use([uniform(low, high, 41, others=others)], function)


def exact(function, *inputs):
    return Use(list(inputs), function, "mpmath")


def of_order(function, first, low, high):
    return exact(function, orders(first, first + 4, 40), uniform(low, high, 40))


def repeated_erfcx(n, x):
    """By the recurrence of the repeated integrals of erfc."""
    before, now = 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x), mpmath.erfc(x)
    for k in range(1, int(n) + 1):
        before, now = now, (before / 2 - x * now) / k
    return mpmath.exp(x * x) * now


def spherical_jn(n, x):
    return mpmath.sqrt(mpmath.pi / (2 * x)) * mpmath.besselj(n + mpmath.mpf(1) / 2, x)


def gammainc(a, x):
    return mpmath.gammainc(a, 0, x, regularized=True)


def gammaincc(a, x):
    return mpmath.gammainc(a, x, regularized=True)


def betainc(a, b, x):
    return mpmath.betainc(a, b, 0, x, regularized=True)


def erfcx(x):
    return mpmath.exp(x * x) * mpmath.erfc(x)


def log_ndtr(x):
    return mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2)


ends = (0.0, -0.0, 1, -1, inf, -inf, nan)
uses = {
    "cbrt": exact(mpmath.cbrt, uniform(0.2, 3, 40)),
    "lgamma": exact(lambda x: mpmath.log(abs(mpmath.gamma(x))), uniform(0.3, 4, 41)),
    "lgamma: beside its poles": exact(lambda x: mpmath.log(abs(mpmath.gamma(x))), uniform(-1.9, -1.1, 41)),
    "digamma": exact(mpmath.digamma, uniform(0.3, 4, 41)),
    "erfinv": exact(mpmath.erfinv, uniform(-0.95, 0.95, 41)),
    "ndtri": exact(lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1), uniform(0.05, 0.95, 41)),
    "logit": unary(torch.logit, 0.05, 0.95, (0.0, 1, nan)),
    "ndtr": unary(torch.special.ndtr, -3, 3, (inf, -inf, nan)),
    "log_ndtr": exact(log_ndtr, uniform(-6, 3, 41)),
    "erfcx": exact(erfcx, uniform(-1.5, 5, 41)),
    "sinc": exact(mpmath.sincpi, uniform(-3, 3, 41)),
    "i0": exact(lambda x: mpmath.besseli(0, x), uniform(-3, 3, 41)),
    "i1": exact(lambda x: mpmath.besseli(1, x), uniform(-3, 3, 41)),
    "i0e": exact(lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(0, x), uniform(-3, 3, 41)),
    "i1e": exact(lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(1, x), uniform(-3, 3, 41)),
    "beta": exact(mpmath.beta, uniform(0.3, 3, 40), uniform(0.3, 3, 40)),
    "log_beta": exact(lambda a, b: mpmath.log(mpmath.beta(a, b)), uniform(0.3, 3, 40), uniform(0.3, 3, 40)),
    "polygamma": of_order(mpmath.polygamma, 0, 0.5, 4),
    "repeated_erfcx": of_order(repeated_erfcx, 0, -1.5, 3),
    "iv": of_order(mpmath.besseli, 0, -3, 3),
    "ive": of_order(lambda n, x: mpmath.exp(-abs(x)) * mpmath.besseli(n, x), 0, 0.1, 3),
    "spherical_jn": of_order(spherical_jn, 0, 0.2, 6),
    "gammainc: both": exact(gammainc, uniform(0.3, 4, 40), uniform(0.1, 6, 40)),
    "gammaincc: both": exact(gammaincc, uniform(0.3, 4, 40), uniform(0.1, 6, 40)),
    "betainc: by all": exact(betainc, uniform(0.5, 4, 40), uniform(0.5, 4, 40), uniform(0.05, 0.95, 40)),
    "erfinv: ends": unary(torch.erfinv, -0.9, 0.9, ends),
    "erfcx: ends": unary(torch.special.erfcx, -1, 3, ends),
    "i0e: ends": unary(torch.special.i0e, -3, 3, ends),
    "i1e: ends": unary(torch.special.i1e, -3, 3, ends),
    "reciprocal: signs": unary(torch.reciprocal, -3, 3, (0.0, -0.0, inf, -inf, nan)),
    "deg2rad: degrees": unary(lambda x: torch.deg2rad(x * x), -360, 360),
    "rad2deg: an angle": unary(lambda x: torch.rad2deg(x * x), -3, 3),
    "nan_to_num: all kinds": unary(lambda x: torch.nan_to_num(x, 7.0, 2.0, 3.0) ** 2, -3, 3, (inf, -inf, nan)),
    "leaky_relu: the customary slope": unary(torch.nn.functional.leaky_relu, -3, 3, (0.0, inf, -inf, nan)),
    "elu: the customary alpha": unary(torch.nn.functional.elu, -3, 3, (inf, -inf, nan)),
}
