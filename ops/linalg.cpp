#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/lapack.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::linalg {
namespace {

Tensor transposed(const Tensor& x) { return swapaxes(x, -2, -1); }

Shape leading(const Shape& shape) {
  return Shape(std::span(shape.begin(), static_cast<std::size_t>(shape.rank() - 2)));
}

/// Number of matrices.
std::int64_t count_of(const Tensor& x) { return leading(x.shape()).size(); }

void check_square(const char* op, const Tensor& a) {
  if (a.rank() >= 2 && a.extent(-1) == a.extent(-2)) return;
  throw ShapeError(std::string(op) + ": square matrices are needed; got " + a.describe());
}

/// Throws unless every matrix had a result; `lacks` says what the one that had none is.
void check(const char* op, const std::optional<kernels::Failure>& failure, const Tensor& a,
           const std::string& lacks) {
  if (!failure) return;
  const std::string which =
      a.rank() == 2 ? "the matrix"
                    : "matrix " + std::to_string(failure->matrix) + " of " + a.describe();
  throw ValueError(std::string(op) + ": " + which + " is " + lacks + std::to_string(failure->row));
}

Tensor floating(const Tensor& x) { return is_floating(x.dtype()) ? x : x.to(Dtype::float64); }

/// A right side [..., n, k] of matrices a [..., n, n], both with all leading axes.
OpResult infer_solution(const char* op, const Tensor& a, const Tensor& b) {
  check_square(op, a);
  if (b.rank() < 2 || b.extent(-2) != a.extent(-1)) {
    throw ShapeError(std::string(op) +
                     ": the right side must have a row for each of the matrix; got " +
                     a.describe() + " and " + b.describe());
  }
  Shape shape = broadcast_shapes(op, leading(a.shape()), leading(b.shape()));
  shape.push_back(b.extent(-2));
  shape.push_back(b.extent(-1));
  return {shape, b.dtype()};
}

/// What the equations a x = b are in memory: dense, a right side for each result, a matrix for all
/// along which it broadcasts.
struct DenseSystems {
  DenseSystems(const Tensor& y, const Tensor& a, const Tensor& b)
      : matrices(a.contiguous()), right(broadcast_to(b, y.shape()).contiguous()) {
    const std::int64_t n = y.extent(-2), k = y.extent(-1);
    const Tensor numbers = reshape(arange(count_of(a)), leading(a.shape()));
    matrix_of = broadcast_to(numbers, leading(y.shape())).contiguous();
    systems = {y.dtype(), y.size() / (n * k), n, k,
               matrix_of.body().elements<const std::int64_t>()};
  }
  Tensor matrices, right, matrix_of;
  kernels::Systems systems;
};

struct Solve {
  static constexpr OpInfo info{"solve"};
  SavedInput matrix;
  SavedOutput solution;

  OpResult infer(const Tensor& a, const Tensor& b) const { return infer_solution(info.name, a, b); }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const DenseSystems dense(y, a, b);
    check(info.name,
          kernels::solve(dense.systems, dense.matrices.body().data, dense.right.body().data,
                         y.body().data),
          a, "singular: nothing is left in row ");
  }
  void keep(const Tensor& y, const Tensor& a, const Tensor&) {
    matrix = SavedInput(a);
    solution = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor x = solution.get(send), right = apply(Solve(), transposed(matrix.get()), g);
    send(0, [&] { return -sum_to(matmul(right, transposed(x)), send.shape(0)); });
    send(1, [&] { return sum_to(right, send.shape(1)); });
  }
  Tensor jvp(const Tangents& t) const {
    Tensor change = t[1];
    if (t[0].defined()) {
      const Tensor moved = matmul(t[0], solution.get(t));
      change = change.defined() ? change - moved : -moved;
    }
    return apply(Solve(), matrix.get(), change);
  }
  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    return apply(Solve(), all[0], all[1]);
  }
};

struct SolveTriangular {
  static constexpr OpInfo info{"solve_triangular"};
  TriangularOptions options;
  SavedInput matrix{};
  SavedOutput solution{};

  OpResult infer(const Tensor& a, const Tensor& b) const { return infer_solution(info.name, a, b); }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const DenseSystems dense(y, a, b);
    const kernels::Triangle triangle{options.lower, options.transposed, options.unit_diagonal};
    check(info.name,
          kernels::solve_triangular(dense.systems, triangle, dense.matrices.body().data,
                                    dense.right.body().data, y.body().data),
          a, "singular: the diagonal is 0 in row ");
  }
  void keep(const Tensor& y, const Tensor& a, const Tensor&) {
    matrix = SavedInput(a);
    solution = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    TriangularOptions other = options;
    other.transposed = !options.transposed;
    const Tensor x = solution.get(send), right = apply(SolveTriangular{other}, matrix.get(), g);
    send(0, [&] {
      const Tensor whole =
          options.transposed ? matmul(x, transposed(right)) : matmul(right, transposed(x));
      return -sum_to(triangle(whole), send.shape(0));
    });
    send(1, [&] { return sum_to(right, send.shape(1)); });
  }
  Tensor jvp(const Tangents& t) const {
    Tensor change = t[1];
    if (t[0].defined()) {
      const Tensor read = triangle(t[0]);
      const Tensor moved = matmul(options.transposed ? transposed(read) : read, solution.get(t));
      change = change.defined() ? change - moved : -moved;
    }
    return apply(SolveTriangular{options}, matrix.get(), change);
  }
  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    return apply(SolveTriangular{options}, all[0], all[1]);
  }
  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("lower", options.lower);
    visit("transposed", options.transposed);
    visit("unit_diagonal", options.unit_diagonal);
  }

 private:
  /// What of a matrix is read.
  Tensor triangle(const Tensor& x) const {
    const std::int64_t inner = options.unit_diagonal ? 1 : 0;
    return options.lower ? tril(x, -inner) : triu(x, inner);
  }
};

/// One matrix for each of a, by a kernel; `lacks` says what a matrix is that has none.
template <class Kernel>
void run_each(const char* op, Kernel kernel, const Tensor& y, const Tensor& a, const char* lacks) {
  if (y.size() == 0) return;
  const NoGradGuard off;
  const Tensor dense = a.contiguous();
  check(op, kernel(a.dtype(), count_of(a), a.extent(-1), dense.body().data, y.body().data), a,
        lacks);
}

struct Inverse {
  static constexpr OpInfo info{"inverse"};
  SavedOutput inverted;

  OpResult infer(const Tensor& a) const {
    check_square(info.name, a);
    return {a.shape(), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    run_each(info.name, kernels::inverse, y, a, "singular: nothing is left in row ");
  }
  void keep(const Tensor& y, const Tensor&) { inverted = SavedOutput(y); }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor y = transposed(inverted.get(send));
    send(0, [&] { return -matmul(y, matmul(g, y)); });
  }
  Tensor jvp(const Tangents& t) const {
    const Tensor y = inverted.get(t);
    return -matmul(y, matmul(t[0], y));
  }
  Tensor batch(const Examples& x) const { return apply(Inverse(), x[0]); }
};

/// The lower triangle with half of the diagonal.
Tensor lower_half(const Tensor& x) { return 0.5 * (tril(x) + tril(x, -1)); }

/// l⁻ᵀ x
Tensor solve_transposed(const Tensor& l, const Tensor& x) {
  return solve_triangular(l, x, {.transposed = true});
}

struct Cholesky {
  static constexpr OpInfo info{"cholesky"};
  SavedOutput root;

  OpResult infer(const Tensor& a) const {
    check_square(info.name, a);
    return {a.shape(), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    run_each(info.name, kernels::cholesky, y, a, "not positive definite: it fails in row ");
  }
  void keep(const Tensor& y, const Tensor&) { root = SavedOutput(y); }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor l = root.get(send);
    send(0, [&] {
      const Tensor p = lower_half(matmul(transposed(l), g));
      const Tensor s = solve_transposed(l, transposed(solve_transposed(l, p)));
      return 0.5 * (s + transposed(s));
    });
  }
  Tensor jvp(const Tangents& t) const {
    const Tensor l = root.get(t), change = 0.5 * (t[0] + transposed(t[0]));
    const Tensor half = solve_triangular(l, change);
    return matmul(l, lower_half(solve_triangular(l, transposed(half))));
  }
  Tensor batch(const Examples& x) const { return apply(Cholesky(), x[0]); }
};

Shape without_matrix(const char* op, const Tensor& a) {
  check_square(op, a);
  return leading(a.shape());
}

struct Det {
  static constexpr OpInfo info{"det"};
  SavedInput matrix;
  SavedOutput determinant;

  OpResult infer(const Tensor& a) const { return {without_matrix(info.name, a), a.dtype()}; }
  void run(const Tensor& y, const Tensor& a) const {
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    kernels::determinant(a.dtype(), y.size(), a.extent(-1), dense.body().data, y.body().data);
  }
  void keep(const Tensor& y, const Tensor& a) {
    matrix = SavedInput(a);
    determinant = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    // By the inverse there is none where the determinant is too small for the dtype: NaN, not 0.
    const Tensor y = determinant.get(send);
    const Tensor factor = g * where(y != 0, y, std::numeric_limits<double>::quiet_NaN());
    send(0, [&] {
      return expand_dims(expand_dims(factor, -1), -1) * transposed(inverse(matrix.get()));
    });
  }
  Tensor batch(const Examples& x) const { return apply(Det(), x[0]); }
};

/// [..., 2]: sign, and logarithm of the size.
struct SLogDet {
  static constexpr OpInfo info{"slogdet"};
  SavedInput matrix;

  OpResult infer(const Tensor& a) const {
    Shape shape = without_matrix(info.name, a);
    shape.push_back(2);
    return {shape, a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    kernels::sign_and_log_of_determinant(a.dtype(), y.size() / 2, a.extent(-1), dense.body().data,
                                         y.body().data);
  }
  void keep(const Tensor&, const Tensor& a) { matrix = SavedInput(a); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0,
         [&] { return expand_dims(split(g, 2, -1)[1], -1) * transposed(inverse(matrix.get())); });
  }
  Tensor batch(const Examples& x) const { return apply(SLogDet(), x[0]); }
};

/// Both in one floating dtype, a vector b as a matrix of one column.
template <class Op>
Tensor solution(Op op, const Tensor& a, const Tensor& b) {
  const Dtype promoted = promote(a.dtype(), b.dtype());
  const Dtype dtype = is_floating(promoted) ? promoted : Dtype::float64;
  if (b.rank() != 1) return apply(std::move(op), a.to(dtype), b.to(dtype));
  return squeeze(apply(std::move(op), a.to(dtype), expand_dims(b.to(dtype), 1)), -1);
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b) { return solution(Solve(), a, b); }

Tensor solve_triangular(const Tensor& a, const Tensor& b, const TriangularOptions& options) {
  return solution(SolveTriangular{options}, a, b);
}

Tensor inverse(const Tensor& a) { return apply(Inverse(), floating(a)); }

Tensor cholesky(const Tensor& a) { return apply(Cholesky(), floating(a)); }

Tensor det(const Tensor& a) { return apply(Det(), floating(a)); }

SignAndLog slogdet(const Tensor& a) {
  const Tensor both = apply(SLogDet(), floating(a));
  const std::vector<Tensor> parts = split(both, 2, -1);
  return {squeeze(parts[0], -1).detach(), squeeze(parts[1], -1)};
}

Tensor logdet(const Tensor& a) {
  const auto [sign, logabsdet] = slogdet(a);
  return logabsdet * where(sign >= 0, 1, sqrt(sign));  // sqrt(-1): NaN, for the slopes too
}

Tensor matrix_power(const Tensor& a, std::int64_t power) {
  check_square("matrix_power", a);
  if (power == 0) return broadcast_to(eye(a.extent(-1), a.dtype()), a.shape()).contiguous();
  Tensor square = power > 0 ? a : inverse(a), result;
  auto rest = static_cast<std::uint64_t>(power);
  if (power < 0) rest = ~rest + 1;
  for (; rest != 0; rest >>= 1) {
    if ((rest & 1) != 0) result = result.defined() ? matmul(result, square) : square;
    if (rest > 1) square = matmul(square, square);
  }
  return result;
}

}  // namespace xtape::linalg
