#include <algorithm>
#include <span>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/numbers.hpp>
#include <xtape/ops/replaced.hpp>
#include <xtape/ops/row.hpp>

namespace xtape {

bool Operand::is_number() const {
  return tensor_ == nullptr || (tensor_->defined() && tensor_->body().number);
}

const Tensor& Operand::tensor(const char* op, Dtype other, Tensor& constant) const {
  return is_number() ? number_tensor(op, other, constant) : *tensor_;
}

Tensor unary(const Row& row, const Tensor& x) {
  detail::require_defined(row.name, "x", x);
  if (!x.body().number) [[likely]]
    return apply_row(row, x);
  return detail::of_numbers(
      row.name, {x}, [&](std::span<const Tensor> constants) { return unary(row, constants[0]); });
}

namespace {

/// Calls f(a, b) with both operands as tensors, a number adapted.
template <class F>
Tensor with_tensors(const char* op, const Operand& left, const Operand& right, F&& f) {
  Tensor constants[2];
  const Tensor& a = detail::operand_tensor(op, left, right.dtype(), constants[0]);
  const Tensor& b = detail::operand_tensor(op, right, a.dtype(), constants[1]);
  return f(a, b);
}

}  // namespace

Tensor binary(const Row& row, const Operand& left, const Operand& right) {
  const bool left_is_number = left.is_number(), right_is_number = right.is_number();
  if (!left_is_number) detail::require_defined(row.name, "a", left.dense());
  if (!right_is_number) detail::require_defined(row.name, "b", right.dense());
  if (!left_is_number && !right_is_number) [[likely]] {
    return apply_row(row, left.dense(), right.dense());
  }
  if (left_is_number && right_is_number) [[unlikely]] {
    return detail::of_numbers(row.name, {left, right}, [&](std::span<const Tensor> constants) {
      return binary(row, constants[0], constants[1]);
    });
  }
  return with_tensors(row.name, left, right, [&](const Tensor& a, const Tensor& b) {
    if (row.check_integers == nullptr) [[likely]]
      return apply_row(row, a, b);
    return apply_row(row, Tensor(a), Tensor(b));  // the check may use numbers of its own
  });
}

namespace {

/// A comparison. To an integer beyond int64, every int64 is as 0 is to 1.
Tensor compared(RowName name, const Operand& a, const Operand& b) {
  const Row& row = xtape::row(name);
  const bool by_size = name < RowName::logical_and;
  const auto beyond = [](const Operand& number, const Operand& other) {
    return number.exceeds_int64() && !other.is_number() && !is_floating(other.dtype());
  };
  const auto zeros_for = [&](const Operand& other) {
    Tensor unused;
    return zeros_like(other.tensor(row.name, other.dtype(), unused));
  };
  if (by_size && beyond(a, b)) return binary(row, 1, zeros_for(b));
  if (by_size && beyond(b, a)) return binary(row, zeros_for(a), 1);
  return binary(row, a, b);
}

}  // namespace

#define XTAPE_UNARY(id, ...) \
  Tensor id(const Tensor& x) { return unary(row(RowName::id), x); }
#define XTAPE_BINARY(id, ...) \
  Tensor id(const Operand& a, const Operand& b) { return binary(row(RowName::id), a, b); }
#define XTAPE_TERNARY(id, ...)
#define XTAPE_COMPARE(id, ...) \
  Tensor id(const Operand& a, const Operand& b) { return compared(RowName::id, a, b); }
#include <xtape/ops/elementwise.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE

Tensor where(const Tensor& condition, const Operand& left, const Operand& right) {
  detail::require_defined("where", "condition", condition);
  detail::require_defined("where", "left", left);
  detail::require_defined("where", "right", right);
  if (condition.dtype() != Dtype::boolean) {
    throw DtypeError("where: the condition must be boolean; got " + condition.describe());
  }
  if (left.is_number() && right.is_number()) [[unlikely]] {
    if (condition.rank() == 0 && !condition.body().mapped) {
      return detail::of_numbers("where", {left, right}, [&](std::span<const Tensor> constants) {
        return where(condition, constants[0], constants[1]);
      });
    }
    Tensor constant;
    return where(condition, left.tensor("where", std::max(left.dtype(), right.dtype()), constant),
                 right);
  }
  return with_tensors("where", left, right, [&](const Tensor& a, const Tensor& b) {
    return apply_row(row(RowName::where), condition, a, b);
  });
}

Tensor clip(const Tensor& x, const Operand& low, const Operand& high) {
  detail::require_defined("clip", "x", x);
  detail::require_defined("clip", "low", low);
  detail::require_defined("clip", "high", high);
  if (x.body().number) [[unlikely]] {
    const NoGradGuard constant_bounds;
    return minimum(maximum(x, low), high);
  }
  Tensor constants[2];
  const Tensor lower = detail::operand_tensor("clip", low, x.dtype(), constants[0]);
  const bool unbounded = high.exceeds_int64() && !is_floating(x.dtype());
  const Tensor& upper = unbounded ? constants[1] = tensor(INT64_MAX)
                                  : detail::operand_tensor("clip", high, x.dtype(), constants[1]);
  return apply_row(row(RowName::clip), x, lower, upper);
}

Tensor isnan(const Tensor& x) {
  detail::require_defined("isnan", "x", x);
  return x != x;
}
Tensor isfinite(const Tensor& x) {
  detail::require_defined("isfinite", "x", x);
  return is_floating(x.dtype()) ? detail::finite(x) : full(x.shape(), 1, Dtype::boolean);
}

}  // namespace xtape
