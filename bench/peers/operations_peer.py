"""The operations of bench/operation_table.cpp in NumPy and in PyTorch.

A line on standard input asks, fields between tabs; a line on standard output answers:
    version                        ->  NumPy and PyTorch and their versions
    load NAME DTYPE INPUT...       ->  ok; an input is its kind, low, high and shape
    squares WHO                    ->  the sum of the squares of all results, or none
    time WHO DIRECTION CALLS       ->  microseconds a call, or none if there is no such operation

WHO is numpy or torch, DIRECTION forward or both. NumPy has no backward.
"""
import sys
import time

import numpy as np

try:
    import scipy
    import scipy.linalg
    import scipy.special as special
except ImportError:
    scipy = special = None
try:
    import torch
    from torch import linalg
    from torch.nn import functional

    torch.set_num_threads(1)
except ImportError:
    torch = None

# Where the name is another one, or the call is not of all inputs in their order. Operations that are
# not here have their own name in both.
in_numpy = {
    "relu": lambda x: np.maximum(x, 0), "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "atan2": np.arctan2, "pow": np.power,
    "rsqrt": lambda x: 1 / np.sqrt(x), "round": np.rint, "beta": special and special.beta,
    "sum: rows": lambda x: x.sum(1), "sum: columns": lambda x: x.sum(0), "mean: rows": lambda x: x.mean(1),
    "prod: rows": lambda x: x.prod(1), "amax: rows": lambda x: x.max(1), "amax: columns": lambda x: x.max(0),
    "argmax: rows": lambda x: x.argmax(1), "argmin: columns": lambda x: x.argmin(0),
    "var: rows": lambda x: x.var(1), "stddev: columns": lambda x: x.std(0),
    "norm: rows": lambda x: np.linalg.norm(x, axis=1), "norm: of order 1": lambda x: np.linalg.norm(x, 1, axis=1),
    "any: rows": lambda x: x.any(1), "all: rows": lambda x: x.all(1), "ptp: rows": lambda x: np.ptp(x, 1),
    "median: rows": lambda x: np.median(x, 1), "quantile: rows": lambda x: np.quantile(x, 0.3, 1),
    "nansum: rows": lambda x: np.nansum(x, 1), "nanmean: rows": lambda x: np.nanmean(x, 1),
    "masked_sum: rows": lambda x, m: x.sum(1, where=m), "masked_mean: rows": lambda x, m: x.mean(1, where=m),
    "masked_amax: rows": lambda x, m: x.max(1, where=m, initial=-np.inf),
    "cumsum: rows": lambda x: x.cumsum(1), "cumsum: columns": lambda x: x.cumsum(0),
    "cumprod: rows": lambda x: x.cumprod(1), "cummax: rows": lambda x: np.maximum.accumulate(x, 1),
    "cummin: rows": lambda x: np.minimum.accumulate(x, 1),
    "masked_amin: rows": lambda x, m: x.min(1, where=m, initial=np.inf),
    "put_along_axis: rows": lambda x, i, v: placed(x.copy(), i, v), "betainc": special and special.betainc,
    "gammaincc": special and special.gammaincc, "lstsq: 200 x 50": lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0],
    "solve_triangular: 316 x 316":
        scipy and (lambda a, b: scipy.linalg.solve_triangular(a + 40 * np.eye(316, dtype=a.dtype), b, lower=True)),
    "logdet: 316 x 316": lambda a: np.linalg.slogdet(a + 40 * np.eye(316, dtype=a.dtype))[1],
    "singular_values: 100 x 100": lambda a: np.linalg.svd(a, compute_uv=False), "matrix_norm": np.linalg.norm,
    "dot: by a vector": np.dot, "diff: rows": np.diff, "trapezoid: rows": getattr(np, "trapezoid", getattr(np, "trapz", None)),
    "sort: rows": np.sort, "argsort: rows": lambda x: np.argsort(x, kind="stable"),
    "searchsorted": lambda x: np.searchsorted(edges(x), x),
    "interp": lambda x, fp: np.interp(x, edges(x), fp),
    "bincount: weights": lambda i, w: np.bincount(i, w, 1000),
    "histogram": lambda x: np.histogram(x, 100, (-2, 2))[0],
    "transpose, contiguous": lambda x: np.ascontiguousarray(x.T),
    "flip, contiguous": lambda x: np.ascontiguousarray(x[:, ::-1]),
    "slice of every other column, contiguous": lambda x: np.ascontiguousarray(x[:, ::2]),
    "concatenate: columns": lambda a, b: np.concatenate([a, b], 1),
    "stack: a last axis": lambda a, b: np.stack([a, b], -1), "roll": lambda x: np.roll(x, 7, 1),
    "tile": lambda x: np.tile(x, (2, 2)), "pad": lambda x: np.pad(x, ((1, 1), (2, 2))),
    "pad: by a mirror": lambda x: np.pad(x, ((0, 0), (2, 2)), mode="reflect"),
    "repeat: columns": lambda x: np.repeat(x, 4, 1), "set: a part": lambda x, v: replaced(x.copy(), v),
    "add_at: a part": lambda x, v: added(x.copy(), v), "masked_fill": lambda x, m: np.where(m, x.dtype.type(0), x),
    "clip": lambda x: np.clip(x, -1, 1),
    "to: the other floating dtype": lambda x: x.astype(np.float64 if x.dtype == np.float32 else np.float32),
    "take: rows": lambda x, i: np.take(x, i, 0), "take: columns": lambda x, i: np.take(x, i, 1),
    "take_along_axis: rows": lambda x, i: np.take_along_axis(x, i, 1),
    "take_at: elements": lambda x, i, j: x[i, j], "masked_select": lambda x, m: x[m],
    "one_hot": lambda i: np.eye(100, dtype=np.float32)[i], "nan_to_num": np.nan_to_num, "dropout": None,
    "matmul: 316 x 316": np.matmul, "matmul: 1000 of 10 x 10": np.matmul, "matmul: by a column": np.matmul,
    "linear": lambda x, w, b: x @ w + b, "tensordot: two axes": np.tensordot,
    "einsum: ij,jk->ik": lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=True),
    "einsum: ij,ij->i": lambda a, b: np.einsum("ij,ij->i", a, b),
    "einsum: bij,bjk->bik": lambda a, b: np.einsum("bij,bjk->bik", a, b, optimize=True),
    "solve: 316 x 316": lambda a, b: np.linalg.solve(a + 40 * np.eye(316, dtype=a.dtype), b),
    "solve: 1000 of 10 x 10": lambda a, b: np.linalg.solve(a + 40 * np.eye(10, dtype=a.dtype), b),
    "inverse: 316 x 316": lambda a: np.linalg.inv(a + 40 * np.eye(316, dtype=a.dtype)),
    "inverse: 1000 of 10 x 10": lambda a: np.linalg.inv(a + 40 * np.eye(10, dtype=a.dtype)),
    "cholesky: 316 x 316": lambda a: np.linalg.cholesky(a + 40 * np.eye(316, dtype=a.dtype)),
    "det: 316 x 316": lambda a: np.linalg.det(a.dtype.type(0.16) * a),
    "slogdet: 1000 of 10 x 10": lambda a: np.linalg.slogdet(a + 40 * np.eye(10, dtype=a.dtype))[1],
    "eigh: 100 x 100": lambda a: np.linalg.eigh(a + a.T), "eigvalsh: 100 x 100": lambda a: np.linalg.eigvalsh(a + a.T),
    "svd: 100 x 100": lambda a: np.linalg.svd(a, full_matrices=False), "qr: 316 x 316": np.linalg.qr,
    "lu: 316 x 316": scipy and (lambda a: scipy.linalg.lu(a)[1:]), "pinv: 100 x 100": np.linalg.pinv,
    "expm: 100 x 100": scipy and (lambda a: scipy.linalg.expm(a)),
    "matrix_power: 316 x 316": lambda a: np.linalg.matrix_power(a.dtype.type(0.1) * a, 5),
    "fft: 50 of 1000": lambda x: np.fft.fft(complex_of(x)), "ifft: 50 of 1000": lambda x: np.fft.ifft(complex_of(x)),
    "rfft: 100 of 1000": np.fft.rfft, "irfft: 50 of 1998": lambda x: np.fft.irfft(complex_of(x)),
    "fftn: 50 x 1000": lambda x: np.fft.fftn(complex_of(x)),
    "complex_multiply": lambda a, b: complex_of(a) * complex_of(b), "complex_abs": lambda x: np.abs(complex_of(x)),
    "mean_squared_error": lambda p, t: np.mean((p - t) ** 2), "mean_absolute_error": lambda p, t: np.mean(np.abs(p - t)),
    "huber_loss": None, "cross_entropy": None, "binary_cross_entropy": None,
}
if special:
    in_numpy.update({
        "sigmoid": special.expit, "log_sigmoid": special.log_expit, "erf": special.erf, "erfc": special.erfc,
        "lgamma": special.gammaln, "digamma": special.digamma, "log_beta": special.betaln, "i1": special.i1,
        "i0": special.i0, "i0e": special.i0e, "i1e": special.i1e, "polygamma": special.polygamma, "iv": special.iv,
        "ive": special.ive, "spherical_jn": lambda n, x: special.spherical_jn(n.astype(int), x),
        "logsumexp: rows": lambda x: special.logsumexp(x, 1), "softmax: rows": lambda x: special.softmax(x, 1),
        "softmax: columns": lambda x: special.softmax(x, 0), "log_softmax: rows": lambda x: special.log_softmax(x, 1)})
    for name in ("xlogy", "xlog1py", "erfinv", "ndtri", "logit", "ndtr", "log_ndtr", "erfcx", "gammainc"):
        in_numpy[name] = getattr(special, name)


def edges(x):
    return made_once(x, lambda: np.linspace(-2, 2, 1000, dtype=x.dtype))


kept = {}


def made_once(x, make):
    key = x.dtype
    if key not in kept:
        kept[key] = make()
    return kept[key]


def complex_of(x):
    return x.view(np.complex64 if x.dtype == np.float32 else np.complex128)[..., 0]


def replaced(x, values):
    x[::2] = values
    return x


def placed(x, indices, values):
    np.put_along_axis(x, indices, values, 1)
    return x


def added(x, values):
    x[::2] += values
    return x


def torch_table():
    def regular(a):
        return a + 40 * torch.eye(a.shape[-1], dtype=a.dtype)

    def masked(x, m, other):
        return torch.where(m, x, other)

    def pairs(function):
        return lambda *x: torch.view_as_real(function(*(torch.view_as_complex(one) for one in x)))

    def torch_edges(x):
        return made_once(x, lambda: torch.linspace(-2, 2, 1000, dtype=x.dtype))

    table = {
        "softplus": functional.softplus, "equal": torch.eq, "relu": torch.relu, "log_sigmoid": functional.logsigmoid,
        "silu": functional.silu, "gelu": functional.gelu,
        "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "leaky_relu": None, "elu": None, "leaky_relu: the customary slope": functional.leaky_relu,
        "elu: the customary alpha": functional.elu,
        "sigmoid_cross_entropy": lambda a, b: functional.binary_cross_entropy_with_logits(a, b, reduction="none"),
        "xlogy": torch.special.xlogy, "xlog1py": torch.special.xlog1py, "ndtri": torch.special.ndtri,
        "ndtr": torch.special.ndtr, "log_ndtr": torch.special.log_ndtr, "erfcx": torch.special.erfcx,
        "i0e": torch.special.i0e, "i1": torch.special.i1, "i1e": torch.special.i1e, "polygamma": None,
        "times": None, "over": None, "where_positive": None, "beta": None,
        "sum: rows": lambda x: x.sum(1), "sum: columns": lambda x: x.sum(0), "mean: rows": lambda x: x.mean(1),
        "prod: rows": lambda x: x.prod(1), "amax: rows": lambda x: x.amax(1), "amax: columns": lambda x: x.amax(0),
        "argmax: rows": lambda x: x.argmax(1), "argmin: columns": lambda x: x.argmin(0),
        "logsumexp: rows": lambda x: x.logsumexp(1), "var: rows": lambda x: x.var(1, correction=0),
        "stddev: columns": lambda x: x.std(0, correction=0), "norm: rows": lambda x: linalg.vector_norm(x, dim=1),
        "norm: of order 1": lambda x: linalg.vector_norm(x, 1, dim=1), "any: rows": lambda x: x.any(1),
        "all: rows": lambda x: x.all(1), "ptp: rows": lambda x: x.amax(1) - x.amin(1),
        "median: rows": lambda x: x.quantile(0.5, 1), "quantile: rows": lambda x: x.quantile(0.3, 1),
        "nansum: rows": lambda x: x.nansum(1), "nanmean: rows": lambda x: x.nanmean(1),
        "masked_sum: rows": lambda x, m: masked(x, m, 0).sum(1),
        "masked_mean: rows": lambda x, m: masked(x, m, 0).sum(1) / m.sum(1),
        "masked_amax: rows": lambda x, m: masked(x, m, -torch.inf).amax(1),
        "masked_softmax: rows": lambda x, m: masked(x, m, -torch.inf).softmax(1),
        "softmax: rows": lambda x: x.softmax(1), "softmax: columns": lambda x: x.softmax(0),
        "log_softmax: rows": lambda x: x.log_softmax(1), "cumsum: rows": lambda x: x.cumsum(1),
        "cumsum: columns": lambda x: x.cumsum(0), "cumprod: rows": lambda x: x.cumprod(1),
        "logcumsumexp: rows": lambda x: x.logcumsumexp(1), "cummax: rows": lambda x: x.cummax(1).values,
        "cummin: rows": lambda x: x.cummin(1).values,
        "masked_amin: rows": lambda x, m: masked(x, m, torch.inf).amin(1), "left_shift": torch.bitwise_left_shift,
        "put_along_axis: rows": lambda x, i, v: x.scatter(1, i, v),
        "scatter_add: rows": lambda x, i: torch.zeros_like(x).index_add(0, i, x),
        "gammaincc": torch.special.gammaincc, "logdet: 316 x 316": lambda a: torch.logdet(regular(a)),
        "solve_triangular: 316 x 316": lambda a, b: linalg.solve_triangular(regular(a), b, upper=False),
        "singular_values: 100 x 100": linalg.svdvals, "lstsq: 200 x 50": lambda a, b: linalg.lstsq(a, b).solution,
        "matrix_norm": linalg.matrix_norm, "dot: by a vector": torch.mv, "diff: rows": torch.diff, "trapezoid: rows": torch.trapezoid, "sort: rows": lambda x: x.sort(dim=1, stable=True).values,
        "argsort: rows": lambda x: x.argsort(dim=1, stable=True), "topk: 10 of rows": lambda x: x.topk(10).values,
        "searchsorted": lambda x: torch.searchsorted(torch_edges(x), x), "interp": None,
        "bincount: weights": lambda i, w: torch.zeros(1000, dtype=w.dtype).index_add(0, i, w),
        "histogram": lambda x: torch.histc(x, 100, -2, 2),
        "transpose, contiguous": lambda x: x.T.contiguous(), "flip, contiguous": lambda x: x.flip(1),
        "slice of every other column, contiguous": lambda x: x[:, ::2].contiguous(),
        "concatenate: columns": lambda a, b: torch.cat([a, b], 1), "stack: a last axis": lambda a, b: torch.stack([a, b], -1),
        "roll": lambda x: x.roll(7, 1), "tile": lambda x: x.tile(2, 2), "pad": lambda x: functional.pad(x, (2, 2, 1, 1)),
        "pad: by a mirror": lambda x: functional.pad(x, (2, 2), mode="reflect"),
        "repeat: columns": lambda x: x.repeat_interleave(4, 1), "set: a part": lambda x, v: replaced(x.clone(), v),
        "add_at: a part": lambda x, v: added(x.clone(), v), "masked_fill": lambda x, m: x.masked_fill(m, 0),
        "clip": lambda x: x.clip(-1, 1),
        "to: the other floating dtype": lambda x: x.to(torch.float64 if x.dtype == torch.float32 else torch.float32),
        "take: rows": lambda x, i: x.index_select(0, i), "take: columns": lambda x, i: x.index_select(1, i),
        "take_along_axis: rows": lambda x, i: x.gather(1, i),
        "scatter_add_along_axis: rows": lambda x, i: torch.zeros_like(x).scatter_add(1, i, x),
        "index_add: rows": lambda x, i, v: x.index_add(0, i, v), "take_at: elements": lambda x, i, j: x[i, j],
        "masked_select": lambda x, m: x.masked_select(m), "one_hot": lambda i: functional.one_hot(i, 100),
        "dropout": lambda x: functional.dropout(x, 0.5), "gammainc": lambda a, x: torch.special.gammainc(a, x),
        "matmul: 316 x 316": torch.matmul, "matmul: 1000 of 10 x 10": torch.matmul, "matmul: by a column": torch.matmul,
        "linear": lambda x, w, b: torch.addmm(b, x, w), "vdot": lambda a, b: torch.dot(a.flatten(), b.flatten()),
        "tensordot: two axes": torch.tensordot, "cross": lambda a, b: linalg.cross(a, b),
        "einsum: ij,jk->ik": lambda a, b: torch.einsum("ij,jk->ik", a, b),
        "einsum: ij,ij->i": lambda a, b: torch.einsum("ij,ij->i", a, b),
        "einsum: bij,bjk->bik": lambda a, b: torch.einsum("bij,bjk->bik", a, b),
        "solve: 316 x 316": lambda a, b: linalg.solve(regular(a), b),
        "solve: 1000 of 10 x 10": lambda a, b: linalg.solve(regular(a), b),
        "inverse: 316 x 316": lambda a: linalg.inv(regular(a)), "inverse: 1000 of 10 x 10": lambda a: linalg.inv(regular(a)),
        "cholesky: 316 x 316": lambda a: linalg.cholesky(regular(a)), "det: 316 x 316": lambda a: linalg.det(0.16 * a),
        "slogdet: 1000 of 10 x 10": lambda a: linalg.slogdet(regular(a)).logabsdet, "eigh: 100 x 100": lambda a: linalg.eigh(a + a.T),
        "eigvalsh: 100 x 100": lambda a: linalg.eigvalsh(a + a.T), "svd: 100 x 100": lambda a: linalg.svd(a, full_matrices=False),
        "qr: 316 x 316": linalg.qr, "lu: 316 x 316": lambda a: linalg.lu(a)[1:], "pinv: 100 x 100": linalg.pinv,
        "expm: 100 x 100": linalg.matrix_exp, "matrix_power: 316 x 316": lambda a: linalg.matrix_power(0.1 * a, 5),
        "fft: 50 of 1000": pairs(torch.fft.fft), "ifft: 50 of 1000": pairs(torch.fft.ifft),
        "rfft: 100 of 1000": lambda x: torch.view_as_real(torch.fft.rfft(x)),
        "irfft: 50 of 1998": lambda x: torch.fft.irfft(torch.view_as_complex(x)), "fftn: 50 x 1000": pairs(torch.fft.fftn),
        "complex_multiply": pairs(torch.mul), "complex_abs": lambda x: torch.view_as_complex(x).abs(),
        "cross_entropy": functional.cross_entropy,
        "binary_cross_entropy_with_logits": functional.binary_cross_entropy_with_logits,
        "binary_cross_entropy": functional.binary_cross_entropy, "mean_squared_error": functional.mse_loss,
        "mean_absolute_error": functional.l1_loss, "huber_loss": functional.huber_loss,
    }
    return table


in_torch = torch_table() if torch else {}


def torch_call(function, tensors, direction, parameters=()):
    """The call to time: of all results, with the gradients of inputs and parameters; None if there are none."""
    if direction == "forward":
        def forward():
            with torch.no_grad():
                return function(*tensors)
        return forward
    wanted = [x for x in tensors if x.requires_grad] + list(parameters)

    def results():
        y = function(*tensors)
        return [one for one in (y if isinstance(y, (tuple, list)) else [y]) if one.requires_grad]

    if not wanted or not results():
        return None
    seeds = [torch.ones_like(one) for one in results()]
    return lambda: torch.autograd.grad(results(), wanted, seeds, allow_unused=True)


class Problem:
    """An operation with its inputs, for both."""

    def __init__(self, name, dtype, *inputs):
        self.name = name
        arrays, self.wanted = [], []
        for seed, text in enumerate(inputs):
            kind, low, high, *shape = text.split()
            x = np.random.RandomState(seed).uniform(float(low), float(high), tuple(map(int, shape)))
            # differentiable, constant, whole, integer, boolean
            arrays.append([lambda: x.astype(dtype), lambda: x.astype(dtype), lambda: np.floor(x).astype(dtype),
                           lambda: np.floor(x).astype(np.int64), lambda: x > 0.5][int(kind)]())
            self.wanted.append(kind == "0")
        self.arrays = arrays
        self.tensors = [torch.tensor(x).requires_grad_(wanted) for x, wanted in zip(arrays, self.wanted)] if torch else []

    def call(self, who, direction):
        """The call to time, or None."""
        table, module = (in_numpy, np) if who == "numpy" else (in_torch, torch)
        function = table.get(self.name, getattr(module, self.name, None) if module else None)
        if function is None or who == "numpy" and direction == "both":
            return None
        if who == "numpy":
            return lambda: function(*self.arrays)
        return torch_call(function, self.tensors, direction)

    def squares(self, who):
        call = self.call(who, "forward")
        try:
            results = call() if call else None
        except (RuntimeError, TypeError, ValueError):
            results = None
        if results is None:
            return "none"
        total = 0.0
        for one in results if isinstance(results, (tuple, list)) else [results]:
            y = np.abs(np.asarray(one.detach() if hasattr(one, "detach") else one)).astype(np.float64)
            total += float((y * y).sum())
        return repr(total)

    def time(self, who, direction, calls):
        try:
            call = self.call(who, direction)
            if call is None:
                return "none"
            start = time.perf_counter()
            for _ in range(calls):
                call()
        except (RuntimeError, TypeError, ValueError):  # not for these dtypes, or no derivative
            return "none"
        return repr((time.perf_counter() - start) / calls * 1e6)


def serve(make):
    problem = None
    np.seterr(all="ignore")
    for line in sys.stdin:
        command, *arguments = line.rstrip("\n").split("\t")
        if command == "version":
            answer = f"NumPy {np.__version__}" + (f", PyTorch {torch.__version__.split('+')[0]}" if torch else "")
        elif command == "load":
            problem = make(*arguments)
            answer = "ok"
        elif command == "squares":
            answer = problem.squares(*arguments)
        else:
            who, direction, calls = arguments
            answer = problem.time(who, direction, int(calls))
        print(answer, flush=True)


if __name__ == "__main__":
    serve(Problem)
