#!/usr/bin/env python3
"""Writes examples/diabetes.csv, and prints what ridge regression comes to on it.

Usage: python3 -P tests/reference/diabetes.py    needs scikit-learn (pip install scikit-learn)
"""
import pathlib

import numpy
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

data = load_diabetes(scaled=False)
names = ["age", "sex", "body_mass_index", "blood_pressure", "cholesterol", "ldl", "hdl", "cholesterol_to_hdl",
         "log_triglycerides", "glucose"]
lines = [
    "# Ten measurements of 442 diabetes patients, and how far the disease had gone a year later: B. Efron, T. Hastie,",
    "# I. Johnstone, R. Tibshirani, Least Angle Regression, Annals of Statistics 32 (2004); by scikit-learn,",
    "# datasets.load_diabetes(scaled=False), BSD licence.",
    ",".join(names + ["progression"])]
for row, target in zip(data.data, data.target):
    lines.append(",".join(repr(float(value)).removesuffix(".0") for value in [*row, target]))
path = pathlib.Path(__file__).parent.parent.parent / "examples/diabetes.csv"
path.write_text("\n".join(lines) + "\n")

scores = cross_validate(make_pipeline(StandardScaler(), Ridge(alpha=10)), data.data, data.target, cv=KFold(5),
                        scoring=("r2", "neg_root_mean_squared_error"))
print("ridge: R2 %.4f, error %.2f" % (scores["test_r2"].mean(), -scores["test_neg_root_mean_squared_error"].mean()))
print("the mean: error %.2f" % numpy.sqrt(numpy.mean((data.target - data.target.mean()) ** 2)))
