// Linear algebra against PyTorch, of matrices made from the inputs that are far from singular. Of
// vectors whose signs are anybody's, what does not depend on them.
#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>

#include "support/peer_values.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

Tensor definite(const Tensor& a) {
  return matmul(a, swapaxes(a, -2, -1)) + 3 * eye(a.extent(-1), a.dtype());
}

/// Symmetric, the eigenvalues far from one another.
Tensor apart(const Tensor& a) {
  return a + swapaxes(a, -2, -1) + diag(20 * arange(a.extent(-1)).to(a.dtype()));
}

Tensor regular(const Tensor& a) {
  const std::int64_t m = a.extent(-2), n = a.extent(-1);
  return a + 8 * eye(m, n, a.dtype()) * (1 + arange(n).to(a.dtype()));
}

Tensors svd_of(const Tensors& v) {
  const auto [u, s, vh] = linalg::svd(regular(v[0]));
  return {square(u), s, square(vh)};
}

using linalg::MatrixNorm;

}  // namespace

TEST_CASE("peers: linear algebra") {
  check_sections(
      {"linalg"},
      {
          {"solve: columns", [](auto& v) { return linalg::solve(regular(v[0]), v[1]); }},
          {"solve: many", [](auto& v) { return linalg::solve(regular(v[0]), v[1]); }},
          {"solve_triangular: the lower one",
           [](auto& v) { return linalg::solve_triangular(regular(v[0]), v[1]); }},
          {"inverse: a matrix", [](auto& v) { return linalg::inverse(regular(v[0])); }},
          {"cholesky: a matrix", [](auto& v) { return linalg::cholesky(definite(v[0])); }},
          {"det: a matrix", [](auto& v) { return linalg::det(v[0]); }},
          {"slogdet: the logarithm",
           [](auto& v) { return linalg::slogdet(regular(v[0])).logabsdet; }},
          {"logdet: a matrix", [](auto& v) { return linalg::logdet(regular(v[0])); }},
          {"matrix_power: third", [](auto& v) { return linalg::matrix_power(v[0], 3); }},
          {"matrix_power: of an inverse",
           [](auto& v) { return linalg::matrix_power(regular(v[0]), -2); }},
          {"eigh: values, and vectors squared",
           [](auto& v) {
             const auto [values, vectors] = linalg::eigh(apart(v[0]));
             return Tensors{values, square(vectors)};
           }},
          {"eigvalsh: a matrix", [](auto& v) { return linalg::eigvalsh(apart(v[0])); }},
          {"svd: more rows than columns", svd_of},
          {"svd: more columns than rows", svd_of},
          {"singular_values: a matrix",
           [](auto& v) { return linalg::singular_values(regular(v[0])); }},
          {"qr: more rows than columns",
           [](auto& v) {
             const auto [q, r] = linalg::qr(regular(v[0]));
             return Tensors{square(q), square(r)};
           }},
          {"lu: a square matrix",
           [](auto& v) {
             const auto [p, l, u] = linalg::lu(flip(regular(v[0]), 0));
             return Tensors{l, u};
           }},
          {"pinv: a matrix", [](auto& v) { return linalg::pinv(regular(v[0])); }},
          {"lstsq: more rows than columns",
           [](auto& v) { return linalg::lstsq(regular(v[0]), v[1]); }},
          {"cond: a matrix", [](auto& v) { return linalg::cond(regular(v[0])); }},
          {"matrix_norm: frobenius", [](auto& v) { return linalg::matrix_norm(v[0]); }},
          {"matrix_norm: nuclear",
           [](auto& v) { return linalg::matrix_norm(regular(v[0]), MatrixNorm::nuclear); }},
          {"matrix_norm: spectral",
           [](auto& v) { return linalg::matrix_norm(regular(v[0]), MatrixNorm::spectral); }},
          {"matrix_norm: one",
           [](auto& v) { return square(linalg::matrix_norm(v[0], MatrixNorm::one)); }},
          {"matrix_norm: infinity",
           [](auto& v) { return square(linalg::matrix_norm(v[0], MatrixNorm::infinity)); }},
          {"expm: a matrix", [](auto& v) { return linalg::expm(v[0]); }},
      });
}
