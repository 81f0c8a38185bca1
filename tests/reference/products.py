#!/usr/bin/env python3
"""Compares tests/support/numpy_products.hpp, what NumPy's products give, with NumPy.

Usage: python3 tests/reference/products.py [--write]        needs NumPy (Debian: python3-numpy)

The operands are integers that follow from their shapes, see `operand`; the header keeps the results.
Ends with 1 if it is not what NumPy gives now; with --write it is written anew.
"""
import pathlib
import sys

import numpy

header = pathlib.Path(__file__).resolve().parents[1] / "support" / "numpy_products.hpp"

# (subscripts, shapes)
einsums = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("ij,jk", [(2, 3), (3, 4)]),
    ("ij,jk->ki", [(2, 3), (3, 4)]),
    ("ji,jk->ik", [(3, 2), (3, 4)]),
    ("ij,kj->ik", [(2, 3), (4, 3)]),
    ("ba,cb", [(2, 3), (4, 2)]),
    ("bA,Ac", [(2, 3), (3, 2)]),
    ("ba", [(2, 3)]),
    ("bA", [(2, 3)]),
    ("ij->ij", [(2, 3)]),
    ("ij->j", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("ii", [(3, 3)]),
    ("ii->i", [(3, 3)]),
    ("iji->ij", [(2, 3, 2)]),
    ("ijij->ji", [(2, 3, 2, 3)]),
    ("iii->i", [(3, 3, 3)]),
    ("iii", [(3, 3, 3)]),
    ("iij,jkk->ik", [(2, 2, 3), (3, 2, 2)]),
    ("i,i", [(4,), (4,)]),
    ("i,j", [(2,), (3,)]),
    ("i,j->ji", [(2,), (3,)]),
    ("i,i->i", [(4,), (4,)]),
    ("ij,j->i", [(2, 3), (3,)]),
    ("j,ij->i", [(3,), (2, 3)]),
    ("ij,ij->i", [(2, 3), (2, 3)]),
    ("ij,ij", [(2, 3), (2, 3)]),
    ("ij,ji", [(2, 3), (3, 2)]),
    ("ij,kl->ijkl", [(2, 1), (1, 3)]),
    ("bij,bjk->bik", [(2, 2, 3), (2, 3, 2)]),
    ("bij,bjk->kbi", [(2, 2, 3), (2, 3, 2)]),
    ("bqhd,bkhd->bhqk", [(2, 2, 2, 3), (2, 1, 2, 3)]),
    ("abc,bad->dc", [(2, 3, 2), (3, 2, 2)]),
    ("ij,jk,kl->il", [(2, 3), (3, 2), (2, 3)]),
    ("i,ij,j", [(2,), (2, 3), (3,)]),
    ("ij,ik,il->jkl", [(2, 2), (2, 3), (2, 2)]),
    ("ab,bc,cd,da", [(2, 3), (3, 2), (2, 3), (3, 2)]),
    ("ij,k->ij", [(2, 3), (4,)]),
    ("ij,jk,lm->ik", [(2, 3), (3, 2), (2, 2)]),
    ("...ij,...jk->...ik", [(2, 2, 3), (3, 2)]),
    ("...ij,...jk", [(2, 1, 2, 3), (3, 3, 2)]),
    ("i...j", [(2, 2, 3)]),
    ("...ba", [(2, 2, 3)]),
    ("i...,i...->...i", [(2, 3), (2, 3)]),
    ("ij...,j...->i...", [(2, 3, 2), (3, 1)]),
    ("...,...", [(2, 3), (3,)]),
    ("...ii->...i", [(2, 3, 3)]),
    ("...ii", [(2, 3, 3)]),
    ("i->...", [(3,)]),
    ("i->...i", [(3,)]),
    ("...i->i", [(3,)]),
    ("ij,jk->ik", [(2, 1), (3, 2)]),
    ("ij,ij->ij", [(2, 1), (1, 3)]),
    ("i,i->i", [(1,), (3,)]),
    ("i,i", [(3,), (1,)]),
    ("ij->ij", [(1, 1)]),
    ("ii", [(1, 1)]),
    ("ij,j->ij", [(1, 2), (1,)]),
    ("", [()]),
    ("->", [()]),
    (",", [(), ()]),
    (",i->i", [(), (3,)]),
    (" i j , j k -> i k ", [(2, 3), (3, 2)]),
    ("ij,jk->ik", [(2, 0), (0, 3)]),
    ("ij,jk->ik", [(0, 2), (2, 3)]),
    ("i,i->i", [(1,), (0,)]),
    ("ij->i", [(2, 0)]),
    ("ii", [(0, 0)]),
    ("bij,bjk->bik", [(2, 2, 0), (2, 0, 1)]),
]

# (function, shapes, arguments)
products = (
    [("dot", shapes, ()) for shapes in (
        [(), ()], [(), (2, 3)], [(2, 3), ()], [(3,), (3,)], [(2, 3), (3,)], [(2,), (2, 3)],
        [(2, 3), (3, 2)], [(2, 2, 3), (3,)], [(3,), (2, 3, 2)], [(2, 2, 3), (3, 2)],
        [(2, 3), (2, 3, 2)], [(2, 1, 3), (2, 3, 2)], [(2, 0), (0, 3)], [(0, 2), (2, 3)], [(0,), (0,)])] +
    [("vdot", shapes, ()) for shapes in (
        [(), ()], [(3,), (3,)], [(2, 3), (3, 2)], [(1,), ()], [(0,), (2, 0)])] +
    [("inner", shapes, ()) for shapes in (
        [(), (2, 3)], [(2, 3), ()], [(3,), (3,)], [(2, 3), (2, 3)], [(2, 3), (3,)], [(3,), (2, 3)],
        [(2, 1, 3), (2, 2, 3)], [(2, 0), (3, 0)])] +
    [("outer", shapes, ()) for shapes in (
        [(), ()], [(2,), (3,)], [(2, 3), (2, 2)], [(3,), ()], [(0,), (3,)])] +
    [("kron", shapes, ()) for shapes in (
        [(), ()], [(), (2, 3)], [(2,), (3,)], [(2, 3), (3, 2)], [(2, 3), (4,)], [(3,), (2, 2)],
        [(2, 1, 2), (2, 3, 2)], [(2, 0), (3, 4)], [(2, 1, 1, 2), (2, 2, 1, 2)], [(2, 2), (1, 2, 1, 3)],
        [(1, 2, 1, 1, 2), (2, 2, 1)], [(2, 1, 0, 2), (3, 2)])] +
    [("tensordot", shapes, arguments) for shapes, arguments in (
        ([(2, 3), (2, 3)], (2,)), ([(2, 2, 3), (2, 3, 2)], (2,)), ([(2, 3), (3, 2)], (1,)),
        ([(2,), (2, 3)], (1,)), ([(2, 3), (2, 2)], (0,)), ([(), (2, 3)], (0,)), ([(), ()], (0,)),
        ([(2, 0), (0, 3)], (1,)), ([(2, 3, 2), (2, 2, 3)], (0,)),
        ([(2, 3, 2), (3, 2)], ([1, 0], [0, 1])), ([(2, 3, 2), (3, 2)], ([-2], [0])),
        ([(2, 3, 2), (2, 2, 3)], ([0, 2], [1, 0])), ([(2, 3), (3, 2)], ([], [])),
        ([(2, 3), (3, 2)], ([0, 1], [-1, -2])))] +
    [("cross", shapes, arguments) for shapes, arguments in (
        ([(3,), (3,)], (-1,)), ([(2, 3), (3,)], (-1,)), ([(2, 1, 3), (2, 3)], (-1,)),
        ([(3, 2), (3, 2)], (0,)), ([(3, 2), (3,)], (0,)), ([(2, 3, 2), (3, 1)], (-2,)),
        ([(2, 3, 2), (1, 3, 1)], (1,)), ([(0, 3), (3,)], (-1,)))])


def operand(shape, place):
    """Integers from -5 to 5, different ones in each place."""
    count = numpy.prod(shape, dtype=int)
    return ((7 * numpy.arange(count) + 3 * place) % 11 - 5).reshape(shape)


def braces(numbers):
    return "{" + ", ".join(str(number) for number in numbers) + "}"


def row(name, shapes, arguments, function):
    result = numpy.asarray(function(*[operand(shape, place) for place, shape in enumerate(shapes)]))
    lists = [argument if isinstance(argument, list) else [argument] for argument in arguments]
    lists = "{" + ", ".join(braces(numbers) for numbers in lists) + "}"
    return (f'    {{"{name}", {{{", ".join(braces(shape) for shape in shapes)}}}, {lists}, '
            f"{braces(result.shape)}, {braces(result.ravel())}}},\n")


def text():
    rows_of_einsum = "".join(
        row(subscripts, shapes, (), lambda *x, s=subscripts: numpy.einsum(s, *x))
        for subscripts, shapes in einsums)
    rows = "".join(
        row(name, shapes, arguments, lambda *x, f=getattr(numpy, name), a=arguments: call(f, x, a))
        for name, shapes, arguments in products)
    return f"""#pragma once
#include <cstdint>
#include <vector>

#include <xtape/core/create.hpp>

// Written by tests/reference/products.py.

/// What NumPy gives for operands of these shapes, see `operands`.
struct NumpyProduct {{
  const char* name;  // of the function, or the subscripts
  std::vector<xtape::Shape> shapes;
  std::vector<std::vector<std::int64_t>> arguments;
  xtape::Shape shape;
  std::vector<std::int64_t> values;

  std::vector<xtape::Tensor> operands() const {{
    std::vector<xtape::Tensor> result;
    for (std::size_t place = 0; place < shapes.size(); ++place) {{
      std::vector<std::int64_t> numbers;
      for (std::int64_t i = 0; i < shapes[place].size(); ++i)
        numbers.push_back((7 * i + 3 * static_cast<std::int64_t>(place)) % 11 - 5);
      result.push_back(xtape::from_vector(numbers, shapes[place]));
    }}
    return result;
  }}
}};

// clang-format off
inline const std::vector<NumpyProduct> numpy_einsums{{
{rows_of_einsum}}};

inline const std::vector<NumpyProduct> numpy_products{{
{rows}}};
// clang-format on
"""


def call(function, operands, arguments):
    if function is numpy.tensordot:
        return function(*operands, axes=arguments[0] if len(arguments) == 1 else arguments)
    if function is numpy.cross:
        return function(*operands, axis=arguments[0])
    return function(*operands)


def main():
    if "--write" in sys.argv[1:]:
        header.write_text(text())
    same = header.read_text() == text()
    print(f"{len(einsums)} einsums and {len(products)} other products: "
          f"{'as NumPy gives them' if same else 'WRONG'}")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
