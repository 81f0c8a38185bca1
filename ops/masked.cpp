#include <cstdint>
#include <limits>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/masked.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// x where the mask is true, and `other` elsewhere.
Tensor chosen(const char* op, const Tensor& x, const Tensor& mask, const Operand& other) {
  detail::require_defined(op, "x", x);
  detail::require_defined(op, "mask", mask);
  if (mask.dtype() != Dtype::boolean)
    throw DtypeError(std::string(op) + ": the mask must be boolean; got " + mask.describe());
  static_cast<void>(broadcast_shapes(op, x.shape(), mask.shape()));
  return where(mask, x, other);
}

Tensor checked(const char* op, const Tensor& x, const Axes& axes) {
  static_cast<void>(axes.flags(op, x.rank()));
  return x;
}

/// The number that no element of the dtype lies below (above).
Tensor end_of(Dtype dtype, bool least) {
  using Integers = std::numeric_limits<std::int64_t>;
  if (is_floating(dtype)) return least ? -inf : inf;
  if (dtype == Dtype::boolean) return !least;
  return least ? Integers::min() : Integers::max();
}

}  // namespace

Tensor masked_sum(const Tensor& x, const Tensor& mask, const Axes& axes, ReduceOptions options) {
  return sum(checked("masked_sum", chosen("masked_sum", x, mask, 0), axes), axes, options);
}

Tensor masked_mean(const Tensor& x, const Tensor& mask, const Axes& axes, ReduceOptions options) {
  const Tensor all = checked("masked_mean", chosen("masked_mean", x, mask, 0), axes);
  const Tensor total = sum(is_floating(x.dtype()) ? all : all.to(Dtype::float64), axes, options);
  return total / sum(broadcast_to(mask, all.shape()), axes, options).to(total.dtype());
}

Tensor masked_amax(const Tensor& x, const Tensor& mask, const Axes& axes, ReduceOptions options) {
  detail::require_defined("masked_amax", "x", x);
  const Tensor all = chosen("masked_amax", x, mask, end_of(x.dtype(), true));
  return amax(checked("masked_amax", all, axes), axes, options);
}

Tensor masked_amin(const Tensor& x, const Tensor& mask, const Axes& axes, ReduceOptions options) {
  detail::require_defined("masked_amin", "x", x);
  const Tensor all = chosen("masked_amin", x, mask, end_of(x.dtype(), false));
  return amin(checked("masked_amin", all, axes), axes, options);
}

Tensor masked_softmax(const Tensor& x, const Tensor& mask, std::int64_t axis) {
  detail::require_defined("masked_softmax", "x", x);
  if (!is_floating(x.dtype()))
    throw DtypeError("masked_softmax: floating numbers are needed; got " + x.describe());
  const Tensor all = chosen("masked_softmax", x, mask, -inf);
  // A NaN fills the row of softmax: it is not to fill what is masked out.
  return where(mask, softmax(all, normalize_axis("masked_softmax", axis, all.rank())), 0);
}

}  // namespace xtape
