#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape::linalg {
namespace {

/// The part of the greatest singular value from which on others count.
double cut_of(const char* op, const Tensor& a, const RankOptions& options) {
  if (!options.rcond)
    return epsilon_of(a.dtype()) * static_cast<double>(std::max(a.extent(-2), a.extent(-1)));
  if (*options.rcond >= 0 && std::isfinite(*options.rcond)) return *options.rcond;
  throw ValueError(std::string(op) + ": rcond must be finite and not negative; got " +
                   xtape::detail::text(*options.rcond));
}

/// Which of the singular values count.
Tensor counted(const Tensor& s, double rcond) {
  return s.extent(-1) == 0 ? s > 0 : s > rcond * amax(s, -1, {.keep_dims = true});
}

/// 1 / s of those that count, 0 of the others.
Tensor inverse_of_counted(const Tensor& s, double rcond) {
  const Tensor counts = counted(s, rcond);
  return where(counts, 1 / where(counts, s, 1), 0);
}

/// Derivatives: Golub & Pereyra, The differentiation of pseudo-inverses and nonlinear least squares
/// problems whose variables separate (1973).
struct PseudoInverse {
  static constexpr OpInfo info{"pinv"};
  double rcond;
  SavedInput matrix{};
  SavedOutput inverted{};

  OpResult infer(const Tensor& a) const {
    return {with_tail(leading(a.shape()), {a.extent(-1), a.extent(-2)}), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const auto [u, s, vh] = svd_for(info.name, a);
    y.assign(matmul(transposed(vh) * as_row(inverse_of_counted(s, rcond)), transposed(u)));
  }
  void keep(const Tensor& y, const Tensor& a) {
    matrix = SavedInput(a);
    inverted = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const Tensor &a = matrix.get(), y = inverted.get(send);
      const Tensor yt = transposed(y), gt = transposed(g);
      const Tensor left = matmul(matmul(gt, y), yt), right = matmul(yt, matmul(y, gt));
      return left - matmul(a, matmul(y, left)) + right - matmul(matmul(right, y), a) -
             matmul(yt, matmul(g, yt));
    });
  }
  Tensor jvp(const Tangents& t) const {
    const Tensor &a = matrix.get(), y = inverted.get(t);
    const Tensor yt = transposed(y), change = transposed(t[0]);
    const Tensor left = matmul(y, matmul(yt, change)), right = matmul(matmul(change, yt), y);
    return left - matmul(matmul(left, a), y) + right - matmul(y, matmul(a, right)) -
           matmul(y, matmul(t[0], y));
  }
  Tensor batch(const Examples& x) const { return apply(PseudoInverse{rcond}, x[0]); }
  void attributes(auto& visit) const { visit("rcond", rcond); }
};

struct LeastSquares {
  static constexpr OpInfo info{"lstsq"};
  double rcond;
  SavedInput matrix{}, right{};
  SavedOutput solution{};

  OpResult infer(const Tensor& a, const Tensor& b) const {
    check_matrices(info.name, a);
    if (b.rank() < 2 || b.extent(-2) != a.extent(-2)) {
      throw ShapeError(std::string(info.name) +
                       ": the right side must have a row for each of the matrix; got " +
                       a.describe() + " and " + b.describe());
    }
    const Shape front = broadcast_shapes(info.name, leading(a.shape()), leading(b.shape()));
    return {with_tail(front, {a.extent(-1), b.extent(-1)}), b.dtype()};
  }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    if (solve_by_triangle(y, a, b)) return;
    const auto [u, s, vh] = svd_for(info.name, a);
    const Tensor parts = as_column(inverse_of_counted(s, rcond)) * matmul(transposed(u), b);
    y.assign(broadcast_to(matmul(transposed(vh), parts), y.shape()));
  }
  void keep(const Tensor& y, const Tensor& a, const Tensor& b) {
    matrix = SavedInput(a);
    right = SavedInput(b, a.requires_grad());
    solution = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor& a = matrix.get();
    const Tensor y = apply(PseudoInverse{rcond}, a), yt = transposed(y), h = matmul(yt, g);
    send(0, [&] {
      const Tensor x = solution.get(send), residual = right.get() - matmul(a, x);
      const Tensor across = g - matmul(y, matmul(a, g));
      const Tensor all = matmul(residual, transposed(matmul(y, h))) +
                         matmul(matmul(yt, x), transposed(across)) - matmul(h, transposed(x));
      return sum_to(all, send.shape(0));
    });
    send(1, [&] { return sum_to(h, send.shape(1)); });
  }
  Tensor batch(const Examples& x) const {
    const xtape::detail::Aligned all(x);
    return apply(LeastSquares{rcond}, all[0], all[1]);
  }
  void attributes(auto& visit) const { visit("rcond", rcond); }

 private:
  /// By q and r, if all singular values surely count: the least is at least 1 / |r⁻¹|, the greatest
  /// at most
  /// |r|, in Frobenius' norm.
  bool solve_by_triangle(const Tensor& y, const Tensor& a, const Tensor& b) const {
    if (a.extent(-2) < a.extent(-1)) return false;
    const Tensor dense = a.contiguous();
    check_finite(info.name, dense);
    const auto [q, r] = qr(dense);
    if (!(amin(abs(diagonal(r))).item() > 0)) return false;
    const Tensor unit = eye(a.extent(-1), a.dtype());
    const Tensor inverse = solve_triangular(r, unit, {.lower = false});
    const auto square_of_norm = [](const Tensor& x) { return sum(square(x), {-2, -1}); };
    const double most = amax(square_of_norm(r) * square_of_norm(inverse)).item();
    if (!(most * rcond * rcond < 1)) return false;
    const Tensor x = solve_triangular(r, matmul(transposed(q), b), {.lower = false});
    y.assign(broadcast_to(x, y.shape()));
    return true;
  }
};

}  // namespace

Tensor pinv(const Tensor& a, const RankOptions& options) {
  const Tensor matrix = floating("pinv", a);
  check_matrices("pinv", matrix);
  return apply(PseudoInverse{cut_of("pinv", matrix, options)}, matrix);
}

Tensor lstsq(const Tensor& a, const Tensor& b, const RankOptions& options) {
  const char* const op = "lstsq";
  xtape::detail::require_defined(op, "the matrix", a);
  xtape::detail::require_defined(op, "the right side", b);
  check_matrices(op, a);
  const Dtype promoted = promote(a.dtype(), b.dtype());
  const Dtype dtype = is_floating(promoted) ? promoted : Dtype::float64;
  const Tensor matrix = a.to(dtype);
  const LeastSquares operation{cut_of(op, matrix, options)};
  if (b.rank() != 1) return apply(operation, matrix, b.to(dtype));
  if (b.extent(0) != a.extent(-2)) {
    throw ShapeError(std::string(op) +
                     ": the right side must have an entry for each row of the matrix; got " +
                     a.describe() + " and " + b.describe());
  }
  return squeeze(apply(operation, matrix, expand_dims(b.to(dtype), 1)), -1);
}

Tensor matrix_rank(const Tensor& a, const RankOptions& options) {
  const Tensor matrix = floating("matrix_rank", a).detach();
  const Tensor s = singular_values_for("matrix_rank", matrix);
  return sum(counted(s, cut_of("matrix_rank", matrix, options)), -1);
}

Tensor cond(const Tensor& a) {
  const Tensor s = singular_values_for("cond", a);
  if (s.extent(-1) == 0) {
    throw ShapeError("cond: matrices with rows and columns are needed; got " + a.describe());
  }
  const Tensor least = amin(s, -1), greatest = amax(s, -1);
  return where(greatest == 0, std::numeric_limits<double>::infinity(), greatest / least);
}

Tensor matrix_norm(const Tensor& a, MatrixNorm kind) {
  const char* const op = "matrix_norm";
  const Tensor matrix = floating(op, a);
  check_matrices(op, matrix);
  if (matrix.extent(-1) == 0 || matrix.extent(-2) == 0) return sum(matrix, {-2, -1});
  switch (kind) {
    case MatrixNorm::frobenius: return norm(matrix, {-2, -1});
    case MatrixNorm::nuclear: return sum(singular_values_for(op, matrix), -1);
    case MatrixNorm::spectral: return amax(singular_values_for(op, matrix), -1);
    case MatrixNorm::one: return amax(sum(abs(matrix), -2), -1);
    case MatrixNorm::infinity: return amax(sum(abs(matrix), -1), -1);
  }
  throw ValueError("matrix_norm: the kind must be one of MatrixNorm; got " +
                   std::to_string(static_cast<int>(kind)));
}

}  // namespace xtape::linalg
