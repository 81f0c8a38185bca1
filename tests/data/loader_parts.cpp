// Loaders of several processes, against one loader of batches of all of them.
#include <algorithm>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/errors.hpp"

using namespace xtape;

namespace {

using Rows = std::vector<std::int64_t>;

Rows rows_of(const Tensor& x) { return x.to_vector<std::int64_t>(); }

data::Dataset numbered(std::int64_t rows) { return {arange(rows), arange(rows) * 2}; }

}  // namespace

TEST_CASE(
    "loader: parts make up the batches of one loader, each row once, however many are made ahead") {
  for (const std::int64_t rows : {4, 23, 24, 25, 26}) {
    for (const std::int64_t parts : {1, 2, 3, 4}) {
      for (const bool shuffle : {false, true}) {
        for (const bool drop : {false, true}) {
          CAPTURE(rows);
          CAPTURE(parts);
          constexpr std::int64_t each = 3;
          Rng rng(1);
          data::Loader whole(numbered(rows),
                             {.batch_size = each * parts, .shuffle = shuffle, .drop_last = drop},
                             rng);
          std::vector<data::Loader> loaders;
          for (std::int64_t part = 0; part < parts; ++part) {
            Rng same(1);
            loaders.emplace_back(numbered(rows),
                                 data::LoaderOptions{.batch_size = each,
                                                     .shuffle = shuffle,
                                                     .drop_last = drop,
                                                     .prefetch = part,
                                                     .part = {part, parts}},
                                 same);
            CHECK(loaders.back().size() == whole.size());
            CHECK(loaders.back().samples() == whole.samples());
          }
          for (int pass = 0; pass < 2; ++pass) {
            std::vector<data::Loader::Iterator> at;
            at.reserve(loaders.size());
            for (data::Loader& loader : loaders) at.push_back(loader.begin());
            for (const data::Dataset& batch : whole) {
              Rows together;
              std::int64_t least = rows, most = 0;
              for (auto& own : at) {
                const data::Dataset part = *own;
                const Rows x = rows_of(part.x);
                together.insert(together.end(), x.begin(), x.end());
                least = std::min(least, part.x.extent(0));
                most = std::max(most, part.x.extent(0));
                CHECK(rows_of(part.y) == rows_of(part.x * 2));
                ++own;
              }
              CHECK(together == rows_of(batch.x));
              CHECK(most - least <= 1);
            }
            for (const auto& own : at) CHECK(own == std::default_sentinel);
          }
        }
      }
    }
  }
}

TEST_CASE("loader: a part of samples that a function makes") {
  const auto make = [](std::int64_t row) { return data::Dataset{full({2}, row), full({}, row)}; };
  data::Loader last(5, make, {.batch_size = 2, .part = {1, 2}});  // batches of 4 rows, and of 1
  std::vector<Shape> shapes;
  for (const data::Dataset& batch : last) shapes.push_back(batch.x.shape());
  CHECK(shapes == std::vector<Shape>{{2, 2}, {0, 2}});
}

TEST_CASE("loader: what a transform draws differs between parts, and is not asked about no rows") {
  int calls = 0;
  const auto noise = [&calls](const data::Dataset& batch, Rng& rng) {
    ++calls;
    return data::Dataset{rng.normal({batch.x.extent(0)}), batch.y};
  };
  std::vector<std::vector<float>> drawn;
  for (std::int64_t part = 0; part < 2; ++part) {
    Rng rng(3);
    data::Loader loader(numbered(5), {.batch_size = 2, .transform = noise, .part = {part, 2}}, rng);
    auto i = loader.begin();
    drawn.push_back((*i).x.to_vector<float>());
    ++i;
    CHECK((*i).x.extent(0) == 1 - part);
  }
  CHECK(drawn[0] != drawn[1]);
  CHECK(calls == 3);
}

TEST_CASE("loader: a state goes on with other parts of batches of the same size") {
  Rng rng(4), other(5);
  data::Loader four(numbered(26), {.batch_size = 3, .shuffle = true, .part = {1, 4}}, rng);
  auto i = four.begin();
  static_cast<void>(*i);
  const NamedTensors state = four.state();
  Rng same(4);
  data::Loader one(numbered(26), {.batch_size = 12, .shuffle = true}, same);
  auto expected = one.begin();
  ++expected;
  data::Loader two(numbered(26), {.batch_size = 6, .shuffle = true, .part = {0, 2}}, other);
  two.restore(state);
  const Rows all = rows_of((*expected).x);
  CHECK(rows_of((*two.begin()).x) == Rows(all.begin(), all.begin() + 6));
  data::Loader unlike(numbered(26), {.batch_size = 5, .shuffle = true, .part = {0, 2}}, other);
  CHECK(error_of<ValueError>([&] {
          unlike.restore(state);
          return 0;
        }) == "loader: restore: \"batch_size\" must be 10; got 12");
}

TEST_CASE("loader: parts that there are not") {
  const auto made = [](std::int64_t index, std::int64_t count, std::int64_t rows = 8) {
    return error_of<ValueError>([&] {
      return data::Loader(numbered(rows), {.batch_size = 2, .part = {index, count}}).size();
    });
  };
  CHECK(made(2, 2) == "loader: a part must be one of those there are, from 0; got 2 of 2");
  CHECK(made(-1, 2) == "loader: a part must be one of those there are, from 0; got -1 of 2");
  CHECK(made(0, 0) == "loader: a part must be one of those there are, from 0; got 0 of 0");
  CHECK(made(0, 4, 3) == "loader: there must be a row for each part; got 3 for 4 parts");
  CHECK(made(0, INT64_MAX) ==
        "loader: part.count times batch_size must be an int64; got 9223372036854775807 and 2");
}
