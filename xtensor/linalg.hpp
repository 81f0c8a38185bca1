#pragma once
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/products.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/xtensor/operators.hpp>

// The words of xtensor-blas, which need not be there, for tensors; an operand beside a tensor may
// be an xtensor expression.

XTAPE_EXPORT_BEGIN

namespace xtape::detail {

/// NumPy's dot: a product of vectors, of matrices, or along the last axis of a and the last but one
/// of b.
inline Tensor numpy_dot(const Tensor& a, const Tensor& b) {
  if (a.rank() == 0 || b.rank() == 0) return a * b;
  if (a.rank() <= 2 && b.rank() <= 2) return matmul(a, b);
  return tensordot(a, b, {-1}, {b.rank() > 1 ? -2 : -1});
}

}  // namespace xtape::detail

namespace xt::linalg {

#define XTAPE_XT_PRODUCT(word, formula)                                                      \
  template <class A, class B>                                                                \
  requires(xtape::detail::TensorHere<A> || xtape::detail::TensorHere<B>) xtape::Tensor word( \
      const A& left, const B& right) {                                                       \
    const xtape::Tensor a = xtape::detail::as_tensor(left);                                  \
    const xtape::Tensor b = xtape::detail::as_tensor(right);                                 \
    return formula;                                                                          \
  }
XTAPE_XT_PRODUCT(dot, xtape::detail::numpy_dot(a, b))
XTAPE_XT_PRODUCT(vdot, xtape::vdot(a, b))
XTAPE_XT_PRODUCT(outer, xtape::outer(a, b))
XTAPE_XT_PRODUCT(kron, xtape::kron(a, b))
XTAPE_XT_PRODUCT(cross, xtape::cross(a, b))
XTAPE_XT_PRODUCT(solve, xtape::linalg::solve(a, b))
XTAPE_XT_PRODUCT(lstsq, xtape::linalg::lstsq(a, b))
#undef XTAPE_XT_PRODUCT

inline xtape::Tensor tensordot(const xtape::Tensor& a, const xtape::Tensor& b,
                               std::size_t axes = 2) {
  return xtape::tensordot(a, b, static_cast<std::int64_t>(axes));
}
inline xtape::Tensor tensordot(const xtape::Tensor& a, const xtape::Tensor& b,
                               const std::vector<std::size_t>& axes_of_a,
                               const std::vector<std::size_t>& axes_of_b) {
  return xtape::tensordot(a, b, axes_of_a, axes_of_b);
}

inline xtape::Tensor inv(const xtape::Tensor& x) { return xtape::linalg::inverse(x); }
inline xtape::Tensor det(const xtape::Tensor& x) { return xtape::linalg::det(x); }
/// Sign and logarithm of the size.
inline std::tuple<xtape::Tensor, xtape::Tensor> slogdet(const xtape::Tensor& x) {
  const auto [sign, logabsdet] = xtape::linalg::slogdet(x);
  return {sign, logabsdet};
}
inline xtape::Tensor cholesky(const xtape::Tensor& x) { return xtape::linalg::cholesky(x); }
inline xtape::Tensor matrix_power(const xtape::Tensor& x, long power) {
  return xtape::linalg::matrix_power(x, power);
}
inline xtape::Tensor pinv(const xtape::Tensor& x, double rcond = 1e-15) {
  return xtape::linalg::pinv(x, {.rcond = rcond});
}
inline xtape::Tensor matrix_rank(const xtape::Tensor& x) { return xtape::linalg::matrix_rank(x); }
inline xtape::Tensor cond(const xtape::Tensor& x) { return xtape::linalg::cond(x); }
/// The root of the sum of squares.
inline xtape::Tensor norm(const xtape::Tensor& x) { return xtape::norm(x); }

// Decompositions as tuples: values and vectors, u s vᵀ, q r, p l u; svd and qr are thin.
inline std::tuple<xtape::Tensor, xtape::Tensor> eigh(const xtape::Tensor& x) {
  const auto [values, vectors] = xtape::linalg::eigh(x);
  return {values, vectors};
}
inline xtape::Tensor eigvalsh(const xtape::Tensor& x) { return xtape::linalg::eigvalsh(x); }
inline std::tuple<xtape::Tensor, xtape::Tensor, xtape::Tensor> svd(const xtape::Tensor& x) {
  const auto [u, s, vh] = xtape::linalg::svd(x);
  return {u, s, vh};
}
inline std::tuple<xtape::Tensor, xtape::Tensor> qr(const xtape::Tensor& x) {
  const auto [q, r] = xtape::linalg::qr(x);
  return {q, r};
}
inline std::tuple<xtape::Tensor, xtape::Tensor, xtape::Tensor> lu(const xtape::Tensor& x) {
  const auto [p, l, u] = xtape::linalg::lu(x);
  return {p, l, u};
}

inline xtape::Tensor trace(const xtape::Tensor& x, int k = 0) { return xtape::trace(x, k); }

}  // namespace xt::linalg

XTAPE_EXPORT_END
