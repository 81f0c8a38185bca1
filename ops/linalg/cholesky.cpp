#include <xtape/core/body.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape::linalg {
namespace {

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
    if (y.size() == 0) return;
    const NoGradGuard off;
    const Tensor dense = a.contiguous();
    check(info.name,
          kernels::cholesky(a.dtype(), count_of(a), a.extent(-1), dense.body().data, y.body().data),
          a, "not positive definite: it fails in row ");
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

}  // namespace

Tensor cholesky(const Tensor& a) { return apply(Cholesky(), floating("cholesky", a)); }

}  // namespace xtape::linalg
