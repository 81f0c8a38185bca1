#include <numbers>
#include <utility>

#include <xtape/ops/row.hpp>
#include <xtape/ops/row_table.hpp>
#include <xtape/ops/special.hpp>

namespace xtape {

using std::numbers::pi;
#define XTAPE_FORMULA(name, parameters, ...) \
  static Tensor name parameters { return __VA_ARGS__; }
#include <xtape/ops/special.def>
#undef XTAPE_FORMULA

namespace {

constexpr Row rows[] = {
#define XTAPE_UNARY(id, ...) \
  row_of<kernels::id##_row, SpecialName::id, 1>(std::make_index_sequence<1>()),
#define XTAPE_BINARY(id, ...) \
  row_of<kernels::id##_row, SpecialName::id, 2>(std::make_index_sequence<2>()),
#include <xtape/ops/special.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
};

}  // namespace

const Row& row(SpecialName name) { return rows[static_cast<std::size_t>(name)]; }

#define XTAPE_UNARY(id, ...) \
  Tensor id(const Tensor& x) { return unary(row(SpecialName::id), x); }
#define XTAPE_BINARY(id, ...) \
  Tensor id(const Operand& a, const Operand& b) { return binary(row(SpecialName::id), a, b); }
#include <xtape/ops/special.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY

}  // namespace xtape
