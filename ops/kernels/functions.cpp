#include <xtape/ops/kernels/bases.hpp>
#include <xtape/ops/kernels/hyperbolic.hpp>
#include <xtape/ops/kernels/inverse_trigonometric.hpp>
#include <xtape/ops/kernels/mish.hpp>
#include <xtape/ops/kernels/roots.hpp>
#include <xtape/ops/kernels/rounding.hpp>
#include <xtape/ops/kernels/table.hpp>

// The vector kernels of the rows of functions.def, compiled once a level.

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr TableKernels<FunctionName> table{{
#define XTAPE_UNARY(id, ...) kernels_of<id##_row, 1>(std::make_index_sequence<1>()),
#define XTAPE_BINARY(id, ...) kernels_of<id##_row, 2>(std::make_index_sequence<2>()),
#include <xtape/ops/functions.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
}};

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const TableKernels<FunctionName>& compiled<TableKernels<FunctionName>, Level::XTAPE_LEVEL>() {
  return table;
}

}  // namespace xtape::kernels
