"""The rows of ops/elementwise.def and ops/functions.def, by PyTorch."""
import math

import numpy
import torch

from derivatives import Use, constants, orders, uniform

inf, nan = math.inf, math.nan
ends = (0.0, -0.0, 1, -1, inf, -inf, nan, 1e-30, -1e-30, 1e30, -1e30)
mild_ends = (0.0, -0.0, 1, -1, -inf, nan, 1e-30, -1e-30, 9, -1e30)
positive_ends = (0.0, -0.0, 1, -1, inf, nan, 1e-30, 1e30)


def unary(function, low=-3, high=3, others=ends, choice=None, value_too=False):
    return Use([uniform(low, high, 40, others=others)], function, choice=choice, value_too=value_too)


def pairs(low, high, others):
    """Two lists that hold all pairs of the numbers."""
    a = tuple(x for x in others for _ in others)
    return [uniform(*low, 40, others=a), uniform(*high, 40, others=others * len(others))]


def binary(function, low=(-2, 2), high=(-2, 2), others=(0.0, -0.0, 1, -1, inf, -inf, nan), choice=None, value_too=False):
    return Use(pairs(low, high, others), function, choice=choice, value_too=value_too)


def minus_0(x):
    return (x == 0) & numpy.signbit(x)


def minus_infinity(x):
    return x == -inf


def only_value(function):
    """Of a function in steps."""
    return lambda *x: function(*(one.detach() for one in x))


def halved(function):
    return Use([uniform(-2, 2, 4, 6, 5)], lambda x: function(x.transpose(1, 2)).transpose(1, 2))


def gated(x, gate):
    value, other = x.chunk(2, -1)
    return value * gate(other)


relu = torch.nn.functional
uses = {
    "negative": unary(torch.neg),
    "abs": unary(torch.abs),
    "sign": unary(torch.sign, choice=numpy.isnan, value_too=True),
    "square": unary(torch.square),
    "sqrt": unary(torch.sqrt, 0, 3, positive_ends, minus_0),
    "exp": unary(torch.exp),
    "expm1": unary(torch.expm1),
    "log": unary(torch.log, 0, 3, positive_ends, minus_0),
    "log1p": unary(torch.log1p, -1, 3, positive_ends),
    "sin": unary(torch.sin),
    "cos": unary(torch.cos),
    "tanh": unary(torch.tanh),
    "sigmoid": unary(torch.sigmoid),
    "softplus": unary(lambda x: relu.softplus(x, threshold=1e6)),
    "relu": unary(torch.relu),
    "erf": unary(torch.erf),
    "erfc": unary(torch.erfc),
    "log_sigmoid": unary(relu.logsigmoid),
    "silu": unary(relu.silu, choice=minus_infinity, value_too=True),
    "gelu": unary(relu.gelu, choice=minus_infinity, value_too=True),
    "gelu_tanh": unary(lambda x: relu.gelu(x, approximate="tanh"), choice=minus_infinity, value_too=True),
    "add": binary(torch.add),
    "subtract": binary(torch.subtract),
    "multiply": binary(torch.multiply),
    "divide": binary(torch.divide),
    "maximum": binary(torch.maximum),
    "minimum": binary(torch.minimum),
    "pow": binary(torch.pow, (0.2, 3), (-2, 2), choice=lambda a, b: (a < 0) | (b == 0)),
    "pow: whole exponents": Use([uniform(-3, 3, 40, others=ends), orders(-2, 4, 51)], torch.pow),
    "leaky_relu": binary(lambda a, b: torch.where(a > 0, a, a * b), high=(0.1, 0.9)),
    "elu": binary(lambda a, b: torch.where(a > 0, a, b * torch.expm1(a)), high=(0.5, 1.5), others=(0.0, -0.0, 1, -1, 2)),
    "sigmoid_cross_entropy": binary(
        lambda a, b: relu.binary_cross_entropy_with_logits(a, b, reduction="none"),
        high=(0, 1), others=(0.0, -0.0, 1)),
    "where": Use([constants(0, 1, 48), uniform(-2, 2, 40, others=(0.0, -0.0, inf, -inf, nan, 1, 2, 3)),
                  uniform(-2, 2, 40, others=(inf, nan, 0.0, 1, 2, 3, -0.0, -inf))],
                 lambda a, b, c: torch.where(a > 0.5, b, c)),
    "clip": Use([uniform(-2, 2, 40, others=(0.0, -0.0, 1, -1, inf, -inf, nan)), constants(-1, -1, 47), constants(1, 1, 47)],
                torch.clip),
    "floor": unary(torch.floor),
    "ceil": unary(torch.ceil),
    "trunc": unary(torch.trunc),
    "round": unary(torch.round, others=ends + (0.5, -0.5, 1.5, 2.5)),
    "tan": unary(torch.tan),
    "asin": unary(torch.asin, -1, 1),
    "acos": unary(torch.acos, -1, 1),
    "atan": unary(torch.atan),
    "sinh": unary(torch.sinh),
    "cosh": unary(torch.cosh),
    "asinh": unary(torch.asinh),
    "acosh": unary(torch.acosh, 1, 4, positive_ends),
    "atanh": unary(torch.atanh, -1, 1),
    "exp2": unary(torch.exp2),
    "log2": unary(torch.log2, 0, 3, positive_ends, minus_0),
    "log10": unary(torch.log10, 0, 3, positive_ends, minus_0),
    "rsqrt": unary(torch.rsqrt, 0, 3, positive_ends),
    "mish": unary(relu.mish, choice=minus_infinity, value_too=True),
    # PyTorch's own have second derivatives 0 at 0, where their slopes are those from below
    "selu": unary(lambda x: 1.0507009873554804934 * torch.where(x > 0, x, 1.6732632423543772848 * torch.expm1(x)),
                  others=mild_ends),
    "celu": unary(lambda x: torch.where(x > 0, x, 1.5 * torch.expm1(x / 1.5)), others=mild_ends),
    "softsign": unary(relu.softsign, choice=numpy.isinf, value_too=True),
    "relu6": unary(relu.relu6, others=ends + (6, 7)),
    # PyTorch's own have no second derivative
    "hardsigmoid": unary(lambda x: relu.relu6(x + 3) / 6, others=ends + (3, -3, 4, -4)),
    "hardswish": unary(lambda x: torch.where(x >= 3, x, torch.where(x > -3, x * (x + 3) / 6, torch.where(x <= -3, 0, x))), others=ends + (3, -3, 4, -4), choice=minus_infinity, value_too=True),
    "hardtanh": unary(lambda x: relu.hardtanh(x, -1, 2), others=ends + (2,)),
    "hardshrink": unary(lambda x: relu.hardshrink(x, 1)),
    "softshrink": unary(lambda x: relu.softshrink(x, 1)),
    "threshold": unary(lambda x: relu.threshold(x, -1, 7)),
    "prelu": Use([uniform(-2, 2, 3, 4, 5), uniform(0.1, 0.9, 4)], relu.prelu),
    "prelu: one weight": Use([uniform(-2, 2, 48), uniform(0.1, 0.9, 1)], relu.prelu),
    "glu": halved(relu.glu),
    "reglu": halved(lambda x: gated(x, relu.relu)),
    "geglu": halved(lambda x: gated(x, relu.gelu)),
    "swiglu": halved(lambda x: gated(x, relu.silu)),
    "softmin": Use([uniform(-2, 2, 5, 8)], lambda x: relu.softmin(x, 0)),
    "atan2": binary(torch.atan2),
    "hypot": binary(torch.hypot),
    "logaddexp": binary(torch.logaddexp),
    "xlogy": binary(torch.special.xlogy, high=(0.2, 3),
                    choice=lambda a, b: minus_0(b) | numpy.isnan(b) | (a == 0) & (b <= 0)),
    "xlog1py": binary(torch.special.xlog1py, high=(-0.7, 3), choice=lambda a, b: numpy.isnan(b) | (a == 0) & (b <= -1)),
    "copysign": binary(torch.copysign, choice=lambda a, b: numpy.isnan(b)),
    "remainder": binary(torch.remainder),
    "fmod": binary(torch.fmod),
    "floor_divide": binary(only_value(torch.floor_divide)),
    "heaviside": binary(lambda a, b: torch.where(a == 0, b, torch.heaviside(a, b).detach()),
                        choice=lambda a, b: numpy.isnan(a), value_too=True),
    "times": binary(torch.mul, others=(0.5, 1, -1)),
    "over": binary(torch.div, others=(0.5, 1, -1)),
    "where_positive": binary(lambda a, b: torch.where(b > 0, a, 0.0), others=(0.0, -0.0, 1, -1, inf, -inf)),
}
