#!/usr/bin/env python3
"""Takes the weights of a model from the library to PyTorch and, trained on by a step, back again.

Usage: python3 tests/reference/both_ways.py PROGRAM
                                     PROGRAM is tests/nn/both_ways.cpp; ends with 77 where PyTorch or
                                     safetensors are not installed
"""
import pathlib
import subprocess
import sys
import tempfile

try:
    import torch
    from safetensors.torch import load_file, save_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
from torch import nn


def main(program):
    layers = (nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5), nn.Dropout(0.5))
    model = nn.Sequential(*layers, nn.Linear(5, 5))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.safetensors"
        subprocess.run([program, "write", path], check=True)
        tensors = load_file(path)
        x, y = tensors.pop("x"), tensors.pop("y")
        model.load_state_dict(tensors)
        model.eval()
        torch.testing.assert_close(model(x), y, rtol=1e-5, atol=1e-5)
        model.train()
        model(x).square().sum().backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 1e-3 * parameter.grad
        model.eval()
        save_file(model.state_dict() | {"x": x, "y": model(x).detach()}, path)
        subprocess.run([program, "read", path], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
