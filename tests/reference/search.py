#!/usr/bin/env python3
"""Prints what NumPy gives for the tensors in tests/ops/places.cpp and tests/ops/search.cpp."""
import numpy as np

x = np.arange(12).reshape(3, 2, 2)
i, j = np.array([[2, 0], [-1, 1]]), np.array([1, -2])
print("take_at", x[i, j].tolist())
y = x.copy()
y[i, j] = np.arange(8).reshape(2, 2, 2) * 10
print("set", y.tolist())
y = x.copy()
np.add.at(y, (i, j), np.array([100, 200]))
print("add_at", y.tolist())
m = np.array([[3, 1, 2], [6, 5, 4]])
np.put_along_axis(m, np.array([[0, -1, 0]]), [[10, 20, 30]], 1)
print("put_along_axis", m.tolist())

s, v = [1.0, 2, 2, 5], [0.0, 1, 2, 3, 5, 6, np.nan]
print("left", np.searchsorted(s, v).tolist())
print("right", np.searchsorted(s, v, "right").tolist())
e = [0.0, 1, 3]
print("digitize", np.digitize(v, e).tolist(), np.digitize(v, e, True).tolist())
print("descending", np.digitize(v, e[::-1]).tolist(), np.digitize(v, e[::-1], True).tolist())
print("isin", np.isin([[1, 2], [3, 5]], [5, 1, 1]).tolist())
at = [-1.0, 0, 0.5, 1, 2, 3, 4, np.nan]
print("interp", np.interp(at, [0.0, 1, 3], [2.0, 4, 1]).tolist())
print("interp", np.interp(at, [0.0, 1, 3], [2.0, 4, 1], -7, 8).tolist())
print("unique", *[a.tolist() for a in np.unique([[3, 1], [1, 2]], return_inverse=True, return_counts=True)])
print("bincount", np.bincount([1, 3, 1], [0.5, 2, 4], 5).tolist())
h = [0.0, 0.5, 1, 1, 2, 4]
print("histogram", *[a.tolist() for a in np.histogram(h, 4)])
print("range", *[a.tolist() for a in np.histogram(h, 2, (0.5, 2))])
print("edges", *[a.tolist() for a in np.histogram(h, [0, 1, 1, 4], weights=[1.0, 2, 4, 8, 16, 32])])
print("density", np.histogram(h, [0, 1, 4], density=True)[0].tolist())
