#include <xtape/core/create.hpp>
#include <xtape/ops/einsum.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/linalg.hpp>
#include <xtape/ops/products.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: products") {
  const Tensor x = ones({2, 3}), y = ones({3, 2}), scalar = tensor(1.0);
  const Tensor wide = broadcast_to(scalar, {std::int64_t{1} << 62});
  check(Counts{
      {"tensordot: axes",
       Kind::value,
       {-1, 3, most, least},
       [&](auto n) { return tensordot(x, y, n); },
       "tensordot: axes must be a number of axes that both operands have; got "},
      {"tensordot: axes_of_a",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return tensordot(x, y, {a}, {0}); },
       "tensordot: axis must lie in [-2, 2); got "},
      {"tensordot: axes_of_b",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return tensordot(x, y, {0}, {a}); },
       "tensordot: axis must lie in [-2, 2); got "},
      {"cross: axis",
       Kind::index,
       {2, -3, most, least},
       [&](auto a) { return cross(x, x, a); },
       "cross: axis must lie in [-2, 2); got "},
      {"cross: axis",
       Kind::index,
       {0, -1, most, least},
       [&](auto a) { return cross(scalar, x, a); },
       "cross: axis must exist, and there is none; got "},
      {"cross: axis",
       Kind::shape,
       {0, -2},
       [&](auto a) { return cross(x, x, a); },
       "cross: vectors must have 3 components; got 2 along axis % of float32[2, 3]"},
      {"outer: elements",
       Kind::shape,
       {4, 8},
       [&](auto n) { return outer(wide, ones({n})); },
       "shape: the number of elements must fit in int64; got [4611686018427387904, %]"},
      {"kron: elements",
       Kind::shape,
       {4, 8},
       [&](auto n) { return kron(wide, ones({n})); },
       "shape: the number of elements must fit in int64; got [4611686018427387904, %]"},
      {"kron: memory",
       Kind::memory,
       {no_memory},
       [&](auto n) { return kron(broadcast_to(scalar, {n}), ones({1})); },
       "multiply: out of memory: 1152921504606846976 bytes for float32[%, 1]"},
      {"einsum: memory",
       Kind::memory,
       {no_memory},
       [&](auto n) {
         return einsum("i,j->ij", {broadcast_to(scalar, {n}), ones({1})});
       },
       "multiply: out of memory: 1152921504606846976 bytes for float32[%]"},
  });
}

TEST_CASE("refusals: which singular values count") {
  const Tensor x = ones({2, 3});
  const auto of = [](const char* op, auto f) {
    return Refusal<double>{"RankOptions.rcond",
                           Kind::value,
                           {-1, -1e-300, inf, not_a_number},
                           [f](auto rcond) { f(linalg::RankOptions{rcond}); },
                           std::string(op) + ": rcond must be finite and not negative; got "};
  };
  check(Numbers{
      of("pinv", [&](const auto& options) { return linalg::pinv(x, options); }),
      of("lstsq", [&](const auto& options) { return linalg::lstsq(x, ones({2}), options); }),
      of("matrix_rank", [&](const auto& options) { return linalg::matrix_rank(x, options); }),
  });
}
