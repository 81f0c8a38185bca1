#pragma once
#include <vector>

#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>

#include "case.hpp"

/// Uses of linear algebra. Of vectors whose signs are anybody's, what does not depend on them.
inline std::vector<Case> linalg_cases() {
  using namespace xtape;
  constexpr bool rounds = true;
  const Tensor x = sixteenths({2, 3}), square = sixteenths({3, 3}, 1);
  const auto definite = [](const Tensor& a) {  // whatever a holds
    return matmul(a, swapaxes(a, -2, -1)) + 3 * eye(a.extent(-2), a.dtype());
  };
  const auto apart = [=](const Tensor& a) {  // with values that differ, whatever a holds
    return definite(a) + diag(24 * arange(a.extent(-2)).to(a.dtype()));
  };
  const auto regular = [](const Tensor& a) {
    const std::int64_t m = a.extent(-2), n = a.extent(-1);
    return a + 8 * eye(m, n, a.dtype()) * (1 + arange(n).to(a.dtype()));
  };
  const auto tall = [=](const Tensor& a) { return swapaxes(regular(a), -2, -1); };
  return {
      {"solve: a matrix",
       {x},
       [=](auto& v) { return linalg::solve(definite(v[0]), v[0]); },
       rounds},
      {"solve_triangular: the upper triangle",
       {x},
       [=](auto& v) { return linalg::solve_triangular(definite(v[0]), v[0], {.lower = false}); },
       rounds},
      {"inverse: a matrix", {x}, [=](auto& v) { return linalg::inverse(definite(v[0])); }, rounds},
      {"cholesky: a matrix",
       {x},
       [=](auto& v) { return linalg::cholesky(definite(v[0])); },
       rounds},
      {"det: a matrix", {x}, [=](auto& v) { return linalg::det(definite(v[0])); }, rounds},
      {"slogdet: the logarithm",
       {x},
       [=](auto& v) { return linalg::slogdet(definite(v[0])).logabsdet; },
       rounds},
      {"logdet: a matrix", {x}, [=](auto& v) { return linalg::logdet(definite(v[0])); }, rounds},
      {"matrix_power: of an inverse",
       {x},
       [=](auto& v) { return linalg::matrix_power(definite(v[0]), -2); },
       rounds},
      {"eigh: values, and vectors squared",
       {x},
       [=](auto& v) {
         const auto [w, vectors] = linalg::eigh(apart(v[0]));
         return std::vector{w, vectors * vectors};
       },
       rounds},
      {"eigvalsh: a matrix", {x}, [=](auto& v) { return linalg::eigvalsh(apart(v[0])); }, rounds},
      {"svd: more columns than rows",
       {x},
       [=](auto& v) {
         const auto [u, s, vh] = linalg::svd(regular(v[0]));
         return std::vector{matmul(u * exp(0.1 * s), vh), s, vh * vh};
       },
       rounds},
      {"svd: more rows than columns",
       {x},
       [=](auto& v) {
         const auto [u, s, vh] = linalg::svd(tall(v[0]));
         return std::vector{u * u, matmul(u, vh)};
       },
       rounds},
      {"singular_values: a matrix",
       {x},
       [=](auto& v) { return linalg::singular_values(regular(v[0])); },
       rounds},
      {"qr: more rows than columns",
       {x},
       [=](auto& v) {
         const auto [q, r] = linalg::qr(tall(v[0]));
         return std::vector{q, r};
       },
       rounds},
      {"qr: more columns than rows",
       {x},
       [=](auto& v) {
         const auto [q, r] = linalg::qr(regular(v[0]));
         return std::vector{q, r};
       },
       rounds},
      {"lu: more rows than columns",
       {x},
       [=](auto& v) {
         const auto [p, l, u] = linalg::lu(tall(v[0]));
         return std::vector{p, l, u};
       },
       rounds},
      {"lu: more columns than rows",
       {x},
       [=](auto& v) {
         const auto [p, l, u] = linalg::lu(flip(regular(v[0]), 0));
         return std::vector{p, l, u};
       },
       rounds},
      {"pinv: a matrix", {x}, [=](auto& v) { return linalg::pinv(regular(v[0])); }, rounds},
      {"lstsq: more rows than columns",
       {x, square},
       [=](auto& v) { return linalg::lstsq(tall(v[0]), v[1]); },
       rounds},
      {"lstsq: more columns than rows",
       {x, x},
       [=](auto& v) { return linalg::lstsq(regular(v[0]), v[1]); },
       rounds},
      {"cond: a matrix", {x}, [=](auto& v) { return linalg::cond(regular(v[0])); }, rounds},
      {"matrix_norm: frobenius",
       {x},
       [=](auto& v) { return linalg::matrix_norm(regular(v[0])); },
       rounds},
      {"matrix_norm: nuclear",
       {x},
       [=](auto& v) { return linalg::matrix_norm(regular(v[0]), linalg::MatrixNorm::nuclear); },
       rounds},
      {"matrix_norm: spectral",
       {x},
       [=](auto& v) { return linalg::matrix_norm(regular(v[0]), linalg::MatrixNorm::spectral); },
       rounds},
      {"matrix_norm: one",
       {x},
       [=](auto& v) { return linalg::matrix_norm(regular(v[0]) + 5, linalg::MatrixNorm::one); }},
      {"matrix_norm: infinity",
       {x},
       [=](auto& v) {
         return linalg::matrix_norm(regular(v[0]) + 5, linalg::MatrixNorm::infinity);
       }},
      {"expm: a matrix", {square}, [](auto& v) { return linalg::expm(0.5 * v[0]); }, rounds},
  };
}
