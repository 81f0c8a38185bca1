#!/usr/bin/env python3
"""Prints what tests/train/ranking.cpp expects: metrics of scikit-learn.

Usage: python3 -P tests/reference/metrics.py    (random.py beside it is not the module of that name); needs NumPy and scikit-learn (pip install scikit-learn)
"""
import numpy
from sklearn import metrics


def drawn(seed, *shape):
    return numpy.random.RandomState(seed).uniform(0, 1, shape)


scores = numpy.round(8 * drawn(1, 60)) / 8  # with ties
targets = (drawn(2, 60) + scores > 1).astype(int)
table = numpy.round(4 * drawn(3, 40, 5)) / 4 + numpy.arange(5) / 1024
labels = numpy.floor(5 * drawn(4, 40)).astype(int)
shares = (table + 0.1) / (table + 0.1).sum(1, keepdims=True)
predicted = table.argmax(1)

print("roc_auc", repr(float(metrics.roc_auc_score(targets, scores))))
print("average_precision", repr(float(metrics.average_precision_score(targets, scores))))
for k in (1, 2, 4):
    print("top_k_accuracy", k, metrics.top_k_accuracy_score(labels, table, k=k))
print("log_loss", repr(float(metrics.log_loss(labels, shares))))
print("log_loss of one", repr(float(metrics.log_loss(targets, scores))))
print("jaccard", metrics.jaccard_score(labels, predicted, average=None).tolist())
for average in ("macro", "weighted", "micro"):
    print("jaccard", average, repr(float(metrics.jaccard_score(labels, predicted, average=average))))
