#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/train/search_space.hpp>

#include "../support/errors.hpp"

using namespace xtape;

namespace {

std::string text(const Hyperparameters& h) {
  std::ostringstream stream;
  stream << h;
  return stream.str();
}

std::vector<std::string> texts(const std::vector<Hyperparameters>& all) {
  std::vector<std::string> lines;
  lines.reserve(all.size());
  for (const Hyperparameters& h : all) lines.push_back(text(h));
  return lines;
}

/// The greatest distance between the distribution of the sample and the even one on [0, 1].
double kolmogorov(std::vector<double> sample) {
  std::sort(sample.begin(), sample.end());
  double greatest = 0;
  const auto n = static_cast<double>(sample.size());
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const auto below = static_cast<double>(i);
    greatest = std::max({greatest, sample[i] - below / n, (below + 1) / n - sample[i]});
  }
  return greatest;
}

/// An even sample exceeds it once in a thousand: in Kolmogorov's limit, 2 exp(-2 d² n) = 0.001.
double kolmogorov_bound(std::size_t n) { return 1.9495 / std::sqrt(static_cast<double>(n)); }

constexpr std::size_t draws = 4000;

std::vector<double> drawn_numbers(const SearchSpace& space, std::uint64_t seed = 5) {
  Rng rng(seed);
  std::vector<double> numbers;
  for (const Hyperparameters& h : space.sample(draws, rng)) numbers.push_back(h.number("x"));
  return numbers;
}

}  // namespace

TEST_CASE("hyperparameters are read as the kind that is wanted") {
  const Hyperparameters h{
      {"rate", 0.5}, {"hidden", 64}, {"width", 3.0}, {"optimizer", "adam"}, {"bias", true}};
  CHECK(h.size() == 5);
  CHECK(h.number("rate") == 0.5);
  CHECK(h.number("hidden") == 64);
  CHECK(h.integer("hidden") == 64);
  CHECK(h.integer("width") == 3);
  CHECK(h.text("optimizer") == "adam");
  CHECK(h.boolean("bias"));
  CHECK(h.begin()->name == "rate");

  const auto error = [](auto&& f) { return error_of<ValueError>(f); };
  CHECK(error([&] { return h.integer("rate"); }) ==
        "hyperparameters: rate must be an integer; got 0.5");
  CHECK(error([&] { return h.integer("bias"); }) ==
        "hyperparameters: bias must be an integer; got true");
  CHECK(error([&] { return h.number("optimizer"); }) ==
        "hyperparameters: optimizer must be a number; got adam");
  CHECK(error([&] { return h.number("bias"); }) ==
        "hyperparameters: bias must be a number; got true");
  CHECK(error([&] { return h.text("hidden"); }) ==
        "hyperparameters: hidden must be a text; got 64");
  CHECK(error([&] { return h.boolean("hidden"); }) ==
        "hyperparameters: hidden must be a truth value; got 64");
  CHECK(error([&] { return h.number("Rate"); }) ==
        "hyperparameters: the name must be one of rate, hidden, width, optimizer, bias; got Rate");
  CHECK(error([] {
          return Hyperparameters{{"a", 1}, {"b", 2}, {"a", 3}};
        }) == "hyperparameters: names must differ; got a twice");
}

TEST_CASE("hyperparameters: conversions that would round are refused") {
  constexpr std::int64_t two_to_53 = 9007199254740992;
  const Hyperparameters h{{"exact", -two_to_53},
                          {"beyond", two_to_53 + 1},
                          {"least", std::numeric_limits<std::int64_t>::min()},
                          {"huge", 1e300}};
  CHECK(h.number("exact") == -9007199254740992.0);
  CHECK(h.integer("beyond") == two_to_53 + 1);
  CHECK(error_of<ValueError>([&] { return h.number("beyond"); }) ==
        "hyperparameters: beyond must be a number that float64 holds; got 9007199254740993");
  CHECK_THROWS_AS(static_cast<void>(h.number("least")), ValueError);
  CHECK_THROWS_AS(static_cast<void>(h.integer("huge")), ValueError);
}

TEST_CASE("hyperparameters print themselves with the fewest digits") {
  CHECK(text({{"learning_rate", 0.05}, {"hidden", 64}}) == "learning_rate=0.05 hidden=64");
  CHECK(text({{"a", 0.1 + 0.2}, {"b", 1e-5}, {"c", 2.0}, {"d", "sgd"}, {"e", false}}) ==
        "a=0.30000000000000004 b=1e-05 c=2 d=sgd e=false");
  CHECK(text({}).empty());
}

TEST_CASE("space: a grid has all combinations, the last hyperparameter changing fastest") {
  SearchSpace space;
  space.choice("rate", {0.02, 0.05}).choice("optimizer", {"sgd", "adam"}).choice("bias", {true});
  space.choice("hidden", {16, 64, 256});
  CHECK(space.names() == "rate, optimizer, bias, hidden");
  CHECK(texts(space.grid()) ==
        std::vector<std::string>{"rate=0.02 optimizer=sgd bias=true hidden=16",
                                 "rate=0.02 optimizer=sgd bias=true hidden=64",
                                 "rate=0.02 optimizer=sgd bias=true hidden=256",
                                 "rate=0.02 optimizer=adam bias=true hidden=16",
                                 "rate=0.02 optimizer=adam bias=true hidden=64",
                                 "rate=0.02 optimizer=adam bias=true hidden=256",
                                 "rate=0.05 optimizer=sgd bias=true hidden=16",
                                 "rate=0.05 optimizer=sgd bias=true hidden=64",
                                 "rate=0.05 optimizer=sgd bias=true hidden=256",
                                 "rate=0.05 optimizer=adam bias=true hidden=16",
                                 "rate=0.05 optimizer=adam bias=true hidden=64",
                                 "rate=0.05 optimizer=adam bias=true hidden=256"});
}

TEST_CASE("space: values from a container keep their kind") {
  const std::vector<double> rates{0.5, 2};
  std::vector<bool> flags{true, false};
  const std::vector<std::string> words{"a"};
  SearchSpace space;
  space.choice("rate", rates)
      .choice("flag", flags)
      .choice("word", words)
      .choice("n", std::vector{7});
  CHECK(texts(space.grid()) ==
        std::vector<std::string>{"rate=0.5 flag=true word=a n=7", "rate=0.5 flag=false word=a n=7",
                                 "rate=2 flag=true word=a n=7", "rate=2 flag=false word=a n=7"});
}

TEST_CASE("space: what is drawn lies in its range and is spread as promised") {
  SUBCASE("uniform") {
    std::vector<double> x = drawn_numbers(SearchSpace().uniform("x", -3, 5));
    CHECK(*std::ranges::min_element(x) >= -3);
    CHECK(*std::ranges::max_element(x) < 5);
    for (double& value : x) value = (value + 3) / 8;
    CHECK(kolmogorov(x) < kolmogorov_bound(draws));
  }
  SUBCASE("log_uniform") {
    std::vector<double> x = drawn_numbers(SearchSpace().log_uniform("x", 1e-6, 1e-2));
    CHECK(*std::ranges::min_element(x) >= 1e-6);
    CHECK(*std::ranges::max_element(x) <= 1e-2);
    // A quarter for each of four decades: the standard deviation of the count is 27.
    for (const double low : {1e-6, 1e-5, 1e-4, 1e-3}) {
      const auto count =
          std::ranges::count_if(x, [&](double v) { return v >= low && v < 10 * low; });
      CHECK(std::abs(static_cast<double>(count) - draws / 4.0) < 4 * 27.4);
    }
    for (double& value : x) value = (std::log10(value) + 6) / 4;
    CHECK(kolmogorov(x) < kolmogorov_bound(draws));
  }
  SUBCASE("integers, both ends included") {
    const std::vector<double> x = drawn_numbers(SearchSpace().integers("x", -2, 2));
    for (const double value : {-2, -1, 0, 1, 2}) {  // 800 each, with standard deviation 25.3
      CHECK(std::abs(static_cast<double>(std::ranges::count(x, value)) - 800) < 4 * 25.3);
    }
    CHECK(std::ranges::count_if(x, [](double value) { return std::abs(value) > 2; }) == 0);
  }
  SUBCASE("choice") {
    const std::vector<double> x = drawn_numbers(SearchSpace().choice("x", {1, 2, 4, 8}));
    for (const double value : {1, 2, 4, 8}) {
      CHECK(std::abs(static_cast<double>(std::ranges::count(x, value)) - 1000) < 4 * 27.4);
    }
  }
}

TEST_CASE("space: ranges of one number") {
  Rng rng(0);
  const SearchSpace space =
      SearchSpace().uniform("a", 0.1, 0.1).log_uniform("b", 10, 10).integers("c", 7, 7);
  // exp(log(10)) in float64 is greater than 10.
  CHECK(space.sample(1, rng).front() == Hyperparameters{{"a", 0.1}, {"b", 10.0}, {"c", 7}});
}

TEST_CASE("space: the first samples are the same however many are drawn") {
  const SearchSpace space =
      SearchSpace().uniform("a", 0, 1).choice("b", {"x", "y", "z"}).integers("c", 0, 4);
  Rng few(3), many(3);
  const std::vector<Hyperparameters> first = space.sample(10, few), all = space.sample(50, many);
  CHECK(std::vector(all.begin(), all.begin() + 10) == first);
  const std::vector<std::string> lines = texts(all);
  CHECK(std::set(lines.begin(), lines.end()).size() == 50);
}

TEST_CASE("space refuses what cannot be searched") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
  SearchSpace space;
  space.choice("rate", {0.1, 0.2}).uniform("decay", 0, 1);
  const auto error = [](auto&& f) { return error_of<ValueError>(f); };
  const std::string names = "; got decay again, after rate, decay";
  CHECK(error([&] { return space.choice("decay", {1}); }) == "space: names must differ" + names);
  CHECK(error([&] { return space.integers("decay", 1, 2); }) == "space: names must differ" + names);
  CHECK(error([&] { return space.choice("hidden", {}); }) ==
        "space: hidden must have a value; got an empty list");
  CHECK(error([&] {
          return space.choice("hidden", {1.0, inf});
        }) == "space: the values of hidden must be finite; got inf");
  CHECK(error([&] { return space.uniform("a", 1, 0.5); }) ==
        "space: the range of a must have low <= high, a finite distance apart; got 1 and 0.5");
  CHECK_THROWS_AS(space.uniform("a", 0, std::nan("")), ValueError);
  CHECK_THROWS_AS(space.uniform("a", -1e308, 1e308), ValueError);
  CHECK(error([&] { return space.log_uniform("a", 0, 1); }) ==
        "space: the range of a must have 0 < low <= high, both finite; got 0 and 1");
  CHECK_THROWS_AS(space.log_uniform("a", -1, 1), ValueError);
  CHECK_THROWS_AS(space.log_uniform("a", 2, 1), ValueError);
  CHECK_THROWS_AS(space.log_uniform("a", 1, inf), ValueError);
  CHECK(error([&] { return space.integers("a", 3, 2); }) ==
        "space: the range of a must have low <= high < 2^63 - 1; got 3 and 2");
  CHECK_THROWS_AS(space.integers("a", 0, greatest), ValueError);
  for (const char* name : {"", "a b", "a=b", "line\n"}) {
    CHECK(error([&] { return space.uniform(name, 0, 1); }) ==
          "space: a name must be without blanks and '=', and not empty; got \"" +
              std::string(name) + "\"");
  }
  for (const char* name : {"rank", "score", "seed", "error", "fold_0"}) {
    CHECK(error([&] { return space.uniform(name, 0, 1); }) ==
          "space: a name must not be that of another column of the results; got " +
              std::string(name));
  }
  CHECK(space.names() == "rate, decay");

  CHECK(error([&] { return space.grid(); }) ==
        "space: a grid must have a list of values for each of rate, decay; got a range for decay");
  Rng rng(0);
  CHECK(error([&] { return space.sample(0, rng); }) ==
        "space: the number of candidates must lie in [1, 2147483647]; got 0");
  CHECK(error([] { return SearchSpace().grid(); }) ==
        "space: there must be a hyperparameter; got none");
  CHECK_THROWS_AS(SearchSpace().sample(1, rng), ValueError);
  SearchSpace large;
  for (const char* name : {"a", "b", "c", "d"}) large.choice(name, std::vector<int>(256));
  CHECK(error([&] { return large.grid(); }) ==
        "space: a grid must have less than 2^31 combinations; got more for a, b, c, d");
}
