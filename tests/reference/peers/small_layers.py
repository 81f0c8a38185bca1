"""Layers of two inputs and of weights that are made of others, by PyTorch."""
import torch
from torch.nn import functional

from derivatives import Use, constants, uniform


def length(v, axis):
    return torch.norm_except_dim(v, 2, axis)


def spectral(v, first, second):
    return v / (first @ (v.flatten(1) @ second))


def cosine(a, b):
    """PyTorch's own has derivatives as if there were no least length."""
    unit = [x / x.norm(dim=-1, keepdim=True).clamp_min(3) for x in (a, b)]
    value = (unit[0] * unit[1]).sum(-1)
    assert torch.allclose(value, functional.cosine_similarity(a, b, -1, 3), rtol=1e-12)
    return value


x, images = uniform(-2, 2, 9, 4), uniform(-2, 2, 2, 3, 4, 4)
uses = {
    "cosine_similarity: rows": Use([uniform(-2, 2, 6, 8), uniform(-2, 2, 6, 8)], functional.cosine_similarity),
    "cosine_similarity: broadcast, a least length": Use([uniform(-2, 2, 6, 1, 8), uniform(-2, 2, 5, 8)], cosine),
    "pairwise_distance: rows": Use([uniform(-2, 2, 6, 8), uniform(-2, 2, 6, 8)], functional.pairwise_distance),
    "pairwise_distance: order 3": Use(
        [uniform(-2, 2, 6, 8), uniform(-2, 2, 6, 8)], lambda a, b: functional.pairwise_distance(a, b, 3)),
    "Bilinear: with a bias": Use(
        [uniform(-2, 2, 6, 3), uniform(-2, 2, 6, 4), uniform(-1, 1, 5, 3, 4), uniform(-1, 1, 5)], functional.bilinear),
    "pad_sequence: three lengths": Use(
        [uniform(-2, 2, 5, 3), uniform(-2, 2, 2, 3), uniform(-2, 2, 7, 3)],
        lambda *all: torch.nn.utils.rnn.pad_sequence(all, True, -1).sin()),
    "unpad_sequence: three lengths": Use(
        [uniform(-2, 2, 3, 6, 3)],
        lambda x: torch.cat(torch.nn.utils.rnn.unpad_sequence(x, torch.tensor([4, 6, 1]), True)).sin()),
    "WeightNorm: of a linear layer": Use(
        [x, uniform(0.5, 2, 1, 5), uniform(-2, 2, 4, 5), uniform(-1, 1, 5)],
        lambda x, g, v, b: x @ (v * g / length(v, 1)) + b),
    "WeightNorm: of a convolution": Use(
        [images, uniform(0.5, 2, 2, 1, 1, 1), uniform(-2, 2, 2, 3, 3, 3), uniform(-1, 1, 2)],
        lambda x, g, v, b: functional.conv2d(x, v * g / length(v, 0), b, padding=1)),
    "WeightNorm: of a transposed convolution": Use(
        [images, uniform(0.5, 2, 3, 1, 1, 1), uniform(-2, 2, 3, 2, 2, 2), uniform(-1, 1, 2)],
        lambda x, g, v, b: functional.conv_transpose2d(x, v * g / length(v, 0), b, stride=2)),
    "SpectralNorm: of a linear layer": Use(
        [x, uniform(0, 2, 4, 5), uniform(-1, 1, 5), constants(0.25, 1, 5), constants(0.25, 1, 4)],
        lambda x, w, b, first, second: x @ spectral(w.T, first, second).T + b),
    "SpectralNorm: of a convolution": Use(
        [images, uniform(0, 2, 2, 3, 3, 3), uniform(-1, 1, 2), constants(0.25, 1, 2), constants(0.25, 1, 27)],
        lambda x, w, b, first, second: functional.conv2d(x, spectral(w, first, second), b)),
    "SpectralNorm: of a transposed convolution": Use(
        [images, uniform(0, 2, 3, 2, 2, 2), uniform(-1, 1, 2), constants(0.25, 1, 2), constants(0.25, 1, 12)],
        lambda x, w, b, first, second: functional.conv_transpose2d(
            x, spectral(w.transpose(0, 1), first, second).transpose(0, 1), b)),
}
