#include <xtape/xtape.hpp>

#include "operation_table.hpp"

using namespace xtape;

namespace bench {
namespace {

using Tensors = Operation::Tensors;

const Input square_matrix{-1, 1, {316, 316}};
const Input small_matrices{-1, 1, {1000, 10, 10}};
const Input pairs{-2, 2, {50, 1000, 2}};

/// Far from singular, the eigenvalues apart.
Tensor regular(const Tensor& a) { return a + 40 * eye(a.extent(-1), a.dtype()); }

Tensor symmetric(const Tensor& a) { return a + transpose(a); }

}  // namespace

std::vector<Operation> matrix_operations() {
  const std::vector<Input> two{square_matrix, square_matrix}, one{square_matrix};
  const std::vector<Input> small{small_matrices}, rows{{-2, 2, {100, 1000}}, {-2, 2, {100, 1000}}};
  return {
      {"matmul: 316 x 316", two, [](auto& v) { return matmul(v[0], v[1]); }},
      {"matmul: 1000 of 10 x 10",
       {small_matrices, small_matrices},
       [](auto& v) { return matmul(v[0], v[1]); }},
      {"matmul: by a column",
       {{-2, 2, {100, 1000}}, {-2, 2, {1000}}},
       [](auto& v) { return matmul(v[0], v[1]); }},
      {"linear",
       {{-2, 2, {1000, 100}}, {-2, 2, {100, 100}}, {-2, 2, {100}}},
       [](auto& v) { return linear(v[0], v[1], v[2]); }},
      {"vdot", rows, [](auto& v) { return vdot(v[0], v[1]); }},
      {"outer", {{-2, 2, {316}}, {-2, 2, {316}}}, [](auto& v) { return outer(v[0], v[1]); }},
      {"kron", {{-2, 2, {10, 10}}, {-2, 2, {32, 32}}}, [](auto& v) { return kron(v[0], v[1]); }},
      {"tensordot: two axes",
       {{-2, 2, {10, 100, 100}}, {-2, 2, {100, 100, 10}}},
       [](auto& v) { return tensordot(v[0], v[1]); }},
      {"cross",
       {{-2, 2, {33'333, 3}}, {-2, 2, {33'333, 3}}},
       [](auto& v) { return cross(v[0], v[1]); }},
      {"einsum: ij,jk->ik", two, [](auto& v) { return einsum("ij,jk->ik", v); }},
      {"einsum: ij,ij->i", rows, [](auto& v) { return einsum("ij,ij->i", v); }},
      {"einsum: bij,bjk->bik",
       {small_matrices, small_matrices},
       [](auto& v) { return einsum("bij,bjk->bik", v); }},
      {"solve: 316 x 316", two, [](auto& v) { return linalg::solve(regular(v[0]), v[1]); }},
      {"solve: 1000 of 10 x 10",
       {small_matrices, small_matrices},
       [](auto& v) { return linalg::solve(regular(v[0]), v[1]); }},
      {"inverse: 316 x 316", one, [](auto& v) { return linalg::inverse(regular(v[0])); }},
      {"inverse: 1000 of 10 x 10", small, [](auto& v) { return linalg::inverse(regular(v[0])); }},
      {"cholesky: 316 x 316", one, [](auto& v) { return linalg::cholesky(regular(v[0])); }},
      {"det: 316 x 316", one, [](auto& v) { return linalg::det(0.16 * v[0]); }},
      {"slogdet: 1000 of 10 x 10", small,
       [](auto& v) { return linalg::slogdet(regular(v[0])).logabsdet; }},
      {"eigh: 100 x 100",
       {{-1, 1, {100, 100}}},
       [](auto& v) {
         const auto [values, vectors] = linalg::eigh(symmetric(v[0]));
         return Tensors{values, vectors};
       }},
      {"eigvalsh: 100 x 100",
       {{-1, 1, {100, 100}}},
       [](auto& v) { return linalg::eigvalsh(symmetric(v[0])); }},
      {"svd: 100 x 100",
       {{-1, 1, {100, 100}}},
       [](auto& v) {
         const auto [u, s, vh] = linalg::svd(v[0]);
         return Tensors{u, s, vh};
       }},
      {"qr: 316 x 316", one,
       [](auto& v) {
         const auto [q, r] = linalg::qr(v[0]);
         return Tensors{q, r};
       }},
      {"lu: 316 x 316", one,
       [](auto& v) {
         const auto [p, l, u] = linalg::lu(v[0]);
         return Tensors{l, u};
       }},
      {"pinv: 100 x 100", {{-1, 1, {100, 100}}}, [](auto& v) { return linalg::pinv(v[0]); }},
      {"expm: 100 x 100", {{-1, 1, {100, 100}}}, [](auto& v) { return linalg::expm(v[0]); }},
      {"matrix_power: 316 x 316", one, [](auto& v) { return linalg::matrix_power(0.1 * v[0], 5); }},
      {"solve_triangular: 316 x 316", two,
       [](auto& v) { return linalg::solve_triangular(regular(v[0]), v[1]); }},
      {"logdet: 316 x 316", one, [](auto& v) { return linalg::logdet(regular(v[0])); }},
      {"singular_values: 100 x 100",
       {{-1, 1, {100, 100}}},
       [](auto& v) { return linalg::singular_values(v[0]); }},
      {"lstsq: 200 x 50",
       {{-1, 1, {200, 50}}, {-1, 1, {200, 10}}},
       [](auto& v) { return linalg::lstsq(v[0], v[1]); }},
      {"matrix_norm", one, [](auto& v) { return linalg::matrix_norm(v[0]); }},
      {"inner",
       {{-2, 2, {100, 1000}}, {-2, 2, {100, 1000}}},
       [](auto& v) { return inner(v[0], v[1]); }},
      {"dot: by a vector",
       {{-2, 2, {100, 1000}}, {-2, 2, {1000}}},
       [](auto& v) { return dot(v[0], v[1]); }},
      {"fft: 50 of 1000", {pairs}, [](auto& v) { return fft(v[0]); }},
      {"ifft: 50 of 1000", {pairs}, [](auto& v) { return ifft(v[0]); }},
      {"rfft: 100 of 1000", {{-2, 2, {100, 1000}}}, [](auto& v) { return rfft(v[0]); }},
      {"irfft: 50 of 1998", {pairs}, [](auto& v) { return irfft(v[0]); }},
      {"fftn: 50 x 1000", {pairs}, [](auto& v) { return fftn(v[0]); }},
      {"complex_multiply", {pairs, pairs}, [](auto& v) { return complex_multiply(v[0], v[1]); }},
      {"complex_abs", {pairs}, [](auto& v) { return complex_abs(v[0]); }},
  };
}

}  // namespace bench
