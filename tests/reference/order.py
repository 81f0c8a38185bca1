#!/usr/bin/env python3
"""Prints what NumPy gives for the tensors in tests/ops/sort.cpp and tests/ops/cumulative.cpp."""
import numpy as np

x = np.array([[[3, -1, 2], [0, 5, 2]], [[-7, 4, 4], [1, -1, 0]]])
for axis in (-1, 1, 0):
    print("sort", axis, np.sort(x, axis).tolist())
print("argsort", np.argsort(x, kind="stable").tolist())
for axis in (0, 1, 2):
    print("cumsum", axis, np.cumsum(x, axis).tolist())
    print("cumprod", axis, np.cumprod(x, axis).tolist())
    print("cummax", axis, np.maximum.accumulate(x, axis).tolist())
    print("cummin", axis, np.minimum.accumulate(x, axis).tolist())
print("logcumsumexp", np.logaddexp.accumulate([-1.0, 0.5, -700.0, 3.0, 1000.0, 999.0]).tolist())
