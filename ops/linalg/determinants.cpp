#include <limits>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>

namespace xtape::linalg {
namespace {

Shape without_matrix(const char* op, const Tensor& a) {
  check_square(op, a);
  return leading(a.shape());
}

Tensor total(const Tensor& x) { return sum(x, {-2, -1}); }
/// [...] beside matrices.
Tensor beside(const Tensor& x) { return expand_dims(expand_dims(x, -1), -1); }

/// Of s [..., n]: the products of all but two, 0 on the diagonal.
Tensor products_without_two(const Tensor& s) {
  const std::int64_t n = s.extent(-1);
  const Tensor dense = s.contiguous();
  Tensor y = xtape::detail::make_tensor(with_tail(s.shape(), {n}), s.dtype());
  if (y.size() != 0) {
    kernels::products_without_two(s.dtype(), s.size() / n, n, dense.body().data, y.body().data);
  }
  return y;
}

/// How the cofactors of a change along t, and their gradient by a for t = dL/d(cofactors): for
/// a = u s vᵀ and x = uᵀ t v it is det(u) det(v) u (diagonal(p diagonal(x)) - p xᵀ) vᵀ, element by
/// element, with p the products of all singular values but two. Nothing is divided by, so that it
/// is right for singular matrices.
struct CofactorSlope {
  static constexpr OpInfo info{"det"};
  SavedInput matrix{}, direction{};

  OpResult infer(const Tensor& a, const Tensor&) const { return {a.shape(), a.dtype()}; }
  void run(const Tensor& y, const Tensor& a, const Tensor& t) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor finite = all(isfinite(a), {-2, -1}, {.keep_dims = true});
    const auto [u, s, vh] = svd_for(info.name, where(finite, a, 0));
    const Tensor x = matmul(matmul(transposed(u), t), transposed(vh));
    const Tensor p = products_without_two(s), on_diagonal = matmul(p, as_column(diagonal(x)));
    const Tensor inner = matmul(u, p * transposed(x));
    const Tensor turned = sign(beside(det(u) * det(vh)));
    const Tensor slope = turned * matmul(u * transposed(on_diagonal) - inner, vh);
    y.assign(where(finite, slope, std::numeric_limits<double>::quiet_NaN()));
  }
  void keep(const Tensor&, const Tensor& a, const Tensor& t) {
    matrix = SavedInput(a);
    direction = SavedInput(t);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return slope(matrix.get(), g, direction.get()); });
    send(1, [&] { return apply(CofactorSlope(), matrix.get(), g); });
  }
  Tensor batch(const Examples& x) const { return apply(CofactorSlope(), x.each(0), x.each(1)); }

 private:
  /// The gradient of <h, slope along g> by a: d (xy - tr(z g z h)) differentiated, for z = a⁻ᵀ, d =
  /// det a, x = tr(zᵀ g), y = tr(zᵀ h).
  static Tensor slope(const Tensor& a, const Tensor& g, const Tensor& h) {
    const Tensor z = inverse_for(info.name, a, true), d = beside(det(a));
    const Tensor zg = matmul(z, g), zh = matmul(z, h);
    const Tensor x = beside(trace(zg)), y = beside(trace(zh));
    const Tensor both = matmul(zg, zh), reversed = matmul(zh, zg);
    const Tensor inner = (x * y - beside(trace(both))) * z - y * matmul(zg, z) - x * matmul(zh, z) +
                         matmul(both, z) + matmul(reversed, z);
    return d * transposed(inner);
  }
};

/// The gradient of the determinant.
struct Cofactors {
  static constexpr OpInfo info{"det"};
  SavedInput matrix{};

  OpResult infer(const Tensor& a) const { return {a.shape(), a.dtype()}; }
  void run(const Tensor& y, const Tensor& a) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    kernels::cofactors(a.dtype(), count_of(a), a.extent(-1), dense.body().data, y.body().data);
  }
  void keep(const Tensor&, const Tensor& a) { matrix = SavedInput(a); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return apply(CofactorSlope(), matrix.get(), g); });
  }
  Tensor jvp(const Tangents& t) const { return apply(CofactorSlope(), matrix.get(), t[0]); }
  Tensor batch(const Examples& x) const { return apply(Cofactors(), x[0]); }
};

struct Det {
  static constexpr OpInfo info{"det"};
  SavedInput matrix{};

  OpResult infer(const Tensor& a) const { return {without_matrix(info.name, a), a.dtype()}; }
  void run(const Tensor& y, const Tensor& a) const {
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    kernels::determinant(a.dtype(), y.size(), a.extent(-1), dense.body().data, y.body().data);
  }
  void keep(const Tensor&, const Tensor& a) { matrix = SavedInput(a); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return beside(g) * apply(Cofactors(), matrix.get()); });
  }
  Tensor jvp(const Tangents& t) const { return total(t[0] * apply(Cofactors(), matrix.get())); }
  Tensor batch(const Examples& x) const { return apply(Det(), x[0]); }
};

/// [..., 2]: sign, and logarithm of the size.
struct SLogDet {
  OpInfo info;
  SavedInput matrix{};

  OpResult infer(const Tensor& a) const {
    return {with_tail(without_matrix(info.name, a), {2}), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    kernels::sign_and_log_of_determinant(a.dtype(), y.size() / 2, a.extent(-1), dense.body().data,
                                         y.body().data);
  }
  void keep(const Tensor&, const Tensor& a) { matrix = SavedInput(a); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {  // 0 where nobody asks for a singular matrix, NaN where somebody does
      const Tensor by_log = expand_dims(split(g, 2, -1)[1], -1);
      const Tensor slope = inverse_for(info.name, matrix.get(), true);
      return transposed(where((by_log == 0) & isnan(slope), 0, by_log * slope));
    });
  }
  Tensor batch(const Examples& x) const { return apply(SLogDet{info}, x[0]); }
};

SignAndLog sign_and_log(const char* op, const Tensor& a) {
  const std::vector<Tensor> parts = split(apply(SLogDet{{op}}, floating(op, a)), 2, -1);
  return {squeeze(parts[0], -1).detach(), squeeze(parts[1], -1)};
}

}  // namespace

Tensor det(const Tensor& a) { return apply(Det(), floating("det", a)); }

SignAndLog slogdet(const Tensor& a) { return sign_and_log("slogdet", a); }

Tensor logdet(const Tensor& a) {
  const auto [sign, logabsdet] = sign_and_log("logdet", a);
  return logabsdet * where(sign >= 0, 1, sqrt(sign));  // sqrt(-1): NaN, for the slopes too
}

}  // namespace xtape::linalg
