#!/usr/bin/env python3
"""Proves the derivatives of the rows of ops/*.def: symbolically, for all real inputs, kinks aside.

Usage: python3 tests/reference/prove_table.py        needs SymPy (Debian: python3-sympy)

The rows are read as text, and so are the formulas that they share. A row is taken
apart into pieces: whenever a formula compares two numbers (where, maximum, abs, ...) the inputs are
split into those where the first is less, equal and greater. On each piece value and derivative are
smooth formulas, and SymPy shows that g times the derivative of one is the other. Where an input
lies on an edge of pieces its derivative is the common limit of those on both sides; if they differ
the row must choose: a kink, which is shown, not proven. Random points are computed in 50 digits as
well, straight from the text; they can refute a row, never prove it. Infinite inputs and NaN
are left to the tests.

The last line counts. Ends with 1 if a derivative is refuted, or is not proven and `not_proven` has
no reason for it; with 77 if there is no SymPy.
"""
import ast
import math
import pathlib
import random
import re
import sys

try:
    import mpmath
    import sympy
except ImportError:
    print("Nothing is proven: this needs SymPy (Debian: python3-sympy).")
    sys.exit(77)

root = pathlib.Path(__file__).resolve().parents[2]
tables = ("ops/elementwise.def", "ops/functions.def", "ops/special.def")

# (row, input, piece): why it stays unproven.
gelu_tanh_end = ("the formula for recorded sweeps is meant to stand still beyond 40, where it differs "
                 "from the derivative by less than 1e-2000, which no dtype can hold")
not_proven = {
    ("gelu_tanh", "x", "x < -40"): gelu_tanh_end,
    ("gelu_tanh", "x", "x > 40"): gelu_tanh_end,
    ("clip", "a", "a = b, b = c"): "the range is one point: the gradient passes at its bounds, as at "
                                      "those of any other, though the value is constant",
}
# Rows whose values jump at infinitely many places.
steps = "every jump is a piece of its own; the tests compare with differences between the jumps"
not_taken_apart = dict.fromkeys(("floor", "ceil", "trunc", "round", "remainder", "fmod",
                                 "floor_divide"), steps)
recursion = "the order is any whole number: DLMF's recurrence, compared with differences by the tests"
not_taken_apart.update(dict.fromkeys(("repeated_erfcx", "spherical_jn"), recursion))
# Inputs on which the value depends and which get no gradient all the same.
no_gradient = {
    ("clip", "b"): "a bound is a setting",
    ("clip", "c"): "a bound is a setting",
    ("polygamma", "a"): "the order",
    ("iv", "a"): "the order",
    ("ive", "a"): "the order",
}

inputs_of = {"UNARY": "x", "BINARY": "ab", "TERNARY": "abc"}
symbols = {name: sympy.Symbol(name, real=True) for name in "xabc"}
g = sympy.Symbol("g", real=True)
mpmath.mp.dps = 50
draw = random.Random(1)


class Unreadable(Exception):
    """A formula says what this script does not understand."""


class Outside(Exception):
    """No real number: the logarithm of a negative one, a division by 0."""


class Split(Exception):
    """The formula takes different ways here: by the sign of `by`, or whether it is an integer."""

    def __init__(self, by, integer=False):
        super().__init__(f"{by} decides")
        self.by, self.integer = by, integer


# Text: rows, helpers, expressions.

def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def tables_text():
    return without_comments("\n".join((root / table).read_text() for table in tables))


def up_to_closing(text, start):
    """The end of the bracket that opens before `start`."""
    depth, place = 1, start
    while depth > 0:
        if place == len(text):
            raise Unreadable(f"a bracket stays open: {text[start - 20:start + 40]}")
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(text[place], 0)
        place += 1
    return place - 1


def split_arguments(text):
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [" ".join(part.split()) for part in parts]


def rows():
    """[(kind, name, value, [derivatives])]"""
    text = tables_text()
    found = []
    for match in re.finditer(r"\bXTAPE_(\w+)\s*\(", text):
        parts = split_arguments(text[match.end():up_to_closing(text, match.end())])
        kind = match[1]
        if kind == "FORMULA":  # see read_helper
            continue
        if kind == "COMPARE" and len(parts) == 2:
            found.append((kind, parts[0], parts[1], []))
        elif len(parts) == 3 + 3 * len(inputs_of.get(kind, "")) > 3:
            found.append((kind, parts[0], parts[2], parts[3:3 + len(inputs_of[kind])]))
        else:
            raise Unreadable(f"the row {match[0]}{', '.join(parts)})")
    if not found:
        raise Unreadable(f"no rows in {tables}")
    return found


def expression(text):
    """The expression of C++ as a tree of Python, whose notation is the same as far as it is used."""
    text = re.sub(r"std::numeric_limits<double>::(\w+)\(\)", r"\1", text)
    text = re.sub(r"std::numbers::", "", text)
    text = re.sub(r"\bnot_a_number\b", "quiet_NaN", text)
    text = re.sub(r"!(?!=)", "~", text)
    try:
        return ast.parse(" ".join(text.split()), mode="eval").body
    except SyntaxError:
        raise Unreadable(f"the formula {text}") from None


def read_helper(name):
    """(parameters, result) of the XTAPE_FORMULA(name, (T a, T b), result) at the head of the table"""
    text = tables_text()
    found = []
    for match in re.finditer(rf"\bXTAPE_FORMULA\s*\(\s*{name}\b", text):
        start = text.index("(", match.start()) + 1
        _, parameters, *result = split_arguments(text[start:up_to_closing(text, start)])
        found.append((parameters.strip("()"), ", ".join(result)))
    if len(found) != 1:
        raise Unreadable(f"{len(found)} definitions of {name} in {tables}")
    (parameters, result), = found
    names = [re.fullmatch(r"T ?(\w*)", part) for part in split_arguments(parameters)]
    if None in names:
        raise Unreadable(f"the helper {name}({parameters})")
    return [match[1] for match in names], expression(result)


# Formulas, on symbols and on numbers: `at` is a Piece or a Point, which know the functions, the signs
# of expressions, and which are integers.

def divide(at, a, b):
    if at.sign(b) == 0:
        raise Outside
    return a / b


def over(at, u, v):
    """u / v, and 0 where u is 0 and there is no quotient."""
    try:
        return divide(at, u, v)
    except Outside:
        if at.sign(u.subs(g, 1) if hasattr(u, "subs") else u) != 0:  # g is any number
            raise
        return at.number(0)


def sqrt(at, u):
    if at.sign(u) < 0:
        raise Outside
    return at.library.sqrt(u)


def log(at, u):
    if at.sign(u) <= 0:
        raise Outside
    return at.library.log(u)


def power(at, a, b):
    sign = at.sign(a)
    if sign == 0 and at.sign(b) < 0 or sign < 0 and not at.integer(b):
        raise Outside
    if sign == 0:
        return at.number(1 if at.sign(b) == 0 else 0)
    return a ** b


def sigmoid(at, u):
    return 1 / (1 + at.library.exp(-u))


def within(at, u):
    """The library, where -1 <= u <= 1."""
    if at.sign(1 - u) < 0 or at.sign(1 + u) < 0:
        raise Outside
    return at.library


def acosh(at, u):
    if at.sign(u - 1) < 0:
        raise Outside
    return at.library.acosh(u)


def cube_root(at, u):
    sign = at.sign(u)
    return at.number(0) if sign == 0 else sign * (sign * u) ** at.number("1/3")


def hypot(at, u, v):
    if at.sign(u) == 0 or at.sign(v) == 0:
        return absolute(at, u) + absolute(at, v)
    return at.library.sqrt(u * u + v * v)


def angle(at, u, v):
    """The angle of (v, u); on the left side half a turn more or less."""
    side, height = at.sign(v), at.sign(u)
    half_turn = at.library.pi
    if side == 0:
        return height * half_turn / 2
    return at.library.atan(u / v) + (0 if side > 0 else -half_turn if height < 0 else half_turn)


def absolute(at, u):
    return u * at.sign(u)


def maximum(at, u, v):
    return u if at.sign(u - v) > 0 else v


def minimum(at, u, v):
    return u if at.sign(u - v) < 0 else v


def positive(at, u, function):
    """A function of positive numbers; what continues it to negative ones is left to the tests."""
    if at.sign(u) <= 0:
        raise Outside
    return function(u)


def log_gamma(at, u):
    return positive(at, u, at.library.loggamma)


def log_beta(at, u, v):
    return log_gamma(at, u) + log_gamma(at, v) - log_gamma(at, u + v)


def order(at, n):
    if not at.integer(n):
        raise Outside
    return n


def polygamma(at, n, u):
    if at.sign(order(at, n)) < 0:
        raise Outside
    return positive(at, u, lambda v: at.library.polygamma(n, v))


def bessel(at, n, u):
    return at.real(at.library.besseli(order(at, n), u))


def scaled_bessel(at, n, u):
    return at.library.exp(-absolute(at, u)) * bessel(at, n, u)


def erfcx(at, u):
    return at.library.exp(u * u) * at.library.erfc(u)


def normal_below(at, u):
    return at.library.erfc(-u / at.library.sqrt(2)) / 2


def inverse_erf(at, u):
    if at.sign(1 - u) <= 0 or at.sign(1 + u) <= 0:
        raise Outside
    return at.library.erfinv(u)


def repeated_erfcx(at, n, u):
    if n != 1:
        raise Unreadable(f"repeated_erfcx of order {n}")
    return 1 / at.library.sqrt(at.library.pi) - u * erfcx(at, u)


def sinc(at, u):
    turn = at.library.pi * u
    return at.number(1) if at.sign(u) == 0 else at.library.sin(turn) / turn


def spherical(at, n, u):
    if n != 1:
        raise Unreadable(f"spherical_jn of order {n}")
    return at.number(0) if at.sign(u) == 0 else (at.library.sin(u) / u - at.library.cos(u)) / u


functions = {
    "lgamma": log_gamma,
    "digamma": lambda at, u: polygamma(at, at.number(0), u),
    "polygamma": polygamma,
    "beta": lambda at, u, v: at.library.exp(log_beta(at, u, v)),
    "log_beta": log_beta,
    "erfinv": inverse_erf,
    "ndtri": lambda at, u: at.library.sqrt(2) * inverse_erf(at, 2 * u - 1),
    "logit": lambda at, u: log(at, u) - log(at, 1 - u),
    "ndtr": normal_below,
    "log_ndtr": lambda at, u: at.library.log(normal_below(at, u)),
    "erfcx": erfcx,
    "repeated_erfcx": repeated_erfcx,
    "sinc": sinc,
    "spherical_jn": spherical,
    "i0": lambda at, u: bessel(at, at.number(0), u),
    "i1": lambda at, u: bessel(at, at.number(1), u),
    "i0e": lambda at, u: scaled_bessel(at, at.number(0), u),
    "i1e": lambda at, u: scaled_bessel(at, at.number(1), u),
    "iv": bessel,
    "ive": scaled_bessel,
    "over": over,
    "times": lambda at, u, v: u * v,
    "where_positive": lambda at, u, v: u if at.sign(v) > 0 else at.number(0),
    "abs": absolute,
    "sign": lambda at, u: at.number(at.sign(u)),
    "maximum": maximum,
    "minimum": minimum,
    "clip": lambda at, u, low, high: minimum(at, maximum(at, u, low), high),
    "sqrt": sqrt,
    "exp": lambda at, u: at.library.exp(u),
    "expm1": lambda at, u: at.library.exp(u) - 1,
    "log": log,
    "log1p": lambda at, u: log(at, 1 + u),
    "pow": power,
    "sin": lambda at, u: at.library.sin(u),
    "cos": lambda at, u: at.library.cos(u),
    "tanh": lambda at, u: at.library.tanh(u),
    "tan": lambda at, u: at.library.tan(u),
    "asin": lambda at, u: within(at, u).asin(u),
    "acos": lambda at, u: within(at, u).acos(u),
    "atan": lambda at, u: at.library.atan(u),
    "sinh": lambda at, u: at.library.sinh(u),
    "cosh": lambda at, u: at.library.cosh(u),
    "asinh": lambda at, u: at.library.asinh(u),
    "acosh": acosh,
    "atanh": lambda at, u: log(at, 1 + u) / 2 - log(at, 1 - u) / 2,
    "exp2": lambda at, u: at.library.exp(u * at.library.log(2)),
    "log2": lambda at, u: log(at, u) / at.library.log(2),
    "log10": lambda at, u: log(at, u) / at.library.log(10),
    "cbrt": cube_root,
    "hypot": hypot,
    "atan2": angle,
    "copysign": lambda at, u, v: absolute(at, u) * (-1 if at.sign(v) < 0 else 1),
    "erf": lambda at, u: at.library.erf(u),
    "erfc": lambda at, u: at.library.erfc(u),
    "sigmoid": sigmoid,
    "softplus_tail": lambda at, u: log(at, 1 + at.library.exp(-absolute(at, u))),
    "softplus": lambda at, u: log(at, 1 + at.library.exp(u)),
    "silu": lambda at, u: u * sigmoid(at, u),
    "mish": lambda at, u: u * at.library.tanh(log(at, 1 + at.library.exp(u))),
    "gelu": lambda at, u: u * (1 + at.library.erf(u / at.library.sqrt(2))) / 2,
    "gelu_tanh": lambda at, u: u / 2 * (1 + at.library.tanh(
        at.library.sqrt(2 / at.library.pi) * (u + at.number("0.044715") * u ** 3))),
}
constants = {
    "sqrt2": lambda at: at.library.sqrt(2),
    "pi": lambda at: at.library.pi,
    "ln2": lambda at: at.library.log(2),
    "ln10": lambda at: at.library.log(10),
    "inv_sqrtpi": lambda at: 1 / at.library.sqrt(at.library.pi),
    "infinity": lambda at: at.number("inf"),
    "quiet_NaN": lambda at: at.number("nan"),
}
relations = {
    ast.Lt: lambda sign: sign < 0, ast.LtE: lambda sign: sign <= 0, ast.Eq: lambda sign: sign == 0,
    ast.Gt: lambda sign: sign > 0, ast.GtE: lambda sign: sign >= 0, ast.NotEq: lambda sign: sign != 0,
}
operators = {
    ast.Add: lambda at, u, v: u + v, ast.Sub: lambda at, u, v: u - v,
    ast.Mult: lambda at, u, v: u * v, ast.Div: divide,
}


class Evaluation:
    def __init__(self):
        self.helpers = {}

    def value(self, tree, names, at):
        kind = type(tree)
        if kind is ast.Constant and type(tree.value) in (int, float):
            return at.number(repr(tree.value))
        if kind is ast.Name and tree.id in names:
            return names[tree.id]
        if kind is ast.Name and tree.id in constants:
            return constants[tree.id](at)
        if kind is ast.UnaryOp and type(tree.op) is ast.USub:
            return -self.value(tree.operand, names, at)
        if kind is ast.BinOp and type(tree.op) in operators:
            whole = [type(getattr(side, "value", None)) is int for side in (tree.left, tree.right)]
            if not (type(tree.op) is ast.Div and all(whole)):  # C++ would round
                return operators[type(tree.op)](at, self.value(tree.left, names, at),
                                                self.value(tree.right, names, at))
        if kind is ast.Call and type(tree.func) is ast.Name:
            if tree.func.id == "where" and len(tree.args) == 3:
                condition, chosen, other = tree.args
                return self.value(chosen if self.holds(condition, names, at) else other, names, at)
            arguments = [self.value(argument, names, at) for argument in tree.args]
            return self.call(tree.func.id, arguments, at)
        raise Unreadable(f"the formula {ast.unparse(tree)}")

    def holds(self, tree, names, at):
        if type(tree) is ast.Compare and len(tree.ops) == 1:
            left = self.value(tree.left, names, at)
            right = self.value(tree.comparators[0], names, at)
            return relations[type(tree.ops[0])](at.sign(left - right))
        if type(tree) is ast.BinOp and type(tree.op) in (ast.BitAnd, ast.BitOr):
            if self.holds(tree.left, names, at) != (type(tree.op) is ast.BitAnd):
                return type(tree.op) is ast.BitOr
            return self.holds(tree.right, names, at)
        if type(tree) is ast.UnaryOp and type(tree.op) is ast.Invert:
            return not self.holds(tree.operand, names, at)
        raise Unreadable(f"the condition {ast.unparse(tree)}")

    def call(self, name, arguments, at):
        if name in functions:
            return functions[name](at, *arguments)
        if name not in self.helpers:
            self.helpers[name] = read_helper(name)
        parameters, result = self.helpers[name]
        if len(parameters) != len(arguments):
            raise Unreadable(f"{name} with {len(arguments)} arguments")
        return self.value(result, dict(zip(parameters, arguments)), at)


class Point:
    """Evaluates on numbers."""
    library = mpmath

    @staticmethod
    def real(number):
        return mpmath.re(number)

    @staticmethod
    def number(text):
        return mpmath.mpf(text)

    @staticmethod
    def sign(number):
        if mpmath.isnan(number):
            raise Outside
        return int(mpmath.sign(number))

    @staticmethod
    def integer(number):
        return mpmath.isint(number)


class Piece:
    """Evaluates on symbols, the inputs for which linear expressions have given signs: [(e, sign)]."""
    library = sympy

    @staticmethod
    def real(e):
        return e

    def __init__(self, signs=(), integer=None):
        self.signs, self.integers = tuple(signs), dict(integer or {})

    @staticmethod
    def number(text):
        return {"inf": sympy.oo, "nan": sympy.nan}.get(text) or sympy.Rational(text)

    def sign(self, e):
        e = sympy.expand(e)
        if e is sympy.nan:
            raise Outside
        if is_linear(e):
            possible = [sign for sign in (-1, 0, 1) if feasible(self.signs + ((e, sign),))]
            if len(possible) > 1:
                raise Split(e)
            return possible[0]
        constant, factors = sympy.factor_list(e) if e.is_polynomial() else (0, [])
        if len(factors) > 1 or factors and factors[0][1] > 1:
            signs = [self.sign(factor) ** power for factor, power in factors]
            return math.prod(signs) * int(sympy.sign(constant))
        if e.is_Pow and e.exp == sympy.Rational(1, 2):  # of what `sqrt` has seen to be one
            return self.sign(e.base)
        if type(e) is sympy.exp or sympy.erfc in (type(e), type(2 - e), type(2 - 2 * e)):  # erfc lies between 0 and 2
            return 1
        e = sympy.factor_terms(e)
        if e.is_Mul and len(e.args) > 1:
            return math.prod(self.sign(factor) for factor in e.args)
        e = self.assumed(e)
        for sign, known in ((-1, e.is_negative), (0, e.is_zero), (1, e.is_positive)):
            if known:
                return sign
        raise Unreadable(f"the sign of {e}")

    def integer(self, e):
        known = self.assumed(e).is_integer
        if known is None and len(e.free_symbols) == 1:
            name, = e.free_symbols
            if (e - name).is_integer and name not in self.integers:
                raise Split(name, integer=True)
        return bool(known)

    def parts(self, split):
        if split.integer:
            return [Piece(self.signs, {**self.integers, split.by: known}) for known in (True, False)]
        every = [Piece(self.signs + ((split.by, sign),), self.integers) for sign in (-1, 0, 1)]
        return [piece for piece in every if feasible(piece.signs) and piece.has_integers()]

    def bounds(self, name):
        """Numbers that the input lies between, by conditions on it alone."""
        lone = [(-e.subs(name, 0) / e.coeff(name), sign * sympy.sign(e.coeff(name)))
                for e, sign in self.signs if e.free_symbols == {name}]
        return (max([number for number, side in lone if side > 0], default=-sympy.oo),
                min([number for number, side in lone if side < 0], default=sympy.oo))

    def has_integers(self):
        bounds = [self.bounds(name) for name, known in self.integers.items() if known]
        return all(low == -sympy.oo or sympy.floor(low) + 1 < high for low, high in bounds)

    def from_bounds(self, e, v):
        """The expression with other inputs as their distance from a bound: SymPy knows its sign."""
        for name in e.free_symbols - {v, g}:
            low, high = self.bounds(name)
            rest = sympy.Symbol(f"|{name} - bound|", positive=True)
            if high < sympy.oo:
                e = e.subs(name, high - rest)
            elif low > -sympy.oo:
                e = e.subs(name, low + rest)
        return e

    def assumed(self, e):
        """The expression in symbols whose sign SymPy knows."""
        known = {}
        for symbol in e.free_symbols & set(symbols.values()):
            possible = [sign for sign in (-1, 0, 1) if feasible(self.signs + ((symbol, sign),))]
            facts = {(1,): {"positive": True}, (-1,): {"negative": True}, (0,): {"zero": True}}
            facts = dict(facts.get(tuple(possible), {"real": True}))
            if self.integers.get(symbol):
                facts["integer"] = True
            known[symbol] = sympy.Symbol(symbol.name, **facts)
        return e.xreplace(known)

    def equalities(self, v):
        """What v is on this piece, None if it is free there, and the other inputs that are not."""
        equal = [e for e, sign in self.signs if sign == 0]
        edge, others = None, {}
        for e in sorted(equal, key=lambda e: e.coeff(v) == 0):
            e = e.subs(others)
            if e.coeff(v) != 0 and edge is None:
                edge = sympy.expand(v - e / e.coeff(v))
                continue
            e = sympy.expand(e.subs(v, edge) if edge is not None else e)
            free = sorted(e.free_symbols, key=str)
            if free:
                solved = {free[0]: sympy.expand(free[0] - e / e.coeff(free[0]))}
                others = {name: value.subs(solved) for name, value in others.items()} | solved
                edge = edge.subs(solved) if edge is not None else None
        return edge, others

    def beside(self, v, side):
        """The piece that v enters from here when it becomes a little less (-1) or greater (1)."""
        edge, others = self.equalities(v)
        signs = [(e, side * int(sympy.sign(e.coeff(v))) if sign == 0 else sign)
                 for e, sign in self.signs if sign != 0 or e.coeff(v) != 0]
        return Piece(signs + [(name - value, 0) for name, value in others.items()], self.integers)

    def __str__(self):
        """The conditions that do not follow from the others: `a > b, b = 0`."""
        signs = list(self.signs)
        for condition in self.signs:
            rest = tuple(other for other in signs if other != condition)
            if not any(feasible(rest + ((condition[0], sign),))
                       for sign in (-1, 0, 1) if sign != condition[1]):
                signs = list(rest)
        texts = []
        for e, sign in signs:
            first = sorted(e.free_symbols, key=str)[0]
            relation = " =  >  < "[3 * (sign * int(sympy.sign(e.coeff(first)))):][:3]
            texts.append(f"{first}{relation}{sympy.expand(first - e / e.coeff(first))}")
        texts += [f"{name}{'' if known else ' not'} an integer" for name, known in self.integers.items()]
        return ", ".join(texts) or "everywhere"

    def point(self):
        """Random numbers on the piece; None if none were met."""
        others = self.equalities(g)[1]
        for _ in range(400):
            at = {}
            for name in symbols.values():
                size = draw.choice((1, 4, 100))
                whole = self.integers.get(name)
                at[name] = sympy.Rational(draw.randint(-6, 6) if whole else
                                          str(draw.uniform(-size, size)))
            at.update({name: value.subs(at) for name, value in others.items()})
            if all(sympy.sign(e.subs(at)) == sign for e, sign in self.signs):
                return {name: mpmath.mpf(value.p) / value.q for name, value in at.items()}
        return None


def is_linear(e):
    names = e.free_symbols
    return names <= set(symbols.values()) and (
        e.is_extended_real if not names else
        e.is_polynomial(*names) and sympy.Poly(e, *names).total_degree() == 1)


def feasible(signs):
    """Can linear expressions have these signs? Fourier's and Motzkin's elimination."""
    conditions = [(e if sign >= 0 else -e, sign == 0) for e, sign in signs]  # e > 0, or e = 0
    for v in symbols.values():
        with_v = [(e, equal, e.coeff(v)) for e, equal in conditions if e.coeff(v) != 0]
        rest = [(e, equal) for e, equal in conditions if e.coeff(v) == 0]
        solved = next((v - e / k for e, equal, k in with_v if equal), None)
        if solved is not None:
            rest += [(e.subs(v, solved), equal) for e, equal, _ in with_v]
        else:
            lower, upper = ([e / abs(k) for e, _, k in with_v if k * side > 0] for side in (1, -1))
            rest += [(low + high, False) for low in lower for high in upper]
        conditions = [(sympy.expand(e), equal) for e, equal in rest]
    return all(e == 0 if equal else e > 0 for e, equal in conditions)


# Proofs.

def is_zero(e):
    """Whether SymPy shows that the expression is 0."""
    def as_fraction(e):
        return sympy.powsimp(sympy.expand(sympy.fraction(sympy.together(e))[0]))

    e = e.rewrite(sympy.erf) if e.has(sympy.erfc) else e
    return any(step(e) == 0 for step in (
        sympy.expand, sympy.powsimp, as_fraction, lambda e: as_fraction(e.rewrite(sympy.exp))))


def limit(e, v, to, side):
    """None if SymPy finds none."""
    try:
        found = sympy.limit(e, v, to, "+" if side > 0 else "-")
    except (NotImplementedError, ValueError, TypeError):
        return None
    return None if found.has(sympy.Limit, sympy.AccumBounds) else found


class Derivative:
    """One derivative of one row."""

    def __init__(self, evaluation, row, index):
        self.evaluation, (kind, self.row, value, derivatives) = evaluation, row
        self.inputs = inputs_of[kind]
        self.name, self.v = self.inputs[index], symbols[self.inputs[index]]
        self.value_tree = expression(value)
        none = derivatives[index] == "none"
        self.formula_tree = expression("0" if none else derivatives[index])
        self.findings = []  # (what, piece, text), what one of proven, kink, nothing, open, WRONG

    def value(self, at, inputs):
        return self.evaluation.value(self.value_tree, inputs, at)

    def formula(self, at, inputs, g):
        names = {**inputs, "y": self.value(at, inputs), "g": g}
        return self.evaluation.value(self.formula_tree, names, at)

    def on_symbols(self, method, piece, *more):
        return method(piece, {name: symbols[name] for name in self.inputs}, *more)

    def examine(self, piece=Piece()):
        try:
            found = self.on(piece)
        except Outside:
            return self
        except Split as split:
            for part in piece.parts(split):
                self.examine(part)
            return self
        self.findings.append((found[0], str(piece), found[1]))
        return self

    def on(self, piece):
        value = self.on_symbols(self.value, piece)
        edge, others = piece.equalities(self.v)
        if piece.integers.get(self.v):
            return "nothing", "no derivative: values at integers only"
        if edge is not None:
            return self.on_edge(piece, value.subs(others), edge, others)
        try:
            formula = self.on_symbols(self.formula, piece, g)
        except Outside:
            return "WRONG", "the row gives no real number"
        slope = g * sympy.diff(value, self.v)
        refuted = self.refuted(piece)
        if refuted:
            return "WRONG", refuted
        difference = piece.assumed((slope - formula).subs(others))
        return ("proven", "") if is_zero(difference) else ("open", f"SymPy does not show {difference} = 0")

    def refuted(self, piece):
        """A point of the piece at which the row is not the derivative, in words."""
        for _ in range(8):
            point = piece.point()
            if point is None:
                break
            inputs = {name: point[symbols[name]] for name in self.inputs}
            place = ", ".join(f"{name} = {mpmath.nstr(number, 6)}" for name, number in inputs.items())
            try:
                slope = mpmath.diff(lambda v: self.value(Point, {**inputs, self.name: v}),
                                    inputs[self.name])
                formula = self.formula(Point, inputs, mpmath.mpf(1))
            except Outside:
                return f"no real number at {place}"
            if not abs(slope - formula) <= 1e-20 * (1 + abs(slope)):
                return (f"at {place} the slope is {mpmath.nstr(slope, 10)}, "
                        f"by the row {mpmath.nstr(formula, 10)}")
        return None

    def on_edge(self, piece, value, edge, others):
        """By the limits of value and slope from both sides, as far as the value exists there."""
        value, limits, slopes = value.subs(self.v, edge), [], []
        for side in (-1, 1):
            beside = piece.beside(self.v, side)
            try:
                near = self.on_symbols(self.value, beside).subs(others)
            except Outside:
                continue
            terms = [near, sympy.diff(near, self.v)]
            if edge.is_number:
                terms = [piece.from_bounds(e, self.v) for e in terms]
            v, to = beside.assumed(self.v), beside.assumed(edge)
            value_near, slope = (limit(beside.assumed(e), v, to, side) for e in terms)
            limits.append(value_near)
            slopes.append(slope)
        try:
            chosen = self.on_symbols(self.formula, piece, g).subs(others).subs(self.v, edge)
        except Outside:
            chosen = sympy.zoo
        value, chosen = (piece.from_bounds(e, self.v) if edge.is_number else e for e in (value, chosen))
        value, chosen = piece.assumed(value), piece.assumed(chosen)
        limits, slopes = ([None if e is None else e.xreplace(
            {s: piece.assumed(symbols[s.name]) for s in e.free_symbols if s.name in symbols})
            for e in every] for every in (limits, slopes))
        endless = [slope is not None and slope.has(sympy.oo, -sympy.oo, sympy.zoo) for slope in slopes]
        slopes = [slope if slope is None else g * slope for slope in slopes]
        words = " and ".join("unknown" if slope is None else "infinite" if infinite else str(slope)
                             for slope, infinite in zip(slopes, endless))
        text = f"slope {words}, chosen {'none' if chosen is sympy.zoo else chosen}"
        if not slopes or None in limits + slopes or any(endless):
            return "kink", text
        if not all(is_zero(e - value) for e in limits):
            return "kink", f"{text}, for the value jumps"
        if all(is_zero(slope - chosen) for slope in slopes):
            return "proven", ""
        if len(slopes) == 1 or is_zero(slopes[0] - slopes[1]):
            return "open", f"there is a derivative, and the row chooses another: {text}"
        share = sympy.simplify((chosen - slopes[0]) / (slopes[1] - slopes[0]))
        if not (share.is_number and 0 <= share <= 1):
            return "open", f"what the row chooses is not between the slopes: {text}"
        return "kink", text


def main():
    evaluation, counts, status = Evaluation(), {"rows": 0, "all": 0, "proven": 0}, 0
    reasons, settings = dict(not_proven), dict(no_gradient)
    comparisons = []

    def say(what, derivative, piece, text):
        print(f"{what}: {derivative.row}, d/d{derivative.name}"
              f"{'' if piece == 'everywhere' else ', ' + piece}{': ' if text else ''}{text}")

    for row in rows():
        kind, name, _, derivatives = row
        counts["rows"] += 1
        if kind == "COMPARE":
            comparisons.append(name)
        for index, formula in enumerate(derivatives):
            none, counted = formula == "none", formula != "none"
            counts["all"] += counted
            if name in not_taken_apart:
                print(f"not proven: {name}, d/d{inputs_of[kind][index]}: {not_taken_apart[name]}")
                continue
            try:
                derivative = Derivative(evaluation, row, index)
                if none and (name, derivative.name) in settings:
                    say("none", derivative, "everywhere", settings.pop((name, derivative.name)))
                    continue
                findings = derivative.examine().findings
            except Unreadable as what:
                print(f"NOT PROVEN: {name}, d/d{inputs_of[kind][index]}: cannot read {what}")
                status = 1
                continue
            proven, told = any(what == "proven" for what, _, _ in findings), False
            for what, piece, text in findings:
                if what == "proven":
                    continue
                key = (name, derivative.name, piece)
                if what == "open" and key in reasons:
                    proven, told = False, True
                    say("not proven", derivative, piece, reasons.pop(key))
                elif what in ("open", "WRONG"):
                    proven, told, status = False, True, 1
                    say("NOT PROVEN" if what == "open" else what, derivative, piece, text)
                else:
                    say(what, derivative, piece, text)
            if none and proven:
                say("none", derivative, "everywhere", "the value is constant on each piece: proven")
            elif counted and proven:
                counts["proven"] += 1
            elif not told:
                say("NOT PROVEN", derivative, "everywhere", "on no piece is there a derivative")
                status = 1
    print(f"comparisons, without derivative: {', '.join(comparisons)}")
    for key in [*reasons, *settings]:
        print(f"STALE: there is a reason for {', '.join(key)}, which needs none")
        status = 1
    left = counts["all"] - counts["proven"]
    print(f"{counts['rows']} rows, {counts['all']} derivatives: {counts['proven']} proven, {left} not"
          f"{' (reasons above)' if left else ''}")
    sys.exit(status)


if __name__ == "__main__":
    main()
