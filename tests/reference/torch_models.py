#!/usr/bin/env python3
"""Compares the files of tests/nn/torch_models with what PyTorch computes now: small models, trained for 20 steps.

Usage: python3 tests/reference/torch_models.py [--write]
                                     needs PyTorch and safetensors (pip install torch safetensors)

A file holds the weights before the first step, "model.NAME"; the input x and the target; the result y of the
model as it is trained, at first; and the loss before each step. tests/nn/torch_models.cpp builds the same models.
"""
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

folder = pathlib.Path(__file__).resolve().parent.parent / "nn" / "torch_models"


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, dropout=0, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.encoder(self.embedding(x)).mean(1))


def mlp():
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3)), torch.randn(32, 4)


def cnn():
    layers = (nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3))
    return nn.Sequential(*layers), torch.randn(16, 1, 8, 8)


def normed():
    one, two, last = weight_norm(nn.Linear(4, 6)), spectral_norm(nn.Linear(6, 5)), weight_norm(nn.Linear(5, 3))
    return nn.Sequential(one, nn.Tanh(), two, nn.Tanh(), last), torch.randn(32, 4)


def normed_images():
    one = weight_norm(nn.ConvTranspose2d(2, 3, 2, stride=2))
    two = spectral_norm(nn.ConvTranspose2d(3, 4, 2))
    three = spectral_norm(nn.Conv2d(4, 3, 3))
    return nn.Sequential(one, nn.Tanh(), two, nn.Tanh(), three, nn.Flatten(), nn.Linear(75, 3)), torch.randn(8, 2, 3, 3)


def lstm():
    return Sequence(), torch.randn(12, 7, 5)


def transformer():
    return Attention(), torch.randint(0, 11, (12, 6))


def trained(make):
    torch.manual_seed(1)
    model, x = make()
    target = torch.randint(0, 3, (len(x),))
    tensors = {f"model.{name}": tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for step in range(20):
        y = model(x)
        if step == 0:
            tensors |= {"x": x, "target": target, "y": y.detach().clone()}
        loss = nn.functional.cross_entropy(y, target)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return tensors | {"losses": torch.tensor(losses, dtype=torch.float64)}


def main():
    status = 0
    for make in (mlp, cnn, normed, normed_images, lstm, transformer):
        path, tensors = folder / f"{make.__name__}.safetensors", trained(make)
        if sys.argv[1:] == ["--write"]:
            save_file(tensors, path)
            continue
        known = load_file(path)
        if known.keys() != tensors.keys() or not all(torch.allclose(known[name], tensors[name]) for name in known):
            print(f"{path.name} differs")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
