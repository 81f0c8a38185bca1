#pragma once
#include <cstdint>

#include <xtape/xtape.hpp>

#include "the_world.hpp"

/// Points of three coordinates in two classes, the same on all ranks.
inline xtape::data::Dataset some(std::int64_t rows) {
  xtape::Rng rng(1);
  return {rng.normal({rows, 3}).to(xtape::Dtype::float64), rng.integers(0, 2, {rows})};
}

/// A model of float64 for these, the same on all ranks, and what trains it there.
struct SmallRun {
  const xtape::dist::World& world = the_world();
  xtape::Rng rng = xtape::Rng(7);
  xtape::nn::Dense model = [this] {
    xtape::nn::Dense dense(3, 2, {}, rng);
    dense.to(xtape::Dtype::float64);
    return dense;
  }();
  xtape::dist::Overlapped overlapped = xtape::dist::Overlapped(model, world);
  xtape::optim::SGD optimizer = xtape::optim::SGD(model.parameters(), {.learning_rate = 0.1});
};
