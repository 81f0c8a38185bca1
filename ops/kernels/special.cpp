#include <xtape/ops/kernels/bessel.hpp>
#include <xtape/ops/kernels/beta.hpp>
#include <xtape/ops/kernels/gamma.hpp>
#include <xtape/ops/kernels/normal.hpp>
#include <xtape/ops/kernels/table.hpp>

// The vector kernels of the rows of special.def, compiled once a level.

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr TableKernels<SpecialName> table{{
#define XTAPE_UNARY(id, ...) kernels_of<id##_row, 1>(std::make_index_sequence<1>()),
#define XTAPE_BINARY(id, ...) kernels_of<id##_row, 2>(std::make_index_sequence<2>()),
#include <xtape/ops/special.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
}};

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const TableKernels<SpecialName>& compiled<TableKernels<SpecialName>, Level::XTAPE_LEVEL>() {
  return table;
}

}  // namespace xtape::kernels
