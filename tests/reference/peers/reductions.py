"""Reductions, running ones, order statistics and what orders, by PyTorch and JAX."""
import math

import jax.numpy
import torch

from derivatives import Use, booleans, constants, halves, integers, uniform

inf, nan = math.inf, math.nan


def cube(function, *more):
    return Use([uniform(-2, 2, 4, 3, 5), *more], function)


def ties(function):
    """Halves, of which many are equal."""
    return Use([halves(-2, 2, 4, 12)], function)


def with_others(function, others, by="torch"):
    """A vector with numbers that are special to the function."""
    return Use([uniform(-2, 2, 40, others=others)], function, by)


def at_least_40(function):
    """Of one row, whose gradient has the elements."""
    return Use([uniform(-2, 2, 41)], function)


def middle(x, q, axis):
    return torch.quantile(x, q, dim=axis)


def masked(x, mask, other):
    return torch.where(mask, x, other)


def unique(x):
    values, inverse = torch.unique(x, return_inverse=True)
    places = torch.tensor([int((inverse == i).nonzero()[0]) for i in range(len(values))])
    return x[places]


mask = booleans(4, 3, 5)
uses = {
    "sum: axes": cube(lambda x: torch.sum(x * x, (0, 2))),
    "sum: infinities": with_others(lambda x: torch.sum(x), (inf, 1)),
    "mean: an axis, kept": cube(lambda x: torch.mean(x * x, 1, keepdim=True)),
    "prod: an axis": cube(lambda x: torch.prod(x, 1)),
    "prod: one zero": with_others(torch.prod, (0.0,)),
    "prod: two zeros": with_others(torch.prod, (0.0, -0.0)),
    "amax: ties": ties(lambda x: torch.amax(x, 1) ** 2),
    "amax: axes": cube(lambda x: torch.amax(x, (0, 2)) ** 2),
    "amin: ties": ties(lambda x: torch.amin(x, 0) ** 2),
    "logsumexp: axes": cube(lambda x: torch.logsumexp(x, (0, 1))),
    "logsumexp: infinity": with_others(lambda x: torch.logsumexp(x, 0), (-inf, 300, 300.5)),
    "sum_to: two axes": cube(lambda x: (x * x).sum((0, 2), keepdim=True)[0]),
    "var: an axis": cube(lambda x: torch.var(x, 1, correction=0)),
    "var: corrected": cube(lambda x: torch.var(x, (0, 1), correction=1)),
    "stddev: axes": cube(lambda x: torch.std(x, (0, 2), correction=0)),
    "norm: of order 1": cube(lambda x: torch.linalg.vector_norm(x, 1, dim=1)),
    "norm: of order 2": cube(lambda x: torch.linalg.vector_norm(x, 2, dim=(0, 2))),
    "norm: of order 3": cube(lambda x: torch.linalg.vector_norm(x, 3, dim=1)),
    "norm: the greatest": cube(lambda x: torch.linalg.vector_norm(x, inf, dim=1) ** 2),
    "ptp: an axis": cube(lambda x: (torch.amax(x, 1) - torch.amin(x, 1)) ** 2),
    "nansum: NaN": with_others(lambda x: torch.nansum(x) ** 2, (nan, 1.5, nan)),
    "nanmean: NaN": with_others(lambda x: torch.nanmean(x) ** 2, (nan, 1.5, nan)),
    "median: odd": Use([uniform(-2, 2, 5, 9)], lambda x: middle(x, 0.5, 1) ** 2),
    "median: even": Use([uniform(-2, 2, 5, 8)], lambda x: middle(x, 0.5, 1) ** 2),
    "quantile: an axis": Use([uniform(-2, 2, 8, 6)], lambda x: middle(x, 0.3, 0) ** 2),
    "diff: twice": cube(lambda x: torch.diff(x * x, n=2, dim=-1)),
    "trapezoid: equal distances": cube(lambda x: torch.trapezoid(x * x, dx=0.5, dim=1)),
    "trapezoid: at points": Use([uniform(-2, 2, 5, 9), uniform(-2, 2, 9)], lambda y, x: torch.trapezoid(y, x * x)),
    "masked_sum: an axis": cube(lambda x, m: masked(x * x, m, 0.0).sum(1), mask),
    "masked_mean: all": cube(lambda x, m: masked(x * x, m, 0.0).sum() / m.sum(), mask),
    "masked_amax: axes": cube(lambda x, m: masked(x, m, -inf).amax((0, 2)) ** 2, mask),
    "masked_amin: axes": cube(lambda x, m: masked(x, m, inf).amin((0, 2)) ** 2, mask),
    "masked_softmax: rows": cube(
        lambda x, m: torch.where(m, torch.softmax(masked(x, m | ~m.any(-1, keepdim=True), -inf), -1), 0.0), mask),
    "softmax: an axis": cube(lambda x: torch.softmax(x, 1)),
    "softmax: infinity": with_others(lambda x: torch.softmax(x, 0), (-inf, 30)),
    "log_softmax: an axis": cube(lambda x: torch.log_softmax(x, 0)),
    "cumsum: an axis": cube(lambda x: torch.cumsum(x * x, 1)),
    "cumprod: an axis": cube(lambda x: torch.cumprod(x, 1)),
    "cumprod: zeros": ties(lambda x: torch.cumprod(x, 1)),
    "logcumsumexp: an axis": cube(lambda x: torch.logcumsumexp(x, 2)),
    "cummax: an axis": Use([uniform(-20, 20, 4, 3, 5)], lambda x: torch.cummax(x, 2).values ** 2),
    "cummin: an axis": Use([uniform(-20, 20, 4, 3, 5)], lambda x: torch.cummin(x, 1).values ** 2),
    "sort: ties": ties(lambda x: torch.sort(x, dim=1, stable=True).values ** 2),
    "sort: descending": cube(lambda x: torch.sort(x, dim=1, descending=True).values ** 2),
    "cummax_with_indices: an axis": Use([uniform(-20, 20, 4, 3, 5)], lambda x: torch.cummax(x, 1).values ** 2),
    "cummin_with_indices: an axis": Use([uniform(-20, 20, 4, 3, 5)], lambda x: torch.cummin(x, 0).values ** 2),
    "max_with_indices: the first among equals": ties(lambda x: torch.max(x, dim=1).values ** 2),
    "min_with_indices: kept": cube(lambda x: torch.min(x, dim=0, keepdim=True).values ** 2),
    "topk: an axis": cube(lambda x: torch.topk(x, 2, dim=2).values ** 2),
    "unique: ties": ties(lambda x: unique(x.flatten()) ** 2),
    "interp: between and beyond": Use(
        [uniform(-3, 3, 40), constants(-2.5, -2.5, 1, others=(-1, -0.25, 0.75, 2.5)), uniform(-2, 2, 5)],
        lambda x, xp, fp: jax.numpy.interp(x, xp, fp) ** 2, "jax"),
    "interp: by the places": Use(
        [constants(-3, 3, 40), uniform(0.25, 1, 6), uniform(-2, 2, 6)],
        lambda x, steps, fp: jax.numpy.interp(x, jax.numpy.cumsum(steps) - 2, fp), "jax"),
    "bincount: weights": Use([integers(0, 7, 40), uniform(-2, 2, 40)],
                             lambda i, w: torch.zeros(7, dtype=w.dtype).index_add(0, i, w * w)),
    "histogram: weights": Use([constants(-2, 2, 40), uniform(-2, 2, 40)],
                              lambda x, w: torch.zeros(8, dtype=w.dtype).index_add(0, torch.floor(2 * x).long() + 4, w * w)),
}
