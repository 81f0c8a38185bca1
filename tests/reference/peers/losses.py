"""Losses, by PyTorch."""
import torch
from torch.nn import functional

from derivatives import Use, constants, integers, uniform


def logits(function, *more):
    return Use([uniform(-3, 3, 9, 5), *more], function)


def pairs(function, choice=None):
    return Use([uniform(-3, 3, 6, 8), uniform(-3, 3, 6, 8)], function, choice=choice)


def clipped(p):
    return p.clamp(1e-7, 1 - 1e-7)


labels = integers(0, 5, 9)
weight = torch.tensor([0.5, 1.0, 2.0, 0.25, 1.5], dtype=torch.float64)
targets = constants(0, 1, 9, 5)
uses = {
    "cross_entropy: labels": logits(functional.cross_entropy, labels),
    "cross_entropy: weights, smoothed": logits(
        lambda x, y: functional.cross_entropy(x, y, weight=weight, label_smoothing=0.1), labels),
    "cross_entropy: ignored": logits(lambda x, y: functional.cross_entropy(x, y, ignore_index=2, reduction="sum"), labels),
    "cross_entropy: probabilities": logits(
        lambda x, q: functional.cross_entropy(x, q, reduction="none"), targets),
    "categorical_cross_entropy: labels": Use(
        [uniform(0.05, 0.95, 9, 5), labels], lambda p, y: functional.nll_loss(clipped(p).log(), y)),
    "binary_cross_entropy_with_logits: probabilities": logits(functional.binary_cross_entropy_with_logits, targets),
    "binary_cross_entropy_with_logits: a weight": logits(
        lambda x, y: functional.binary_cross_entropy_with_logits(x, y, pos_weight=weight, reduction="sum"), targets),
    "binary_cross_entropy: probabilities": Use(
        [uniform(0.05, 0.95, 9, 5), targets], lambda p, y: -(y * p.log() + (1 - y) * (1 - p).log()).mean()),
    "mean_squared_error: pairs": pairs(functional.mse_loss),
    "mean_absolute_error: pairs": pairs(functional.l1_loss),
    "huber_loss: a delta": pairs(lambda p, t: functional.huber_loss(p, t, delta=1.5, reduction="none").mean(),
                                 choice=lambda p, t: abs(p - t) == 1.5),
    "l1_penalty: signs": Use([uniform(-2, 2, 41)], lambda w: w.abs().sum() ** 2),
    "l2_penalty: squares": Use([uniform(-2, 2, 41)], lambda w: (w * w).sum()),
    "smooth_l1_loss: a beta": pairs(lambda p, t: functional.smooth_l1_loss(p, t, beta=0.75, reduction="none").mean(),
                                    choice=lambda p, t: abs(p - t) == 0.75),
    "smooth_l1_loss: none": pairs(lambda p, t: functional.smooth_l1_loss(p, t, beta=0)),
}
