#include <xtape/core/create.hpp>
#include <xtape/core/threads.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

namespace {

const double none[] = {0};
const std::string negative = "shape: extents must not be negative; got [%]";
const std::string overflow = "shape: the number of elements must fit in int64; got [%, 4]";

/// Rows of a function of a shape.
Counts of_shape(const char* name, const std::string& op, const std::string& dtype,
                const std::function<void(const Shape&)>& call) {
  const std::string bytes = std::to_string((dtype == "float32" ? 4 : 8) * no_memory);
  return {{name, Kind::shape, {-1, least}, [=](auto n) { call({n}); }, negative},
          {name,
           Kind::shape,
           {most, most / 2},
           [=](auto n) {
             call({n, 4});
           },
           overflow},
          {name,
           Kind::shape,
           {most, most / 4},
           [=](auto n) { call({n}); },
           "tensor: the size in bytes must be below 2^62; got " + dtype + "[%]"},
          {name,
           Kind::memory,
           {no_memory},
           [=](auto n) { call({n}); },
           op + ": out of memory: " + bytes + " bytes for " + dtype + "[%]"}};
}

}  // namespace

TEST_CASE("refusals: shapes of new tensors") {
  Rng& rng = default_rng();
  check(of_shape("zeros: shape", "zeros", "float32", [](auto& s) { return zeros(s); }));
  check(of_shape("ones: shape", "full", "float32", [](auto& s) { return ones(s); }));
  check(of_shape("full: shape", "full", "float32", [](auto& s) { return full(s, 1); }));
  check(of_shape("uniform: shape", "uniform", "float32", [&](auto& s) { return rng.uniform(s); }));
  check(
      of_shape("normal: shape", "normal", "float32", [&](auto& s) { return rng.normal(s, 0, 1); }));
  check(of_shape("randn: shape", "randn", "float32", [&](auto& s) { return rng.randn(s); }));
  check(of_shape("integers: shape", "integers", "int64",
                 [&](auto& s) { return rng.integers(0, 2, s); }));
  check(of_shape("binomial: shape", "binomial", "int64",
                 [&](auto& s) { return rng.binomial(3, 0.5, s); }));
}

TEST_CASE("refusals: counts of core") {
  Rng& rng = default_rng();
  const Tensor x = zeros({2, 3});
  const std::string bytes = "tensor: the size in bytes must be below 2^62; got int64[%]";
  check(Counts{
      {"set_threads: count",
       Kind::value,
       {-1, 0, 1025},
       [](auto n) { set_threads(static_cast<int>(n)); },
       "set_threads: count must be within [1, 1024]; got %"},
      {"eye: n",
       Kind::shape,
       {-1},
       [](auto n) { return eye(n); },
       "shape: extents must not be negative; got [%, %]"},
      {"eye: n",
       Kind::shape,
       {most},
       [](auto n) { return eye(n); },
       "shape: the number of elements must fit in int64; got [%, %]"},
      {"eye: columns",
       Kind::shape,
       {-1},
       [](auto n) { return eye(2, n); },
       "shape: extents must not be negative; got [2, %]"},
      {"linspace: count",
       Kind::value,
       {-1, least},
       [](auto n) { return linspace(0, 1, n); },
       "linspace: count must not be negative; got "},
      {"linspace: count",
       Kind::shape,
       {most},
       [](auto n) { return linspace(0, 1, n); },
       "tensor: the size in bytes must be below 2^62; got float32[%]"},
      {"arange: stop", Kind::shape, {most}, [](auto n) { return arange(n); }, bytes},
      {"arange: start",
       Kind::shape,
       {least},
       [](auto n) { return arange(n, most); },
       "=arange: the number of elements must fit in int64; got 18446744073709551615"},
      {"arange: step",
       Kind::value,
       {0},
       [](auto n) { return arange(0, 4, n); },
       "=arange: step must not be 0"},
      {"from_span: shape",
       Kind::shape,
       {2, most},
       [](auto n) { return from_span(std::span<const double>(none), {n}); },
       "from_span: shape [%] needs % values; got 1"},
      {"from_vector: shape",
       Kind::shape,
       {2, most},
       [](auto n) { return from_vector(std::vector<double>{1}, {n}); },
       "from_vector: shape [%] needs % values; got 1"},
      {"from_memory: shape",
       Kind::shape,
       {most},
       [](auto n) { return from_memory(none, {n}); },
       "tensor: the size in bytes must be below 2^62; got float64[%]"},
      {"extent: axis",
       Kind::index,
       {2, -3, least, most},
       [&](auto n) { return x.extent(n); },
       "extent: axis must lie in [-2, 2); got "},
      {"Shape: axis",
       Kind::index,
       {2, -3, least, most},
       [&](auto n) { return x.shape()[n]; },
       "shape: axis must lie in [-2, 2); got "},
      {"Rng: seed",
       Kind::value,
       {std::int64_t{1} << 32, most},
       [](auto n) { return Rng(static_cast<std::uint64_t>(n)); },
       "seed: the seed must be less than 2^32; got "},
      {"seed: value",
       Kind::value,
       {std::int64_t{1} << 32, most},
       [](auto n) { seed(static_cast<std::uint64_t>(n)); },
       "seed: the seed must be less than 2^32; got "},
      {"integer: high",
       Kind::value,
       {0, -1, least},
       [&](auto n) { return rng.integer(0, n); },
       "integer: low must be less than high; got 0 and "},
      {"integers: high",
       Kind::value,
       {0, -1, least},
       [&](auto n) { return rng.integers(0, n, {2}); },
       "integers: low must be less than high; got 0 and "},
      {"permutation: n",
       Kind::value,
       {-1, least},
       [&](auto n) { return rng.permutation(n); },
       "permutation: n must not be negative; got "},
      {"permutation: n", Kind::shape, {most}, [&](auto n) { return rng.permutation(n); }, bytes},
      {"binomial: n",
       Kind::value,
       {-1, least},
       [&](auto n) { return rng.binomial(n, 0.5, {2}); },
       "binomial: n must not be negative; got "},
      {"set_cache_limit: bytes",
       Kind::value,
       {-1, least},
       [](auto n) { memory::set_cache_limit(n); },
       "set_cache_limit: the limit must not be negative; got "},
      {"allocate: bytes",
       Kind::memory,
       {std::int64_t{1} << 60, most},
       [](auto n) { return memory::allocate(static_cast<std::size_t>(n)); },
       "out of memory: % bytes"},
  });
}

TEST_CASE("refusals: numbers of core") {
  Rng& rng = default_rng();
  const std::string apart =
      "uniform: low must not exceed high, nor their distance be infinite; got ";
  const std::string finite =
      "normal: mean and stddev must be finite, and stddev not negative; got ";
  check(Numbers{
      {"full: value",
       Kind::value,
       {1e39, -1e300},
       [](auto v) { return full({2}, v); },
       "full: a number must fit in float32; got "},
      {"full: value",
       Kind::value,
       {not_a_number, inf, 1e19},
       [](auto v) { return full({2}, v, Dtype::int64); },
       "full: a number must fit in int64; got "},
      {"tensor: values",
       Kind::value,
       {1e39},
       [](auto v) {
         return tensor({0.0, v});
       },
       "tensor: a number must fit in float32; got "},
      {"linspace: stop",
       Kind::value,
       {not_a_number, inf, -inf},
       [](auto v) { return linspace(0, v, 3); },
       "linspace: start and stop must be a finite distance apart; got 0 and "},
      {"linspace: start",
       Kind::value,
       {1e39},
       [](auto v) { return linspace(v, 0, 3); },
       "linspace: a number must fit in float32; got "},
      {"arange: stop",
       Kind::value,
       {not_a_number, inf},
       [](auto v) { return arange(0.0, v, 0.5); },
       "arange: a finite number of steps must lead from start to stop; got 0, % and step 0.5"},
      {"arange: step",
       Kind::value,
       {0, not_a_number},
       [](auto v) { return arange(0.0, 1.0, v); },
       "arange: a finite number of steps must lead from start to stop; got 0, 1 and step "},
      {"uniform: high",
       Kind::value,
       {-1, not_a_number, inf},
       [&](auto v) { return rng.uniform({2}, 0, v); },
       apart + "0 and "},
      {"uniform: low",
       Kind::value,
       {-inf, 2},
       [&](auto v) { return rng.uniform({2}, v, 1); },
       apart + "% and 1"},
      {"uniform: high",
       Kind::value,
       {1e39},
       [&](auto v) { return rng.uniform({2}, 0, v); },
       "uniform: a number must fit in float32; got "},
      {"normal: mean",
       Kind::value,
       {not_a_number, inf},
       [&](auto v) { return rng.normal({2}, v, 1); },
       finite + "% and 1"},
      {"normal: stddev",
       Kind::value,
       {-1, not_a_number, inf},
       [&](auto v) { return rng.normal({2}, 0, v); },
       finite + "0 and "},
      {"normal: stddev",
       Kind::value,
       {1e39},
       [&](auto v) { return rng.normal({2}, 0, v); },
       "normal: a number must fit in float32; got "},
      {"binomial: p",
       Kind::value,
       {-0.1, 1.1, not_a_number, inf},
       [&](auto v) { return rng.binomial(3, v, {2}); },
       "binomial: p must lie in [0, 1]; got "},
  });
}

TEST_CASE("huge counts that are right are taken") {
  Rng rng(0);
  CHECK(rng.binomial(most, 0.5, {}).item() > 0x1p61);
  CHECK(rng.binomial(most, 1, {}).to_vector<std::int64_t>()[0] == most);
  CHECK(rng.integer(least, most) < most);
  CHECK(zeros({0, most, most}).size() == 0);
  CHECK(arange(most, least).size() == 0);
}
