// Passes by blocks, and data that are read a batch at a time.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;
using data::BatchSource;
using data::Dataset;
using data::Loader;
using data::Sampler;
using Rows = std::vector<std::int64_t>;

namespace {

Rows rows_of(const Tensor& x) { return x.to_vector<std::int64_t>(); }

Rows sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

Rows numbers(std::int64_t count) {
  Rows all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Rows that tell their numbers.
BatchSource<Dataset> numbered(std::int64_t rows, Rows blocks = {}, std::int64_t window = 1) {
  return {rows, [](const Tensor& of) { return Dataset{of, of * 2}; }, std::move(blocks), window};
}

Rows pass_of(Loader& loader) {
  Rows all;
  for (const Dataset& batch : loader) {
    const Rows rows = rows_of(batch.x);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace

TEST_CASE("sampler: blocks, each row once, and those of a window together") {
  for (const std::int64_t rows : {1, 7, 40, 41, 100}) {
    for (const std::int64_t window : {1, 3, 1000}) {
      CAPTURE(rows);
      CAPTURE(window);
      const Sampler sampler = Sampler::blocks(rows, {.block_rows = 8, .window = window});
      CHECK(sampler.rows() == rows);
      CHECK(sampler.samples() == rows);
      Rng rng(3);
      const Rows drawn = rows_of(sampler.draw(rng));
      CHECK(sorted(drawn) == numbers(rows));
      // What is drawn is taken apart again: of each window, whole blocks and nothing else.
      for (std::size_t begin = 0; begin < drawn.size();) {
        std::set<std::int64_t> blocks;
        std::size_t size = 0, place = begin;
        for (; place < drawn.size(); ++place) {
          const std::int64_t block = drawn[place] / 8;
          if (!blocks.contains(block) && std::ssize(blocks) == window) break;
          if (blocks.insert(block).second)
            size += static_cast<std::size_t>(std::min<std::int64_t>(8, rows - 8 * block));
        }
        CHECK(place - begin == size);
        begin = place;
      }
    }
  }
}

TEST_CASE("sampler: blocks and rows within them come in random orders") {
  const Sampler sampler = Sampler::blocks(600, {.block_rows = 10, .window = 2});
  Rng rng(8);
  std::vector<double> first_block(60), first_row(20);
  constexpr int draws = 12000;
  for (int i = 0; i < draws; ++i) {
    const Rows drawn = rows_of(sampler.draw(rng));
    ++first_block[static_cast<std::size_t>(drawn[0] / 10)];
    // The place of the first row among the sorted ones of its window.
    const Rows window = sorted({drawn.begin(), drawn.begin() + 20});
    ++first_row[static_cast<std::size_t>(std::find(window.begin(), window.end(), drawn[0]) -
                                         window.begin())];
  }
  // Of binomial numbers none of 80 is off by 4.5 deviations but once in 1800 seeds.
  const auto check = [](const std::vector<double>& counts) {
    const double p = 1 / static_cast<double>(counts.size());
    for (const double count : counts)
      CHECK(std::abs(count - draws * p) < 4.5 * std::sqrt(draws * p * (1 - p)));
  };
  check(first_block);
  check(first_row);
}

TEST_CASE("sampler: windows are put in order each by itself") {
  Rng rng(4);
  const Rows drawn = rows_of(Sampler::blocks(400, {.block_rows = 20, .window = 1}).draw(rng));
  std::set<Rows> orders;  // of the rows within their blocks
  for (auto at = drawn.begin(); at != drawn.end(); at += 20) {
    Rows places(at, at + 20);
    for (std::int64_t& row : places) row %= 20;
    orders.insert(places);
  }
  CHECK(orders.size() == 20);
}

TEST_CASE("sampler: blocks of any sizes") {
  const Sampler sampler = Sampler::blocks(10, {.first_rows = {0, 1, 8}, .window = 1});
  Rng rng(0);
  for (int i = 0; i < 20; ++i) {
    const Rows drawn = rows_of(sampler.draw(rng));
    CHECK(sorted(drawn) == numbers(10));
    const auto at = [&](std::int64_t row) { return std::find(drawn.begin(), drawn.end(), row); };
    CHECK(std::abs(at(8) - at(9)) == 1);
    const auto middle = std::min_element(drawn.begin(), drawn.end(), [](auto a, auto b) {
      return (a >= 1 && a < 8) > (b >= 1 && b < 8);
    });
    CHECK(sorted({middle, middle + 7}) == Rows{1, 2, 3, 4, 5, 6, 7});
  }
  const auto error = [](Rows first) {
    return error_of<ValueError>([&] { return Sampler::blocks(10, {.first_rows = first}); });
  };
  CHECK(error({1, 2}) == "sampler: first_rows must ascend from 0 to less than the rows, 10; got 1");
  CHECK(error({0, 5, 5}) ==
        "sampler: first_rows must ascend from 0 to less than the rows, 10; got 5 behind 5");
  CHECK(error({0, 10}) ==
        "sampler: first_rows must ascend from 0 to less than the rows, 10; got 10");
}

TEST_CASE("a loader of blocks goes on anywhere in a pass, to the bit") {
  for (const std::int64_t prefetch : {0, 3}) {
    const auto make = [&](std::uint64_t seed) {
      Rng rng(seed);
      return Loader(numbered(103, {0, 20, 50, 52, 90}, 2),
                    {.batch_size = 10, .shuffle = true, .prefetch = prefetch}, rng);
    };
    Loader whole = make(5);
    const Rows first = pass_of(whole), second = pass_of(whole);
    CHECK(sorted(first) == numbers(103));
    CHECK(sorted(second) == numbers(103));
    CHECK(first != second);
    for (std::size_t taken = 0; taken < 11; ++taken) {
      CAPTURE(taken);
      Loader loader = make(5), other = make(6);
      Rows all;
      {
        auto at = loader.begin();
        for (std::size_t i = 0; i < taken; ++i, ++at) {
          const Rows rows = rows_of((*at).x);
          all.insert(all.end(), rows.begin(), rows.end());
        }
        other.restore(loader.state());
      }
      const Rows rest = pass_of(other);
      all.insert(all.end(), rest.begin(), rest.end());
      CHECK(all == first);
      CHECK(pass_of(other) == second);
    }
  }
}

TEST_CASE("a source of batches: as the data in memory, in parts, sampled, transformed") {
  Rng one(1), other(1);
  const data::LoaderOptions options{.batch_size = 4,
                                    .sampler = Sampler::weighted(tensor({1.0, 2.0, 3.0, 0.0, 1.0})),
                                    .transform = [](const Dataset& batch, Rng& rng) {
                                      return Dataset{batch.x + rng.integer(0, 100), batch.y};
                                    }};
  Loader made(numbered(5), options, one), whole({arange(5), arange(5) * 2}, options, other);
  CHECK(pass_of(made) == pass_of(whole));
  CHECK(made.samples() == 5);
  CHECK_FALSE(made.data().x.defined());
  // Each batch of 3 parts is that of one loader.
  Rng same(2);
  Loader all(numbered(22, {0, 7, 9}, 2), {.batch_size = 6, .shuffle = true}, same);
  std::vector<Rows> parts;
  for (std::int64_t part = 0; part < 3; ++part) {
    Rng again(2);
    Loader loader(numbered(22, {0, 7, 9}, 2), {.batch_size = 2, .shuffle = true, .part = {part, 3}},
                  again);
    std::size_t batch = 0;
    parts.resize(static_cast<std::size_t>(loader.size()));
    for (const Dataset& own : loader) {
      const Rows rows = rows_of(own.x);
      parts[batch].insert(parts[batch].end(), rows.begin(), rows.end());
      ++batch;
    }
  }
  std::vector<Rows> expected;
  for (const Dataset& batch : all) expected.push_back(rows_of(batch.x));
  CHECK(parts == expected);
  // In a last batch of one row others have none, of the same form.
  Rng again(2);
  Loader last(numbered(7), {.batch_size = 2, .part = {2, 3}}, again);
  CHECK((*++last.begin()).x.shape() == Shape{0});
}

TEST_CASE("a source of batches that is wrong") {
  const auto error = [](const std::function<Dataset(const Tensor&)>& read) -> std::string {
    Loader loader(BatchSource<Dataset>{.rows = 3, .read = read}, {.batch_size = 3});
    try {
      static_cast<void>(*loader.begin());
    } catch (const Error& wrong) {
      return wrong.what();
    }
    return "(nothing was thrown)";
  };
  CHECK(error([](const Tensor&) {
          return Dataset{zeros({2}), zeros({2})};
        }) == "loader: 3 rows must be read; got 2");
  CHECK(error([](const Tensor&) {
          return Dataset{zeros({3}), zeros({2})};
        }) == "loader: x and y must have the same number of rows; got float32[3] and float32[2]");
  CHECK(error([](const Tensor&) -> Dataset { throw IoError("a.npy: is gone"); }) ==
        "a.npy: is gone");
  CHECK(error_of<ValueError>([] { return Loader(BatchSource<Dataset>{.rows = 3}); }) ==
        "loader: a function that reads rows is needed; got an empty one");
  CHECK(error_of<ValueError>([] {
          return Loader(numbered(3, {0, 3}), {.shuffle = true});
        }) == "sampler: first_rows must ascend from 0 to less than the rows, 3; got 3");
  CHECK(error_of<ValueError>([] {
          return Loader(numbered(3, {0, 2}, 0), {.shuffle = true});
        }) == "sampler: window must be at least 1; got 0");
  CHECK(error_of<ValueError>([] {
          return Loader(numbered(3), {.shuffle = true, .sampler = Sampler::uniform(3)});
        }) == "loader: a sampler draws the order; it cannot shuffle too");
  Loader none(numbered(0, {}), {.shuffle = true});
  CHECK(none.begin() == none.end());
}

TEST_CASE("a pass by blocks takes memory for its blocks, not for its rows") {
  constexpr std::int64_t rows = 40'000'000'000;  // whose numbers would take 320 GB
  Rng rng(1);
  const Sampler sampler = Sampler::blocks(rows, {.block_rows = 50'000, .window = 2});
  Loader loader(numbered(rows), {.batch_size = 100, .sampler = sampler}, rng);
  for (const std::int64_t batch : {std::int64_t{0}, loader.size() / 2, loader.size() - 1}) {
    NamedTensors state = loader.state();
    state[3].second = tensor(std::int64_t{0});
    state[4].second = tensor(batch);
    loader.restore(state);
    std::set<std::int64_t> blocks;
    for (const std::int64_t row : rows_of((*loader.begin()).x)) blocks.insert(row / 50'000);
    CHECK(blocks.size() == 2);
  }
}
