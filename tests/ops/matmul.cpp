#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/grad.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/ops/close.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/gradcheck.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/matmul.hpp>
#include <xtape/ops/reduce.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

/// The product of two matrices by its definition.
Tensor naive(const Tensor& a, const Tensor& b) {
  const auto m = static_cast<std::size_t>(a.extent(0)), k = static_cast<std::size_t>(a.extent(1)),
             n = static_cast<std::size_t>(b.extent(1));
  const std::vector<double> x = a.to_vector<double>(), w = b.to_vector<double>();
  std::vector<double> y(m * n);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t l = 0; l < k; ++l) y[i * n + j] += x[i * k + l] * w[l * n + j];
    }
  }
  return from_vector(std::move(y), {a.extent(0), b.extent(1)});
}

/// The same matrix lying otherwise in memory: as it is, by columns, as part of a wider one,
/// repeated columns left out, backwards.
std::vector<Tensor> layouts(const Tensor& x) {
  const Shape wide{x.extent(0) + 2, 2 * x.extent(1) + 1};
  const std::vector<Slice> inside{range(1, x.extent(0) + 1), range(1, x.extent(1) + 1)};
  const std::vector<Slice> gaps{range(1, x.extent(0) + 1), range(0, 2 * x.extent(1), 2)};
  return {x,
          transpose(transpose(x).contiguous()),
          slice(embed(x, wide, inside), inside),
          transpose(slice(embed(transpose(x), {wide[1], wide[0]}, {inside[1], inside[0]}),
                          {inside[1], inside[0]})),
          slice(embed(x, wide, gaps), gaps),
          flip(flip(x, 0).contiguous(), 0),
          flip(flip(x, 1).contiguous(), 1)};
}

}  // namespace

TEST_CASE("matrix products of every layout are those of the triple loop") {
  for (const std::int64_t m : {0, 1, 2, 3, 4, 5, 17}) {
    for (const std::int64_t k : {0, 1, 2, 3, 4, 17}) {
      for (const std::int64_t n : {0, 1, 2, 3, 4, 7, 33, 70}) {
        const Tensor a = sixteenths({m, k}), b = sixteenths({k, n}, 1), bias = sixteenths({n}, 2);
        const Tensor product = naive(a, b);
        for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
          const Tensor expected = product.to(dtype), c = bias.to(dtype);
          const std::vector<Tensor> right = layouts(b.to(dtype));
          for (const Tensor& x : layouts(a.to(dtype))) {
            for (const Tensor& w : right) {  // sums of sixteenths are exact
              CAPTURE(x.describe());
              CAPTURE(w.describe());
              CHECK(mismatch(matmul(x, w), expected) == "");
              CHECK(mismatch(linear(x, w, c), expected + c) == "");
            }
          }
        }
      }
    }
  }
}

TEST_CASE("matrix products of general numbers") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor a = drawn({70, 130}, -1, 1).to(dtype), b = drawn({130, 50}, -1, 1, 1).to(dtype);
    const Tensor expected = naive(a, b).to(dtype);
    CHECK(mismatch(matmul(a, b), expected, 4 * tolerance_of(dtype)) == "");
    CHECK(mismatch(transpose(matmul(transpose(b), transpose(a))), expected,
                   4 * tolerance_of(dtype)) == "");
  }
}

TEST_CASE("matrix products that are taken block by block are those of the triple loop") {
  // Blocks have up to 512 rows and 1024 columns, and sums go on in the result after 256 products.
  struct Extents {
    std::int64_t m, k, n;
  };
  for (const auto& [m, k, n] : {Extents{33, 1100, 40}, {35, 300, 1090}, {32, 1030, 1030}}) {
    Rng rng(1);
    const auto few = [&](const Shape& shape) {
      return rng.integers(-3, 4, shape).to(Dtype::float64);
    };
    const Tensor a = few({m, k}), b = few({k, n}), bias = few({n});
    const Tensor product = naive(a, b);  // exact in float32 too
    for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
      const Tensor expected = product.to(dtype);
      const Tensor x = a.to(dtype), w = b.to(dtype), c = bias.to(dtype);
      for (const Tensor& left : {x, transpose(transpose(x).contiguous())}) {
        for (const Tensor& right : {w, transpose(transpose(w).contiguous())}) {
          CHECK(mismatch(matmul(left, right), expected) == "");
          CHECK(mismatch(linear(left, right, c), expected + c) == "");
        }
      }
    }
  }
}

TEST_CASE("vectors: a row on the left, a column on the right") {
  const Tensor v = sixteenths({3}), w = sixteenths({3}, 1), a = sixteenths({3, 4}, 2);
  CHECK(matmul(v, w).shape() == Shape{});
  CHECK(matmul(v, w).item() == sum(v * w).item());
  CHECK(mismatch(matmul(v, a), sum(reshape(v, {3, 1}) * a, 0)) == "");
  CHECK(mismatch(matmul(transpose(a), v), sum(transpose(a) * v, 1)) == "");
  const Tensor stack = sixteenths({2, 4, 3}, 3);
  CHECK(mismatch(matmul(stack, v), sum(stack * v, -1)) == "");
  CHECK(mismatch(matmul(v, swapaxes(stack, 1, 2)), sum(stack * v, -1)) == "");
  CHECK(matmul(zeros({0}), zeros({0})).item() == 0);
  CHECK(matmul(v, zeros({1, 3, 1})).shape() == Shape{1, 1});
  CHECK(matmul(zeros({1, 1, 3}), v).shape() == Shape{1, 1});
  CHECK(mismatch(matmul(flip(v, 0), w), sum(flip(v, 0) * w)) == "");
}

TEST_CASE("leading axes broadcast") {
  const Tensor a = sixteenths({2, 1, 4, 3}), b = sixteenths({5, 3, 2}, 1);
  for (const Tensor& x : {a, swapaxes(swapaxes(a, 0, 2).contiguous(), 0, 2)}) {
    for (const Tensor& w : {b, swapaxes(swapaxes(b, 1, 2).contiguous(), 1, 2)}) {
      const Tensor y = matmul(x, w);
      REQUIRE(y.shape() == Shape{2, 5, 4, 2});
      for (std::int64_t i = 0; i < 2; ++i) {
        for (std::int64_t j = 0; j < 5; ++j) {
          const Tensor expected = naive(slice(a, {i, 0}), slice(b, {j}));
          CHECK(mismatch(slice(y, {i, j}), expected) == "");
        }
      }
    }
  }
  CHECK(mismatch(matmul(broadcast_to(slice(a, {0, 0}), {3, 4, 3}), slice(b, {1})),
                 broadcast_to(naive(slice(a, {0, 0}), slice(b, {1})), {3, 4, 2})) == "");
  CHECK(matmul(zeros({0, 2, 3}), zeros({3, 4})).shape() == Shape{0, 2, 4});
  CHECK(mismatch(matmul(zeros({2, 3, 0}), zeros({0, 4})), zeros({2, 3, 4})) == "");
}

TEST_CASE("gradients of operands of every layout are those by definition, and differentiable") {
  const Tensor a = sixteenths({3, 4}), b = sixteenths({4, 2}, 1), g = sixteenths({3, 2}, 2);
  const Tensor da = naive(g, transpose(b)), db = naive(transpose(a), g);
  for (const Tensor& left : layouts(a)) {
    for (const Tensor& right : layouts(b)) {
      const Tensor x = left.detach().set_requires_grad(true);
      const Tensor w = right.detach().set_requires_grad(true);
      const auto of = grad(std::vector{matmul(x, w)}, {x, w}, {.seeds = {g}});
      CHECK(mismatch(of[0], da) == "");
      CHECK(mismatch(of[1], db) == "");
    }
  }
  const auto transposed = [](auto& v) { return matmul(transpose(v[0]), swapaxes(v[1], -2, -1)); };
  CHECK(gradcheck(transposed, {transpose(a), transpose(b)}, {.order = 2}));
  CHECK(gradcheck(transposed, {transpose(a), drawn({5, 2, 4}, -1, 1)}, {.order = 2}));
}

TEST_CASE("repeated elements: a broadcast operand is read as often as its strides say") {
  const Tensor row = broadcast_to(sixteenths({1, 3}), {4, 3});
  const Tensor column = broadcast_to(sixteenths({3, 1}), {3, 4});
  CHECK(mismatch(matmul(row, column), naive(row, column)) == "");
  CHECK(mismatch(matmul(column, row), naive(column, row)) == "");
}

TEST_CASE("dtypes") {
  CHECK(matmul(ones({2, 2}), ones({2, 2}, Dtype::float64)).dtype() == Dtype::float64);
  CHECK(matmul(tensor({{1, 2}}), tensor({{3}, {4}})).dtype() == Dtype::int64);
  CHECK(matmul(tensor({{1, 2}}), tensor({{3}, {4}})).item() == 11);
  const Tensor x = ones({1, 2}).set_requires_grad(true);
  sum(matmul(x, ones({2, 2}, Dtype::float64))).backward();
  CHECK(mismatch(x.grad(), tensor({{2.0, 2.0}})) == "");
}

TEST_CASE("NaN and infinity are not lost") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor x = tensor({{0.0, inf}, {1.0, 2.0}});
  const Tensor y = isnan(matmul(x, zeros({2, 2})));
  CHECK(y.to_vector<bool>() == std::vector{true, true, false, false});
}

TEST_CASE("a linear map is a product and a sum, with the same derivatives") {
  for (const Shape& shape : {Shape{3}, Shape{4, 3}, Shape{2, 4, 3}, Shape{0, 3}}) {
    const Tensor x = sixteenths(shape).set_requires_grad(true);
    const Tensor w = sixteenths({3, 2}, 1).set_requires_grad(true);
    const Tensor b = sixteenths({2}, 2).set_requires_grad(true);
    const Tensor fused = linear(x, w, b), composed = matmul(x, w) + b;
    CHECK(mismatch(fused, composed) == "");
    const Tensor seed = sixteenths(fused.shape(), 3);
    const auto expected = grad(composed, {x, w, b}, {.seeds = {seed}});
    const auto found = grad(fused, {x, w, b}, {.seeds = {seed}});
    for (std::size_t i = 0; i < 3; ++i) CHECK(mismatch(found[i], expected[i]) == "");
  }
  const Tensor b = tensor({1.0, 2.0});
  CHECK(mismatch(linear(zeros({3, 0}), zeros({0, 2}), b), broadcast_to(b, {3, 2}).contiguous()) ==
        "");
}

TEST_CASE("products of integers are exact and wrap, those of booleans are a truth") {
  using Integers = std::vector<std::int64_t>;
  constexpr std::int64_t odd = (std::int64_t{1} << 53) + 1;  // double does not hold it
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(matmul(tensor({{odd, std::int64_t{1}}}), tensor({{1}, {2}})).to_vector<std::int64_t>() ==
        Integers{odd + 2});
  CHECK(matmul(tensor({most, most}), tensor({1, 1})).to_vector<std::int64_t>() == Integers{-2});
  CHECK(matmul(tensor({true, true}), tensor({most, std::int64_t{-1}})).to_vector<std::int64_t>() ==
        Integers{most - 1});
  const Tensor a = arange(6), b = arange(-7, 5);
  for (const Tensor& x : layouts(reshape(a, {2, 3}))) {
    for (const Tensor& y : layouts(reshape(b, {3, 4}))) {
      const Tensor product = matmul(x, y);
      CHECK(product.dtype() == Dtype::int64);
      CHECK(mismatch(product.to(Dtype::float64), naive(x, y)) == "");
    }
  }
  CHECK(matmul(reshape(a, {1, 2, 3}), reshape(b, {2, 3, 2})).shape() == Shape{2, 2, 2});
  CHECK(values(matmul(zeros({2, 0}, Dtype::int64), zeros({0, 1}, Dtype::int64))) == Doubles{0, 0});
  const Tensor truths = matmul(tensor({{true, true}, {false, true}}), tensor({true, false}));
  CHECK(truths.to_vector<bool>() == std::vector<bool>{true, false});
}

TEST_CASE("strides beyond what BLAS counts make no difference") {
  constexpr std::size_t rows = 5, row = (std::size_t{1} << 31) + 16;
  const std::size_t bytes = rows * row * sizeof(float);  // of which a few pages are touched
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto* elements = static_cast<float*>(memory);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < 8; ++j) elements[i * row + j] = static_cast<float>(i * 8 + j);
  {
    const Tensor wide = from_memory(elements, {rows, static_cast<std::int64_t>(row)});
    const Tensor part = slice(wide, {Slice::all, range(0, 8)}),
                 w = sixteenths({8, 5}, 1).to(Dtype::float32),
                 b = sixteenths({5}, 2).to(Dtype::float32);
    CHECK(mismatch(matmul(part, w), matmul(part.contiguous(), w)) == "");
    CHECK(mismatch(linear(part, w, b), matmul(part.contiguous(), w) + b) == "");
  }
  munmap(memory, bytes);
}

TEST_CASE("errors of matrix products") {
  CHECK(error_of<ShapeError>([] {
          return matmul(ones({300, 64}), ones({32, 3}));
        }) == "matmul: inner extents must be equal; got float32[300, 64] and float32[32, 3]");
  CHECK(error_of<ShapeError>([] { return matmul(ones({2}), ones({3})); }) ==
        "matmul: inner extents must be equal; got float32[2] and float32[3]");
  CHECK(error_of<ShapeError>([] {
          return matmul(ones({2, 3}), ones({2}));
        }) == "matmul: inner extents must be equal; got float32[2, 3] and float32[2]");
  CHECK(error_of<ShapeError>([] { return matmul(ones({}), ones({2})); }) ==
        "matmul: operands of rank 1 and more are needed; got float32[] and float32[2]");
  CHECK(error_of<ShapeError>([] {
          return matmul(ones({2, 2, 3}), ones({3, 3, 1}));
        }) ==
        "matmul: shapes must broadcast (be equal or 1, axis by axis from the last); got [2] and "
        "[3]");
  const Tensor x = ones({2, 3}), w = ones({3, 4}), b = ones({4});
  CHECK(error_of<ShapeError>([&] { return linear(x, b, b); }) ==
        "linear: inner extents must be equal; got float32[2, 3] and float32[4]");
  CHECK(error_of<ShapeError>([&] { return linear(b, w, b); }) ==
        "linear: inner extents must be equal; got float32[4] and float32[3, 4]");
  CHECK(error_of<ShapeError>([&] { return linear(x, w, ones({3})); }) ==
        "linear: the bias must have one entry a column of the weight; got float32[3] for "
        "float32[3, 4]");
  CHECK(error_of<DtypeError>([&] { return linear(x, w, b.to(Dtype::float64)); }) ==
        "linear: input, weight and bias must share one floating dtype; got float32[2, 3], "
        "float32[3, 4] and float64[4]");
}

TEST_CASE(
    "a matrix times the rows of a tensor of any rank, and its gradients, are those of one matrix") {
  Rng rng(5);
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const Tensor x = rng.randn({3, 4, 5, 6}, dtype), w = rng.randn({6, 7}, dtype);
    const Tensor g = rng.randn({3, 4, 5, 7}, dtype);
    const Tensor rows = reshape(x, {60, 6}), by_rows = reshape(g, {60, 7});
    const double close = dtype == Dtype::float32 ? 1e-5 : 1e-13;
    const Tensor moved = swapaxes(swapaxes(x, 1, 2).contiguous(), 1, 2);  // not rows of one matrix
    const Tensor far = broadcast_to(x[0], x.shape());
    for (const Tensor& left : {x, moved, far}) {
      const Tensor a = left.detach().set_requires_grad(true),
                   b = w.detach().set_requires_grad(true);
      const Tensor same = reshape(left, {60, 6});
      CHECK(mismatch(matmul(a, b).detach(), reshape(naive(same, w), {3, 4, 5, 7}).to(dtype),
                     close) == "");
      const auto got = grad(sum(g * matmul(a, b)), {a, b});
      CHECK(mismatch(got[0], reshape(naive(by_rows, transpose(w)), x.shape()).to(dtype), close) ==
            "");
      CHECK(mismatch(got[1], naive(transpose(same), by_rows).to(dtype), close) == "");
      const auto alone = grad(sum(g * matmul(left.detach(), b)), {b});
      CHECK(mismatch(alone[0], got[1], close) == "");
    }
  }
  CHECK(matmul(zeros({0, 3, 4}), ones({4, 5})).shape() == Shape{0, 3, 5});
  const auto product = [](const std::vector<Tensor>& v) { return matmul(v[0], v[1]); };
  const std::vector<Tensor> at{rng.randn({2, 3, 4}, Dtype::float64),
                               rng.randn({4, 2}, Dtype::float64)};
  CHECK(gradcheck(product, at, {.order = 2}).passed);
}

TEST_CASE("a vector may lie anyhow: products have the same bits") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    for (const std::int64_t n : {2, 5, 37, 300}) {
      Rng rng(static_cast<std::uint64_t>(n));
      const Tensor wide = rng.normal({2 * n}, 0, 1, dtype),
                   matrix = rng.normal({n, 7}, 0, 1, dtype);
      for (const Slice& part : {range({}, {}, 2), range({}, n - 1, -1), range({}, {}, -2)}) {
        CAPTURE(n);
        const Tensor strided = slice(wide, {part}), dense = strided.contiguous();
        const Tensor other = slice(wide, {range({}, n)});
        CHECK(mismatch(matmul(strided, other), matmul(dense, other)) == "");
        CHECK(mismatch(matmul(other, strided), matmul(other, dense)) == "");
        CHECK(mismatch(matmul(strided, matrix), matmul(dense, matrix)) == "");
        CHECK(mismatch(matmul(transpose(matrix), strided), matmul(transpose(matrix), dense)) == "");
      }
    }
  }
}

TEST_CASE("the gradients of transposed factors lie as these do") {
  Rng rng(3);
  const Tensor left = transpose(rng.normal({5, 3}).set_requires_grad(true));
  const Tensor right = transpose(rng.normal({4, 5}).set_requires_grad(true));
  const auto slopes = grad(sum(matmul(left, right)), {left, right});
  for (const Tensor& slope : slopes) CHECK(transpose(slope).is_contiguous());
  CHECK(allclose(slopes[0], broadcast_to(sum(right, 1), {3, 5})));
  CHECK(allclose(transpose(slopes[1]), broadcast_to(sum(left, 0), {4, 5})));
}
