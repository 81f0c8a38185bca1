"""Linear algebra by PyTorch, of matrices made from the inputs that are far from singular. Of vectors whose
signs are anybody's, what does not depend on them."""
import torch
from torch import linalg

from derivatives import Use, uniform


def definite(a):
    return a @ a.mT + 3 * torch.eye(a.shape[-1], dtype=a.dtype)


def apart(a):
    """Symmetric, the eigenvalues far from one another."""
    return a + a.mT + torch.diag(20 * torch.arange(a.shape[-1], dtype=a.dtype))


def regular(a):
    n = min(a.shape[-2:])
    return a + 8 * torch.eye(*a.shape[-2:], dtype=a.dtype) * (1 + torch.arange(a.shape[-1], dtype=a.dtype))


def matrix(function, *shape):
    return Use([uniform(-1, 1, *(shape or (7, 7)))], function)


def solved(function, *shape):
    return Use([uniform(-1, 1, 6, 6), uniform(-1, 1, *shape)], function)


def of_vectors(values, vectors):
    return values, vectors * vectors


def svd(a):
    u, s, vh = linalg.svd(regular(a), full_matrices=False)
    return u * u, s, vh * vh


def qr(a):
    q, r = linalg.qr(regular(a))
    return q * q, r * r


def lu(a):
    _, l, u = linalg.lu(regular(a).flip(-2))
    return l, u


uses = {
    "solve: columns": solved(lambda a, b: linalg.solve(regular(a), b), 6, 3),
    "solve: many": Use([uniform(-1, 1, 4, 3, 3), uniform(-1, 1, 3, 2)], lambda a, b: linalg.solve(regular(a), b)),
    "solve_triangular: the lower one": solved(
        lambda a, b: linalg.solve_triangular(regular(a).tril(), b, upper=False), 6, 3),
    "inverse: a matrix": matrix(lambda a: linalg.inv(regular(a))),
    "cholesky: a matrix": matrix(lambda a: linalg.cholesky(definite(a))),
    "det: a matrix": matrix(linalg.det),
    "slogdet: the logarithm": matrix(lambda a: linalg.slogdet(regular(a)).logabsdet),
    "logdet: a matrix": matrix(lambda a: torch.logdet(regular(a))),
    "matrix_power: third": matrix(lambda a: linalg.matrix_power(a, 3)),
    "matrix_power: of an inverse": matrix(lambda a: linalg.matrix_power(regular(a), -2)),
    "eigh: values, and vectors squared": matrix(lambda a: of_vectors(*linalg.eigh(apart(a)))),
    "eigvalsh: a matrix": matrix(lambda a: linalg.eigvalsh(apart(a))),
    "svd: more rows than columns": matrix(svd, 8, 5),
    "svd: more columns than rows": matrix(svd, 5, 8),
    "singular_values: a matrix": matrix(lambda a: linalg.svdvals(regular(a)), 8, 5),
    "qr: more rows than columns": matrix(qr, 8, 5),
    "lu: a square matrix": matrix(lu),
    "pinv: a matrix": matrix(lambda a: linalg.pinv(regular(a)), 8, 5),
    "lstsq: more rows than columns": Use([uniform(-1, 1, 8, 5), uniform(-1, 1, 8, 2)],
                                         lambda a, b: linalg.pinv(regular(a)) @ b),
    "cond: a matrix": matrix(lambda a: linalg.cond(regular(a))),
    "matrix_norm: frobenius": matrix(linalg.matrix_norm),
    "matrix_norm: nuclear": matrix(lambda a: linalg.matrix_norm(regular(a), "nuc")),
    "matrix_norm: spectral": matrix(lambda a: linalg.matrix_norm(regular(a), 2)),
    "matrix_norm: one": matrix(lambda a: linalg.matrix_norm(a, 1) ** 2),
    "matrix_norm: infinity": matrix(lambda a: linalg.matrix_norm(a, float("inf")) ** 2),
    "expm: a matrix": matrix(linalg.matrix_exp),
}
