"""Shards as NumPy and safetensors write them: python3 -P tests/reference/shards.py

Rows 0 to 9 of three arrays, of which tests/data/file_shards.cpp knows the numbers:
image[i, j, k] = (37 i + 11 j + 5 k) mod 256, label[i] = i mod 4 - 1, share[i] = i / 8.
"""
import pathlib

import numpy as np
from safetensors.numpy import save_file

folder = pathlib.Path(__file__).parent.parent / "data" / "shards"


def rows(first, last):
    i, j, k = np.ogrid[first:last, :3, :2]
    numbers = np.arange(first, last)
    return {
        "image": ((37 * i + 11 * j + 5 * k) % 256).astype(np.uint8),
        "label": (numbers % 4 - 1).astype(np.int32),
        "share": (numbers / 8).astype(np.float16),
    }


np.savez(folder / "a-0.npz", **rows(0, 4))
np.savez_compressed(folder / "a-1.npz", **rows(4, 5))
np.savez_compressed(folder / "a-2.npz", **rows(5, 10))
for name, first, last in [("b-0", 0, 7), ("b-1", 7, 10)]:
    save_file(rows(first, last), folder / f"{name}.safetensors")
