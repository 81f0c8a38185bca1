#include <xtape/ops/kernels/gated.hpp>
#include <xtape/ops/kernels/logarithm.hpp>
#include <xtape/ops/kernels/power.hpp>
#include <xtape/ops/kernels/table.hpp>
#include <xtape/ops/kernels/trigonometric.hpp>

// The vector kernels of the rows of elementwise.def, compiled once a level.

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr TableKernels<RowName> table{{
#define XTAPE_UNARY(id, ...) kernels_of<id##_row, 1>(std::make_index_sequence<1>()),
#define XTAPE_BINARY(id, ...) kernels_of<id##_row, 2>(std::make_index_sequence<2>()),
#define XTAPE_TERNARY(id, ...) kernels_of<id##_row, 3>(std::make_index_sequence<3>()),
#define XTAPE_COMPARE(id, ...) kernels_of<id##_row, 2>(std::index_sequence<>()),
#include <xtape/ops/elementwise.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE
}};

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const TableKernels<RowName>& compiled<TableKernels<RowName>, Level::XTAPE_LEVEL>() {
  return table;
}

}  // namespace xtape::kernels
