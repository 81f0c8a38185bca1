#pragma once
// The rows of elementwise.def, functions.def and special.def as types, for all that their formulas
// are compiled for: registers of numbers (rows.cpp, functions.cpp, special.cpp), tensors (row.cpp,
// functions.cpp, special.cpp a floor higher), and symbols, which tell what a formula reads.

#include <array>
#include <cstddef>
#include <numbers>
#include <tuple>
#include <type_traits>
#include <utility>

#include <xtape/ops/kernels/map.hpp>
#include <xtape/ops/kernels/symbol.hpp>

namespace xtape::kernels {

/// The places of the rows in the table of their kernels.
enum class RowName {
#define XTAPE_UNARY(id, ...) id,
#define XTAPE_BINARY XTAPE_UNARY
#define XTAPE_TERNARY XTAPE_UNARY
#define XTAPE_COMPARE XTAPE_UNARY
#include <xtape/ops/elementwise.def>
  count
};
enum class FunctionName {
#include <xtape/ops/functions.def>
  count
};
enum class SpecialName {
#include <xtape/ops/special.def>
  count
};
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE

/// A row's value and derivatives, each a kernel of just the arguments that its formula reads; a
/// derivative that does not exist, or is g itself, has none.
inline constexpr std::size_t max_inputs = 3;
struct RowKernels {
  MapKernel value;
  MapKernel derivatives[max_inputs];
};
/// Those of a table of rows, by their places.
template <class Name>
struct TableKernels {
  RowKernels rows[static_cast<std::size_t>(Name::count)];
};

/// The dtypes that a row takes.
enum class Domain { any, numeric, floating };

inline namespace XTAPE_LEVEL {

struct None {};
inline constexpr None none{};
using std::numbers::ln2, std::numbers::ln10;

#define ARG(name) [[maybe_unused]] const auto& name
#define XTAPE_UNARY(id, domain_, formula, dx, ...)                                      \
  struct id##_row {                                                                     \
    static constexpr const char* name = #id;                                            \
    static constexpr Domain domain = Domain::domain_;                                   \
    static constexpr auto value = [](const auto& x) { return formula; };                \
    static constexpr std::tuple derivatives{[](ARG(g), ARG(x), ARG(y)) { return dx; }}; \
  };
#define XTAPE_BINARY(id, domain_, formula, da, db, ...)                                         \
  struct id##_row {                                                                             \
    static constexpr const char* name = #id;                                                    \
    static constexpr Domain domain = Domain::domain_;                                           \
    static constexpr auto value = [](const auto& a, const auto& b) { return formula; };         \
    static constexpr std::tuple derivatives{[](ARG(g), ARG(a), ARG(b), ARG(y)) { return da; },  \
                                            [](ARG(g), ARG(a), ARG(b), ARG(y)) { return db; }}; \
  };
#define XTAPE_TERNARY(id, domain_, formula, da, db, dc, ...)                        \
  struct id##_row {                                                                 \
    static constexpr const char* name = #id;                                        \
    static constexpr Domain domain = Domain::domain_;                               \
    static constexpr auto value = [](const auto& a, const auto& b, const auto& c) { \
      return formula;                                                               \
    };                                                                              \
    static constexpr std::tuple derivatives{                                        \
        [](ARG(g), ARG(a), ARG(b), ARG(c), ARG(y)) { return da; },                  \
        [](ARG(g), ARG(a), ARG(b), ARG(c), ARG(y)) { return db; },                  \
        [](ARG(g), ARG(a), ARG(b), ARG(c), ARG(y)) { return dc; }};                 \
  };
#define XTAPE_COMPARE(id, formula)                                                      \
  struct id##_row {                                                                     \
    static constexpr const char* name = #id;                                            \
    static constexpr Domain domain = Domain::any;                                       \
    static constexpr auto value = [](const auto& a, const auto& b) { return formula; }; \
    static constexpr std::tuple<> derivatives{};                                        \
  };
#include <xtape/ops/elementwise.def>
#include <xtape/ops/functions.def>
#include <xtape/ops/special.def>
#undef ARG
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE

/// What the arguments of a row's derivative formulas are numbered by: 0 is g, 1 to arity the
/// inputs, arity + 1 the result.
template <class Row, std::size_t j, std::size_t... n>
constexpr auto symbolic(std::index_sequence<n...>) {
  return std::get<j>(Row::derivatives)(Argument<n>{}...);
}

/// What follows from the derivative formulas of a row of `arity` inputs.
template <class Row, std::size_t arity>
struct Formulas {
  static constexpr std::size_t arguments = arity + 2;
  template <std::size_t j>
  using Symbolic = decltype(symbolic<Row, j>(std::make_index_sequence<arguments>()));

  template <std::size_t j>
  static constexpr bool exists = !std::is_same_v<Symbolic<j>, None>;
  /// dL/dx_j is g itself.
  template <std::size_t j>
  static constexpr bool is_gradient = std::is_same_v<Symbolic<j>, Argument<0>>;
  /// The arguments that the formula of dL/dx_j reads, a bit each.
  template <std::size_t j>
  static constexpr unsigned reads = reads_of<Symbolic<j>>();

  static constexpr std::array<unsigned, arity> all_reads =
      []<std::size_t... j>(std::index_sequence<j...>) {
    return std::array{reads_of<Symbolic<j>>()...};
  }
  (std::make_index_sequence<arity>());
  static constexpr bool reads_any(std::size_t argument) {
    unsigned any = 0;
    for (const unsigned one : all_reads) any |= one;
    return contains(any, argument);
  }
  static constexpr bool contains(unsigned set, std::size_t argument) {
    return (set >> argument & 1u) != 0;
  }
};

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
