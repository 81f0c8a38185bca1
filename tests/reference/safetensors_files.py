#!/usr/bin/env python3
"""Compares the files of tests/data/safetensors with what Python's safetensors writes now.

Usage: python3 tests/reference/safetensors_files.py [--write]
                                     needs NumPy, PyTorch and safetensors (pip install torch safetensors)

    every_type   a tensor of each element type that the library reads
    written      what save_safetensors must write to the byte, see tests/data/safetensors.cpp
"""
import pathlib
import sys

import torch
from safetensors.torch import save

folder = pathlib.Path(__file__).resolve().parent.parent / "data" / "safetensors"


def every_type():
    whole = {"int8": [-128, 127], "int16": [-32768, 32767], "int32": [-(2**31), 2**31 - 1], "int64": [-(2**63), 2**63 - 1],
             "uint8": [0, 255], "uint16": [0, 65535], "uint32": [0, 2**32 - 1], "uint64": [0, 2**63 - 1]}
    tensors = {name: torch.tensor(numbers, dtype=getattr(torch, name)) for name, numbers in whole.items()}
    numbers = [0.0, -0.0, 1.0, -2.5, 65504.0, 2.0**-24, float("inf"), float("-inf"), float("nan")]
    for name in ("float16", "bfloat16", "float32", "float64"):
        tensors[name] = torch.tensor(numbers, dtype=torch.float64).to(getattr(torch, name))
    tensors["bool"] = torch.tensor([[True, False, True]])
    tensors["scalar"] = torch.tensor(1.5)
    tensors["empty"] = torch.zeros(2, 0, 3)
    return save(tensors, metadata={"format": "pt"})


def written():
    tensors = {
        "b.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "a.weight": torch.tensor([0.5], dtype=torch.float32),
        "count": torch.tensor(7),
        "mask": torch.tensor([True, False, True]),
        "wide \"quoted\"\n\u00e9\u4e2d": torch.tensor([1e300, -1e-300], dtype=torch.float64),
        "none": torch.zeros(0),
    }
    return save(tensors, metadata={"note": "line\tone\n\u0001"})


def main():
    status = 0
    for make in (every_type, written):
        path, content = folder / f"{make.__name__}.safetensors", make()
        if sys.argv[1:] == ["--write"]:
            path.write_bytes(content)
        elif path.read_bytes() != content:
            print(f"{path.name} differs")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
