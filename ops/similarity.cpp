#include <algorithm>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/core/require_eps.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/similarity.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/ops/unit.hpp>

namespace xtape {
namespace {

void check(const char* op, const Tensor& a, const Tensor& b, std::int64_t axis) {
  detail::require_defined(op, "a", a);
  detail::require_defined(op, "b", b);
  if (!is_floating(a.dtype()) || !is_floating(b.dtype())) {
    throw DtypeError(std::string(op) + ": floating numbers are needed; got " + a.describe() +
                     " and " + b.describe());
  }
  static_cast<void>(normalize_axis(op, axis, std::max(a.rank(), b.rank())));
}

}  // namespace

Tensor cosine_similarity(const Tensor& a, const Tensor& b, const SimilarityOptions& options) {
  const char* const op = "cosine_similarity";
  check(op, a, b, options.axis);
  detail::require_eps(op, options.eps, promote(a.dtype(), b.dtype()));
  const auto wide = broadcast_shapes(op, a.shape(), b.shape());
  const auto length = [&](const Tensor& near, const Tensor& scale) {
    return maximum(norm(near, options.axis, {.keep_dims = true}), options.eps / scale);
  };
  const auto unit = [&](const Tensor& x) {
    return detail::unit(broadcast_to(x, wide), options.axis, 0, length);
  };
  return sum(unit(a) * unit(b), options.axis);
}

Tensor pairwise_distance(const Tensor& a, const Tensor& b, const DistanceOptions& options) {
  const char* const op = "pairwise_distance";
  check(op, a, b, options.axis);
  detail::require_eps(op, options.eps, promote(a.dtype(), b.dtype()));
  detail::require(options.order > 0, op, "order", "be above 0", options.order);
  return norm(a - b + options.eps, options.axis, {.order = options.order});
}

}  // namespace xtape
