#include <limits>
#include <numbers>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/number.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/numbers.hpp>
#include <xtape/ops/replaced.hpp>
#include <xtape/ops/row.hpp>
#include <xtape/ops/row_table.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape {
namespace {

template <class R>
void check_divisors(const Tensor& divisors) {
  if (any(divisors.detach() == 0).item() == 0) return;
  throw ValueError(std::string(R::name) + ": integers have no quotient by 0; got a divisor 0");
}

/// The rows of two inputs that take integers divide.
template <class R>
constexpr auto check_of() {
  return R::domain == kernels::Domain::numeric ? check_divisors<R> : nullptr;
}

constexpr Row rows[] = {
#define XTAPE_UNARY(id, ...) \
  row_of<kernels::id##_row, FunctionName::id, 1>(std::make_index_sequence<1>()),
#define XTAPE_BINARY(id, ...)                                                   \
  row_of<kernels::id##_row, FunctionName::id, 2>(std::make_index_sequence<2>(), \
                                                 check_of<kernels::id##_row>()),
#include <xtape/ops/functions.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
};

}  // namespace

const Row& row(FunctionName name) { return rows[static_cast<std::size_t>(name)]; }

#define XTAPE_UNARY(id, ...) \
  Tensor id(const Tensor& x) { return unary(row(FunctionName::id), x); }
#define XTAPE_BINARY(id, ...) \
  Tensor id(const Operand& a, const Operand& b) { return binary(row(FunctionName::id), a, b); }
#include <xtape/ops/functions.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY

Tensor deg2rad(const Tensor& x) {
  detail::require_defined("deg2rad", "x", x);
  return x * (std::numbers::pi / 180);
}
Tensor rad2deg(const Tensor& x) {
  detail::require_defined("rad2deg", "x", x);
  return x * (180 / std::numbers::pi);
}

Tensor isinf(const Tensor& x) {
  detail::require_defined("isinf", "x", x);
  return is_floating(x.dtype()) ? detail::infinite(x) : full(x.shape(), 0, Dtype::boolean);
}

Tensor logical_not(const Tensor& x) {
  detail::require_defined("logical_not", "x", x);
  return x == 0;
}

Tensor nan_to_num(const Tensor& x, const NanToNumOptions& options) {
  detail::require_defined("nan_to_num", "x", x);
  if (!is_floating(x.dtype())) return x;
  const bool single = x.dtype() == Dtype::float32;
  const double greatest =
      single ? double{std::numeric_limits<float>::max()} : std::numeric_limits<double>::max();
  const double above = options.posinf.value_or(greatest);
  const double below = options.neginf.value_or(-greatest);
  for (const double number : {options.nan, above, below}) {
    if (single) static_cast<void>(Number(number).as<float>("nan_to_num"));
  }
  return detail::replaced("nan_to_num", x, {options.nan, above, below, true});
}

}  // namespace xtape
