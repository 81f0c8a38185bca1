#!/usr/bin/env python3
"""Writes examples/breast_cancer.csv: scikit-learn's copy of the data, with texts for labels.

Usage: python3 -P tests/reference/breast_cancer.py    needs scikit-learn (pip install scikit-learn)
"""
import pathlib

from sklearn.datasets import load_breast_cancer

data = load_breast_cancer()
names = [str(name).replace(" ", "_") for name in data.feature_names]
lines = [
    "# Breast Cancer Wisconsin (Diagnostic): W. H. Wolberg, O. L. Mangasarian, W. N. Street, 1993. UCI Machine Learning",
    "# Repository, doi:10.24432/C5DW2B, CC BY 4.0; by scikit-learn, datasets.load_breast_cancer. 569 tumours, of whose",
    "# cell nuclei thirty features were measured in images: mean, standard error and mean of the three largest.",
    ",".join(["diagnosis"] + names)]
for row, label in zip(data.data, data.target):
    lines.append(",".join([str(data.target_names[label])] + [repr(float(value)).removesuffix(".0") for value in row]))
path = pathlib.Path(__file__).parent.parent.parent / "examples/breast_cancer.csv"
path.write_text("\n".join(lines) + "\n")
