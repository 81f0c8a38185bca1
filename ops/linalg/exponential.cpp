#include <array>
#include <cmath>
#include <span>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg/matrix.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::linalg {
namespace {

/// Up to which 1-norm the approximant of a degree has all digits of float64.
/// Source: Higham, The scaling and squaring method for the matrix exponential revisited (2005).
struct Approximant {
  int degree;
  double norm;
};
constexpr std::array<Approximant, 5> approximants{{{3, 1.495585217958292e-2},
                                                   {5, 2.539398330063230e-1},
                                                   {7, 9.504178996162932e-1},
                                                   {9, 2.097847961257068e0},
                                                   {13, 5.371920351148152e0}}};

/// exp(x) = q(-x)⁻¹ q(x) for Padé's polynomial q; its coefficients as whole numbers, that of the
/// highest power 1.
std::vector<double> coefficients(int degree) {
  std::vector<double> c{1};
  for (int j = degree; j > 0; --j)
    c.push_back(c.back() * j * (2 * degree - j + 1) / (degree - j + 1));
  return {c.rbegin(), c.rend()};
}

/// Every second coefficient from `first` on, times the powers.
Tensor polynomial(std::span<const Tensor> powers, std::span<const double> c, std::size_t first) {
  Tensor sum;
  for (std::size_t i = 0; i < powers.size() && first + 2 * i < c.size(); ++i) {
    const Tensor term = c[first + 2 * i] * powers[i];
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

/// For a finite matrix [n, n] of float64 without a place on the tape.
Tensor exponential(const Tensor& a) {
  const double size = amax(sum(abs(a), 0)).item();
  if (!std::isfinite(size)) return full(a.shape(), size - size, Dtype::float64);
  const Approximant* use = approximants.data();
  while (use != &approximants.back() && size > use->norm) ++use;
  int halvings = 0;
  if (size > use->norm) std::frexp(size / use->norm, &halvings);
  const Tensor x = std::ldexp(1.0, -halvings) * a, square = matmul(x, x);
  const std::vector<double> c = coefficients(use->degree);
  const bool in_two = use->degree == 13;  // from x⁸ on as x⁶ times another polynomial
  const std::span<const double> low = std::span(c).first(in_two ? 8 : c.size());
  std::vector<Tensor> powers{eye(a.extent(0), Dtype::float64), square};
  while (powers.size() < low.size() / 2) powers.push_back(matmul(powers.back(), square));
  Tensor odd = polynomial(powers, low, 1), even = polynomial(powers, low, 0);
  if (in_two) {
    const std::span<const Tensor> from_second = std::span(powers).subspan(1);
    odd = odd + matmul(powers[3], polynomial(from_second, c, 9));
    even = even + matmul(powers[3], polynomial(from_second, c, 8));
  }
  odd = matmul(x, odd);
  Tensor y = solve(even - odd, even + odd);
  for (; halvings > 0; --halvings) y = matmul(y, y);
  return y;
}

Tensor exponential_along(const Tensor& a, const Tensor& direction);

struct Expm {
  static constexpr OpInfo info{"expm"};
  SavedInput matrix{};

  OpResult infer(const Tensor& a) const {
    check_square(info.name, a);
    return {a.shape(), a.dtype()};
  }
  void run(const Tensor& y, const Tensor& a) const {
    if (y.size() == 0) return;
    const NoGradGuard off;
    const std::int64_t n = a.extent(-1);
    std::vector<Tensor> all;
    for (const Tensor& one : unbind(reshape(a.detach(), {-1, n, n})))
      all.push_back(exponential(one.to(Dtype::float64)));
    y.assign(reshape(stack(all), a.shape()).to(a.dtype()));
  }
  void keep(const Tensor&, const Tensor& a) { matrix = SavedInput(a); }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, [&] { return exponential_along(transposed(matrix.get()), g); });
  }
  Tensor jvp(const Tangents& t) const { return exponential_along(matrix.get(), t[0]); }
  Tensor batch(const Examples& x) const { return apply(Expm(), x[0]); }
};

/// How exp(a) changes along a direction: what stands above the diagonal in the exponential of
/// [[a, d], [0, a]]. It is linear in d, which is scaled so that it does not lead to more squarings.
Tensor exponential_along(const Tensor& a, const Tensor& direction) {
  const std::int64_t n = a.extent(-1);
  if (a.size() == 0) return direction;
  const Tensor size = sum(abs(direction.detach()), {-2, -1}, {.keep_dims = true});
  const Tensor scale = where(size == 0, 1, size), zero = zeros_like(a);
  const Tensor above = concatenate({a, direction / scale}, -1), below = concatenate({zero, a}, -1);
  const Tensor whole = apply(Expm(), concatenate({above, below}, -2));
  const Tensor top = split_with_sizes(whole, {n, n}, -2)[0];
  return scale * split_with_sizes(top, {n, n}, -1)[1];
}

}  // namespace

Tensor expm(const Tensor& a) { return apply(Expm(), floating("expm", a)); }

}  // namespace xtape::linalg
