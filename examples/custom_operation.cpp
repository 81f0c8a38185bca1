// An operation of one's own, from one's own file: the solution of a tridiagonal system, by which
// heat flows along a rod in implicit steps. Its rule is written with the operation itself, so every
// order of derivative is there; from temperatures measured at the end, gradients find what the rod
// conducts.

#include <cstdint>
#include <iostream>
#include <vector>

#include <xtape/xtape.hpp>

using namespace xtape;

namespace {

/// x with A x = b, for A with the given diagonals: lower [n - 1], main [n], upper [n - 1]; b [n].
///   db = s with A^T s = g,   d main = -s x,   d lower = -s[1:] x[:-1],   d upper = -s[:-1] x[1:]
/// Throws ShapeError for diagonals that do not fit.
Tensor solve_tridiagonal(const Tensor& lower, const Tensor& main, const Tensor& upper,
                         const Tensor& b);

struct SolveTridiagonal {
  static constexpr OpInfo info{"solve_tridiagonal"};
  SavedInput lower{}, main{}, upper{};
  SavedOutput x{};

  OpResult infer(const Tensor& below, const Tensor& on, const Tensor& above,
                 const Tensor& b) const {
    const Shape beside{on.size() - 1};
    if (on.rank() != 1 || b.shape() != on.shape() || below.shape() != beside ||
        above.shape() != beside) {
      throw ShapeError("solve_tridiagonal: [n - 1], [n], [n - 1] and [n] are needed; got " +
                       below.describe() + ", " + on.describe() + ", " + above.describe() + " and " +
                       b.describe());
    }
    return {b.shape(), b.dtype()};
  }

  /// Gaussian elimination without pivoting: for matrices whose diagonal dominates.
  void run(const Tensor& y, const Tensor& below, const Tensor& on, const Tensor& above,
           const Tensor& right) const {
    const auto a = below.detach().to_vector<double>(), c = above.detach().to_vector<double>();
    auto pivot = on.detach().to_vector<double>(), solution = right.detach().to_vector<double>();
    for (std::size_t i = 1; i < pivot.size(); ++i) {
      const double factor = a[i - 1] / pivot[i - 1];
      pivot[i] -= factor * c[i - 1];
      solution[i] -= factor * solution[i - 1];
    }
    for (std::size_t i = pivot.size(); i > 0;) {
      --i;
      if (i + 1 < pivot.size()) solution[i] -= c[i] * solution[i + 1];
      solution[i] /= pivot[i];
    }
    y.assign(from_vector(solution).to(y.dtype()));
  }

  void keep(const Tensor& y, const Tensor& below, const Tensor& on, const Tensor& above,
            const Tensor&) {
    lower = SavedInput(below);
    main = SavedInput(on);
    upper = SavedInput(above);
    x = SavedOutput(y);
  }

  void vjp(const Tensor& g, const Send& send) const {
    const Tensor s = solve_tridiagonal(upper.get(), main.get(), lower.get(), g), y = x.get(send);
    const Slice but_first = range(1, {}), but_last = range({}, -1);
    send(0, [&] { return -slice(s, {but_first}) * slice(y, {but_last}); });
    send(1, [&] { return -s * y; });
    send(2, [&] { return -slice(s, {but_last}) * slice(y, {but_first}); });
    send(3, s);
  }
};

Tensor solve_tridiagonal(const Tensor& lower, const Tensor& main, const Tensor& upper,
                         const Tensor& b) {
  return apply(SolveTridiagonal(), lower, main, upper, b);
}

constexpr std::int64_t cells = 60, parts = 3, steps = 40;
constexpr double step_over_width_squared = 25;

/// Temperatures along a rod of three materials with insulated ends, halfway and at the end.
///   u_t = (k u_x)_x, by the backward Euler method
Tensor temperatures(const Tensor& log_conductivity) {
  const Tensor part = from_vector([] {
    std::vector<std::int64_t> of_cell;
    for (std::int64_t i = 0; i < cells; ++i) of_cell.push_back(i * parts / cells);
    return of_cell;
  }());
  const Tensor k = take(exp(log_conductivity), part);
  const Tensor between =
      0.5 * step_over_width_squared * (slice(k, {range(1, {})}) + slice(k, {range({}, -1)}));
  const Tensor none = zeros({1}, Dtype::float64);
  const Tensor main = 1 + concatenate({none, between}) + concatenate({between, none});
  const Tensor beside = -between;

  Tensor u = where(arange(cells) < cells / 4, 100.0, 20.0).to(Dtype::float64), halfway;
  for (std::int64_t step = 0; step < steps; ++step) {
    if (step == steps / 2) halfway = u;
    u = solve_tridiagonal(beside, main, beside, u);
  }
  return concatenate({halfway, u});
}

}  // namespace

int main() {
  Rng rng(0);
  const auto drawn = [&](std::int64_t n, double low, double high) {
    return rng.uniform({n}, low, high, Dtype::float64);
  };
  const auto solve = [](const std::vector<Tensor>& x) {
    return solve_tridiagonal(x[0], x[1], x[2], x[3]);
  };
  std::cout << gradcheck(solve, {drawn(4, -1, 1), drawn(5, 3, 4), drawn(4, -1, 1), drawn(5, -1, 1)},
                         {.order = 2})
            << '\n';

  // By the Gauss-Newton method, from equal materials.
  const Tensor truth = log(tensor({4.0, 0.5, 2.0}, Dtype::float64));
  const Tensor measured = temperatures(truth) + rng.normal({2 * cells}, 0, 0.01, Dtype::float64);
  const auto residuals = [&](const Tensor& p) { return temperatures(p) - measured; };
  Tensor p = zeros({parts}, Dtype::float64);
  for (int iteration = 0; iteration < 8; ++iteration) {
    const Tensor j = jacobian(residuals, p), normal = matmul(transpose(j), j);
    const Tensor slope = matmul(transpose(j), residuals(p));
    p = p - root([&](const Tensor& x, const Tensor&) { return matmul(normal, x) - slope; }, p, p);
    std::cout << "residual " << sqrt(mean(square(residuals(p)))).item() << "  conductivities "
              << exp(p) << '\n';
  }
  std::cout << "largest relative error " << amax(abs(exp(p - truth) - 1)).item() << '\n';
}
