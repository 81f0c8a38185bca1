#!/usr/bin/env python3
"""Compares tests/optim/torch_optimizers.txt with what PyTorch's optimizers do now.

Usage: python3 tests/reference/optimizers.py [--write]         needs NumPy and PyTorch (pip install torch)

Of each use: its name, and a line for each of the steps 1, 2, 5 and 12 with the six elements of the matrix w
[2, 3] after it. In step t = 1, 2, ... the gradient of element i is cos(i t) + (i - 2) w_i / 4, and w_i = sin(i + 1)
at first. All in float64; LAMB and Muon are not there in this form, and follow their papers in NumPy.
"""
import pathlib
import sys

import numpy
import torch

path = pathlib.Path(__file__).resolve().parent.parent / "optim" / "torch_optimizers.txt"
steps = (1, 2, 5, 12)
torch.set_default_dtype(torch.float64)  # of the numbers that optimizers keep themselves, too


class Lamb:
    """You et al. (2020), algorithm 2."""

    def __init__(self, lr, betas, eps, weight_decay):
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.m = self.v = self.t = 0

    def step(self, w, g):
        (b1, b2), self.t = self.betas, self.t + 1
        self.m, self.v = b1 * self.m + (1 - b1) * g, b2 * self.v + (1 - b2) * g**2
        r = self.m / (1 - b1**self.t) / (numpy.sqrt(self.v / (1 - b2**self.t)) + self.eps) + self.weight_decay * w
        return w - self.lr * numpy.linalg.norm(w) / numpy.linalg.norm(r) * r


class Muon:
    """Jordan et al. (2024), for weights [inputs, outputs]."""

    def __init__(self, lr, momentum, nesterov, weight_decay):
        self.lr, self.momentum, self.nesterov, self.weight_decay, self.m = lr, momentum, nesterov, weight_decay, 0

    def step(self, w, g):
        self.m = self.momentum * self.m + (1 - self.momentum) * g
        d = self.momentum * self.m + (1 - self.momentum) * g if self.nesterov else self.m
        d = d / numpy.linalg.norm(d)
        for _ in range(5):
            d = 3.4445 * d - 4.775 * d @ d.T @ d + 2.0315 * d @ d.T @ d @ d.T @ d
        rate = self.lr * max(1, w.shape[1] / w.shape[0]) ** 0.5
        return (1 - self.lr * self.weight_decay) * w - rate * d


def uses():
    o, betas = torch.optim, {"lr": 0.02, "betas": (0.8, 0.95), "eps": 0.01}
    yield "sgd dampening", o.SGD, {"lr": 0.1, "momentum": 0.8, "dampening": 0.3}
    yield "sgd dampening decay", o.SGD, {"lr": 0.1, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.3}
    yield "adagrad initial", o.Adagrad, {"lr": 0.3, "initial_accumulator_value": 0.5, "eps": 0.01}
    rms = {"lr": 0.02, "alpha": 0.8, "eps": 0.01}
    yield "rmsprop centred", o.RMSprop, rms | {"centered": True}
    yield "rmsprop momentum", o.RMSprop, rms | {"momentum": 0.7}
    yield "rmsprop both", o.RMSprop, rms | {"centered": True, "momentum": 0.7, "weight_decay": 0.3}
    yield "adadelta", o.Adadelta, {"lr": 0.9, "rho": 0.8, "eps": 0.01}
    yield "adadelta decay", o.Adadelta, {"lr": 0.9, "rho": 0.8, "eps": 0.01, "weight_decay": 0.3}
    yield "adamax", o.Adamax, betas
    yield "adamax decay", o.Adamax, betas | {"weight_decay": 0.3}
    yield "nadam", o.NAdam, betas
    yield "nadam decay", o.NAdam, betas | {"weight_decay": 0.3, "momentum_decay": 0.1}
    yield "nadam decoupled", o.NAdam, betas | {"weight_decay": 0.3, "decoupled_weight_decay": True}
    yield "radam", o.RAdam, betas
    yield "radam decay", o.RAdam, betas | {"weight_decay": 0.3}
    yield "radam decoupled", o.RAdam, betas | {"weight_decay": 0.3, "decoupled_weight_decay": True}
    yield "lamb", Lamb, betas | {"weight_decay": 0.3}
    yield "muon", Muon, {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.3}
    yield "muon plain", Muon, {"lr": 0.02, "momentum": 0.8, "nesterov": False, "weight_decay": 0}


def gradient(w, t):
    i = numpy.arange(6.0).reshape(2, 3)
    return numpy.cos(i * t) + (i - 2) * w / 4


def run(make, options):
    w = numpy.sin(numpy.arange(6.0) + 1).reshape(2, 3)
    torch_made = issubclass(make, torch.optim.Optimizer)
    parameter = torch.tensor(w, requires_grad=True)
    optimizer = make([parameter], **options) if torch_made else make(**options)
    for t in range(1, max(steps) + 1):
        g = gradient(w, t)
        if torch_made:
            parameter.grad = torch.tensor(g)
            optimizer.step()
            w = parameter.detach().numpy().copy()
        else:
            w = optimizer.step(w, g)
        if t in steps:
            yield " ".join(f"{x:.17g}" for x in w.ravel())


def main():
    lines = ["Written by tests/reference/optimizers.py."]
    for name, make, options in uses():
        lines += [name, *run(make, options)]
    text = "\n".join(lines) + "\n"
    if sys.argv[1:] == ["--write"]:
        path.write_text(text)
    elif path.read_text() != text:
        print(f"{path.name} differs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
