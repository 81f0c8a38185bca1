#!/usr/bin/env python3
"""Compares tests/nn/replays.txt with what PyTorch makes now of the models of the examples: the losses of 50 steps.

Usage: python3 tests/reference/replays.py [--write]            needs NumPy and PyTorch (pip install torch)

The models are small ones of the same form, in float64; weights, batches and noise are those of random streams, so that
only losses are stored: of each model its name, and a line with those before the steps 1, 2, ...  Dropout is left out.
tests/nn/replays.cpp builds the same models.
"""
import pathlib
import sys

import numpy
import torch
import torch.nn.functional as f
from torch import nn
from torch.distributions import Normal, kl_divergence

path = pathlib.Path(__file__).resolve().parent.parent / "nn" / "replays.txt"
steps, batches = 50, 5
torch.set_default_dtype(torch.float64)


def uniform(stream, low, high, *shape):
    return torch.tensor(stream.uniform(low, high, shape))


def initialised(model):
    """From one stream, in the order of names: of matrices and kernels with variance 1 / inputs; vectors within 0.1 of 0,
    and of 1 where they are called weight."""
    stream = numpy.random.RandomState(1)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            bound = 0.1 if parameter.dim() == 1 else (3 * len(parameter) / parameter.numel()) ** 0.5
            middle = float(parameter.dim() == 1 and name.endswith(".weight"))
            parameter.copy_(middle + uniform(stream, -bound, bound, *parameter.shape))
    return model


class LeNet(nn.Sequential):
    decays = True  # the rate, along half a cosine

    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 4, 5, padding="same"), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(4, 8, 5, padding="same"), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10))

    def optimizer(self):
        return torch.optim.AdamW(self.parameters(), lr=0.02, weight_decay=0.01)

    def loss(self, stream, _):
        x = uniform(stream, -1, 1, 16, 1, 8, 8)
        return f.cross_entropy(self(x), uniform(stream, 0, 10, 16).long())


class Forecast(nn.Module):
    decays = False

    def __init__(self):
        super().__init__()
        self.net, self.out = nn.LSTM(1, 8, batch_first=True), nn.Linear(8, 1)
        self.state = None

    def optimizer(self):
        return torch.optim.Adam(self.parameters(), lr=0.02)

    def loss(self, stream, step):
        if step % batches == 0:
            self.state = None
        x, change = uniform(stream, -1, 1, 8, 12, 1), uniform(stream, -1, 1, 8, 12, 1)
        read, state = self.net(x, self.state)
        self.state = tuple(part.detach() for part in state)
        return f.mse_loss(self.out(read), change)

    def clip(self):
        """clip_grad_norm_ adds 1e-6 to the norm."""
        norm = sum(parameter.grad.square().sum() for parameter in self.parameters()).sqrt()
        for parameter in self.parameters():
            parameter.grad *= min(1, 0.2 / norm)


class LanguageModel(nn.Module):
    decays = True

    def __init__(self):
        super().__init__()
        self.words, self.positions = nn.Embedding(11, 16), nn.Embedding(12, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0, activation="gelu", batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(16), enable_nested_tensor=False)

    def optimizer(self):
        return torch.optim.AdamW(self.parameters(), lr=0.02, weight_decay=0.01)

    def loss(self, stream, _):
        text = uniform(stream, 0, 11, 4, 13).long()
        mask = nn.Transformer.generate_square_subsequent_mask(12)
        read = self.body(self.words(text[:, :-1]) + self.positions.weight, mask, is_causal=True)
        return f.cross_entropy((read @ self.words.weight.T).flatten(0, 1), text[:, 1:].flatten())


class Autoencoder(nn.Module):
    decays = False

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 8))
        self.decoder = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 20))

    def optimizer(self):
        return torch.optim.Adam(self.parameters(), lr=0.02)

    def loss(self, stream, _):
        x = uniform(stream, 0, 1, 16, 20)
        loc, log_scale = self.encoder(x).chunk(2, 1)
        code = Normal(loc, log_scale.exp())
        drawn = loc + log_scale.exp() * torch.tensor(stream.normal(size=(16, 4)))
        pixels = f.binary_cross_entropy_with_logits(self.decoder(drawn), x)
        return 20 * pixels + kl_divergence(code, Normal(0.0, 1.0)).sum(1).mean()


def losses(model):
    optimizer = model.optimizer()
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        loss = model.loss(numpy.random.RandomState(100 + step % batches), step)
        yield loss.item()
        optimizer.zero_grad()
        loss.backward()
        if hasattr(model, "clip"):
            model.clip()
        optimizer.step()
        if model.decays:
            cosine.step()


def main():
    replays = {make.__name__: list(losses(initialised(make()))) for make in (LeNet, Forecast, LanguageModel, Autoencoder)}
    if sys.argv[1:] == ["--write"]:
        lines = [f"{name}\n{' '.join(f'{loss:.13g}' for loss in of)}\n" for name, of in replays.items()]
        path.write_text("Written by tests/reference/replays.py.\n" + "".join(lines))
    known = path.read_text().splitlines()[1:]
    differ = [name for name, of in replays.items()
              if not numpy.allclose([float(x) for x in known[known.index(name) + 1].split()], of, rtol=1e-9)]
    for name in differ:
        print(f"{name} differs")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
