#include <cmath>

#include <xtape/core/body.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/close.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape {
namespace {

Tensor near(const char* op, const Tensor& given_a, const Tensor& given_b,
            const CloseOptions& options) {
  detail::require_defined(op, "a", given_a);
  detail::require_defined(op, "b", given_b);
  detail::require_not_negative(op, "rtol", options.rtol);
  detail::require_not_negative(op, "atol", options.atol);
  const NoGradGuard off;
  const Tensor a = given_a.detach().to(Dtype::float64), b = given_b.detach().to(Dtype::float64);
  const Tensor close = abs(a - b) <= options.atol + options.rtol * abs(b);
  const Tensor same = logical_or(a == b, logical_and(logical_and(isfinite(a), isfinite(b)), close));
  return options.equal_nan ? logical_or(same, logical_and(isnan(a), isnan(b))) : same;
}

}  // namespace

Tensor isclose(const Tensor& a, const Tensor& b, const CloseOptions& options) {
  return near("isclose", a, b, options);
}

bool allclose(const Tensor& a, const Tensor& b, const CloseOptions& options) {
  return all(near("allclose", a, b, options)).item() != 0;
}

}  // namespace xtape
