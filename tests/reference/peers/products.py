"""Products, by PyTorch."""
import torch

from derivatives import Use, uniform


def two(function, first, second):
    return Use([uniform(-2, 2, *first), uniform(-2, 2, *second)], function)


def einsum(subscripts, *shapes):
    return Use([uniform(-2, 2, *shape) for shape in shapes], lambda *x: torch.einsum(subscripts, *x))


def cross(a, b):
    return torch.linalg.cross(a, b, dim=1)


uses = {
    "matmul: matrices": two(torch.matmul, (5, 8), (8, 6)),
    "matmul: leading axes broadcast": two(torch.matmul, (2, 1, 3, 4), (3, 4, 5)),
    "matmul: row by matrices": two(torch.matmul, (8,), (2, 8, 5)),
    "linear: rows": Use([uniform(-2, 2, 6, 8), uniform(-2, 2, 8, 3), uniform(-2, 2, 3)],
                        lambda x, w, b: torch.addmm(b, x, w)),
    "dot: three axes by three": two(lambda a, b: torch.tensordot(a, b, ([2], [1])), (2, 3, 4), (2, 4, 3)),
    "vdot: of other shapes": two(lambda a, b: torch.dot(a.flatten(), b.flatten()), (6, 8), (8, 6)),
    "inner: rows by rows": two(torch.inner, (5, 8), (6, 8)),
    "outer: of a matrix and a vector": two(lambda a, b: torch.outer(a.flatten(), b), (3, 4), (5,)),
    "kron: matrices": two(torch.kron, (3, 4), (2, 5)),
    "tensordot: two axes": two(lambda a, b: torch.tensordot(a, b, 2), (4, 3, 5), (3, 5, 4)),
    "cross: an inner axis": two(cross, (4, 3, 5), (4, 3, 5)),
    "einsum: many matrices": einsum("bij,bjk->kib", (4, 3, 5), (4, 5, 3)),
    "einsum: a quadratic form": einsum("i,ij,j", (7,), (7, 7), (7,)),
    "einsum: a diagonal and a sum": einsum("iji,kl->jl", (4, 5, 4), (3, 8)),
    "einsum: axes without a letter": einsum("i...,i...->...i", (4, 3, 5), (4, 1, 5)),
    "lerp: by a tensor": Use([uniform(-2, 2, 40) for _ in range(3)], torch.lerp),
}
