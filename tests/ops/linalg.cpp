// Linear algebra: closed forms, residuals, batches, and what is refused; gradients beside the
// tables by the definition of what is solved.
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/functions.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/compare.hpp"
#include "support/slope.hpp"

using namespace xtape;
using namespace xtape::linalg;

namespace {

Tensor turned(const Tensor& x) { return swapaxes(x, -2, -1); }

Tensor drawn(const Shape& shape, std::uint64_t seed, Dtype dtype = Dtype::float64) {
  return Rng(seed).uniform(shape, -1, 1).to(dtype);
}

/// Symmetric and positive definite.
Tensor definite(const Tensor& x) { return matmul(x, turned(x)) + 2 * eye(x.extent(-2), x.dtype()); }

const Tensor singular = of({1, 2, 2, 4});

}  // namespace

TEST_CASE("linalg: closed forms of two rows") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const double tolerance = tolerance_of(dtype);
    const Tensor a = reshape(of({4, 2, 2, 3}), {2, 2}).to(dtype), b = of({2, 5}).to(dtype);
    CHECK(mismatch(solve(a, b), of({-0.5, 2}).to(dtype), tolerance) == "");
    CHECK(mismatch(solve(a, expand_dims(b, 1)), reshape(of({-0.5, 2}), {2, 1}).to(dtype),
                   tolerance) == "");
    CHECK(mismatch(inverse(a), reshape(of({3, -2, -2, 4}), {2, 2}).to(dtype) / 8, tolerance) == "");
    CHECK(mismatch(cholesky(a), reshape(of({2, 0, 1, std::sqrt(2.0)}), {2, 2}).to(dtype),
                   tolerance) == "");
    CHECK(mismatch(det(a), full({}, 8, dtype), tolerance) == "");
    CHECK(mismatch(logdet(a), full({}, std::log(8.0), dtype), tolerance) == "");
    CHECK(mismatch(matrix_power(a, 3), matmul(a, matmul(a, a)), tolerance) == "");
    CHECK(mismatch(matmul(matrix_power(a, -2), matmul(a, a)), eye(2, dtype), 10 * tolerance) == "");
    CHECK(mismatch(matrix_power(a, 0), eye(2, dtype)) == "");
  }
  const Tensor whole = reshape(tensor({0, 2, 3, 4}), {2, 2});  // integers; rows must change places
  CHECK(mismatch(det(whole), full({}, -6, Dtype::float64), 1e-15) == "");
  CHECK(matrix_power(whole, 2).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{6, 8, 12, 22});
  const auto [sign, logabsdet] = slogdet(whole);
  CHECK(sign.item() == -1);
  CHECK(std::abs(logabsdet.item() - std::log(6.0)) < 1e-15);
  CHECK(std::isnan(logdet(whole).item()));
}

TEST_CASE("linalg: what is solved fulfils its equations, in batches that broadcast") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const double tolerance = dtype == Dtype::float32 ? 1e-4 : 1e-12;
    const Tensor a = drawn({5, 6, 6}, 1, dtype) + 3 * eye(6, dtype), one = drawn({6, 6}, 2, dtype);
    const Tensor b = drawn({4, 1, 6, 3}, 3, dtype);
    CHECK(mismatch(matmul(a, solve(a, b)), broadcast_to(b, {4, 5, 6, 3}), tolerance) == "");
    CHECK(mismatch(matmul(one, solve(one, b)), b, tolerance) == "");
    CHECK(mismatch(matmul(a, inverse(a)), broadcast_to(eye(6, dtype), {5, 6, 6}), tolerance) == "");
    const Tensor p = definite(a), root = cholesky(p);
    CHECK(mismatch(matmul(root, turned(root)), p, tolerance * 10) == "");
    CHECK(mismatch(root, tril(root)) == "");
    for (const bool lower : {true, false}) {
      for (const bool flipped : {true, false}) {
        for (const bool unit : {true, false}) {
          const Tensor read = lower ? tril(a, unit ? -1 : 0) : triu(a, unit ? 1 : 0);
          const Tensor triangle = unit ? read + eye(6, dtype) : read;
          const Tensor x = solve_triangular(a, b, {lower, flipped, unit});
          CHECK(mismatch(matmul(flipped ? turned(triangle) : triangle, x),
                         broadcast_to(b, {4, 5, 6, 3}), tolerance) == "");
        }
      }
    }
    const auto [sign, logabsdet] = slogdet(a);
    CHECK(mismatch(sign * exp(logabsdet), det(a), tolerance * 100) == "");
  }
}

TEST_CASE("linalg: matrices of every size, to the digits that elimination leaves") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const double epsilon = dtype == Dtype::float32 ? 0x1p-23 : 0x1p-52;
    for (const std::int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48}) {
      CAPTURE(n);
      const Tensor a = drawn({3, n, n}, static_cast<std::uint64_t>(n), dtype);
      const auto check = [&](const Tensor& left, const Tensor& x, const Tensor& right) {
        const Tensor exact = left.to(Dtype::float64), solved = x.to(Dtype::float64);
        const Tensor error = abs(matmul(exact, solved) - right.to(Dtype::float64));
        const Tensor size = matmul(abs(exact), abs(solved));
        CHECK(amax(error / size).item() < 2 * static_cast<double>(n) * epsilon);
      };
      for (const std::int64_t k : {1, 3, 40}) {
        const Tensor b = drawn({3, n, k}, 99, dtype).set_requires_grad(true);
        const Tensor x = solve(a, b), g = drawn({3, n, k}, 98, dtype);
        check(a, x.detach(), b.detach());
        check(turned(a), grad({x}, {b}, {.seeds = {g}})[0], g);
      }
      check(a, inverse(a), broadcast_to(eye(n, dtype), {3, n, n}));
    }
  }
}

TEST_CASE("linalg: rows that have changed places, exactly") {
  Rng rng(4);
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const std::int64_t n : {1, 2, 5, 16, 19, 32, 33}) {
      CAPTURE(n);
      const auto order = argsort(rng.uniform({n}, 0, 1)).to_vector<std::int64_t>();
      double sign = 1;
      for (std::size_t i = 0; i < order.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) sign = order[j] > order[i] ? -sign : sign;
      }
      const Tensor powers = exp2(floor(rng.uniform({n}, -3, 3, Dtype::float64))).to(dtype);
      const Tensor places = take(eye(n, dtype), from_vector(order)), a = places * powers;
      const Tensor inverted = turned(places) * expand_dims(1 / powers, 1);
      CHECK(mismatch(inverse(a) + 0, inverted) == "");
      CHECK(mismatch(det(a), sign * prod(powers)) == "");
      CHECK(slogdet(a).sign.item() == sign);
      CHECK(mismatch(solve(a, powers), matmul(inverted, powers)) == "");
    }
  }
}

TEST_CASE("linalg: NaN in a matrix is NaN in its determinant") {
  for (const std::int64_t place : {0, 3, 7, 24}) {
    const Tensor here = reshape(arange(25) == place, {5, 5});
    const Tensor a = where(here, quiet_nan, drawn({5, 5}, 7));
    CHECK(std::isnan(det(a).item()));
    CHECK(std::isnan(slogdet(a).logabsdet.item()));
  }
}

TEST_CASE("linalg: strided matrices, and gradients to order 2 through each of them") {
  const Tensor wide = drawn({3, 8}, 5), x = slice(wide, {Slice::all, range({}, {}, 2)});
  const auto check = [&](auto f) { CHECK(gradcheck(f, {x.detach()}, {.order = 2})); };
  const auto square = [](const Tensor& v) { return definite(v); };
  CHECK(mismatch(inverse(turned(square(x))), turned(inverse(square(x))), 1e-12) == "");
  check([&](auto& v) {
    return solve(square(v[0]) + slice(v[0], {Slice::all, range(0, 3)}), v[0]);
  });
  check([&](auto& v) { return inverse(square(v[0]) + slice(v[0], {Slice::all, range(0, 3)})); });
  check([&](auto& v) { return cholesky(square(v[0])); });
  check([&](auto& v) { return det(square(v[0])); });
  check([&](auto& v) { return logdet(square(v[0])); });
  check([&](auto& v) { return matrix_power(square(v[0]), -2); });
  check([&](auto& v) {
    return solve_triangular(square(v[0]), v[0], {.lower = false, .transposed = true});
  });
}

TEST_CASE("linalg: one matrix for all examples, and one for each, by vmap") {
  const Tensor a = definite(drawn({4, 3, 5}, 7)), b = drawn({4, 3}, 8);
  const auto loop = [&](auto f) {
    std::vector<Tensor> all;
    all.reserve(4);
    for (int i = 0; i < 4; ++i) all.push_back(f(take(a, i), take(b, i)));
    return stack(all);
  };
  const auto solved = [](const Tensor& m, const Tensor& v) { return solve(m, v); };
  const auto of_list = [&](const std::vector<Tensor>& v) { return solved(v[0], v[1]); };
  CHECK(mismatch(vmap(of_list)({a, b}), loop(solved), 1e-13) == "");
  const auto with_first = [&](const Tensor& v) { return solve(take(a, 0), v); };
  CHECK(mismatch(vmap(with_first)(b), turned(solve(take(a, 0), turned(b))), 1e-13) == "");
  CHECK(mismatch(vmap([](const Tensor& m) { return logdet(m); })(a), logdet(a), 1e-13) == "");
  CHECK(mismatch(vmap([](const Tensor& m) { return cholesky(m); })(a), cholesky(a), 1e-13) == "");
}

TEST_CASE("linalg: right sides of one matrix, whatever axes they lie along") {
  const Tensor a = drawn({2, 1, 3, 4, 4}, 11) + 4 * eye(4, Dtype::float64);
  const Tensor b = drawn({5, 2, 6, 1, 4, 2}, 12);
  const auto by_inverse = [&](const Tensor& m, const Tensor& v) { return matmul(inverse(m), v); };
  CHECK(mismatch(solve(a, b), by_inverse(a, b), 1e-13) == "");
  CHECK(mismatch(solve_triangular(a, b), by_inverse(tril(a), b), 1e-13) == "");
  CHECK(mismatch(solve_triangular(a, b, {.transposed = true}), by_inverse(turned(tril(a)), b),
                 1e-13) == "");
  const Tensor weights = drawn({5, 2, 6, 3, 4, 2}, 13);
  const auto gradients = [&](auto f) {
    const Tensor m = a.clone().set_requires_grad(true), v = b.clone().set_requires_grad(true);
    return grad(sum(weights * f(m, v)), {m, v});
  };
  const auto recorded = [&](auto f) {
    const Tensor m = a.clone().set_requires_grad(true), v = b.clone().set_requires_grad(true);
    return grad(sum(weights * f(m, v)), {m, v}, {.create_graph = true});
  };
  const auto solved = [](const Tensor& m, const Tensor& v) { return solve(m, v); };
  const auto expected = gradients(by_inverse);
  for (const auto& got : {gradients(solved), recorded(solved)}) {
    for (std::size_t i = 0; i < 2; ++i) CHECK(mismatch(got[i], expected[i], 1e-12) == "");
  }
  const Tensor one = slice(a, {0, 0, 0}), many = slice(b, {Slice::all, 0, Slice::all, 0});
  const auto nested = vmap([&](const Tensor& outer) {
    return vmap([&](const Tensor& inner) { return solve(one, inner); })(outer);
  })(many);
  CHECK(mismatch(nested, by_inverse(one, many), 1e-13) == "");
}

TEST_CASE("linalg: a power of 0 stands on the tape") {
  const Tensor a = drawn({2, 3, 3}, 14).set_requires_grad(true);
  const Tensor y = matrix_power(a, 0);
  CHECK(mismatch(y.detach(), broadcast_to(eye(3, Dtype::float64), {2, 3, 3})) == "");
  CHECK(mismatch(grad(sum(y), {a})[0], zeros({2, 3, 3}, Dtype::float64)) == "");
}

TEST_CASE("linalg: the likelihood of a Gaussian process, gradient by the closed form") {
  // L = yᵀ K⁻¹ y / 2 + log det K / 2;  dL/dK = (K⁻¹ - K⁻¹ y yᵀ K⁻¹) / 2
  const Tensor k = definite(drawn({6, 9}, 9)).set_requires_grad(true), y = drawn({6, 1}, 10);
  const Tensor root = cholesky(k), white = solve_triangular(root, y);
  const Tensor loss = 0.5 * sum(white * white) + sum(log(diagonal(root)));
  const auto [dk] = grad(loss, {k});
  const Tensor weights = solve(k.detach(), y);
  const Tensor exact = 0.5 * (inverse(k.detach()) - matmul(weights, turned(weights)));
  CHECK(mismatch(dk, exact, 1e-13) == "");
}

TEST_CASE("linalg: determinants and roots whose parts over- or underflow") {
  const auto diagonal_matrix = [](const Values& numbers) { return diag(of(numbers)); };
  CHECK(std::abs(det(diagonal_matrix({1e200, 1e200, 1e-200, 1e-200})).item() - 1) < 1e-14);
  CHECK(std::abs(det(diagonal_matrix({1e-200, 1e-200, 1e200, 1e200})).item() - 1) < 1e-14);
  CHECK(det(diagonal_matrix({1e200, 1e200})).item() == inf);
  CHECK(std::abs(values(cholesky(diagonal_matrix({1e308, 1.5e308})))[0] / 1e154 - 1) < 1e-14);
  const Tensor small = diagonal_matrix({1e-200, 1e-200}).set_requires_grad(true);
  CHECK(det(small).item() == 0);
  CHECK(std::abs(values(grad(det(small), {small})[0])[0] / 1e-200 - 1) < 1e-15);
  const Tensor many = diag(full({3000}, 1.1f));
  CHECK(std::abs(slogdet(many).logabsdet.item() / (3000 * std::log(double{1.1f})) - 1) < 1e-7);
  const Tensor negative = diagonal_matrix({-1, 1}).set_requires_grad(true);
  CHECK(std::isnan(values(grad(logdet(negative), {negative})[0])[0]));
}

TEST_CASE("linalg: empty matrices and no matrices") {
  const Tensor none = zeros({0, 0}), no_matrices = zeros({0, 3, 3});
  CHECK(det(none).item() == 1);
  CHECK(slogdet(none).logabsdet.item() == 0);
  CHECK(inverse(none).shape() == Shape{0, 0});
  CHECK(cholesky(no_matrices).shape() == Shape{0, 3, 3});
  CHECK(solve(none, zeros({0, 2})).shape() == Shape{0, 2});
  CHECK(solve(no_matrices, zeros({3, 2})).shape() == Shape{0, 3, 2});
  CHECK(det(no_matrices).shape() == Shape{0});
}

TEST_CASE("linalg: matrices without a result are named, and shapes that do not fit") {
  const Tensor flat = reshape(singular, {2, 2}), both = stack({eye(2, Dtype::float64), flat});
  const auto refuses = [](auto f, const std::string& text) {
    CHECK_THROWS_WITH_AS(static_cast<void>(f()), text.c_str(), ValueError);
  };
  refuses(
      [&] {
        return solve(flat, of({1, 2}));
      },
      "solve: the matrix is singular: nothing is left in row 1");
  refuses([&] { return inverse(both); },
          "inverse: matrix 1 of float64[2, 2, 2] is singular: nothing is left in row 1");
  refuses(
      [&] {
        return solve_triangular(both - stack({flat, flat}), ones({2, 1}));
      },
      "solve_triangular: matrix 0 of float64[2, 2, 2] is singular: the diagonal is 0 in row 0");
  refuses(
      [&] {
        return cholesky(stack({eye(2), -eye(2)}));
      },
      "cholesky: matrix 1 of float32[2, 2, 2] is not positive definite: it fails in row 0");
  refuses(
      [&] {
        return cholesky(full({2, 2}, quiet_nan));
      },
      "cholesky: the matrix is not positive definite: it fails in row 0");
  refuses([&] { return matrix_power(both, -1); },
          "matrix_power: matrix 1 of float64[2, 2, 2] is singular: nothing is left in row 1");
  CHECK(det(flat).item() == 0);
  CHECK(slogdet(flat).sign.item() == 0);
  CHECK(slogdet(flat).logabsdet.item() == -inf);

  refuses(
      [&] {
        return solve(expand_dims(both, 1), ones({2, 3, 2, 1}));
      },
      "solve: matrix 1 of float64[2, 1, 2, 2] is singular: nothing is left in row 1");

  const auto misfits = [](auto f, const std::string& text) {
    CHECK_THROWS_WITH_AS(static_cast<void>(f()), text.c_str(), ShapeError);
  };
  const Tensor wide = ones({2, 3});
  misfits([&] { return inverse(wide); }, "inverse: square matrices are needed; got float32[2, 3]");
  misfits([&] { return cholesky(ones({3})); },
          "cholesky: square matrices are needed; got float32[3]");
  misfits([&] { return det(wide); }, "det: square matrices are needed; got float32[2, 3]");
  misfits([&] { return slogdet(wide); }, "slogdet: square matrices are needed; got float32[2, 3]");
  misfits([&] { return logdet(wide); }, "logdet: square matrices are needed; got float32[2, 3]");
  misfits([&] { return matrix_power(wide, 2); },
          "matrix_power: square matrices are needed; got float32[2, 3]");
  misfits([&] { return solve(wide, ones({2})); },
          "solve: square matrices are needed; got float32[2, 3]");
  misfits(
      [&] { return solve(eye(2), ones({3})); },
      "solve: the right side must have an entry for each row of the matrix; got float32[2, 2] and "
      "float32[3]");
  misfits(
      [&] {
        return solve(eye(2), ones({3, 1}));
      },
      "solve: the right side must have a row for each of the matrix; got float32[2, 2] and "
      "float32[3, 1]");
  misfits(
      [&] {
        return solve_triangular(ones({4, 2, 2}), ones({3, 2, 2}));
      },
      "solve_triangular: shapes must broadcast (be equal or 1, axis by axis from the last); got "
      "[4] and [3]");
}
