// Ranks that do not do the same, or do not begin with the same.
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "dist/the_world.hpp"
#include "support/errors.hpp"

using namespace xtape;

namespace {

/// In float32, of n weights that are the gradients' factors: loss = c Σ w.
Tensor scaled_sum(const nn::Dense& model, double c) { return c * sum(model.weight); }

/// How many elements are not the same on all ranks.
std::int64_t mismatch_over_ranks(const dist::World& world, const Tensor& x) {
  const Tensor least = world.all_reduce(x, dist::Reduction::minimum),
               most = world.all_reduce(x, dist::Reduction::maximum);
  return sum((least != most).to(Dtype::int64)).to_vector<std::int64_t>()[0];
}

}  // namespace

TEST_CASE("world: ranks that exchange different things are told so, all of them, and go on") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const bool last = world.rank() == world.size() - 1;
  const std::string start = "world: all ranks must exchange the same, in the same order; got ",
                    on = " on rank " + std::to_string(world.size() - 1);
  const auto told = [&](const auto& most, const auto& one) {
    return error_of<ValueError>([&] {
      last ? one() : most();
      return 0;
    });
  };
  std::vector<double> numbers{1, 2};
  const std::vector<double> given = numbers;
  const auto sum_all = [&] { world.sum(numbers); };
  CHECK(told([&] { world.barrier(); }, sum_all) == start + "barrier on rank 0 and sum" + on);
  CHECK(told(sum_all, [&] { static_cast<void>(world.gather(numbers)); }) ==
        start + "sum on rank 0 and gather" + on);
  CHECK(told([&] { static_cast<void>(world.broadcast("text")); },
             [&] { static_cast<void>(world.all_reduce(ones({2}))); }) ==
        start + "broadcast of a text on rank 0 and all_reduce" + on);
  const nn::Dense model(2, 2);
  CHECK(told([&] { dist::Overlapped(model, world); }, sum_all) ==
        start + "overlapped: models and options on rank 0 and sum" + on);
  CHECK(numbers == given);  // nothing was added to it
  CHECK(error_of<ShapeError>([&] {
          return world.all_reduce(ones({2}),
                                  last ? dist::Reduction::minimum : dist::Reduction::sum);
        }) ==
        "all_reduce: tensors must be of one shape and dtype on all ranks; got float32[2] on rank 0 "
        "and the least of float32[2]" +
            on);
  sum_all();
  CHECK(numbers == std::vector<double>{1.0 * world.size(), 2.0 * world.size()});
}

TEST_CASE("world: it is used on its thread, and not in an evaluation of a search") {
  const dist::World& world = the_world();
  const auto error = [&] {
    return error_of<ValueError>([&] {
      world.barrier();
      return 0;
    });
  };
  if (world.size() > 1) {
    std::string elsewhere;
    std::thread([&] { elsewhere = error(); }).join();
    CHECK(elsewhere == "world: ranks exchange on the thread that made the world; got another");
  }
  const data::Dataset dataset{ones({4, 1}), tensor({0, 1, 0, 1})};
  SearchSpace space;
  space.choice("rate", {0.1, 0.2, 0.3});
  Rng rng(1);
  std::vector<std::string> errors;
  const auto objective = [&](const Hyperparameters&, const data::Split&, Rng&) {
    errors.push_back(error());
    return 1.0;
  };
  static_cast<void>(grid_search(space, dataset, data::k_fold(4, 2, rng), objective,
                                {.goal = SearchGoal::maximize, .ranks = &world}));
  for (const std::string& text : errors) {
    CHECK(text == (world.size() == 1
                       ? "(nothing was thrown)"
                       : "world: nothing can be exchanged in an evaluation of a search, where each "
                         "rank does something of its own"));
  }
  CHECK(error() == "(nothing was thrown)");
}

TEST_CASE("search on ranks: the space and the goal are the same on all") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const bool other = world.rank() == world.size() - 1;
  const auto error = [&](double rate, SearchGoal goal) {
    SearchSpace space;
    space.choice("rate", {0.5, rate});
    const data::Dataset dataset{ones({4, 1}), tensor({0, 1, 0, 1})};
    Rng rng(1);
    return error_of<ValueError>([&] {
      return grid_search(space, dataset, data::k_fold(4, 2, rng),
                         [](const Hyperparameters&, const data::Split&, Rng&) { return 1.0; },
                         {.goal = goal, .ranks = &world})
          .trials.size();
    });
  };
  const std::string
      start = "search: space, goal, data, folds and seed must be the same on all ranks; got ",
      on = " on rank " + std::to_string(world.size() - 1);
  CHECK(error(1, other ? SearchGoal::minimize : SearchGoal::maximize) ==
        start + "the goal maximize on rank 0 and the goal minimize" + on);
  CHECK(error(other ? 2 : 1, SearchGoal::maximize) ==
        start + "candidate 1: rate=1 on rank 0 and candidate 1: rate=2" + on);
}

TEST_CASE("overlapped: parameters begin with the same values on all ranks") {
  const dist::World& world = the_world();
  Rng rng(static_cast<std::uint64_t>(world.rank()));
  const nn::Dense model(3, 2, {}, rng);
  dist::Overlapped overlapped(model, world);
  const auto pass = [&] {
    return error_of<ValueError>([&] { return overlapped.backward(sum(model(ones({1, 3}))), 1); });
  };
  if (world.size() > 1) {
    CHECK(pass() ==
          "overlapped: parameters must have the same values on all ranks in the first pass; give "
          "them those of rank 0, by broadcast(model, world)");
    CHECK(!model.weight.grad().defined());
  }
  dist::broadcast(model, world);
  CHECK(pass() == "(nothing was thrown)");
  CHECK(model.weight.grad().to_vector<double>() == std::vector<double>(6, 1.0));
}

TEST_CASE("overlapped: a loss of no samples counts for nothing, whatever it is") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  Rng rng(2);
  const nn::Sequential model{nn::Dense(3, 4, {}, rng), nn::Dropout(0.5, rng),
                             nn::Dense(4, 2, {}, rng)};
  data::Loader loader({rng.normal({world.size() + 1, 3}), zeros({world.size() + 1}, Dtype::int64)},
                      {.batch_size = 1, .part = {world.rank(), world.size()}}, rng);
  dist::broadcast(model, world);
  dist::Overlapped overlapped(model, world);
  std::vector<double> samples;
  for (const auto& [x, y] : loader) {  // of the last batch rank 0 alone has a row
    model.zero_grad();
    samples.push_back(overlapped.backward(nn::cross_entropy(model(x), y), double(x.extent(0))));
    const Tensor gradient = model.parameters()[0].grad();
    CHECK(!isnan(gradient).to_vector<bool>()[0]);
    CHECK(mismatch_over_ranks(world, gradient) == 0);
  }
  CHECK(samples == std::vector<double>{double(world.size()), 1});
  for (const auto& [name, buffer] : model.named_buffers())  // dropout has drawn alike
    CHECK(mismatch_over_ranks(world, buffer) == 0);
  overlapped.accumulate(sum(model(ones({0, 3}))), 0);
  CHECK(overlapped.backward(sum(model(ones({1, 3}))), 1) == world.size());
}

TEST_CASE("gradients do not overflow on the way where their mean is a number") {
  const dist::World& world = the_world();
  const double samples = 1000;
  for (const bool at_the_end : {false, true}) {
    nn::Dense model(2, 1);
    model.weight.assign(ones({2, 1}));
    dist::Overlapped overlapped(model, world);
    const Tensor loss = scaled_sum(model, 1e36 * (1 + world.rank()));
    if (at_the_end) {
      loss.backward();
      dist::average_gradients(model, world, samples);
    } else {
      overlapped.backward(loss, samples);
    }
    const double mean = 1e36 * (1 + world.size()) / 2;
    CHECK(model.weight.grad().to_vector<double>()[0] == doctest::Approx(mean).epsilon(1e-6));
  }
}
