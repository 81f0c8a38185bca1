#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape::linalg {
namespace {

/// A matrix that is checked, and dense.
Tensor dense_finite(const char* op, const Tensor& a) {
  Tensor dense = a.contiguous();
  check_finite(op, dense);
  return dense;
}

Qr unpacked_qr(const Tensor& flat, Extents of) {
  const auto parts = unpacked(flat, {{of.m, of.k()}, {of.k(), of.n}});
  return {parts[0], parts[1]};
}

/// q [..., m, k] and behind it r [..., k, n].
struct OrthogonalTriangular {
  static constexpr OpInfo info{"qr"};
  Extents of;
  SavedInput matrix{};
  SavedOutput both{};

  OpResult infer(const Tensor& a) const {
    return {with_tail(leading(a.shape()), {(of.m + of.n) * of.k()}), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    kernels::qr(matrices_of(a), dense_finite(info.name, a).body().data, y.body().data);
  }
  void keep(const Tensor& y, const Tensor& a) {
    if (of.m < of.n) matrix = SavedInput(a);
    both = SavedOutput(y);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const auto [q, r] = unpacked_qr(both.get(send), of);
      const auto [by_q, by_r] = unpacked_qr(g, of);
      if (of.m >= of.n) return of_square(q, r, by_q, by_r);
      // a = [x, z], r = [t, qᵀ z]: x decides on q and t
      const auto columns = [&](const Tensor& all) {
        return split_with_sizes(all, {of.m, of.n - of.m}, -1);
      };
      const Tensor z = columns(matrix.get())[1], by_rest = columns(by_r)[1];
      const Tensor by_x =
          of_square(q, columns(r)[0], by_q + matmul(z, transposed(by_rest)), columns(by_r)[0]);
      return concatenate({by_x, matmul(q, by_rest)}, -1);
    });
  }
  Tensor batch(const Examples& x) const { return apply(OrthogonalTriangular{of}, x[0]); }

 private:
  /// Of a square r.
  static Tensor of_square(const Tensor& q, const Tensor& r, const Tensor& by_q,
                          const Tensor& by_r) {
    const Tensor p = matmul(r, transposed(by_r)) - matmul(transposed(by_q), q);
    const Tensor inner = by_q + matmul(q, tril(p) + transposed(tril(p, -1)));
    return transposed(solve_triangular_for(info.name, r, transposed(inner), {.lower = false}));
  }
};

/// l [..., m, k], behind it u [..., k, n] and the row of a that came to each row.
struct LowerUpper {
  static constexpr OpInfo info{"lu"};
  Extents of;
  SavedOutput all{};

  struct Parts {
    Tensor l, u, rows;
  };
  static Parts unpacked_lu(const Tensor& flat, Extents of) {
    const auto parts = unpacked(flat, {{of.m, of.k()}, {of.k(), of.n}, {of.m}});
    return {parts[0], parts[1], parts[2]};
  }
  /// p with p_rj = 1 where row r of a came to row j.
  static Tensor exchange(const Tensor& rows, std::int64_t m) {
    const Tensor number = reshape(arange(m), {m, 1});
    return (as_row(rows.detach()) == number).to(rows.dtype());
  }

  OpResult infer(const Tensor& a) const {
    return {with_tail(leading(a.shape()), {(of.m + of.n) * of.k() + of.m}), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    if (a.size() == 0) return y.assign(broadcast_to(arange(of.m), y.shape()).to(y.dtype()));
    kernels::lu(matrices_of(a), dense_finite(info.name, a).body().data, y.body().data);
  }
  void keep(const Tensor& y, const Tensor&) { all = SavedOutput(y); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const auto [l, u, rows] = unpacked_lu(all.get(send), of);
      const auto given = unpacked_lu(g, of);
      return matmul(exchange(rows, of.m), gradient(l, u, given.l, given.u));
    });
  }
  Tensor batch(const Examples& x) const { return apply(LowerUpper{of}, x[0]); }

 private:
  /// By pᵀ a = l u: of its leading square l1 u1, and of what is left below (l2 = a2 u1⁻¹) or to the
  /// right of it (u2 = l1⁻¹ a2).
  Tensor gradient(const Tensor& l, const Tensor& u, const Tensor& by_l, const Tensor& by_u) const {
    const std::int64_t k = of.k();
    const auto in_two = [&](const Tensor& x, int axis) {
      return split_with_sizes(x, {k, x.extent(axis) - k}, axis);
    };
    const Tensor l1 = in_two(l, -2)[0], u1 = in_two(u, -1)[0];
    Tensor by_l1 = in_two(by_l, -2)[0], by_u1 = in_two(by_u, -1)[0];
    Tensor below, beside;
    if (of.m > k) {
      below = over_upper(in_two(by_l, -2)[1], u1);
      by_u1 = by_u1 - matmul(transposed(in_two(l, -2)[1]), below);
    }
    if (of.n > k) {
      beside = under_lower(l1, in_two(by_u, -1)[1]);
      by_l1 = by_l1 - matmul(beside, transposed(in_two(u, -1)[1]));
    }
    const Tensor inner =
        tril(matmul(transposed(l1), by_l1), -1) + triu(matmul(by_u1, transposed(u1)));
    const Tensor square = over_upper(under_lower(l1, inner), u1);
    if (below.defined()) return concatenate({square, below}, -2);
    return beside.defined() ? concatenate({square, beside}, -1) : square;
  }
  /// x u⁻ᵀ
  static Tensor over_upper(const Tensor& x, const Tensor& u) {
    return transposed(solve_triangular_for(info.name, u, transposed(x), {.lower = false}));
  }
  /// l⁻ᵀ x
  static Tensor under_lower(const Tensor& l, const Tensor& x) {
    return solve_triangular_for(info.name, l, x, {.transposed = true, .unit_diagonal = true});
  }
};

}  // namespace

Qr qr(const Tensor& a) {
  const Tensor matrix = floating("qr", a);
  check_matrices("qr", matrix);
  const Extents of = extents_of(matrix);
  return unpacked_qr(apply(OrthogonalTriangular{of}, matrix), of);
}

Lu lu(const Tensor& a) {
  const Tensor matrix = floating("lu", a);
  check_matrices("lu", matrix);
  const Extents of = extents_of(matrix);
  const auto [l, u, rows] = LowerUpper::unpacked_lu(apply(LowerUpper{of}, matrix), of);
  return {LowerUpper::exchange(rows, of.m), l, u};
}

}  // namespace xtape::linalg
