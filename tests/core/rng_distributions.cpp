// Distributions that are drawn from, against NumPy's legacy generator: without tolerance, the
// streams are one.
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/reduce.hpp>

#include "../support/errors.hpp"
#include "../support/numpy_random.hpp"

using namespace xtape;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;

namespace {

constexpr std::int64_t count = 20000;
constexpr double infinite = std::numeric_limits<double>::infinity();
const Doubles probabilities{0.1, 0.0, 0.25, 0.4, 0.25};

using Ways = std::map<std::string, std::function<Tensor(Rng&)>>;

Ways continuous() {
  constexpr Dtype f64 = Dtype::float64;
  Ways ways{{"exponential(2.5)", [](Rng& r) { return r.exponential(2.5, {count}, f64); }},
            {"dirichlet", [](Rng& r) {
               return r.dirichlet({0.5, 1, 3, 20}, {50, 20}, f64);
             }}};
  const auto add = [&](const std::string& name, std::function<Tensor(Rng&)> way) {
    ways[name] = std::move(way);
  };
  for (const auto& [text, k] : std::map<std::string, double>{{"0", 0},
                                                             {"0.001", 0.001},
                                                             {"0.3", 0.3},
                                                             {"0.99", 0.99},
                                                             {"1", 1},
                                                             {"1.2", 1.2},
                                                             {"7.5", 7.5},
                                                             {"1000000.0", 1e6}})
    add("gamma(" + text + ", 1.5)", [k = k](Rng& r) { return r.gamma(k, 1.5, {count}, f64); });
  for (const auto& [text, df] :
       std::map<std::string, double>{{"0.7", 0.7}, {"2", 2}, {"3.5", 3.5}, {"50", 50}}) {
    add("chisquare(" + text + ")", [df = df](Rng& r) { return r.chisquare(df, {count}, f64); });
    add("standard_t(" + text + ")", [df = df](Rng& r) { return r.standard_t(df, {count}, f64); });
  }
  struct Pair {
    std::string text;
    double a, b;
  };
  for (const Pair& of : std::vector<Pair>{{"0.5, 0.5", 0.5, 0.5},
                                          {"1, 1", 1, 1},
                                          {"0.001, 0.002", 0.001, 0.002},
                                          {"2, 3", 2, 3},
                                          {"0.5, 4", 0.5, 4},
                                          {"100, 1", 100, 1}})
    add("beta(" + of.text + ")", [of](Rng& r) { return r.beta(of.a, of.b, {count}, f64); });
  return ways;
}

Ways discrete() {
  Doubles many;
  for (int i = 0; i < 200; ++i) many.push_back((i % 7) / 594.0);
  Ways ways{{"bernoulli(0.3)", [](Rng& r) { return r.bernoulli(0.3, {count}); }},
            {"choice(5)", [](Rng& r) { return r.choice(5, {count}); }},
            {"choice(5) by p", [](Rng& r) { return r.choice(5, {count}, {.p = probabilities}); }},
            {"choice(5) of different by p",
             [](Rng& r) {
               return r.choice(5, {2, 2}, {.replace = false, .p = probabilities});
             }},
            {"choice(200) of different by p",
             [many](Rng& r) { return r.choice(200, {150}, {.replace = false, .p = many}); }},
            {"choice(200) of different", [](Rng& r) {
               return r.choice(200, {10, 15}, {.replace = false});
             }}};
  for (const auto& [text, mean] : std::map<std::string, double>{{"0", 0},
                                                                {"0.1", 0.1},
                                                                {"3", 3},
                                                                {"9.9", 9.9},
                                                                {"10", 10},
                                                                {"11.5", 11.5},
                                                                {"60", 60},
                                                                {"10000.0", 1e4},
                                                                {"1000000000000.0", 1e12},
                                                                {"9e+18", 9e18}})
    ways["poisson(" + text + ")"] = [mean = mean](Rng& r) { return r.poisson(mean, {count}); };
  for (const std::int64_t n : {0, 1, 20, 1000})
    ways["multinomial(" + std::to_string(n) + ")"] = [n](Rng& r) {
      return r.multinomial(n, probabilities, {50, 40});
    };
  return ways;
}

template <class T>
XTAPE_WRAPS void check_draws(const Ways& ways, const std::vector<NumpyDraws<T>>& expected) {
  CHECK(ways.size() == expected.size());
  for (const NumpyDraws<T>& row : expected) {
    CAPTURE(row.name);
    const auto way = ways.find(row.name);
    REQUIRE(way != ways.end());
    Rng rng(5);
    const std::vector<T> draws = way->second(rng).template to_vector<T>();
    CHECK(std::vector<T>(draws.begin(), draws.begin() + 4) == row.first);
    std::uint64_t sum = 0;
    for (const T value : draws) sum += std::bit_cast<std::uint64_t>(value);
    CHECK(sum == row.sum);
    CHECK(rng.uniform() == row.next);
  }
}

}  // namespace

TEST_CASE("continuous distributions are drawn as NumPy draws them") {
  check_draws(continuous(), numpy_continuous());
}

TEST_CASE("discrete distributions are drawn as NumPy draws them") {
  check_draws(discrete(), numpy_discrete());
}

TEST_CASE("numbers one by one are those of a tensor") {
  const auto same = [](auto one, auto all) {
    Rng single(3), together(3);
    const Doubles numbers = all(together).template to_vector<double>();
    for (const double number : numbers) CHECK(static_cast<double>(one(single)) == number);
    CHECK(single == together);
  };
  constexpr Dtype f64 = Dtype::float64;
  same([](Rng& r) { return r.standard_exponential(); },
       [](Rng& r) { return r.exponential(1, {50}, f64); });
  same([](Rng& r) { return r.standard_gamma(0.4); },
       [](Rng& r) { return r.gamma(0.4, 1, {50}, f64); });
  same([](Rng& r) { return r.standard_t(3); }, [](Rng& r) { return r.standard_t(3, {50}, f64); });
  same([](Rng& r) { return r.beta(2, 0.5); }, [](Rng& r) { return r.beta(2, 0.5, {50}, f64); });
  same([](Rng& r) { return r.poisson(20); }, [](Rng& r) { return r.poisson(20, {50}); });
}

TEST_CASE("shapes and dtypes of what is drawn") {
  Rng rng(0);
  CHECK(rng.gamma(2, 1, {2, 3}).describe() == "float32[2, 3]");
  CHECK(rng.dirichlet({1, 2}, {3}, Dtype::float64).describe() == "float64[3, 2]");
  CHECK(rng.dirichlet({1, 2}, {0}).describe() == "float32[0, 2]");
  CHECK(rng.multinomial(4, {0.5, 0.5}, {}).describe() == "int64[2]");
  CHECK(rng.bernoulli(0.5, {}).describe() == "boolean[]");
  CHECK(rng.poisson(2, {0}).describe() == "int64[0]");
  CHECK(rng.choice(3, {0}, {.replace = false, .p = {1, 0, 0}}).size() == 0);
  CHECK(rng.bernoulli(0, {100}).to_vector<std::int64_t>() == Integers(100, 0));
  CHECK(rng.bernoulli(1, {100}).to_vector<std::int64_t>() == Integers(100, 1));
  const Doubles rows =
      sum(rng.dirichlet({0.1, 2, 30}, {50}, Dtype::float64), -1).to_vector<double>();
  for (const double each : rows) CHECK(std::abs(each - 1) < 1e-15);
  CHECK(std::isinf(Rng(1).standard_t(0.002, {100}).to_vector<double>()[0]) ==
        (std::abs(Rng(1).standard_t(0.002)) > 3.5e38));
}

TEST_CASE("distributions of the greatest and least parameters") {
  Rng rng(0);
  for (const std::int64_t k : rng.poisson(9.223372006484771e18, {1000}).to_vector<std::int64_t>())
    CHECK(std::abs(static_cast<double>(k) / 9.223372006484771e18 - 1) < 1e-8);
  for (const double x : rng.gamma(1e300, 1, {100}, Dtype::float64).to_vector<double>())
    CHECK(std::abs(x / 1e300 - 1) < 1e-12);
  for (const double x : rng.beta(1e-300, 1e-300, {100}, Dtype::float64).to_vector<double>())
    CHECK((x == 0 || x == 1));
}

TEST_CASE("bad parameters of distributions are refused, and nothing is drawn") {
  Rng rng(0);
  const Rng before = rng;
  const auto error = [&](auto call) { return error_of<ValueError>(call); };
  CHECK(error([&] {
          return rng.multinomial(3, {0.5, 0.4}, {2});
        }) == "multinomial: the sum of p must be 1; got 0.9");
  CHECK(error([&] { return rng.multinomial(3, {}, {2}); }) ==
        "multinomial: the sum of p must be 1; got 0");
  CHECK(error([&] {
          return rng.multinomial(3, {1.5, -0.5}, {2});
        }) == "multinomial: p must lie in [0, 1]; got 1.5");
  CHECK(error([&] {
          return rng.choice(3, {2}, {.p = {0.5, 0.5}});
        }) == "choice: p must have one number for each; got 2 for n = 3");
  CHECK(error([&] {
          return rng.choice(2, {2}, {.p = {0.5, std::nan("")}});
        }) == "choice: p must lie in [0, 1]; got nan");
  CHECK(error([&] {
          return rng.choice(3, {2, 2}, {.replace = false});
        }) == "choice: without repetitions at most 3 numbers can be drawn; got 4");
  CHECK(error([&] {
          return rng.choice(3, {3}, {.replace = false, .p = {0.5, 0, 0.5}});
        }) == "choice: without repetitions at most 2 numbers can be drawn; got 3");
  CHECK(error([&] { return rng.dirichlet({}, {2}); }) ==
        "dirichlet: alpha must have numbers; got none");
  CHECK(error([&] {
          return rng.dirichlet({1, 0}, {2});
        }) == "dirichlet: alpha must be finite and above 0; got 0");
  CHECK(error([&] { return rng.standard_gamma(-1); }) ==
        "standard_gamma: k must be finite and not negative; got -1");
  CHECK(error([&] { return rng.beta(1, infinite); }) ==
        "beta: b must be finite and above 0; got inf");
  CHECK(error_of<DtypeError>([&] { return rng.exponential(1, {2}, Dtype::int64); }) ==
        "exponential: the dtype must be floating; got int64");
  for (const auto& call :
       std::vector<std::function<Tensor()>>{[&] { return rng.gamma(1, 1, {2}, Dtype::int64); },
                                            [&] { return rng.chisquare(1, {2}, Dtype::int64); },
                                            [&] { return rng.standard_t(1, {2}, Dtype::boolean); },
                                            [&] { return rng.beta(1, 1, {2}, Dtype::int64); },
                                            [&] { return rng.dirichlet({1}, {2}, Dtype::int64); }})
    CHECK_THROWS_AS(call(), DtypeError);
  CHECK(rng == before);
}

TEST_CASE("rng: what choice orders, and sums up, lies in memory of the pool") {
  constexpr std::int64_t n = 100000;
  const std::vector<double> p(n, 1.0 / n);
  for (const ChoiceOptions& options :
       {ChoiceOptions{.replace = false}, ChoiceOptions{.replace = true, .p = p},
        ChoiceOptions{.replace = false, .p = p}}) {
    Rng rng(1);
    memory::reset_peak_bytes();
    const std::int64_t before = memory::live_bytes();
    static_cast<void>(rng.choice(n, {1}, options));
    CHECK(memory::peak_bytes() - before >= 8 * n);
  }
}
