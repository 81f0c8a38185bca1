#!/usr/bin/env python3
"""Trains the network that examples/fine_tune.cpp goes on with, on the first five kinds of Fashion-MNIST, by PyTorch.

Usage: python3 tests/reference/fine_tune.py [--write] [DIRECTORY]
                                     needs PyTorch and safetensors (pip install torch safetensors), and the IDX files
                                     (Debian: dataset-fashion-mnist); --write replaces examples/fine_tune.safetensors

Prints the share of test images that the network of the file, or the one just trained, gets right.
"""
import gzip
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

path = pathlib.Path(__file__).resolve().parent.parent.parent / "examples" / "fine_tune.safetensors"
kinds = 5


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for inputs, outputs in ((1, 8), (8, 16), (16, 32)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(32 * 3 * 3, kinds)

    def forward(self, x):
        return self.head(self.body(x))


def read(directory, name):
    images, labels = (np.frombuffer(gzip.open(f"{directory}/{name}-{kind}-ubyte.gz").read(), np.uint8, offset=offset)
                      for kind, offset in (("images-idx3", 16), ("labels-idx1", 8)))
    known = labels < kinds
    x = torch.tensor(images.reshape(-1, 1, 28, 28)[known].astype(np.float32))
    return (x - 127.5) / 127.5, torch.tensor(labels[known].astype(np.int64))


def trained(x, y, epochs=10):
    torch.manual_seed(0)
    model = Classifier()
    batches = (len(x) + 127) // 128
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * batches)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(128):
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model


def main(*arguments):
    directory = next((text for text in arguments if text != "--write"), "/usr/share/datasets/fashion-mnist")
    if "--write" in arguments:
        model = trained(*read(directory, "train"))
        save_file(model.state_dict(), path)
    else:
        model = Classifier()
        model.load_state_dict(load_file(path))
    x, y = read(directory, "t10k")
    with torch.no_grad():
        print(f"test, acc: {(model(x).argmax(1) == y).float().mean():.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
