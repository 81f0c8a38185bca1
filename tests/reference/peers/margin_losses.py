"""Losses with a margin, by PyTorch."""
import torch
from torch.nn import functional

from derivatives import Use, booleans, integers, uniform
from peers.losses import labels, logits, targets, weight


def equal(value, theirs):
    """A value by differentiable operations, where PyTorch's own has no second derivative."""
    assert torch.allclose(value, theirs, rtol=1e-12)
    return value


def signed(function, *shapes, signs):
    """A loss of tensors and signs, which are made of 0 and 1."""
    return Use([*(uniform(-2, 2, *shape) for shape in shapes), integers(0, 1.9, *signs)],
               lambda *given: function(*given[:-1], 2.0 * given[-1] - 1))


def hot(lists):
    """PyTorch's lists of the classes that are 1, -1 behind them."""
    rows = [torch.nonzero(row)[:, 0].tolist() for row in lists]
    return torch.tensor([row + [-1] * (lists.shape[1] - len(row)) for row in rows])


def multi_margin(x, y, p=1, margin=1.0, w=None):
    beyond = (margin - x.gather(1, y[:, None]) + x).clamp_min(0) ** p * (1 - functional.one_hot(y, x.shape[1]))
    value = beyond.mean(1) * (1 if w is None else w[y])
    return equal(value, functional.multi_margin_loss(x, y, p=p, margin=margin, weight=w, reduction="none"))


def multilabel_margin(x, t):
    pairs = t[:, :, None] & ~t[:, None, :]
    value = ((1 - x[:, :, None] + x[:, None, :]).clamp_min(0) * pairs).sum((1, 2)) / x.shape[1]
    return equal(value, functional.multilabel_margin_loss(x, hot(t), reduction="none"))


uses = {
    "hinge_loss: signs": signed(lambda p, y: torch.relu(1 - y * p).mean(), (6, 8), signs=(6, 8)),
    "hinge_loss: squared": signed(lambda p, y: (torch.relu(0.5 - y * p) ** 2).mean(1), (6, 8), signs=(6, 8)),
    "hinge_embedding_loss: signs": signed(functional.hinge_embedding_loss, (6, 8), signs=(6, 8)),
    "soft_margin_loss: signs": signed(functional.soft_margin_loss, (6, 8), signs=(6, 8)),
    "multi_margin_loss: labels": logits(lambda x, y: multi_margin(x, y).mean(), labels),
    "multi_margin_loss: squared, with weights": logits(
        lambda x, y: multi_margin(x, y, 2, 0.75, weight), labels),
    "multilabel_margin_loss: several labels": Use(
        [uniform(-2, 2, 9, 5), booleans(9, 5)], lambda x, t: multilabel_margin(x, t).mean()),
    "multilabel_soft_margin_loss: weights": Use(
        [uniform(-2, 2, 9, 5), targets],
        lambda x, t: functional.multilabel_soft_margin_loss(x, t, weight=weight)),
    "margin_ranking_loss: a margin": signed(
        lambda a, b, y: functional.margin_ranking_loss(a, b, y, margin=0.25), (48,), (48,), signs=(48,)),
    "cosine_embedding_loss: a margin": signed(
        lambda a, b, y: functional.cosine_embedding_loss(a, b, y, margin=0.1), (6, 8), (6, 8), signs=(6,)),
    "triplet_margin_loss: lengths": Use(
        [uniform(-2, 2, 6, 8)] * 3, lambda a, p, n: functional.triplet_margin_loss(a, p, n)),
    "triplet_margin_loss: order 3, swapped": Use(
        [uniform(-2, 2, 6, 8)] * 3,
        lambda a, p, n: functional.triplet_margin_loss(a, p, n, margin=2, p=3, swap=True, reduction="none")),
}
