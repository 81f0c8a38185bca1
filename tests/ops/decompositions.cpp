// Eigenvalues, singular values, triangles, exponentials and least squares: what SciPy and mpmath
// give, identities, and derivatives where values are equal.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
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
#include <xtape/ops/sort.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/ops/vmap.hpp>

#include "support/compare.hpp"
#include "support/scipy_linalg.hpp"
#include "support/slope.hpp"

using namespace xtape;
using namespace xtape::linalg;
using Tensors = std::vector<Tensor>;

namespace {

Tensor turned(const Tensor& x) { return swapaxes(x, -2, -1); }
Tensor symmetric(const Tensor& x) { return x + turned(x); }
Tensor random(const Shape& shape, std::uint64_t seed, Dtype dtype = Dtype::float64) {
  return Rng(seed).uniform(shape, -1, 1).to(dtype);
}
Tensor identity(std::int64_t n) { return eye(n, Dtype::float64); }

Tensor flat(const Tensors& parts) {
  Tensors all;
  for (const Tensor& part : parts) all.push_back(reshape(part.to(Dtype::float64), {-1}));
  return concatenate(all);
}

/// What the library gives for a row of the references.
Tensor found(const LinalgResult& row) {
  const std::string name = row.name;
  const std::int64_t m = row.shape[0], n = row.shape[1];
  const Tensor a = linalg_operand(m, n), direction = linalg_operand(m, n, 2);
  if (name == "eigvalsh") return eigvalsh(symmetric(a));
  if (name == "singular_values") return singular_values(a);
  if (name == "pinv") return pinv(a);
  if (name == "lstsq") return lstsq(a, linalg_operand(m, 2, 1));
  if (name == "pinv along")
    return jvp([](const Tensor& x) { return pinv(x); }, a, direction).second;
  if (name == "expm along / 8")
    return jvp([](const Tensor& x) { return expm(x); }, a / 8, direction).second;
  if (name.starts_with("expm / ")) return expm(a / std::stod(name.substr(7)));
  if (name == "lu") return flat({lu(a).p, lu(a).l, lu(a).u});
  if (name == "qr") return flat({qr(a).q, qr(a).r});
  if (name == "cond") return cond(a);
  if (name == "matrix_rank") return matrix_rank(a).to(Dtype::float64);
  if (name != "matrix_norm") return {};
  Tensors norms;
  for (const MatrixNorm kind : {MatrixNorm::frobenius, MatrixNorm::nuclear, MatrixNorm::spectral,
                                MatrixNorm::one, MatrixNorm::infinity})
    norms.push_back(matrix_norm(a, kind));
  return stack(norms);
}

/// The same in an n-th of the digits.
double tolerance_for(Dtype dtype) { return dtype == Dtype::float32 ? 1e-5 : 1e-13; }

}  // namespace

TEST_CASE("decompositions: what SciPy and mpmath give") {
  for (const LinalgResult& row : linalg_results) {
    CAPTURE(row.name);
    CAPTURE(to_string(row.shape));
    const Tensor got = found(row);
    REQUIRE(got.defined());
    double size = 1;  // errors are in proportion to the greatest
    for (const double value : row.values) size = std::max(size, std::abs(value));
    const Tensor expected = from_vector(row.values);
    CHECK(mismatch(reshape(got, {-1}) / size, expected / size, tolerance_of(Dtype::float64)) == "");
  }
}

TEST_CASE("decompositions: products give the matrices back, in batches of either dtype") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const double tolerance = tolerance_for(dtype);
    const Tensor square = random({2, 3, 7, 7}, 1, dtype);
    const auto [w, v] = eigh(square);
    CHECK(mismatch(matmul(v * expand_dims(w, -2), turned(v)), symmetric(square) / 2, tolerance) ==
          "");
    CHECK(mismatch(w, sort(w)) == "");
    CHECK(mismatch(eigvalsh(square), w, tolerance) == "");
    for (const Shape& shape : {Shape{2, 5, 3}, Shape{2, 3, 5}, Shape{4, 4}, Shape{1, 6}}) {
      CAPTURE(to_string(shape));
      const Tensor a = random(shape, 2, dtype);
      const std::int64_t m = a.extent(-2), n = a.extent(-1), k = std::min(m, n);
      const auto one = [&](const Tensor& columns) {
        const Tensor product = matmul(turned(columns), columns);
        return mismatch(product, broadcast_to(eye(k, dtype), product.shape()), tolerance);
      };
      const auto [u, s, vh] = svd(a);
      CHECK(mismatch(matmul(u * expand_dims(s, -2), vh), a, tolerance) == "");
      CHECK(one(u) == "");
      CHECK(one(turned(vh)) == "");
      CHECK(mismatch(s, sort(s, -1, true)) == "");
      CHECK(mismatch(singular_values(a), s, tolerance) == "");
      const auto [q, r] = qr(a);
      CHECK(mismatch(matmul(q, r), a, tolerance) == "");
      CHECK(one(q) == "");
      CHECK(mismatch(triu(r), r) == "");
      const auto [p, l, upper] = lu(a);
      CHECK(mismatch(matmul(p, matmul(l, upper)), a, tolerance) == "");
      CHECK(mismatch(tril(l), l) == "");
      CHECK(mismatch(triu(upper), upper) == "");
      CHECK(amax(abs(l)).item() == 1);
      const Tensor y = pinv(a);  // Penrose's four
      CHECK(mismatch(matmul(a, matmul(y, a)), a, tolerance) == "");
      CHECK(mismatch(matmul(y, matmul(a, y)), y, 10 * tolerance) == "");
      CHECK(mismatch(matmul(a, y), turned(matmul(a, y)), 10 * tolerance) == "");
      CHECK(mismatch(matmul(y, a), turned(matmul(y, a)), 10 * tolerance) == "");
      const Tensor b = random({3, 1, m, 2}, 3, dtype);
      CHECK(mismatch(lstsq(a, b), matmul(y, b), 10 * tolerance) == "");
    }
    const Tensor a = random({3, 4, 4}, 4, dtype), turn = a - turned(a);
    CHECK(mismatch(matmul(expm(a), expm(-a)), broadcast_to(eye(4, dtype), {3, 4, 4}),
                   10 * tolerance) == "");
    CHECK(mismatch(det(expm(a)), exp(trace(a)), 10 * tolerance) == "");
    CHECK(mismatch(matmul(expm(50 * turn), expm(50 * turned(turn))),
                   broadcast_to(eye(4, dtype), {3, 4, 4}), 100 * tolerance) == "");
  }
}

TEST_CASE("decompositions: derivatives of larger matrices, and of some at a time") {
  const Tensor tall = random({2, 5, 3}, 5), wide = random({2, 3, 5}, 6), square = random({4, 4}, 7);
  const auto check = [](auto f, const Tensor& x, int order = 2) {
    CHECK(gradcheck(f, {x}, {.order = order, .fast = true}));
  };
  check(
      [](auto& v) {
        const auto [w, vectors] = eigh(v[0]);
        return matmul(vectors * expand_dims(sin(w), -2), turned(vectors));
      },
      square);
  check([](auto& v) { return eigvalsh(v[0]); }, square);
  for (const Tensor& x : {tall, wide, square}) {
    check(
        [](auto& v) {
          const auto [u, s, vh] = svd(v[0]);
          return Tensors{matmul(u * expand_dims(sin(s), -2), vh), u * u, vh * vh};
        },
        x);
    check([](auto& v) { return singular_values(v[0]); }, x);
    check([](auto& v) { return Tensors{qr(v[0]).q, qr(v[0]).r}; }, x);
    check([](auto& v) { return Tensors{lu(v[0]).l, lu(v[0]).u}; }, x);
    check([](auto& v) { return pinv(v[0]); }, x);
    check([](auto& v) { return matrix_norm(v[0], MatrixNorm::nuclear); }, x);
  }
  for (const double scale : {0.01, 0.3, 1.0, 20.0})
    check([&](auto& v) { return expm(scale * v[0]) / std::exp(scale); }, square, 3);
  check([](auto& v) { return expm(v[0]); }, random({2, 3, 3}, 8), 3);
  for (const Shape& b : {Shape{5}, Shape{5, 2}, Shape{3, 1, 5, 2}}) {
    CHECK(gradcheck([](auto& v) { return lstsq(v[0], v[1]); }, {random({5, 3}, 9), random(b, 10)},
                    {.order = 2, .fast = true}));
  }
  const Tensor low =
      matmul(random({5, 2}, 11), random({2, 4}, 12));  // of rank 2, which does not change
  check(
      [](auto& v) {
        return pinv(matmul(v[0], turned(slice(v[0], {range(0, 4)}))), {.rcond = 1e-9});
      },
      slice(low, {Slice::all, range(0, 2)}));
}

TEST_CASE("decompositions: hessians are symmetric") {
  const Tensor x = random({3, 3}, 13);
  const auto check = [&](auto f) {
    const Tensor h = reshape(hessian(f, x), {9, 9});
    CHECK(mismatch(h, turned(h), 1e-11) == "");
  };
  const Tensor weights = random({3, 3}, 14);
  check([&](const Tensor& a) { return sum(weights * square(eigh(a).vectors)); });
  check([&](const Tensor& a) { return sum(weights * square(svd(a).u)); });
  check([&](const Tensor& a) { return sum(weights * qr(a).q); });
  check([&](const Tensor& a) { return sum(weights * lu(a).l); });
  check([&](const Tensor& a) { return sum(weights * expm(a)); });
  check([&](const Tensor& a) { return sum(weights * pinv(a)); });
}

TEST_CASE("decompositions: gradients where values are equal") {
  const Tensor twice = diag(of({1, 1, 3}));
  const auto gradient = [](auto f, const Tensor& at) { return value_and_grad(f)(at).second; };
  // The sum of exp(w) is the trace of exp(a), whose gradient is exp(a).
  const auto trace_of_exp = [](const Tensor& a) { return sum(exp(eigvalsh(a))); };
  const Tensor turn = qr(random({3, 3}, 15)).q, a = matmul(turn, matmul(twice, turned(turn)));
  CHECK(mismatch(gradient(trace_of_exp, twice), expm(twice), 1e-14) == "");
  CHECK(mismatch(gradient(trace_of_exp, a), expm(a), 1e-13) == "");
  CHECK(mismatch(gradient([](const Tensor& x) { return sum(eigvalsh(x)); }, identity(4)),
                 identity(4), 1e-14) == "");
  // The projector on the vectors of 1 is smooth.
  const auto projector = [](auto& v) {
    const Tensor part = slice(eigh(v[0]).vectors, {Slice::all, range(0, 2)});
    return matmul(part, turned(part));
  };
  CHECK(gradcheck(projector, {twice}));
  CHECK(gradcheck(projector, {a}));
  const auto nuclear = [](const Tensor& x) { return matrix_norm(x, MatrixNorm::nuclear); };
  CHECK(mismatch(gradient(nuclear, turn), turn, 1e-14) == "");
  CHECK(mismatch(gradient(nuclear, zeros({3, 2}, Dtype::float64)), zeros({3, 2}, Dtype::float64)) ==
        "");
  const auto spectral = [](const Tensor& x) { return matrix_norm(x, MatrixNorm::spectral); };
  CHECK(std::abs(sum(gradient(spectral, turn) * turn).item() - 1) < 1e-14);
  const auto frobenius = [](const Tensor& x) { return matrix_norm(x); };
  CHECK(mismatch(gradient(frobenius, zeros({2, 2}, Dtype::float64)),
                 zeros({2, 2}, Dtype::float64)) == "");
  for (const Tensor& part : {gradient([](auto& x) { return sum(square(svd(x).u)); }, twice),
                             gradient([](auto& x) { return sum(square(eigh(x).vectors)); }, twice)})
    CHECK(all(isfinite(part)).item() == 1);
}

TEST_CASE("decompositions: a singular value 0 has the gradient 0, by svd too") {
  const Tensor rank_one = tensor({{2.0, 0.0}, {0.0, 0.0}}, Dtype::float64);
  const auto of_svd = [](const Tensor& a) { return sum(linalg::svd(a).s); };
  const auto of_values = [](const Tensor& a) { return sum(linalg::singular_values(a)); };
  for (const Tensor& a : {zeros({2, 2}, Dtype::float64), rank_one}) {
    const Tensor expected = (a != 0).to(Dtype::float64);
    CHECK(mismatch(value_and_grad(of_svd)(a).second, expected, 4e-15) == "");
    CHECK(mismatch(value_and_grad(of_values)(a).second, expected, 4e-15) == "");
    CHECK(jvp(of_svd, a, ones({2, 2}, Dtype::float64)).second.item() ==
          doctest::Approx(sum(expected).item()));
  }
}

TEST_CASE("decompositions: one of all examples, by vmap, in vmap") {
  const Tensor a = random({2, 3, 4, 4}, 16), b = random({2, 3, 4}, 17);
  const auto twice = [](auto f) { return [f](const Tensor& x) { return vmap(f)(x); }; };
  const auto same = [&](auto f) { CHECK(mismatch(vmap(twice(f))(a), f(a), 1e-12) == ""); };
  same([](const Tensor& x) { return eigh(x).values; });
  same([](const Tensor& x) { return svd(x).s; });
  same([](const Tensor& x) { return square(qr(x).q); });
  same([](const Tensor& x) { return lu(x).p; });
  same([](const Tensor& x) { return expm(x); });
  same([](const Tensor& x) { return pinv(x); });
  const auto slope = [](const Tensor& x) {
    return grad([](const Tensor& y) { return sum(eigvalsh(y) * arange(4)); })(x);
  };
  const Tensor each = vmap(twice(slope))(a);
  CHECK(mismatch(slice(each, {1, 2}), slope(slice(a, {1, 2})), 1e-12) == "");
  const auto by_b = [&](const Tensor& one) { return lstsq(slice(a, {0, 0}), one); };
  CHECK(mismatch(vmap(twice(by_b))(b), turned(lstsq(slice(a, {0, 0}), turned(b))), 1e-12) == "");
}

TEST_CASE("decompositions: rank, condition, and what counts") {
  const Tensor low = matmul(random({5, 2}, 18), random({2, 4}, 19));
  CHECK(matrix_rank(low).item() == 2);
  CHECK(matrix_rank(stack({identity(3), zeros_like(identity(3))})).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{3, 0});
  CHECK(matrix_rank(diag(of({1, 1e-3})), {.rcond = 1e-2}).item() == 1);
  CHECK(cond(diag(of({4, -2}))).item() == 2);
  CHECK(cond(diag(of({4, 0}))).item() == inf);
  CHECK(cond(zeros({2, 2})).item() == inf);
  const Tensor y = pinv(diag(of({1, 1e-3})), {.rcond = 1e-2});
  CHECK(mismatch(y, diag(of({1, 0})), 1e-15) == "");
  CHECK(mismatch(lstsq(diag(of({2, 1e-3})), of({2, 2}), {.rcond = 1e-2}), of({1, 0}), 1e-15) == "");
  CHECK(mismatch(lstsq(tensor({{1}, {1}}), tensor({1, 3})), of({2}), 1e-15) == "");  // the mean
}

TEST_CASE("decompositions: empty matrices and no matrices") {
  const Tensor none = zeros({0, 0}), no_matrices = zeros({0, 3, 2}), no_columns = zeros({3, 0});
  CHECK(eigh(none).vectors.shape() == Shape{0, 0});
  CHECK(eigvalsh(zeros({0, 2, 2})).shape() == Shape{0, 2});
  CHECK(svd(no_columns).u.shape() == Shape{3, 0});
  CHECK(svd(no_matrices).vh.shape() == Shape{0, 2, 2});
  CHECK(qr(no_columns).r.shape() == Shape{0, 0});
  CHECK(qr(no_matrices).q.shape() == Shape{0, 3, 2});
  CHECK(mismatch(lu(no_columns).p, eye(3)) == "");
  CHECK(lu(no_matrices).u.shape() == Shape{0, 2, 2});
  CHECK(pinv(no_columns).shape() == Shape{0, 3});
  CHECK(mismatch(lstsq(no_columns, ones({3})), zeros({0})) == "");
  CHECK(mismatch(lstsq(zeros({0, 3}), zeros({0})), zeros({3})) == "");
  CHECK(expm(none).shape() == Shape{0, 0});
  CHECK(matrix_rank(no_columns).item() == 0);
  for (const MatrixNorm kind : {MatrixNorm::frobenius, MatrixNorm::nuclear, MatrixNorm::spectral,
                                MatrixNorm::one, MatrixNorm::infinity})
    CHECK(matrix_norm(no_columns, kind).item() == 0);
  const Tensor x = zeros({2, 0}, Dtype::float64);
  CHECK(gradcheck(
      [](auto& v) {
        return Tensors{svd(v[0]).u, qr(v[0]).q, pinv(v[0])};
      },
      {x}, {.order = 2}));
  CHECK(gradcheck(
      [](auto& v) {
        return Tensors{eigh(v[0]).values, expm(v[0])};
      },
      {zeros({0, 0}, Dtype::float64)}, {.order = 2}));
}

TEST_CASE("decompositions: what is refused") {
  const Tensor good = identity(2), wide = ones({2, 3});
  for (const double bad : {quiet_nan, inf}) {
    const Tensor both = stack({good, reshape(of({1, 0, bad, 1}), {2, 2})});
    const auto refuses = [&](const std::string& op, auto f) {
      const std::string text =
          op + ": matrix 1 of float64[2, 2, 2] is infinite or not a number in row 1";
      CHECK_THROWS_WITH_AS(static_cast<void>(f(both)), text.c_str(), ValueError);
    };
    refuses("eigh", [](auto& x) { return eigh(x).values; });
    refuses("eigvalsh", [](auto& x) { return eigvalsh(x); });
    refuses("svd", [](auto& x) { return svd(x).s; });
    refuses("singular_values", [](auto& x) { return singular_values(x); });
    refuses("qr", [](auto& x) { return qr(x).q; });
    refuses("lu", [](auto& x) { return lu(x).p; });
    refuses("pinv", [](auto& x) { return pinv(x); });
    refuses("lstsq", [](auto& x) { return lstsq(x, ones({2, 1})); });
    refuses("matrix_rank", [](auto& x) { return matrix_rank(x); });
    refuses("cond", [](auto& x) { return cond(x); });
    refuses("matrix_norm", [](auto& x) { return matrix_norm(x, MatrixNorm::nuclear); });
    const Tensor gone = expm(both);
    CHECK(mismatch(slice(gone, {0}), std::exp(1.0) * good, 1e-15) == "");
    CHECK(all(isnan(slice(gone, {1}))).item() == 1);
  }
  const auto misfits = [](auto f, const std::string& text) {
    CHECK_THROWS_WITH_AS(static_cast<void>(f()), text.c_str(), ShapeError);
  };
  misfits([&] { return eigh(wide).values; }, "eigh: square matrices are needed; got float32[2, 3]");
  misfits([&] { return eigvalsh(wide); },
          "eigvalsh: square matrices are needed; got float32[2, 3]");
  misfits([&] { return expm(wide); }, "expm: square matrices are needed; got float32[2, 3]");
  const std::string vector = ": matrices are needed; got float32[3]";
  misfits([] { return svd(ones({3})).s; }, "svd" + vector);
  misfits([] { return singular_values(ones({3})); }, "singular_values" + vector);
  misfits([] { return qr(ones({3})).q; }, "qr" + vector);
  misfits([] { return lu(ones({3})).l; }, "lu" + vector);
  misfits([] { return pinv(ones({3})); }, "pinv" + vector);
  misfits([] { return lstsq(ones({3}), ones({3})); }, "lstsq" + vector);
  misfits([] { return matrix_norm(ones({3})); }, "matrix_norm" + vector);
  misfits([] { return matrix_rank(ones({3})); }, "matrix_rank" + vector);
  misfits([] { return cond(ones({3})); }, "cond" + vector);
  misfits(
      [] {
        return cond(ones({3, 0}));
      },
      "cond: matrices with rows and columns are needed; got float32[3, 0]");
  misfits([&] { return lstsq(wide, ones({3})); },
          "lstsq: the right side must have an entry for each row of the matrix; got "
          "float32[2, 3] and float32[3]");
  misfits(
      [&] {
        return lstsq(wide, ones({3, 1}));
      },
      "lstsq: the right side must have a row for each of the matrix; got float32[2, 3] and "
      "float32[3, 1]");
  const Tensor flat_matrix = zeros({2, 2}).set_requires_grad(true);
  CHECK_THROWS_WITH_AS(static_cast<void>(grad(sum(qr(flat_matrix).q), {flat_matrix})),
                       "qr: the matrix is singular: the diagonal is 0 in row 0", ValueError);
  CHECK_THROWS_WITH_AS(static_cast<void>(grad(sum(lu(flat_matrix).l), {flat_matrix})),
                       "lu: the matrix is singular: the diagonal is 0 in row 0", ValueError);
}
