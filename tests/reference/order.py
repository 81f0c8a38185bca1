#!/usr/bin/env python3
"""Prints what NumPy gives for the tensor in tests/ops/sort.cpp."""
import numpy as np

x = np.array([[[3, -1, 2], [0, 5, 2]], [[-7, 4, 4], [1, -1, 0]]])
for axis in (-1, 1, 0):
    print("sort", axis, np.sort(x, axis).tolist())
print("argsort", np.argsort(x, kind="stable").tolist())
