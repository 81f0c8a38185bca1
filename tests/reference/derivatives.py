#!/usr/bin/env python3
"""Compares the files of tests/peers with what PyTorch, JAX and mpmath give now: values, first and second
derivatives of the library's operations.

Usage: python3 tests/reference/derivatives.py [--write] [SECTION...]
                                     needs NumPy, PyTorch, JAX and mpmath (pip install torch jax mpmath)

A section is a file of tests/peers and a table of tests/reference/peers. Each use of an operation is its
name, its inputs, a line each, and three lines of numbers, those of all results or inputs one behind the
other (5*0 is five zeros):

    y    the results y_k, after their shapes
    g    the gradient of L = sum_k sum(w_k y_k) by each input that has one, with fixed weights w_k
    h    the gradient of sum_i sum(v_i dL/dx_i), likewise, with fixed weights v_i

Inputs are said, not stored: the numbers are those of a random stream, rounded to multiples of 1/32, with
others of float32 behind them (see `Input`). The i-th weights of a kind are drawn from [0.5, 1.5) with the
seeds 100 + i and 200 + i, and rounded to sixteenths. Nothing is compared where "-" stands: only one of value and derivative is NaN in the reference, out of
infinity times 0 or because it has 0 there; nor at "~": the two differ by choice, as docs/accuracy.md says. Ends with 1 if a file is not what
comes now; with --write it is written anew.
"""
import importlib
import itertools
import pathlib
import sys
import warnings

import numpy

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here))
folder = here.parent / "peers"
sections = ("elementwise", "special", "reductions", "layout", "places", "products", "fourier", "linalg", "losses",
            "class_losses", "margin_losses", "images", "small_layers", "sequences", "layers")
warnings.filterwarnings("ignore")


class Input:
    """`kind` says how the numbers of RandomState(seed).uniform(low, high, shape) become the input: as they
    are, in steps of a half, or whole; constants and integers have no gradient. `others` come behind them."""

    def __init__(self, kind, low, high, shape, others=()):
        self.kind, self.low, self.high, self.shape, self.others = kind, low, high, tuple(shape), tuple(others)

    @property
    def constant(self):
        return self.kind not in ("uniform", "halves")

    def values(self, seed):
        drawn = numpy.random.RandomState(seed).uniform(self.low, self.high, self.shape)
        steps = 2 if self.kind == "halves" else 32
        drawn = numpy.round(steps * drawn) / steps
        if self.kind in ("integers", "orders"):
            drawn = numpy.floor(drawn)
        if self.kind == "booleans":
            return drawn > 0.5
        if self.others:
            drawn = numpy.concatenate([drawn, self.others])
        drawn = drawn.astype(numpy.float32).astype(numpy.float64)
        return drawn.astype(numpy.int64) if self.kind == "integers" else drawn

    def text(self):
        shape = " ".join(map(str, self.shape))
        others = " + " + " ".join(map(number, self.others)) if self.others else ""
        return f" {self.kind} {number(self.low)} {number(self.high)} : {shape}{others}"


def uniform(low, high, *shape, others=()):
    return Input("uniform", low, high, shape, others)


def halves(low, high, *shape, others=()):
    return Input("halves", low, high, shape, others)


def constants(low, high, *shape, others=()):
    return Input("constants", low, high, shape, others)


def orders(low, high, *shape, others=()):
    return Input("orders", low, high, shape, others)


def integers(low, high, *shape):
    return Input("integers", low, high, shape)


def booleans(*shape):
    return Input("booleans", 0, 1, shape)


def number(x):
    if x is None or x == "~":
        return x or "-"
    return f"{float(x):.16g}"


def weights(first_seed, shapes):
    for i, shape in enumerate(shapes):
        drawn = numpy.random.RandomState(first_seed + i).uniform(0.5, 1.5, shape)
        yield numpy.asarray(numpy.round(16 * numpy.asarray(drawn)) / 16)


class Use:
    """A use of an operation: a function of a peer's arrays; `choice` of the inputs says of which elements the
    derivatives, and the value too, differ by choice."""

    def __init__(self, inputs, function, by="torch", choice=None, value_too=False):
        self.inputs, self.function, self.by = inputs, function, by
        self.choice, self.value_too = choice, value_too

    def results(self):
        values = [given.values(seed) for seed, given in enumerate(self.inputs)]
        y, g, h = {"torch": by_torch, "jax": by_jax, "mpmath": by_mpmath}[self.by](self, values)
        g, h = (without_nan(y, of) for of in (g, h))
        if self.choice:
            y, chosen = [one.astype(object) for one in y], self.choice(*values)
            for one in g + h + y * self.value_too:
                if one.shape == chosen.shape:
                    one[chosen] = "~"
        return y, g, h


def without_nan(y, derivatives):
    """Of a function of elements a derivative is NaN where the value is, and nowhere else."""
    kept = []
    for one in derivatives:
        marked = one.astype(object)
        if len(y) == 1 and y[0].shape == one.shape:
            marked[numpy.isnan(y[0]) != numpy.isnan(one)] = None
        else:
            marked[numpy.isnan(one)] = None
        kept.append(marked)
    return kept


def listed(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def by_torch(use, values):
    import torch

    inputs = [torch.tensor(x) for x in values]
    wanted = [x.requires_grad_() for x, given in zip(inputs, use.inputs) if not given.constant]
    y = listed(use.function(*inputs))
    loss = sum((torch.tensor(w) * one).sum() for w, one in zip(weights(100, [one.shape for one in y]), y))
    gradient = [None] * len(wanted)
    if loss.requires_grad:
        gradient = torch.autograd.grad(loss, wanted, create_graph=True, allow_unused=True)
    gradient = [torch.zeros_like(x) if g is None else g for g, x in zip(gradient, wanted)]
    loss = sum((torch.tensor(v) * g).sum() for v, g in zip(weights(200, [g.shape for g in gradient]), gradient))
    second = [None] * len(wanted)
    if loss.requires_grad:
        second = torch.autograd.grad(loss, wanted, allow_unused=True)
    second = [torch.zeros_like(x) if h is None else h for h, x in zip(second, wanted)]
    return tuple([one.numpy(force=True).copy() for one in each] for each in (y, gradient, second))


def by_jax(use, values):
    import jax

    jax.config.update("jax_enable_x64", True)
    places = [i for i, given in enumerate(use.inputs) if not given.constant]
    y = [numpy.array(one) for one in listed(use.function(*values))]

    def loss(*wanted):
        inputs = list(values)
        for i, x in zip(places, wanted):
            inputs[i] = x
        results = listed(use.function(*inputs))
        return sum((w * one).sum() for w, one in zip(weights(100, [one.shape for one in y]), results))

    wanted = [jax.numpy.array(values[i]) for i in places]
    gradient = jax.grad(loss, range(len(places)))

    def along(*wanted):
        return sum((v * g).sum() for v, g in zip(weights(200, [x.shape for x in wanted]), gradient(*wanted)))

    g, h = gradient(*wanted), jax.grad(along, range(len(places)))(*wanted)
    return y, [numpy.array(one) for one in g], [numpy.array(one) for one in h]


def by_mpmath(use, values):
    """An elementwise function of numbers; derivatives by differences with 50 digits."""
    import mpmath

    mpmath.mp.dps = 50
    places = [i for i, given in enumerate(use.inputs) if not given.constant]
    shape = values[0].shape
    w = next(weights(100, [shape]))
    v = dict(zip(places, weights(200, [shape] * len(places))))
    y, g, h = numpy.zeros(shape), [numpy.zeros(shape) for _ in places], [numpy.zeros(shape) for _ in places]
    for at in numpy.ndindex(shape):
        point = tuple(mpmath.mpf(float(x[at])) for x in values)

        def partial(*by):
            return mpmath.diff(use.function, point, tuple(by.count(i) for i in range(len(point))))

        y[at] = float(mpmath.re(use.function(*point)))
        for k, i in enumerate(places):
            g[k][at] = float(mpmath.re(w[at] * partial(i)))
            h[k][at] = float(mpmath.re(sum(w[at] * v[j][at] * partial(i, j) for j in places)))
    return [y], g, h


def section_text(section):
    lines = [f"Written by tests/reference/derivatives.py out of tests/reference/peers/{section}.py."]
    for name, use in importlib.import_module(f"peers.{section}").uses.items():
        y, g, h = use.results()
        count = max(sum(one.size for one in y), sum(one.size for one in g))
        if count < 40:
            sys.exit(f"{name}: {count} elements are too few")
        lines.append(name)
        lines += [given.text() for given in use.inputs]
        shapes = " ; ".join(" ".join(map(str, one.shape)) for one in y)
        for label, arrays in ((f"y {shapes} :", y), ("g", g), ("h", h)):
            flat = itertools.chain.from_iterable(one.ravel().tolist() for one in arrays)
            lines.append(f" {label} " + shortened(map(number, flat)))
    return "\n".join(lines) + "\n"


def shortened(numbers):
    """Equal neighbours as their count and the number: 5*0."""
    runs = [(text, len(list(same))) for text, same in itertools.groupby(numbers)]
    return " ".join(text if count == 1 else f"{count}*{text}" for text, count in runs)


def same(old, new):
    """Peers differ from version to version in their last digits."""
    if len(old) != len(new):
        return False
    for a, b in zip(old, new):
        if a != b:
            try:
                if abs(float(a) - float(b)) > 1e-13 * max(1, abs(float(b))):
                    return False
            except ValueError:
                return False
    return True


def main():
    asked = [argument for argument in sys.argv[1:] if argument != "--write"] or sections
    status = 0
    for section in asked:
        path = folder / f"{section}.txt"
        text = section_text(section)
        if "--write" in sys.argv:
            path.write_text(text)
        elif not same(path.read_text().split(), text.split()):
            print(f"{path} is not what the peers give now")
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
