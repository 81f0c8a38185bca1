#pragma once
#include <concepts>
#include <cstddef>

#include <xtape/core/operation.hpp>
#include <xtape/ops/kernels/map.hpp>
#include <xtape/ops/kernels/rows.hpp>
#include <xtape/ops/operand.hpp>

namespace xtape {

using kernels::FunctionName;
using kernels::RowName;
using kernels::SpecialName;

/// A derivative of a row: what it reads, and its formula for tensors.
struct RowDerivative {
  unsigned reads = 0;        ///< a bit for each argument: g, the inputs, the result
  bool is_gradient = false;  ///< it is g itself
  Tensor (*formula)(const Tensor* const* arguments) = nullptr;  ///< null: there is none
};

/// A row of elementwise.def, functions.def or special.def.
struct Row : OpInfo {
  kernels::Domain domain;
  std::size_t arity;
  bool compares;
  bool keeps;  ///< a derivative reads more than g
  RowDerivative derivatives[kernels::max_inputs];
  const kernels::RowKernels& (*kernels)();
  /// What not all integers may stand for as the last argument; null where all may. Throws
  /// ValueError.
  void (*check_integers)(const Tensor& last);
};

const Row& row(RowName name);
const Row& row(FunctionName name);
const Row& row(SpecialName name);

/// A row applied to what users give: numbers adapt their dtype to a tensor's.
Tensor unary(const Row& row, const Tensor& x);
Tensor binary(const Row& row, const Operand& left, const Operand& right);

/// The row applied to one, two or three tensors, in their promoted dtype; boolean ones as NumPy
/// does, + is or, * is and. Throws DtypeError if the row takes no boolean, ShapeError if the
/// tensors do not broadcast.
template <std::same_as<Tensor>... Inputs>
Tensor apply_row(const Row& row, const Inputs&... x);

}  // namespace xtape
