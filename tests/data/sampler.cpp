#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/data/sampler.hpp>

#include "../support/errors.hpp"

using namespace xtape;
using data::Dataset;
using data::Loader;
using data::Sampler;
using Integers = std::vector<std::int64_t>;

namespace {

Integers drawn_rows(const Sampler& sampler, std::uint64_t seed = 3) {
  Rng rng(seed);
  return sampler.draw(rng).to_vector<std::int64_t>();
}

std::map<std::int64_t, std::int64_t> counts(const Integers& rows) {
  std::map<std::int64_t, std::int64_t> of;
  for (const std::int64_t row : rows) ++of[row];
  return of;
}

/// The rows of a pass, which y holds.
Integers pass(Loader& loader) {
  Integers rows;
  for (const auto& [x, y] : loader) {
    const Integers batch = y.to_vector<std::int64_t>();
    rows.insert(rows.end(), batch.begin(), batch.end());
  }
  return rows;
}

Dataset numbered(std::int64_t rows) { return {arange(rows), arange(rows)}; }

}  // namespace

TEST_CASE("samplers draw as NumPy's choice does") {
  // RandomState(3).choice(4, 12, p=[.1, .2, .3, .4]), and (8, 5, replace=False, p=...), (8, 5,
  // replace=False)
  CHECK(drawn_rows(
            Sampler::weighted(tensor({1.0, 2.0, 3.0, 4.0}, Dtype::float64), {.samples = 12})) ==
        Integers{2, 3, 1, 2, 3, 3, 1, 1, 0, 2, 0, 2});
  const Tensor weights = tensor({1, 0, 2, 3, 0, 4, 5, 1});
  CHECK(drawn_rows(Sampler::weighted(weights, {.samples = 5, .replacement = false})) ==
        Integers{5, 6, 3, 7, 0});
  CHECK(drawn_rows(Sampler::uniform(8, {.samples = 5, .replacement = false})) ==
        Integers{5, 7, 4, 6, 3});
  // Of four rows of one class and one of another: choice(5, 8, p=[1/8, 1/8, 1/8, 1/8, 1/2])
  const Integers balanced{4, 4, 2, 4, 4, 4, 1, 1};
  CHECK(drawn_rows(Sampler::balanced(tensor({7, 7, 7, 7, 2}), {.samples = 8})) == balanced);
  CHECK(drawn_rows(Sampler::balanced(tensor({{0, 1}, {0, 1}, {0, 1}, {0, 1}, {1, 0}}),
                                     {.samples = 8})) == balanced);
}

TEST_CASE("samplers: rows, samples, and what a weight of 0 and huge weights mean") {
  const Sampler weighted =
      Sampler::weighted(tensor({0.0, 1e308, 1e308, 0.0}, Dtype::float64), {.samples = 1000});
  CHECK(weighted.rows() == 4);
  CHECK(weighted.samples() == 1000);
  const auto of = counts(drawn_rows(weighted));
  CHECK(of.size() == 2);
  CHECK(std::abs(of.at(1) - 500) < 5 * std::sqrt(250.0));
  const Sampler all = Sampler::weighted(tensor({0, 3, 1}), {.replacement = false});
  CHECK(all.samples() == 2);
  const Integers both = drawn_rows(all);
  CHECK(std::set<std::int64_t>(both.begin(), both.end()) == std::set<std::int64_t>{1, 2});
  CHECK(Sampler::uniform(6).samples() == 6);
  CHECK_FALSE(Sampler());
  CHECK_THROWS_AS(drawn_rows(Sampler()), ValueError);
}

TEST_CASE("a loader takes the rows that its sampler draws, anew in each pass") {
  Rng rng(5);
  Integers labels(90, 0);
  labels.insert(labels.end(), 10, 1);
  const Dataset set{arange(100), from_vector(labels)};
  Loader balanced(set, {.batch_size = 64, .sampler = Sampler::balanced(set.y, {.samples = 2000})},
                  rng);
  CHECK(balanced.size() == 32);
  CHECK(balanced.samples() == 2000);
  const Integers seen = pass(balanced);
  CHECK(seen.size() == 2000);
  CHECK(std::abs(counts(seen)[1] - 1000) < 5 * std::sqrt(500.0));

  for (const std::int64_t prefetch : {0, 2}) {
    Rng own(7);
    Loader part(numbered(20),
                {.batch_size = 4,
                 .sampler = Sampler::uniform(20, {.samples = 10, .replacement = false}),
                 .drop_last = true,
                 .prefetch = prefetch},
                own);
    CHECK(part.samples() == 8);
    const Integers first = pass(part), second = pass(part);
    CHECK(first.size() == 8);
    CHECK(std::set<std::int64_t>(first.begin(), first.end()).size() == 8);
    CHECK(first != second);
    Rng same(7);
    Loader again(numbered(20),
                 {.batch_size = 4,
                  .sampler = Sampler::uniform(20, {.samples = 10, .replacement = false}),
                  .drop_last = true},
                 same);
    CHECK(pass(again) == first);
    CHECK(pass(again) == second);
  }
}

TEST_CASE("a loader with a sampler goes on in the middle of a pass") {
  const auto make = [](Rng& rng) {
    return Loader(numbered(30), {.batch_size = 4, .sampler = Sampler::uniform(30)}, rng);
  };
  Rng one(1), other(2);
  Loader whole = make(one), resumed = make(other);
  pass(whole);
  Integers rest;
  {
    auto place = whole.begin();
    static_cast<void>(*place);
    resumed.restore(whole.state());
    for (++place; place != whole.end(); ++place) {
      const Integers batch = (*place).y.to_vector<std::int64_t>();
      rest.insert(rest.end(), batch.begin(), batch.end());
    }
  }
  CHECK(pass(resumed) == rest);
  CHECK(pass(resumed) == pass(whole));
}

TEST_CASE("balanced without replacement: as many rows of each class, each once") {
  Integers labels(90, 0);
  labels.insert(labels.end(), 10, 1);
  labels.insert(labels.end(), 20, 7);
  const auto shares = [&](const Integers& rows) {
    std::map<std::int64_t, std::int64_t> of;
    for (const std::int64_t row : rows) ++of[labels[static_cast<std::size_t>(row)]];
    CHECK(std::set<std::int64_t>(rows.begin(), rows.end()).size() == rows.size());
    return of;
  };
  const Tensor y = from_vector(labels);
  const Sampler all = Sampler::balanced(y, {.replacement = false});
  CHECK(all.rows() == 120);
  CHECK(all.samples() == 30);
  const Integers drawn = drawn_rows(all);
  CHECK(shares(drawn) == std::map<std::int64_t, std::int64_t>{{0, 10}, {1, 10}, {7, 10}});
  CHECK_FALSE(std::is_sorted(drawn.begin(), drawn.end()));
  CHECK(drawn != drawn_rows(all, 4));
  for (const std::int64_t samples : {1, 2, 3, 13, 29}) {
    const Sampler some = Sampler::balanced(y, {.samples = samples, .replacement = false});
    std::map<std::int64_t, std::int64_t> of = shares(drawn_rows(some));
    std::int64_t sum = 0;
    for (const std::int64_t label : {0, 1, 7}) {
      CHECK(std::abs(of[label] - samples / 3) <= 1);
      CHECK(of[label] >= samples / 3);
      sum += of[label];
    }
    CHECK(sum == samples);
  }
  CHECK(error_of<ValueError>(
            [&] { return Sampler::balanced(y, {.samples = 31, .replacement = false}); }) ==
        "sampler: without replacement samples must be at most the rows that can be drawn, 30; got "
        "31");
  CHECK_THROWS_AS(Sampler::balanced(zeros({0}, Dtype::int64), {.replacement = false}), ValueError);
}

TEST_CASE("a weight that vanishes beside others counts as none, before anything is drawn") {
  const Tensor weights = tensor({1e308, 1e-308, 1.0}, Dtype::float64);
  CHECK(Sampler::weighted(weights, {.replacement = false}).samples() == 2);
  CHECK_THROWS_AS(Sampler::weighted(weights, {.samples = 3, .replacement = false}), ValueError);
}

TEST_CASE("samplers that cannot be") {
  const double not_a_number = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_of<ShapeError>([] {
          return Sampler::weighted(ones({2, 2}));
        }) == "sampler: weights must be [rows]; got float32[2, 2]");
  for (const double wrong : {-1.0, not_a_number, HUGE_VAL}) {
    CHECK(error_of<ValueError>([&] {
            return Sampler::weighted(tensor({1.0, wrong}, Dtype::float64));
          }).starts_with("sampler: weights must be finite and not negative; got "));
  }
  CHECK(error_of<ValueError>([] { return Sampler::weighted(zeros({3})); }) ==
        "sampler: a weight must be above 0; there is none of 3");
  CHECK_THROWS_AS(Sampler::weighted(zeros({0})), ValueError);
  CHECK(
      error_of<ValueError>([] {
        return Sampler::weighted(tensor({0, 1, 1}), {.samples = 3, .replacement = false});
      }) ==
      "sampler: without replacement samples must be at most the rows that can be drawn, 2; got 3");
  CHECK_THROWS_AS(Sampler::balanced(tensor({0.5, 1.0})), DtypeError);
  CHECK(error_of<ValueError>([] {
          return Loader(numbered(3), {.shuffle = true, .sampler = Sampler::uniform(3)});
        }) == "loader: a sampler draws the order; it cannot shuffle too");
  CHECK(error_of<ShapeError>([] {
          return Loader(numbered(3), {.sampler = Sampler::uniform(4)});
        }) == "loader: the sampler must be of as many rows as there are, 3; got 4");
}
