"""Losses of classes and of probabilities, by PyTorch."""
import torch
from torch.nn import functional

from derivatives import Use, booleans, constants, integers, uniform
from peers.losses import logits, labels, targets, weight
from peers.margin_losses import equal


def focal(x, t, alpha, gamma):
    p = torch.sigmoid(x)
    q, a = torch.where(t > 0, p, 1 - p), torch.where(t > 0, alpha, 1 - alpha)
    return -a * (1 - q) ** gamma * torch.log(q)


def softmax_focal(x, y, gamma):
    log_p = x.log_softmax(1).gather(1, y[:, None])[:, 0]
    return -(1 - log_p.exp()) ** gamma * log_p


def dice(p, t):
    p, t = p.flatten(1), t.flatten(1)
    return (1 - (2 * (p * t).sum(1) + 1) / (p.sum(1) + t.sum(1) + 1)).mean()


def kl(x, y, **options):
    return functional.kl_div(x.log_softmax(-1), y.softmax(-1), reduction="batchmean", **options)


def ctc(x, targets, of_input, of_targets, reduction):
    """By the recursion of Graves et al. (2006), equations 6 and 7, in differentiable operations; the value
    is PyTorch's, whose ctc_loss has no second derivative."""
    log_p = x.log_softmax(-1)
    losses = []
    for one, labels, length, count in zip(log_p, targets, of_input.tolist(), of_targets.tolist()):
        extended = [0]
        for label in labels[:count].tolist():
            extended += [label, 0]
        none = torch.tensor(-1e300, dtype=torch.float64)
        alpha = [one[0, k] if s < 2 else none for s, k in enumerate(extended)]
        for t in range(1, length):
            before = alpha
            alpha = []
            for s, k in enumerate(extended):
                from_there = before[max(s - 1, 0) if s else 0:s + 1]
                if s > 1 and k != 0 and k != extended[s - 2]:
                    from_there = before[s - 2:s + 1]
                alpha.append(torch.logsumexp(torch.stack(list(from_there)), 0) + one[t, k])
        losses.append(-torch.logsumexp(torch.stack(alpha[-2:]), 0))
    losses = torch.stack(losses)
    theirs = functional.ctc_loss(log_p.transpose(0, 1), targets, of_input, of_targets, reduction="none")
    losses = equal(losses, theirs)
    return (losses / of_targets).mean() if reduction == "mean" else losses


uses = {
    "cross_entropy: sequences": Use(
        [uniform(-3, 3, 3, 4, 5), integers(0, 5, 3, 4)],
        lambda x, y: functional.cross_entropy(x.transpose(1, 2), y, weight=weight, label_smoothing=0.2)),
    "cross_entropy: images": Use(
        [uniform(-3, 3, 2, 5, 2, 3), integers(0, 5, 2, 2, 3)],
        lambda x, y: functional.cross_entropy(x, y, ignore_index=2, reduction="none")),
    "cross_entropy: probabilities of images": Use(
        [uniform(-3, 3, 2, 5, 2, 3), constants(0, 1, 2, 5, 2, 3)], functional.cross_entropy),
    "nll_loss: weights": logits(lambda x, y: functional.nll_loss(x, y, weight=weight), labels),
    "nll_loss: images": Use(
        [uniform(-3, 0, 2, 5, 2, 3), integers(0, 5, 2, 2, 3)],
        lambda x, y: functional.nll_loss(x, y, ignore_index=1)),
    "binary_cross_entropy_with_logits: weights of the elements": logits(
        lambda x, y, w: functional.binary_cross_entropy_with_logits(x, y, weight=w), targets, constants(0, 2, 9, 5)),
    "binary_cross_entropy: weights of the outputs": Use(
        [uniform(0.05, 0.95, 9, 5), targets], lambda p, y: -(weight * (y * p.log() + (1 - y) * (1 - p).log())).mean()),
    "focal_loss: the customary alpha and gamma": Use(
        [uniform(-3, 3, 9, 5), booleans(9, 5)], lambda x, t: focal(x, t, 0.25, 2).mean()),
    "focal_loss: a small gamma": Use(
        [uniform(-3, 3, 9, 5), booleans(9, 5)], lambda x, t: focal(x, t, 0.5, 0.5).mean(1)),
    "softmax_focal_loss: weights": logits(
        lambda x, y: (weight[y] * softmax_focal(x, y, 2)).sum() / weight[y].sum(), labels),
    "softmax_focal_loss: images": Use(
        [uniform(-3, 3, 2, 5, 2, 3), integers(0, 5, 2, 2, 3)],
        lambda x, y: torch.where(y != 2, softmax_focal(x, y, 0.5), 0)),
    "dice_loss: images": Use([uniform(0, 1, 3, 4, 5), constants(0, 1, 3, 4, 5)], dice),
    "kl_divergence: probabilities": Use([uniform(-2, 2, 6, 8), uniform(-2, 2, 6, 8)], kl),
    "kl_divergence: logarithms": Use(
        [uniform(-2, 2, 6, 8), uniform(-2, 2, 6, 8)],
        lambda x, y: functional.kl_div(x, y, reduction="none", log_target=True).sum(0)),
    "gaussian_nll_loss: variances": Use(
        [uniform(-2, 2, 6, 8), uniform(-2, 2, 6, 8), uniform(0.25, 3, 6, 8)],
        lambda m, t, v: functional.gaussian_nll_loss(m, t, v)),
    "gaussian_nll_loss: full": Use(
        [uniform(-2, 2, 6, 8), uniform(-2, 2, 6, 8), uniform(0.25, 3, 6, 8)],
        lambda m, t, v: functional.gaussian_nll_loss(m, t, v, full=True, reduction="none").mean(1)),
    "poisson_nll_loss: logarithms": Use(
        [uniform(-2, 2, 6, 8), uniform(0, 9, 6, 8)], lambda x, t: functional.poisson_nll_loss(x, t)),
    "poisson_nll_loss: rates, full": Use(
        [uniform(0.25, 4, 6, 8), constants(0, 9, 6, 8)],
        lambda x, t: functional.poisson_nll_loss(x, t, log_input=False, full=True)),
    "ctc_loss: lengths": Use(
        [uniform(-2, 2, 4, 9, 5), integers(1, 5, 4, 3), integers(7, 10, 4), integers(1, 4, 4)],
        lambda x, y, n, m: ctc(x, y, n, m, "mean")),
    "ctc_loss: each": Use(
        [uniform(-2, 2, 4, 9, 5), integers(1, 5, 4, 3), integers(7, 10, 4), integers(1, 4, 4)],
        lambda x, y, n, m: ctc(x, y, n, m, "none")),
}
