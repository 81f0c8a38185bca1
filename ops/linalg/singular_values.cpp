#include <xtape/core/body.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::linalg {
namespace {

void decompose(const char* op, const Tensor& y, const Tensor& a, bool vectors) {
  if (y.size() == 0) return;
  const Tensor dense = a.contiguous();
  check_finite(op, dense);
  check(op, kernels::svd(matrices_of(a), vectors, dense.body().data, y.body().data), a,
        "one for which the iteration does not converge, from row ");
}

Shape packed_shape(const Tensor& a, Extents of) {
  return with_tail(leading(a.shape()), {(of.m + 1 + of.n) * of.k()});
}

Svd unpacked_svd(const Tensor& flat, Extents of) {
  const auto parts = unpacked(flat, {{of.m, of.k()}, {of.k()}, {of.k(), of.n}});
  return {parts[0], parts[1], parts[2]};
}

/// 1 / (s_j² - s_i²), 0 where the two are equal.
Tensor inverse_gaps_of_squares(const Tensor& s) {
  const Tensor sums = as_row(s) + as_column(s);
  return inverse_gaps(s) / where(sums == 0, 1, sums);
}

/// 1 / s, 0 where s is.
Tensor inverse_or_zero(const Tensor& s) { return where(s == 0, 0, 1 / where(s == 0, 1, s)); }

/// What of the columns of x is orthogonal to those of q.
Tensor beside(const Tensor& x, const Tensor& q) { return x - matmul(q, matmul(transposed(q), x)); }

struct Decomposition {
  OpInfo info;
  Extents of;
  SavedOutput all{};

  OpResult infer(const Tensor& a) const { return {packed_shape(a, of), a.dtype()}; }
  void run(const Tensor& y, const Tensor& a) const {
    const NoGradGuard off;
    decompose(info.name, y, a, true);
  }
  void keep(const Tensor& y, const Tensor&) { all = SavedOutput(y); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const auto [u, s, vh] = unpacked_svd(all.get(send), of);
      const auto [by_u, by_s, by_vh] = unpacked_svd(g, of);
      const Tensor gaps = inverse_gaps_of_squares(s), over = as_row(inverse_or_zero(s));
      const Tensor turned_u = matmul(transposed(u), by_u);
      const Tensor turned_v = matmul(vh, transposed(by_vh));
      const Tensor inner = gaps * (turned_u - transposed(turned_u)) * as_row(s) +
                           as_column(s) * gaps * (turned_v - transposed(turned_v));
      Tensor left = matmul(u, inner) + u * as_row(where(s == 0, 0, by_s));
      if (of.m > of.k()) left = left + beside(by_u * over, u);
      Tensor dx = matmul(left, vh);
      if (of.n > of.k())
        dx = dx + matmul(u * over, transposed(beside(transposed(by_vh), transposed(vh))));
      return dx;
    });
  }
  Tensor jvp(const Tangents& t) const {
    const auto [u, s, vh] = unpacked_svd(all.get(t), of);
    const Tensor along_v = matmul(t[0], transposed(vh)), p = matmul(transposed(u), along_v);
    const Tensor gaps = inverse_gaps_of_squares(s), over = inverse_or_zero(s);
    const Tensor right = p * as_row(s), left = as_column(s) * p;
    Tensor du = matmul(u, gaps * (right + transposed(right)));
    Tensor dv = matmul(transposed(vh), gaps * (left + transposed(left)));
    if (of.m > of.k()) du = du + beside(along_v, u) * as_row(over);
    if (of.n > of.k()) {
      dv = dv + beside(matmul(transposed(t[0]), u), transposed(vh)) * as_row(over);
    }
    return packed({du, where(s == 0, 0, diagonal(p)), transposed(dv)}, {2, 1, 2});
  }
  Tensor batch(const Examples& x) const { return apply(Decomposition{info, of}, x[0]); }
};

/// The values alone, and where they are recorded, for a sweep that nobody differentiates, the
/// vectors beside them.
struct Values {
  OpInfo info;
  bool recorded;
  SavedInput matrix{};
  mutable SavedConstant all{};

  OpResult infer(const Tensor& a) const {
    check_matrices(info.name, a);
    return {with_tail(leading(a.shape()), {extents_of(a).k()}), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    const NoGradGuard off;
    if (!recorded) return decompose(info.name, y, a, false);
    const Extents of = extents_of(a);
    const Tensor flat = xtape::detail::make_tensor(packed_shape(a, of), a.dtype());
    decompose(info.name, flat, a, true);
    all = SavedConstant(flat);
    y.assign(unpacked_svd(flat, of).s);
  }
  void keep(const Tensor&, const Tensor& a) { matrix = SavedInput(a); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const auto [u, s, vh] = parts(g);
      return matmul(u * as_row(where(s == 0, 0, g)), vh);
    });
  }
  Tensor jvp(const Tangents& t) const {
    const auto [u, s, vh] = parts(t[0]);
    return where(s == 0, 0, sum(u * matmul(t[0], transposed(vh)), -2));
  }
  Tensor batch(const Examples& x) const { return singular_values_for(info.name, x[0]); }

 private:
  Svd parts(const Tensor& g) const {
    const Tensor& a = matrix.get();
    const bool known = all.get().defined() && xtape::detail::plain(g);
    return known ? unpacked_svd(all.get(), extents_of(a)) : svd_for(info.name, a);
  }
};

}  // namespace

Svd svd_for(const char* op, const Tensor& a) {
  const Tensor matrix = floating(op, a);
  check_matrices(op, matrix);
  const Extents of = extents_of(matrix);
  return unpacked_svd(apply(Decomposition{{op}, of}, matrix), of);
}

Svd svd(const Tensor& a) { return svd_for("svd", a); }

Tensor singular_values_for(const char* op, const Tensor& a) {
  const Tensor matrix = floating(op, a);
  return apply(Values{{op}, matrix.requires_grad() && recording()}, matrix);
}

Tensor singular_values(const Tensor& a) { return singular_values_for("singular_values", a); }

}  // namespace xtape::linalg
