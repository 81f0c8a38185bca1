// Determinants and their derivatives where matrices are singular: against minors.
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/grad.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/derivatives.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/compare.hpp"
#include "support/slope.hpp"

using namespace xtape;
using namespace xtape::linalg;

namespace {

using Rows = std::vector<std::vector<double>>;

Rows rows_of(const Tensor& a) {
  const std::vector<double> numbers = values(a);
  const auto n = static_cast<std::size_t>(a.extent(-1));
  Rows rows;
  for (std::size_t i = 0; i < numbers.size(); i += n)
    rows.emplace_back(numbers.begin() + static_cast<std::ptrdiff_t>(i),
                      numbers.begin() + static_cast<std::ptrdiff_t>(i + n));
  return rows;
}

Rows without(Rows a, std::size_t row, std::size_t column) {
  a.erase(a.begin() + static_cast<std::ptrdiff_t>(row));
  for (auto& numbers : a) numbers.erase(numbers.begin() + static_cast<std::ptrdiff_t>(column));
  return a;
}

/// By expansion along the first row.
double determinant(const Rows& a) {
  if (a.empty()) return 1;
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j)
    sum += (j % 2 == 0 ? 1 : -1) * a[0][j] * determinant(without(a, 0, j));
  return sum;
}

double cofactor(const Rows& a, std::size_t i, std::size_t j) {
  return ((i + j) % 2 == 0 ? 1 : -1) * determinant(without(a, i, j));
}

Tensor minors(const Tensor& a) {
  const Rows rows = rows_of(a);
  std::vector<double> all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows.size(); ++j) all.push_back(cofactor(rows, i, j));
  }
  return from_vector(std::move(all), a.shape());
}

/// The second derivative: cofactors of cofactors.
Tensor minors_of_two(const Tensor& a) {
  const Rows rows = rows_of(a);
  const std::size_t n = rows.size();
  std::vector<double> all;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const Rows rest = without(rows, i, j);
      for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t l = 0; l < n; ++l) {
          const bool apart = k != i && l != j;
          all.push_back(apart ? ((i + j) % 2 == 0 ? 1 : -1) *
                                    cofactor(rest, k - (k > i ? 1 : 0), l - (l > j ? 1 : 0))
                              : 0);
        }
      }
    }
  }
  const auto count = static_cast<std::int64_t>(n * n);
  return from_vector(std::move(all), {count, count});
}

/// [n, n] of whole numbers, of a rank.
Tensor of_rank(std::int64_t n, std::int64_t rank, std::uint64_t seed) {
  const Tensor left = Rng(seed).integers(-3, 4, {n, rank}),
               right = Rng(seed + 1).integers(-3, 4, {rank, n});
  return matmul(left, right).to(Dtype::float64);
}

Tensor of_det(const Tensor& a) { return det(a); }

}  // namespace

TEST_CASE("det: gradient and hessian of matrices of any rank are their minors") {
  for (std::int64_t n = 1; n <= 5; ++n) {
    for (std::int64_t rank = 0; rank <= n; ++rank) {
      CAPTURE(n);
      CAPTURE(rank);
      const Tensor a = of_rank(n, rank, static_cast<std::uint64_t>(10 * n + rank));
      const Tensor first = minors(a), second = minors_of_two(a);
      const double size_of_second = amax(abs(second)).item() + 1;
      // What the last digit of the matrix changes is no error.
      const double size = amax(abs(first)).item() + size_of_second * amax(abs(a)).item() + 1;
      CHECK(mismatch(grad(of_det)(a) / size, first / size, 1e-13) == "");
      CHECK(mismatch(grad(of_det)(a.to(Dtype::float32)).to(Dtype::float64) / size, first / size,
                     2e-5) == "");
      CHECK(mismatch(reshape(hessian(of_det, a), second.shape()) / size_of_second,
                     second / size_of_second, 1e-12) == "");
      const Tensor t = Rng(static_cast<std::uint64_t>(n)).normal({n, n}, 0, 1, Dtype::float64);
      CHECK(std::abs(jvp(of_det, a, t).second.item() - sum(first * t).item()) < 1e-12 * size);
    }
  }
}

TEST_CASE("det: order 3, and through singular matrices to order 2") {
  const Tensor a = of_rank(4, 4, 3), singular = of_rank(3, 2, 7);
  CHECK(gradcheck([](auto& v) { return det(v[0] / 4); }, {a}, {.order = 3}));
  CHECK(gradcheck([](auto& v) { return det(v[0] / 4); }, {singular}, {.order = 2}));
  CHECK(gradcheck([](auto& v) { return det(v[0]); }, {stack({singular, eye(3, Dtype::float64)})},
                  {.order = 2}));
  CHECK(mismatch(vmap(grad(of_det))(stack({singular, 2 * singular})),
                 stack({minors(singular), 4 * minors(singular)}), 1e-12) == "");
}

TEST_CASE("det: gradients of determinants beyond the range of numbers") {
  const auto gradient = [](const Values& numbers) {
    return values(grad(of_det)(diag(of(numbers))));
  };
  const Values small = gradient({1e-200, 1e-200, 1e-200, 1e200});
  CHECK(small[0] == doctest::Approx(1e-200).scale(0).epsilon(1e-14));
  CHECK(small[15] == 0);
  CHECK(gradient({1e200, 1e200, 1})[8] == inf);
  CHECK(gradient({1e200, 1e200, 1})[0] == doctest::Approx(1e200).epsilon(1e-14));
  CHECK(gradient({0, 1e200, 1e200})[0] == inf);
  for (const double slope : gradient({quiet_nan, 1, 2})) CHECK(std::isnan(slope));
  const Tensor both = stack({diag(of({quiet_nan, 1})), diag(of({3, 1}))});
  const Tensor second = hvp([](const Tensor& a) { return sum(det(a)); }, both, ones_like(both));
  CHECK(all(isnan(slice(second, {0}))).item() == 1);
  CHECK(mismatch(slice(second, {1}), reshape(of({1, -1, -1, 1}), {2, 2}), 1e-14) == "");
}

TEST_CASE("slogdet, logdet: a singular matrix that was passed over has gradient 0") {
  const Tensor good = reshape(of({4, 2, 2, 3}), {2, 2}),
               singular = reshape(of({1, 2, 2, 4}), {2, 2});
  const Tensor both = stack({good, singular}).set_requires_grad(true);
  for (const auto f : {logdet, +[](const Tensor& a) { return slogdet(a).logabsdet; }}) {
    const Tensor y = f(both);
    const auto [g] = grad(sum(where(isfinite(y), y, 0)), {both}, {.create_graph = true});
    CHECK(mismatch(slice(g, {0}), inverse(good), 1e-14) == "");
    CHECK(mismatch(slice(g, {1}), zeros_like(good)) == "");
    const auto [asked] = grad(sum(y), {both});
    CHECK(mismatch(slice(asked, {0}), inverse(good), 1e-14) == "");
    CHECK(all(isnan(slice(asked, {1}))).item() == 1);
    const auto [again] = grad(sum(slice(g, {0})), {both});
    CHECK(mismatch(slice(again, {0}), grad([](const Tensor& a) { return sum(inverse(a)); })(good),
                   1e-14) == "");
  }
}
