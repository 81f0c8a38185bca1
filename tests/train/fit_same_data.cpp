// Runs that go on with other data, or in another order, than they had: refused where it can be told.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

data::Dataset points(std::uint64_t seed) {
  Rng rng(seed);
  return data::spiral(40, 3, rng);  // 120 rows
}

/// One epoch more of a run in a folder; what it refuses.
struct Resumed {
  TemporaryDirectory directory;
  std::int64_t epochs = 0;
  FitOptions options = {};

  template <class Loader>
  std::string operator()(Loader&& loader) {
    Rng rng(0);
    const nn::Dense model(2, 3, {}, rng);
    optim::SGD optimizer(model, {.learning_rate = 0.1});
    FitOptions own = options;
    own.epochs = epochs + 1;
    own.folder.path = directory.file("run");
    own.folder.resume = true;
    Fit fit(
        model, optimizer, loader,
        [&](const data::Dataset& batch) { return nn::cross_entropy(model(batch.x), batch.y); },
        own);
    const std::string text = error_of<Error>([&] { return fit.run(); });
    if (text == "(nothing was thrown)") {
      ++epochs;
      return "";
    }
    const std::string mark = "must hold what these parts save; ";
    return text.substr(text.find(mark) + mark.size());
  }
};

constexpr const char* other_data = "fit: must be of the same training data; got others";
constexpr const char* other_order =
    "loader: restore: rows must be ordered alike, by the same .shuffle, .sampler, and "
    "blocks "
    "and window of files (.block_bytes, .window_bytes); got the state of another order";

}  // namespace

TEST_CASE("fit: other samples of a function are refused, its own are taken") {
  for (const bool sampled : {false, true}) {
    Resumed resumed;
    int calls = 0;
    const auto loader = [&](const data::Dataset& of) {
      // A row that is never drawn need not be there.
      data::LoaderOptions options{.batch_size = 16, .shuffle = !sampled};
      if (sampled) {
        std::vector<double> weights(120, 1.0);
        weights[0] = weights[119] = 0;
        options.sampler = data::Sampler::weighted(from_vector(weights));
      }
      return data::Loader(
          120,
          [&calls, of, sampled](std::int64_t i) {
            ++calls;
            if (sampled && (i == 0 || i == 119)) throw IoError("row is not there");
            return data::Dataset{of.x[i], of.y[i]};
          },
          options);
    };
    CHECK(resumed(loader(points(1))) == "");
    CHECK(calls == 120 + 16);
    CHECK(resumed(loader(points(1))) == "");
    CHECK(resumed(loader(points(2))) == other_data);
    resumed.options.folder.same_data = false;
    CHECK(resumed(loader(points(2))) == "");
  }
}

TEST_CASE("fit: of samples that are drawn the form is compared") {
  Resumed resumed;
  Rng own(1);
  const auto loader = [&](Rng& rng, Dtype dtype = Dtype::int64) {
    return data::Loader(50, [&rng, dtype](std::int64_t i) {
      return data::Dataset{rng.normal({2}), tensor(i % 3).to(dtype)};
    });
  };
  CHECK(resumed(loader(own)) == "");
  CHECK(resumed(loader(own)) == "");
  // Draws of the default generator are the same each time, and cost the run none of its own.
  Resumed drawn;
  seed(5);
  const data::Loader one = loader(default_rng()), other = loader(default_rng());
  const Rng before = default_rng();
  CHECK(one.fingerprint() == other.fingerprint());
  CHECK(default_rng() == before);
  CHECK(drawn(loader(default_rng())) == "");
  CHECK(drawn(loader(default_rng())) == "");
  CHECK(loader(own).fingerprint() == loader(own).fingerprint());
  CHECK(loader(own).fingerprint() != loader(own, Dtype::boolean).fingerprint());
}

TEST_CASE("fit: other files, and other batches in a vector, are refused") {
  Resumed of_files, of_batches;
  const auto mapped = [&](std::uint64_t seed, std::int64_t block_bytes) {
    const TemporaryDirectory& directory = of_files.directory;
    data::save_npy(directory.file("x.npy"), points(seed).x);
    data::save_npy(directory.file("y.npy"), points(seed).y);
    return data::Loader(data::map_npy({{.name = "x", .files = {directory.file("x.npy")}},
                                       {.name = "y", .files = {directory.file("y.npy")}}},
                                      {.block_bytes = block_bytes}),
                        {.batch_size = 16, .shuffle = true});
  };
  CHECK(of_files(mapped(1, 100)) == "");
  CHECK(of_files(mapped(1, 100)) == "");
  CHECK(of_files(mapped(2, 100)) == other_data);
  CHECK(of_files(mapped(1, 200)) == other_order);
  const auto batches = [&](std::uint64_t seed, std::int64_t rows) {
    std::vector<data::Dataset> all;
    for (const data::Dataset& batch : data::Loader(points(seed), {.batch_size = rows}))
      all.push_back(batch);
    return all;
  };
  CHECK(of_batches(batches(1, 16)) == "");
  CHECK(of_batches(batches(1, 16)) == "");
  CHECK(of_batches(batches(2, 16)) == other_data);
  CHECK(of_batches(batches(1, 15)) == other_data);
}

TEST_CASE("fit: other validation data are refused") {
  Resumed resumed;
  const auto with = [&](const ValidationData& validation) {
    resumed.options.monitor = "loss";
    resumed.options.validation = validation;
    return resumed(data::Loader(points(1), {.batch_size = 16}));
  };
  const std::string others = "fit: must be of the same validation data; got others";
  CHECK(with(points(2)) == "");
  CHECK(with(points(2)) == "");
  CHECK(with(points(3)) == others);
  CHECK(with({}) == others);
  CHECK(with(data::Loader(points(3), {.batch_size = 30})) == others);
  CHECK(with(points(2)) == "");
}

TEST_CASE("fit: a loader of another order, or with other options, is refused") {
  Resumed resumed;
  const data::Dataset rows = points(1);
  const auto with = [&](const data::LoaderOptions& options) {
    return resumed(data::Loader(rows, options));
  };
  const std::string options = "loader: restore: the options must be those of before; ";
  const auto same = [](const data::Dataset& batch, Rng&) { return batch; };
  CHECK(with({.batch_size = 16, .shuffle = true}) == "");
  CHECK(with({.batch_size = 16, .shuffle = true}) == "");
  CHECK(with({.batch_size = 16}) == other_order);
  CHECK(with({.batch_size = 16, .sampler = data::Sampler::balanced(rows.y)}) == other_order);
  CHECK(with({.batch_size = 16, .shuffle = true, .drop_last = true}) ==
        options + "drop_last was not given, and is now");
  CHECK(with({.batch_size = 16, .shuffle = true, .transform = same}) ==
        options + "transform was not given, and is now");
  CHECK(with({.batch_size = 16, .shuffle = true, .prefetch = 2}) == "");
  // A transform alone draws too: it is told by its name, and not by its seed.
  Rng rng(1);
  const data::Loader before(rows, {.drop_last = true, .transform = same}, rng);
  data::Loader after(rows, {.drop_last = true});
  CHECK(error_of<ValueError>([&] {
          after.restore(before.state());
          return 0;
        }) ==
        "loader: restore: the options must be those of before; transform was given, and is "
        "not now");
}
