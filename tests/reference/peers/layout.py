"""What changes shapes and places, of squares, so that there is a second derivative; by PyTorch."""
import torch

from derivatives import Use, booleans, halves

pad = torch.nn.functional.pad


def cube(function):
    return Use([halves(-8, 8, 4, 3, 5)], lambda x: function(x * x))


def matrix(function):
    return Use([halves(-8, 8, 6, 8)], lambda x: function(x * x))


def two(function, first=(4, 3, 5), second=(4, 3, 5)):
    return Use([halves(-8, 8, *first), halves(-8, 8, *second)], lambda a, b: function(a * a, b * a.mean()))


def embedded(x):
    y = torch.zeros(8, 6, 5, dtype=x.dtype)
    y[1:8:2, ::2] = x
    return y


def replaced(x, values):
    y = x.clone()
    y[1:, ::2] = values
    return y


def added(x, values):
    y = x.clone()
    y[1:, ::2] += values
    return y


uses = {
    "reshape: two axes": cube(lambda x: x.reshape(6, 10)),
    "transpose: given axes": cube(lambda x: x.permute(2, 0, 1)),
    "swapaxes: first and last": cube(lambda x: x.swapaxes(0, 2)),
    "moveaxis: first to last": cube(lambda x: x.movedim(0, 2)),
    "broadcast_to: new and inner axes": Use([halves(-8, 8, 6, 1, 8)], lambda x: (x * x).expand(2, 6, 3, 8)),
    "expand_dims: in the middle": cube(lambda x: x.unsqueeze(1)),
    "squeeze: all": Use([halves(-8, 8, 6, 1, 8)], lambda x: (x * x).squeeze()),
    "slice: range, step and index": Use([halves(-8, 8, 4, 5, 8)], lambda x: (x * x)[1:, ::2, -2]),
    "slice: backwards": matrix(lambda x: x.flip(1)[:, 1::3]),
    "embed: with gaps": cube(embedded),
    "flip: an axis": cube(lambda x: x.flip(1)),
    "concatenate: an inner axis": two(lambda a, b: torch.cat([a, b, a], 1), second=(4, 2, 5)),
    "stack: a new last axis": two(lambda a, b: torch.stack([a, b], -1)),
    "split: columns": matrix(lambda x: x.tensor_split(2, 1)),
    "split_with_sizes: columns": matrix(lambda x: torch.split(x, [3, 5], 1)),
    "unbind: an inner axis": cube(lambda x: x.unbind(1)),
    "roll: around the end": cube(lambda x: x.roll(-2, 2)),
    "tile: along a new axis too": matrix(lambda x: x.tile(2, 1, 2)),
    "pad: a margin of 2": matrix(lambda x: pad(x, (0, 2, 1, 0), value=2)),
    "pad: by the edge": cube(lambda x: pad(x, (2, 1, 1, 0), mode="replicate")),
    "pad: by a mirror": cube(lambda x: pad(x, (2, 1, 1, 0), mode="reflect")),
    "pad: around": cube(lambda x: pad(x, (2, 1, 1, 0), mode="circular")),
    "repeat: columns": matrix(lambda x: x.repeat_interleave(3, 1)),
    "flatten: two axes of three": cube(lambda x: x.flatten(1)),
    "ravel: a cube": cube(torch.ravel),
    "rot90: three quarters": matrix(lambda x: x.rot90(3)),
    "meshgrid: two vectors": Use([halves(-8, 8, 6), halves(-8, 8, 8)],
                                 lambda a, b: torch.meshgrid(a * a, b * b, indexing="xy")),
    "set: a part": two(replaced, second=(3, 2, 5)),
    "add_at: a part": two(added, second=(3, 2, 5)),
    "masked_fill: a mask": Use([halves(-8, 8, 6, 8), booleans(6, 8), halves(-8, 8)],
                               lambda x, m, value: torch.where(m, value * value, x * x)),
    "diag: of a vector": Use([halves(-8, 8, 7)], lambda x: torch.diag(x * x, 1)),
    "diag: of a matrix": matrix(lambda x: torch.diag(x, 1)),
    "diagonal: of matrices": cube(lambda x: torch.diagonal(x, -1, 1, 2)),
    "trace: of a wide matrix": matrix(lambda x: torch.diagonal(x, 1).sum()),
    "tril: of matrices": cube(lambda x: torch.tril(x, 1)),
    "triu: of matrices": cube(lambda x: torch.triu(x, 1)),
    "contiguous: of a transpose": matrix(lambda x: x.T.contiguous()),
    "to: there and back": matrix(lambda x: x.to(torch.float64)),
}
