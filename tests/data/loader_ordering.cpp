// The order in which loaders have rows: by its number, which their states hold.
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"
#include "support/errors.hpp"

using namespace xtape;
using data::Loader;
using data::Sampler;
using Rows = std::vector<std::int64_t>;

namespace {

/// Rows that tell their numbers.
data::BatchSource<data::Dataset> numbered(std::int64_t rows, Rows blocks, std::int64_t window) {
  return {rows, [](const Tensor& of) { return data::Dataset{of, of}; }, std::move(blocks), window};
}

}  // namespace

TEST_CASE("a loader goes on in the order that it had, and in no other") {
  const auto make = [](const data::LoaderOptions& options, Rows blocks = {},
                       std::int64_t window = 1) {
    Rng rng(5);
    return Loader(numbered(60, std::move(blocks), window), options, rng);
  };
  const data::LoaderOptions shuffled{.batch_size = 10, .shuffle = true};
  const auto sampled = [](const Sampler& sampler) {
    return data::LoaderOptions{.batch_size = 10, .sampler = sampler};
  };
  const auto classes = [](int count) { return remainder(arange(60), count); };
  const std::vector<Loader> loaders{
      make({.batch_size = 10}),
      make(shuffled),
      make(shuffled, {0, 20, 40}),
      make(shuffled, {0, 20, 40}, 2),
      make(shuffled, {0, 20, 40}, 3),
      make(shuffled, {0, 20, 41}, 2),
      make(shuffled, {0, 20}, 2),
      make(sampled(Sampler::uniform(60))),
      make(sampled(Sampler::uniform(60, {.replacement = false}))),
      make(sampled(Sampler::uniform(60, {.samples = 61}))),
      make(sampled(Sampler::weighted(arange(60)))),
      make(sampled(Sampler::weighted(arange(60) + 1))),
      make(sampled(Sampler::balanced(classes(2), {.replacement = false}))),
      make(sampled(Sampler::balanced(classes(3), {.replacement = false})))};
  std::set<std::int64_t> orderings;
  for (const Loader& loader : loaders) orderings.insert(loader.ordering());
  CHECK(orderings.size() == loaders.size());
  CHECK(loaders[0].ordering() == 0);
  CHECK(loaders[1].ordering() == 1);
  const std::string refused =
      "loader: restore: rows must be ordered alike, by the same .shuffle, .sampler, and blocks and "
      "window of files (.block_bytes, .window_bytes); got the state of another order";
  for (const Loader& from : loaders) {
    for (const Loader& to : loaders) {
      if (&from == &to) continue;
      Loader loader = to;
      const NamedTensors before = loader.state();
      CHECK(error_of<ValueError>([&] {
              loader.restore(from.state());
              return 0;
            }) == refused);
      for (std::size_t i = 0; i < before.size(); ++i)
        CHECK(mismatch(loader.state()[i].second, before[i].second) == "");
    }
  }
}

TEST_CASE("a loader's order is that of another where it is in effect") {
  const auto ordering = [](Rows blocks, std::int64_t window, std::uint64_t seed,
                           bool shuffle = true) {
    Rng rng(seed);
    return Loader(numbered(60, std::move(blocks), window), {.shuffle = shuffle}, rng).ordering();
  };
  CHECK(ordering({0, 20}, 2, 1) == ordering({0, 20}, 2, 8));
  CHECK(ordering({0, 20}, 2, 1) == ordering({0, 20}, 7, 1));  // both mix all
  CHECK(ordering({0, 20}, 2, 1, false) == 0);
  Rng rng(1);
  const Sampler same = Sampler::blocks(60, {.first_rows = {0, 20}, .window = 2});
  CHECK(Loader({arange(60), arange(60)}, {.sampler = same}, rng).ordering() ==
        ordering({0, 20}, 2, 1));
}

TEST_CASE("a loader goes on from a state that has no order") {
  Rng one(5), other(6);
  const data::LoaderOptions options{.batch_size = 10, .shuffle = true};
  Loader loader(numbered(60, {0, 20}, 2), options, one),
      later(numbered(60, {0, 20}, 2), options, other);
  NamedTensors state = loader.state();
  CHECK(state.back().first == "ordering");
  state.pop_back();
  later.restore(state);
  auto at = later.begin();
  for (const data::Dataset& batch : loader) {
    CHECK(mismatch((*at).x, batch.x) == "");
    ++at;
  }
}
