// A run that was stopped in the middle of a pass goes on, from one file, to the same bits.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

data::Dataset noisy(const data::Dataset& batch, Rng& rng) {
  return {data::augment::noise(batch.x, {.stddev = 0.1}, rng), batch.y};
}

data::Dataset samples() {
  Rng rng(5);
  return data::spiral(25, 3, rng);  // 75 rows
}

/// A run and all that it is made of; what `seed` draws is replaced when it goes on.
struct Run {
  Run(std::uint64_t seed, std::int64_t prefetch)
      : rng(seed),
        model{nn::Dense(2, 16, {.weight_l2 = 1e-4}, rng), nn::ReLU(), nn::Dropout(0.2, rng),
              nn::Dense(16, 3, {}, rng)},
        plateau({.factor = 0.5, .patience = 0}),
        optimizer(model,
                  {.learning_rate = 0.02, .schedule = optim::schedule::linear_warmup(7) * plateau}),
        loader(samples(),
               {.batch_size = 10, .shuffle = true, .transform = noisy, .prefetch = prefetch}, rng) {
    checkpoint.add("model", model).add("plateau", plateau).add("optimizer", optimizer);
    checkpoint.add("loader", loader).add("rng", rng).add("epoch", epoch).add("total", total);
    checkpoint.add("note", note);
  }

  /// Trains to the end of an epoch; saves after a batch of this run, counted from 0.
  void train(int epochs, int save_at = -1, const std::string& path = "") {
    for (int batch = 0; epoch < epochs; ++epoch) {
      for (auto [x, y] : loader) {
        const Tensor loss = nn::cross_entropy(model(x + rng.normal(x.shape(), 0, 0.01)), y) +
                            model.regularization_loss();
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        total += loss.item();
        if (batch++ == save_at) checkpoint.save(path);
      }
      plateau.observe(epoch == 0 ? 1 : 2);
      note += std::to_string(epoch) + "\n";
    }
  }

  Rng rng;
  nn::Sequential model;
  optim::ReduceOnPlateau plateau;
  optim::Adam optimizer;
  data::Loader loader;
  int epoch = 0;
  double total = 0;
  std::string note;
  Checkpoint checkpoint;
};

void check_same(const NamedTensors& got, const NamedTensors& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(expected[i].first);
    CHECK(got[i].first == expected[i].first);
    CHECK(mismatch(got[i].second, expected[i].second) == "");
  }
}

void check_same(const Run& got, const Run& expected) {
  check_same(got.model.state(), expected.model.state());
  check_same(got.optimizer.state(), expected.optimizer.state());
  check_same(got.plateau.state(), expected.plateau.state());
  check_same(got.loader.state(), expected.loader.state());
  CHECK(got.rng == expected.rng);
  CHECK(got.epoch == expected.epoch);
  CHECK(got.total == expected.total);
  CHECK(got.note == expected.note);
}

std::string load_error(const Run& run, const std::string& path) {
  return error_of<Error>([&] {
    run.checkpoint.load(path);
    return 0;
  });
}

}  // namespace

TEST_CASE("a run goes on to the same bits from anywhere, batches made ahead or not") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("run.npz");
  for (const std::int64_t prefetch : {0, 3}) {
    // In the first pass, at the first and the last batch of a pass, in a later one.
    for (const int stop : {0, 3, 7, 8, 19}) {
      CAPTURE(prefetch);
      CAPTURE(stop);
      Run whole(1, prefetch);
      whole.train(4, stop, path);
      Run resumed(2, 3 - prefetch);
      resumed.checkpoint.load(path);
      resumed.train(4);
      check_same(resumed, whole);
      Run other(2, prefetch);
      other.train(4);
      CHECK(other.total != whole.total);
    }
  }
}

TEST_CASE("a run goes on from between two passes, and from a pass that was left") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("run.npz");
  Run whole(1, 2);
  whole.train(2);
  for (auto [x, y] : whole.loader) break;
  whole.checkpoint.save(path);
  Run resumed(2, 0);
  resumed.checkpoint.load(path);
  check_same(resumed, whole);
  whole.train(4);
  resumed.train(4);
  check_same(resumed, whole);
}

TEST_CASE("a checkpoint that does not fit tells all and changes nothing") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("run.npz");
  Run run(1, 0);
  run.train(1, 4, path);
  const Run untouched = [] {
    Run twin(1, 0);
    twin.train(1);
    return twin;
  }();
  const data::Archive fitting = data::load_archive(path);
  const auto spoiled = [&](const auto& spoil) {
    data::Archive archive = fitting;
    for (auto& [name, tensor] : archive.tensors) spoil(name, tensor);
    for (auto& [name, text] : archive.texts) {
      if (name == "rng") text += "!";
    }
    data::save_archive(path, archive);
    return load_error(run, path);
  };
  const std::string text = spoiled([](std::string& name, Tensor& tensor) {
    if (name == "model.0.bias") name = "model.0.b";
    if (name == "loader.rows") tensor = tensor + 1;
    if (name == "epoch") tensor = tensor.to(Dtype::float64);
    if (name == "total") name = "sum.total";
  });
  CHECK(text ==
        "checkpoint: " + path +
            " must hold what these parts save; unexpected: \"sum.total\"; it has no part "
            "\"total\"; model: restore: the "
            "entries must be those of state(); missing: \"0.bias\"; unexpected: \"0.b\"; loader: "
            "restore: \"rows\" must be 75; got 76; rng: Rng::from_state: the text must "
            "come from Rng::state(); it has another form; epoch: restore: the entries must be "
            "those of state(); \"\" must be int64[], got float64[]");
  check_same(run, untouched);
  CHECK_THROWS_AS(run.checkpoint.load(directory.file("none.npz")), IoError);
  check_same(run, untouched);
}

TEST_CASE("a checkpoint tells which parts a file has not, and loads none") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("few.npz");
  std::int64_t epoch = 7;
  Checkpoint few;
  few.add("epoch", epoch).save(path);
  epoch = 0;
  Rng rng(1);
  std::string text = "kept";
  double rate = 0.5;
  data::Pipeline pipeline;
  const nn::ReLU stateless;  // has no entries anywhere
  Checkpoint more;
  more.add("epoch", epoch).add("rng", rng).add("text", text).add("rate", rate);
  more.add("pipeline", pipeline).add("relu", stateless);
  CHECK(error_of<ValueError>([&] { return more.load(path), 0; }) ==
        "checkpoint: " + path +
            " must hold what these parts save; it has no part \"rng\"; it has no part \"text\"; it "
            "has no part \"rate\"; it has no part \"pipeline\"");
  CHECK(epoch == 0);
  CHECK(text == "kept");
  few.load(path);
  CHECK(epoch == 7);
}

TEST_CASE("a checkpoint that does not fit leaves a loader in the middle of its pass") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("run.npz");
  const data::Dataset dataset{ones({10, 1}), ones({10})};
  data::Loader loader(dataset, {.batch_size = 1});
  int epoch = 3;
  Checkpoint saved;
  saved.add("loader", loader).save(path);
  Checkpoint checkpoint;
  checkpoint.add("loader", loader).add("epoch", epoch);
  int batches = 0;
  for (auto place = loader.begin(); place != loader.end(); ++place, ++batches) {
    static_cast<void>(*place);
    if (batches == 3) CHECK_THROWS_AS(checkpoint.load(path), ValueError);
    CHECK(detail::number<std::int64_t>(loader.state()[4].second) == batches + 1);
  }
  batches = 0;
  for (auto place = loader.begin(); place != loader.end(); ++place) ++batches;
  CHECK(batches == 10);
  saved.load(path);
}

TEST_CASE("parts of a checkpoint have names of their own") {
  Rng rng(1);
  for (const char* name : {"", "a.b", "rng"}) {
    CHECK(error_of<ValueError>([&] {
            Checkpoint().add("rng", rng).add(name, rng);
            return 0;
          }) == "checkpoint: a part needs a name of its own, without dots; got \"" +
                    std::string(name) + "\"");
  }
}

TEST_CASE("a checkpoint saves no pipeline that is fitted to nothing") {
  const TemporaryDirectory directory;
  data::Pipeline pipeline;
  CHECK(error_of<ValueError>([&] {
          Checkpoint().add("prepare", pipeline).save(directory.file("run.npz"));
          return 0;
        }) == "checkpoint: the pipeline \"prepare\" must be fitted to be saved");
  CHECK(!std::filesystem::exists(directory.file("run.npz")));
}

TEST_CASE("a loader refuses a place that there is not, and stays where it is") {
  data::Loader loader(samples(), {.batch_size = 10});
  data::Loader shuffled(samples(), {.batch_size = 10, .shuffle = true});
  auto i = loader.begin();
  ++i;
  *i;
  const auto refused = [&](std::size_t entry, std::int64_t value) {
    NamedTensors state = loader.state();
    state[entry].second = from_vector(std::vector<std::int64_t>{value}, {});
    return error_of<ValueError>([&] {
      loader.restore(state);
      return 0;
    });
  };
  CHECK(refused(0, 1) == "loader: restore: \"seed\" must be 0; got 1");
  CHECK(refused(2, 9) == "loader: restore: \"batch_size\" must be 10; got 9");
  CHECK(refused(3, -1) == "loader: restore: \"pass\" must lie in [0, 9223372036854775807]; got -1");
  CHECK(refused(4, 9) == "loader: restore: \"batch\" must lie in [0, 8]; got 9");
  CHECK(loader.state()[3].second.item() == 0);
  CHECK(loader.state()[4].second.item() == 2);
  CHECK_THROWS_AS(loader.restore({}), ValueError);
  if (shuffled.state()[0].second.item() != 0)
    CHECK_THROWS_AS(loader.restore(shuffled.state()), ValueError);
}

TEST_CASE("texts of an archive come back byte for byte") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("texts.npz");
  std::string long_text;
  for (int i = 0; i < 10000; ++i) long_text += static_cast<char>(i % 256);
  const data::Archive archive{{{"a", ones({2})}},
                              {{"a", "the name of an array too"},
                               {"empty", ""},
                               {"long", long_text},
                               {"block", std::string(4096, 'x')}}};
  for (const bool compress : {false, true}) {
    data::save_archive(path, archive, {.compress = compress});
    const data::Archive back = data::load_archive(path);
    CHECK(back.texts == archive.texts);
    check_same(back.tensors, archive.tensors);
    CHECK(data::load_npz(path, "a").size() == 2);
    CHECK(error_of<IoError>([&] { return data::load_npz(path); }) ==
          path + ": member \"a.txt\": must be a .npy file; got a text, which load_archive reads");
  }
  CHECK(error_of<ValueError>([&] {
          data::save_archive(path, {{}, {{"a", ""}, {"a", ""}}});
          return 0;
        }) == path + ": names must differ; got \"a\" twice");
}
