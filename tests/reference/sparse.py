#!/usr/bin/env python3
"""Compares tests/optim/torch_sparse.txt with what PyTorch's optimizers do with sparse gradients now.

Usage: python3 tests/reference/sparse.py [--write]         needs PyTorch (pip install torch)

Of each use: its name, and a line for each of the steps 1, 2, 5 and 12 with the elements of the table w [7, 3]
after it; element i is sin(i + 1) at first. Step t = 1, 2, ... looks up the words (t k² + k) mod 7, k = 0, ..., 5, of
an Embedding(7, 3, sparse=True), and descends on the sum of sin(row k) cos(k + t). All in float64.
"""
import pathlib
import sys

import torch

path = pathlib.Path(__file__).resolve().parent.parent / "optim" / "torch_sparse.txt"
steps = (1, 2, 5, 12)
torch.set_default_dtype(torch.float64)


def uses():
    o, adam = torch.optim, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 0.01}
    yield "sgd", o.SGD, {"lr": 0.3}, None
    yield "adagrad", o.Adagrad, {"lr": 0.3, "eps": 0.01}, None
    yield "adagrad initial", o.Adagrad, {"lr": 0.3, "initial_accumulator_value": 0.5, "eps": 0.01}, 2
    yield "sparse adam", o.SparseAdam, adam, None
    yield "sparse adam padding", o.SparseAdam, adam, 2


def run(make, options, padding):
    start = torch.sin(torch.arange(21.0) + 1).reshape(7, 3)
    table = torch.nn.Embedding(7, 3, padding_idx=padding, sparse=True, _weight=start.clone())
    optimizer, k = make(table.parameters(), **options), torch.arange(6)
    for t in range(1, max(steps) + 1):
        optimizer.zero_grad()
        (table((t * k**2 + k) % 7).sin() * torch.cos(k + t)[:, None]).sum().backward()
        assert table.weight.grad.is_sparse
        optimizer.step()
        if t in steps:
            yield " ".join(f"{x:.17g}" for x in table.weight.detach().ravel())


def main():
    lines = ["Written by tests/reference/sparse.py."]
    for name, make, options, padding in uses():
        lines += [name, *run(make, options, padding)]
    text = "\n".join(lines) + "\n"
    if sys.argv[1:] == ["--write"]:
        path.write_text(text)
    elif path.read_text() != text:
        print(f"{path.name} differs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
