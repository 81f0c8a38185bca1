#include <xtape/core/body.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::linalg {
namespace {

Tensor symmetric(const Tensor& x) { return 0.5 * (x + transposed(x)); }

void decompose(const char* op, const Tensor& y, const Tensor& a, bool vectors) {
  if (y.size() == 0) return;
  const Tensor dense = a.contiguous();
  check_finite(op, dense);
  check(op, kernels::eigh(matrices_of(a), vectors, dense.body().data, y.body().data), a,
        "one for which the iteration does not converge, from row ");
}

Eigh unpacked_eigh(const Tensor& flat, std::int64_t n) {
  const auto parts = unpacked(flat, {{n}, {n, n}});
  return {parts[0], parts[1]};
}

/// Values, and behind them the vectors: [..., n + n²].
struct EigenDecomposition {
  static constexpr OpInfo info{"eigh"};
  std::int64_t n;
  SavedOutput both{};

  OpResult infer(const Tensor& a) const {
    return {with_tail(leading(a.shape()), {n + n * n}), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    const NoGradGuard off;
    decompose(info.name, y, a, true);
  }
  void keep(const Tensor& y, const Tensor&) { both = SavedOutput(y); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const auto [w, v] = unpacked_eigh(both.get(send), n);
      const auto [by_w, by_v] = unpacked_eigh(g, n);
      const Tensor turned = inverse_gaps(w) * matmul(transposed(v), by_v);
      return symmetric(matmul(v * as_row(by_w) + matmul(v, turned), transposed(v)));
    });
  }
  Tensor jvp(const Tangents& t) const {
    const auto [w, v] = unpacked_eigh(both.get(t), n);
    const Tensor change = matmul(transposed(v), matmul(symmetric(t[0]), v));
    return packed({diagonal(change), matmul(v, inverse_gaps(w) * change)}, {1, 2});
  }
  Tensor batch(const Examples& x) const { return apply(EigenDecomposition{n}, x[0]); }
};

/// The values alone, and where they are recorded, for a sweep that nobody differentiates, the
/// vectors beside them.
struct EigenValues {
  static constexpr OpInfo info{"eigvalsh"};
  bool recorded;
  SavedInput matrix{};
  mutable SavedConstant both{};

  OpResult infer(const Tensor& a) const {
    check_square(info.name, a);
    return {with_tail(leading(a.shape()), {a.extent(-1)}), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    const NoGradGuard off;
    if (!recorded) return decompose(info.name, y, a, false);
    const std::int64_t n = a.extent(-1);
    const Tensor flat =
        xtape::detail::make_tensor(with_tail(leading(a.shape()), {n + n * n}), a.dtype());
    decompose(info.name, flat, a, true);
    both = SavedConstant(flat);
    y.assign(unpacked_eigh(flat, n).values);
  }
  void keep(const Tensor&, const Tensor& a) { matrix = SavedInput(a); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] {
      const Tensor v = vectors(g);
      return matmul(v * as_row(g), transposed(v));
    });
  }
  Tensor jvp(const Tangents& t) const {
    const Tensor v = vectors(t[0]);
    return sum(v * matmul(symmetric(t[0]), v), -2);
  }
  Tensor batch(const Examples& x) const { return eigvalsh(x[0]); }

 private:
  Tensor vectors(const Tensor& g) const {
    const Tensor& a = matrix.get();
    const bool known = both.get().defined() && xtape::detail::plain(g);
    return known ? unpacked_eigh(both.get(), a.extent(-1)).vectors : eigh(a).vectors;
  }
};

}  // namespace

Eigh eigh(const Tensor& a) {
  const Tensor matrix = floating("eigh", a);
  check_square("eigh", matrix);
  const std::int64_t n = matrix.extent(-1);
  return unpacked_eigh(apply(EigenDecomposition{n}, matrix), n);
}

Tensor eigvalsh(const Tensor& a) {
  const Tensor matrix = floating("eigvalsh", a);
  return apply(EigenValues{matrix.requires_grad() && recording()}, matrix);
}

}  // namespace xtape::linalg
