"""What finds and replaces elements by indices and masks, by PyTorch."""
import torch

from derivatives import Use, booleans, halves, integers


def cube(function, *more):
    return Use([halves(-8, 8, 4, 3, 5), *more], function)


def scattered(x, i):
    return torch.zeros(4, 6, 5, dtype=x.dtype).scatter_add(1, i % 6, x * x)


def put(x, i, values):
    return (x * x).index_put((torch.arange(6)[:, None], i), values * x.mean())


uses = {
    "take: repeated rows": cube(lambda x, i: (x * x)[i], integers(-4, 4, 2, 3)),
    "take: an inner axis": cube(lambda x, i: (x * x)[:, i], integers(-3, 3, 6)),
    "scatter_add: repeated rows": cube(
        lambda x, i: torch.zeros(6, 3, 5, dtype=x.dtype).index_add(0, i, x * x), integers(0, 6, 4)),
    "take_along_axis: an inner axis": cube(lambda x, i: torch.take_along_dim(x * x, i % 3, 1), integers(-3, 3, 4, 2, 5)),
    "scatter_add_along_axis: an inner axis": cube(scattered, integers(-6, 6, 4, 3, 5)),
    "put_along_axis: a column": Use([halves(-8, 8, 6, 8), integers(-8, 8, 6, 1), halves(-8, 8, 6, 1)], put),
    "take_at: two axes of three": cube(lambda x, i, j: (x * x)[i, j], integers(-4, 4, 2, 5), integers(-3, 3, 5)),
    "set: a tensor of indices": Use([halves(-8, 8, 6, 8), halves(-8, 8, 8)],
                                    lambda x, v: (x * x).index_put((torch.tensor([2, -1]),), v * v)),
    "add_at: two tensors of indices": cube(
        lambda x, i, j, v: (x * x).index_put((i, j), v * x.mean(), accumulate=True),
        integers(-4, 4, 8), integers(-3, 3, 8), halves(-8, 8, 8, 5)),
    "index_add: repeated columns": cube(
        lambda x, i, v: (x * x).index_add(1, i % 3, v * x.mean()), integers(-3, 3, 4), halves(-8, 8, 4, 4, 5)),
    "masked_select: elements": cube(lambda x, m: (x * x)[m], booleans(4, 3, 5)),
    "masked_select: rows": cube(lambda x, m: (x * x)[m], booleans(4, 3)),
}
