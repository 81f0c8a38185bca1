#include <string>
#include <utility>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::linalg {
namespace {

/// A right side [..., n, k] of matrices a [..., n, n], both with all leading axes.
OpResult infer_solution(const char* op, const Tensor& a, const Tensor& b) {
  check_square(op, a);
  if (b.rank() < 2 || b.extent(-2) != a.extent(-1)) {
    throw ShapeError(std::string(op) +
                     ": the right side must have a row for each of the matrix; got " +
                     a.describe() + " and " + b.describe());
  }
  const Shape front = broadcast_shapes(op, leading(a.shape()), leading(b.shape()));
  return {with_tail(front, {b.extent(-2), b.extent(-1)}), b.dtype()};
}

/// Right sides of one matrix as columns of one right side: the leading axes along which a matrix
/// [..., n, n] broadcasts to a result [..., n, k] stand behind the rows.
class Columns {
 public:
  Columns(const Shape& matrix, const Shape& result) : result_(result) {
    const int rank = result.rank(), missing = rank - matrix.rank();
    std::vector<std::int64_t> free;
    for (int axis = 0; axis < rank - 2; ++axis) {
      const bool each = axis >= missing && matrix[axis - missing] == result[axis];
      (each ? order_ : free).push_back(axis);
    }
    folds_ = !free.empty();
    folded_ = {};
    for (const std::int64_t axis : order_) folded_.push_back(result[static_cast<int>(axis)]);
    folded_.push_back(result[rank - 2]);
    order_.push_back(rank - 2);
    order_.insert(order_.end(), free.begin(), free.end());
    order_.push_back(rank - 1);
    std::int64_t columns = result[rank - 1];
    for (const std::int64_t axis : free) columns *= result[static_cast<int>(axis)];
    folded_.push_back(columns);
  }

  /// [matrices..., n, columns]
  const Shape& shape() const { return folded_; }
  bool folds() const { return folds_; }
  Tensor of(const Tensor& x) const {
    const Tensor whole = broadcast_to(x, result_);
    return folds_ ? reshape(transpose(whole, order_), folded_) : whole;
  }
  /// The result of such columns: the other way round.
  Tensor back(const Tensor& columns) const {
    Shape turned;
    std::vector<std::int64_t> places(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) {
      turned.push_back(result_[static_cast<int>(order_[i])]);
      places[static_cast<std::size_t>(order_[i])] = static_cast<std::int64_t>(i);
    }
    return transpose(reshape(columns, turned), places);
  }

 private:
  Shape result_, folded_;
  std::vector<std::int64_t> order_;
  bool folds_;
};

/// Fills y by `kernel(systems, right side, memory for the solution)`, once for each matrix of a.
template <class Kernel>
void run_columns(const Tensor& y, const Tensor& a, const Tensor& b, Kernel&& kernel) {
  const Columns columns(a.shape(), y.shape());
  const Tensor right = columns.of(b).contiguous();
  const kernels::Systems systems{y.dtype(), count_of(a), y.extent(-2),
                                 columns.shape()[-1 + columns.shape().rank()]};
  if (!columns.folds()) return kernel(systems, right.body().data, y.body().data);
  const Tensor solution = xtape::detail::make_tensor(columns.shape(), y.dtype());
  kernel(systems, right.body().data, solution.body().data);
  y.assign(columns.back(solution));
}

/// The sum of left rightᵀ over the axes along which a matrix of that shape broadcasts.
Tensor product_for(const Shape& matrix, const Tensor& left, const Tensor& right) {
  const Columns columns(matrix, left.shape());
  return reshape(matmul(columns.of(left), transposed(columns.of(right))), matrix);
}

/// What elimination has left of matrices a.
struct KeptFactors {
  Shape matrix;
  SavedConstant triangles{}, pivots{};
};

/// a⁻ᵀ g by the factors of a: for a sweep that nobody differentiates.
struct SolveAgain {
  static constexpr OpInfo info{"solve"};
  KeptFactors factors;

  OpResult infer(const Tensor& g) const { return {g.shape(), g.dtype()}; }
  void run(const Tensor& y, const Tensor& g) const {
    const NoGradGuard off;
    run_columns(y, factors.triangles.get(), g, [&](auto& systems, auto* right, auto* solution) {
      kernels::solve_transposed(systems, factors.triangles.get().body().data,
                                factors.pivots.get().body().elements<std::int64_t>(), right,
                                solution);
    });
  }
};

struct Solve {
  static constexpr OpInfo info{"solve"};
  SavedInput matrix{};
  SavedOutput solution{};
  mutable KeptFactors factors{};

  OpResult infer(const Tensor& a, const Tensor& b) const { return infer_solution(info.name, a, b); }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    const Tensor triangles = xtape::detail::make_tensor(a.shape(), a.dtype());
    Shape one_each = a.shape();
    one_each.erase(one_each.rank() - 1);
    const Tensor pivots = xtape::detail::make_tensor(one_each, Dtype::int64);
    run_columns(y, a, b, [&](auto& systems, auto* right, auto* solved) {
      check(info.name,
            kernels::solve(systems, dense.body().data, right, solved, triangles.body().data,
                           pivots.body().elements<std::int64_t>()),
            a, "singular: nothing is left in row ");
    });
    factors = {a.shape(), SavedConstant(triangles), SavedConstant(pivots)};
  }
  void keep(const Tensor& y, const Tensor& a, const Tensor&) {
    matrix = SavedInput(a);
    solution = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const bool again = xtape::detail::plain(g) && factors.triangles.get().defined();
    const Tensor right =
        again ? apply(SolveAgain{factors}, g) : apply(Solve(), transposed(matrix.get()), g);
    send(0, [&] { return -product_for(send.shape(0), right, solution.get(send)); });
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
    const xtape::detail::Aligned all(x);
    return apply(Solve(), all[0], all[1]);
  }
};

struct SolveTriangular {
  OpInfo info;
  TriangularOptions options;
  SavedInput matrix{};
  SavedOutput solution{};

  OpResult infer(const Tensor& a, const Tensor& b) const { return infer_solution(info.name, a, b); }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    const kernels::Triangle triangle{options.lower, options.transposed, options.unit_diagonal};
    run_columns(y, a, b, [&](auto& systems, auto* right, auto* solved) {
      check(info.name,
            kernels::solve_triangular(systems, triangle, dense.body().data, right, solved), a,
            "singular: the diagonal is 0 in row ");
    });
  }
  void keep(const Tensor& y, const Tensor& a, const Tensor&) {
    matrix = SavedInput(a);
    solution = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    TriangularOptions other = options;
    other.transposed = !options.transposed;
    const Tensor x = solution.get(send), right = again(other, matrix.get(), g);
    send(0, [&] {
      const Shape shape = send.shape(0);
      return -triangle(options.transposed ? product_for(shape, x, right)
                                          : product_for(shape, right, x));
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
    return again(options, matrix.get(), change);
  }
  Tensor batch(const Examples& x) const {
    const xtape::detail::Aligned all(x);
    return again(options, all[0], all[1]);
  }
  template <class Visit>
  void attributes(Visit&& visit) const {
    visit("lower", options.lower);
    visit("transposed", options.transposed);
    visit("unit_diagonal", options.unit_diagonal);
  }

 private:
  Tensor again(const TriangularOptions& how, const Tensor& a, const Tensor& b) const {
    return apply(SolveTriangular{info, how}, a, b);
  }
  /// What of a matrix is read.
  Tensor triangle(const Tensor& x) const {
    const std::int64_t inner = options.unit_diagonal ? 1 : 0;
    return options.lower ? tril(x, -inner) : triu(x, inner);
  }
};

/// Both in one floating dtype, a vector b as a matrix of one column.
template <class Op>
Tensor solution(Op op, const Tensor& a, const Tensor& b) {
  const char* const name = op.info.name;
  xtape::detail::require_defined(name, "the matrix", a);
  xtape::detail::require_defined(name, "the right side", b);
  const Dtype promoted = promote(a.dtype(), b.dtype());
  const Dtype dtype = is_floating(promoted) ? promoted : Dtype::float64;
  if (b.rank() != 1) return apply(std::move(op), a.to(dtype), b.to(dtype));
  check_square(name, a);
  if (b.extent(0) != a.extent(-1)) {
    throw ShapeError(std::string(name) +
                     ": the right side must have an entry for each row of the matrix; got " +
                     a.describe() + " and " + b.describe());
  }
  return squeeze(apply(std::move(op), a.to(dtype), expand_dims(b.to(dtype), 1)), -1);
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b) { return solution(Solve(), a, b); }

Tensor solve_triangular(const Tensor& a, const Tensor& b, const TriangularOptions& options) {
  return solution(SolveTriangular{{"solve_triangular"}, options}, a, b);
}

Tensor solve_triangular_for(const char* op, const Tensor& a, const Tensor& b,
                            const TriangularOptions& options) {
  return apply(SolveTriangular{{op}, options}, a, b);
}

}  // namespace xtape::linalg
