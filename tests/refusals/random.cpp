#include <xtape/core/create.hpp>

#include "../support/refusals.hpp"

using namespace xtape;
using namespace refusals;

TEST_CASE("refusals: counts of random numbers") {
  Rng& rng = default_rng();
  const auto rows = [](const char* name, std::function<void(const Shape&)> call) {
    return Counts{{name,
                   Kind::shape,
                   {-1, least},
                   [=](auto n) { call({n}); },
                   "shape: extents must not be negative; got [%]"},
                  {name,
                   Kind::memory,
                   {no_memory},
                   [=](auto n) { call({n}); },
                   std::string(name).substr(0, std::string(name).find(':')) + ": out of memory: " +
                       std::to_string(8 * no_memory) + " bytes for float64[%]"}};
  };
  constexpr Dtype f64 = Dtype::float64;
  check(rows("exponential: shape", [&](auto& s) { rng.exponential(1, s, f64); }));
  check(rows("gamma: shape", [&](auto& s) { rng.gamma(2, 1, s, f64); }));
  check(rows("chisquare: shape", [&](auto& s) { rng.chisquare(2, s, f64); }));
  check(rows("standard_t: shape", [&](auto& s) { rng.standard_t(2, s, f64); }));
  check(rows("beta: shape", [&](auto& s) { rng.beta(2, 1, s, f64); }));
  check(Counts{
      {"dirichlet: shape",
       Kind::shape,
       {most},
       [&](auto n) {
         rng.dirichlet({1, 1}, {n});
       },
       "=shape: the number of elements must fit in int64; got [9223372036854775807, 2]"},
      {"bernoulli: shape",
       Kind::shape,
       {-1},
       [&](auto n) { rng.bernoulli(0.5, {n}); },
       "shape: extents must not be negative; got [%]"},
      {"poisson: shape",
       Kind::shape,
       {-1},
       [&](auto n) { rng.poisson(3, {n}); },
       "shape: extents must not be negative; got [%]"},
      {"multinomial: n",
       Kind::value,
       {-1, least},
       [&](auto n) {
         rng.multinomial(n, {0.5, 0.5}, {2});
       },
       "multinomial: n must not be negative; got "},
      {"choice: n",
       Kind::value,
       {0, -1, least},
       [&](auto n) { rng.choice(n, {2}); },
       "choice: n must be at least 1; got "},
      {"choice: shape",
       Kind::value,
       {4, most},
       [&](auto n) { rng.choice(3, {n}, {.replace = false}); },
       "choice: without repetitions at most 3 numbers can be drawn; got "},
  });
}

TEST_CASE("refusals: parameters of random numbers") {
  Rng& rng = default_rng();
  const std::vector<double> no_size{-1, not_a_number, inf, -inf};
  const std::vector<double> not_positive{0, -1, not_a_number, inf};
  const std::string size = " must be finite and not negative; got ";
  const std::string positive = " must be finite and above 0; got ";
  check(Numbers{
      {"exponential: scale", Kind::value, no_size, [&](auto v) { rng.exponential(v, {2}); },
       "exponential: scale" + size},
      {"exponential: scale",
       Kind::value,
       {1e39},
       [&](auto v) { rng.exponential(v, {2}); },
       "exponential: a number must fit in float32; got "},
      {"standard_gamma: k", Kind::value, no_size, [&](auto v) { rng.standard_gamma(v); },
       "standard_gamma: k" + size},
      {"gamma: k", Kind::value, no_size, [&](auto v) { rng.gamma(v, 1, {2}); }, "gamma: k" + size},
      {"gamma: scale", Kind::value, no_size, [&](auto v) { rng.gamma(1, v, {2}); },
       "gamma: scale" + size},
      {"gamma: scale",
       Kind::value,
       {1e39},
       [&](auto v) { rng.gamma(1, v, {2}); },
       "gamma: a number must fit in float32; got "},
      {"chisquare: df", Kind::value, not_positive, [&](auto v) { rng.chisquare(v, {2}); },
       "chisquare: df" + positive},
      {"standard_t: df", Kind::value, not_positive, [&](auto v) { rng.standard_t(v, {2}); },
       "standard_t: df" + positive},
      {"standard_t: df", Kind::value, not_positive, [&](auto v) { rng.standard_t(v); },
       "standard_t: df" + positive},
      {"beta: a", Kind::value, not_positive, [&](auto v) { rng.beta(v, 1, {2}); },
       "beta: a" + positive},
      {"beta: b", Kind::value, not_positive, [&](auto v) { rng.beta(1, v); }, "beta: b" + positive},
      {"dirichlet: alpha", Kind::value, not_positive,
       [&](auto v) {
         rng.dirichlet({1, v}, {2});
       },
       "dirichlet: alpha" + positive},
      {"bernoulli: p",
       Kind::value,
       {-0.1, 1.1, not_a_number, inf},
       [&](auto v) { rng.bernoulli(v, {2}); },
       "bernoulli: p must lie in [0, 1]; got "},
      {"poisson: mean",
       Kind::value,
       {-1, 1e19, not_a_number, inf},
       [&](auto v) { rng.poisson(v, {2}); },
       "poisson: mean must lie in [0, 9223372006484770816]; got "},
      {"poisson: mean",
       Kind::value,
       {-1, not_a_number},
       [&](auto v) { rng.poisson(v); },
       "poisson: mean must lie in [0, 9223372006484770816]; got "},
  });
}
