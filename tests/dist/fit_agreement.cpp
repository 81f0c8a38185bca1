// What ranks must have in common before a run: all of them throw, and go on together.
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "dist/the_world.hpp"
#include "support/errors.hpp"
#include "support/temporary_directory.hpp"

using namespace xtape;

namespace {

data::Dataset some(std::int64_t rows) {
  Rng rng(1);
  return {rng.normal({rows, 3}), rng.integers(0, 2, {rows})};
}

/// A run of a model with 2 batches a rank, of which a test makes one thing wrong.
struct Case {
  const dist::World& world = the_world();
  Rng rng = Rng(7);
  nn::Dense model = nn::Dense(3, 2, {}, rng);
  dist::Overlapped overlapped = dist::Overlapped(model, world);
  data::Part part{world.rank(), world.size()};
  data::Sampler sampler = {};
  optim::SGDOptions sgd = {.learning_rate = 0.1};
  FitOptions options = {.epochs = 1, .ranks = &overlapped};
  bool other() const { return world.rank() == world.size() - 1; }

  std::string error() { return error_of(model); }
  std::string error_of(const nn::Dense& trained) {
    data::Loader loader(some(8 * world.size()), {.batch_size = 4, .sampler = sampler, .part = part},
                        rng);
    optim::SGD optimizer(trained.parameters(), sgd);
    const auto loss = [&](const data::Dataset& batch) -> Measured {
      return nn::cross_entropy(trained(batch.x), batch.y);
    };
    Fit fit(trained, optimizer, loader, loss, options);
    return ::error_of<ValueError>([&] { return fit.run().epochs(); });
  }
};

}  // namespace

TEST_CASE("fit on ranks: a loader has the part of its rank") {
  const dist::World& world = the_world();
  const std::string all = std::to_string(world.size());
  {
    Case none;
    none.part = {};
    if (world.size() > 1)
      CHECK(none.error() ==
            "fit: on rank 0 the loader must have .part 0 of " + all + "; got 0 of 1");
  }
  {
    Case more;
    more.part = {world.rank(), 7};
    CHECK(more.error() == "fit: on rank 0 the loader must have .part 0 of " + all + "; got 0 of 7");
  }
  {
    Case same;  // rank 0 is right
    same.part = {0, world.size()};
    if (world.size() > 1)
      CHECK(same.error() ==
            "fit: on rank 1 the loader must have .part 1 of " + all + "; got 0 of " + all);
  }
  {
    Case validated;
    validated.options.validation =
        data::Loader(some(20), {.batch_size = 2, .part = {world.rank(), 9}});
    CHECK(validated.error() ==
          "fit: on rank 0 the validation loader must have .part 0 of " + all + "; got 0 of 9");
  }
}

TEST_CASE("fit on ranks: gradients of all parameters are exchanged") {
  Case strange;
  const nn::Dense twin = nn::clone(strange.model);
  const std::string expected =
      "fit: .ranks must exchange all parameters of the model; weight is none of theirs";
  CHECK(strange.error_of(twin) == expected);
  CHECK(strange.error() == "(nothing was thrown)");
}

TEST_CASE("fit on ranks: options and rates are the same on all") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const std::string last = " on rank " + std::to_string(world.size() - 1),
                    start = "fit: options must be the same on all ranks; got ";
  {
    Case one;
    one.options.accumulate = one.other() ? 2 : 1;
    CHECK(one.error() == start + "accumulate 1 on rank 0 and accumulate 2" + last);
  }
  {
    Case one;
    if (!one.other()) one.options.validation = some(8);
    CHECK(one.error() == start + "validation of 8 rows on rank 0 and validation of none" + last);
  }
  {
    Case one;
    if (one.other()) one.sgd.learning_rate = 0.2;
    CHECK(one.error() == start + "optimizer group.0.learning_rate 0.1 on rank 0 and optimizer " +
                             "group.0.learning_rate 0.2" + last);
  }
  {
    Case one;
    if (one.other()) one.sgd.weight_decay = 0.5;
    CHECK(one.error() == start + "optimizer group.0.weight_decay 0 on rank 0 and optimizer " +
                             "group.0.weight_decay 0.5" + last);
  }
  {
    Case one;
    if (one.other()) one.options.step_schedule = optim::Schedule();
    CHECK(one.error() == start + "step_schedule none on rank 0 and step_schedule given" + last);
  }
  {
    Case one;
    if (one.other()) one.options.clip_norm = 1;
    CHECK(one.error() == start + "clip_norm none on rank 0 and clip_norm 1" + last);
  }
}

TEST_CASE("fit on ranks: loaders have one order, of which each rank has a part") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const auto starts = [](const std::string& text, const std::string& start) {
    return text.substr(0, start.size()) == start ? "" : text;
  };
  const std::string rows = std::to_string(8 * world.size()) + " rows in 2 batches",
                    start = "fit: options must be the same on all ranks; got ";
  const auto blocks = [&](std::int64_t rows_of_each) {
    return data::Sampler::blocks(8 * world.size(), {.block_rows = rows_of_each, .window = 2});
  };
  {
    Case same;
    same.sampler = blocks(3);
    CHECK(same.error() == "(nothing was thrown)");
  }
  {
    Case one;  // as by other .block_bytes of the same files
    one.sampler = blocks(one.other() ? 4 : 3);
    CHECK(starts(one.error(), start + "a loader of " + rows + ", by a sampler or blocks [") == "");
  }
  {
    Case one;
    if (one.other()) one.sampler = blocks(3);
    CHECK(starts(one.error(), start + "a loader of " + rows + ", as they lie on rank 0 and " +
                                  "a loader of " + rows + ", by a sampler or blocks [") == "");
  }
  const auto validated = [&](const data::LoaderOptions& options) {
    Case one;
    one.options.validation = data::Loader(some(8 * world.size()), options);
    return one.error();
  };
  const data::Part part{world.rank(), world.size()};
  const bool other = world.rank() == world.size() - 1;
  CHECK(validated({.batch_size = 4, .shuffle = other, .part = part}) ==
        start + "validation of " + rows + ", as they lie on rank 0 and validation of " + rows +
            ", shuffled on rank " + std::to_string(world.size() - 1));
  CHECK(validated({.batch_size = 4, .shuffle = true, .part = part}) == "(nothing was thrown)");
}

TEST_CASE("fit on ranks: a step in which rates differ is made by none") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  Case one;
  const bool other = one.other();
  one.sgd.schedule = [other](std::int64_t step) { return step == 1 && other ? 0.5 : 1.0; };
  CHECK(one.error() == "fit: learning rates must be the same on all ranks; got 0.1 of group 0 in " +
                           std::string("step 1 on rank 0 and 0.05 of group 0 in step 1 on rank ") +
                           std::to_string(world.size() - 1));
  const Tensor own = one.model.weight.detach();  // of one step
  CHECK(world.all_reduce(own, dist::Reduction::minimum).to_vector<float>() ==
        world.all_reduce(own, dist::Reduction::maximum).to_vector<float>());
}

TEST_CASE("broadcast: an optimizer has the same settings on all ranks") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const bool other = world.rank() == world.size() - 1;
  const std::string last = " on rank " + std::to_string(world.size() - 1);
  const nn::Dense model(2, 2);
  const auto error = [&](optim::Optimizer& optimizer) {
    return error_of<ValueError>([&] {
      dist::broadcast(optimizer, world);
      return optimizer.steps();
    });
  };
  optim::Adam adam(model, {.beta2 = other ? 0.99 : 0.999});
  CHECK(error(adam) ==
        "broadcast: settings must be the same on all ranks; got group.0.beta2 0.999 on rank 0 and "
        "group.0.beta2 0.99" +
            last);
  optim::AdamW decayed(model);
  optim::Adam plain(model);
  CHECK(error(other ? static_cast<optim::Optimizer&>(decayed) : plain) ==
        "broadcast: settings must be the same on all ranks; got xtape::optim::Adam on rank 0 and "
        "xtape::optim::AdamW" +
            last);
  CHECK(error(plain) == "(nothing was thrown)");
}

TEST_CASE("fit on ranks: a folder that another run has is refused on all") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const TemporaryDirectory own;
  const std::string path = world.broadcast(own.file("run"));
  data::Loader loader(some(8), {.batch_size = 4});
  Fit holder(loader, {.epochs = 1, .folder = {.path = path}});
  const auto run = [&] {
    Case one;
    one.options.folder = {.path = path};
    return one.error();
  };
  if (world.rank() == 0) {
    auto epoch = holder.begin();
    CHECK(run() == "fit: folder " + path + " must be that of one run at a time; another has it");
  } else {
    CHECK(run() == "fit: folder " + path + " must be that of one run at a time; another has it");
  }
}

TEST_CASE("search on ranks: folds and seed are the same on all") {
  const dist::World& world = the_world();
  if (world.size() == 1) return;
  const bool other = world.rank() == world.size() - 1;
  Rng rng(2);
  const data::Dataset dataset = some(12);
  std::vector<data::Fold> folds = data::k_fold(12, 3, rng);
  SearchSpace space;
  space.choice("l2", {0.0, 1.0});
  const auto objective = [](const Hyperparameters& h, const data::Split&, Rng&) {
    return h.number("l2");
  };
  const auto error = [&](std::uint64_t seed) {
    return error_of<ValueError>([&] {
      return grid_search(space, dataset, folds, objective,
                         {.seed = seed, .goal = SearchGoal::maximize, .ranks = &world})
          .trials.size();
    });
  };
  const std::string start =
      "search: space, goal, data, folds and seed must be the same on all ranks; got ";
  CHECK(error(other ? 2 : 1) ==
        start + "seed 1 on rank 0 and seed 2 on rank " + std::to_string(world.size() - 1));
  if (other) folds.pop_back();
  CHECK(error(1).starts_with(start + "fold 3 "));
}
