#pragma once
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "compare.hpp"

/// Row i holds i, and so does its target.
inline xtape::data::Dataset numbered_rows(std::int64_t rows) {
  const xtape::Tensor numbers = xtape::arange(rows).to(xtape::Dtype::float32);
  return {reshape(numbers, {rows, 1}), numbers};
}

/// A small network with dropout, on noisy points of a spiral, 8 batches a pass.
struct SmallRun {
  explicit SmallRun(std::uint64_t seed, std::int64_t prefetch = 0)
      : rng(seed),
        samples([] {
          xtape::Rng own(5);
          return xtape::data::spiral(25, 3, own);  // 75 rows
        }()),
        model{xtape::nn::Dense(2, 16, {}, rng), xtape::nn::ReLU(), xtape::nn::Dropout(0.2, rng),
              xtape::nn::Dense(16, 3, {}, rng)},
        optimizer(model, {.learning_rate = 0.02}),
        loader(samples,
               {.batch_size = 10, .shuffle = true, .transform = noisy, .prefetch = prefetch}, rng) {
  }

  static xtape::data::Dataset noisy(const xtape::data::Dataset& batch, xtape::Rng& own) {
    return {xtape::data::augment::noise(batch.x, {.stddev = 0.1}, own), batch.y};
  }
  xtape::Tensor loss(const xtape::data::Dataset& batch) const {
    return xtape::nn::cross_entropy(model(batch.x), batch.y);
  }

  xtape::Rng rng;
  xtape::data::Dataset samples;
  xtape::nn::Sequential model;
  xtape::optim::Adam optimizer;
  xtape::data::Loader loader;
};

template <class T>
void check_same_state(const T& got, const T& expected) {
  const xtape::NamedTensors a = got.state(), b = expected.state();
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(b[i].first);
    CHECK(a[i].first == b[i].first);
    CHECK(mismatch(a[i].second, b[i].second) == "");
  }
}
