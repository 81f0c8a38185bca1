// What a run keeps in its folder: from any moment of it another process goes on to the same bits.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/child.hpp"
#include "../support/errors.hpp"
#include "../support/fit_cases.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
namespace fs = std::filesystem;

namespace {

/// A run of all that has a state: dropout, a shuffling loader that works ahead and transforms,
/// averages, steps of several batches, a schedule of epochs, early stopping, and draws of its own.
struct KeptRun : SmallRun {
  explicit KeptRun(const std::string& folder, std::uint64_t seed = 1, std::int64_t prefetch = 2)
      : SmallRun(seed, prefetch),
        options{.epochs = 6,
                .validation = samples,
                .early_stopping = {.patience = 4},
                .clip_norm = 1,
                .accumulate = 3,
                .epoch_schedule = optim::schedule::exponential(0.9),
                .averaging = optim::AveragingOptions{.decay = 0.8},
                .folder = {.path = folder, .resume = true, .last = 2, .every_steps = 2}} {}

  History train() {
    Fit fit(
        model, optimizer, loader,
        [this](const data::Dataset& batch) -> Measured {
          if (!recording()) return {loss(batch), {{"accuracy", accuracy(model(batch.x), batch.y)}}};
          const Tensor drawn = default_rng().normal(batch.x.shape(), 0, 0.01);
          const Tensor logits = model(batch.x + drawn + rng.normal(batch.x.shape(), 0, 0.01));
          return {nn::cross_entropy(logits, batch.y), {{"accuracy", accuracy(logits, batch.y)}}};
        },
        options);
    fit.add("rng", rng);
    return fit.run();
  }

  FitOptions options;
};

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

void check_same_history(const History& got, const History& expected) {
  CHECK(got.names() == expected.names());
  for (const std::string& name : expected.names()) {
    if (name != "seconds") CHECK(got[name] == expected[name]);
  }
  CHECK(got.stop == expected.stop);
  CHECK(got.best_epoch == expected.best_epoch);
}

}  // namespace

TEST_CASE("fit: a run that stops after any step goes on elsewhere to the same bits") {
  const TemporaryDirectory directory;
  seed(11);
  KeptRun whole(directory.file("whole"));
  const History all = whole.train();
  REQUIRE(all.epochs() == 6);
  REQUIRE(whole.optimizer.steps() == 18);
  for (const std::int64_t first : {1, 2, 3, 7, 11, 17}) {
    CAPTURE(first);
    const std::string folder = directory.file("stopped" + std::to_string(first));
    seed(11);
    KeptRun begun(folder);
    begun.options.max_steps = first;
    begun.train();
    seed(99);  // another process has drawn otherwise
    KeptRun resumed(folder, 2, 0);
    check_same_history(resumed.train(), all);
    check_same_state(resumed.model, whole.model);
    check_same_state(resumed.optimizer, whole.optimizer);
    CHECK(resumed.rng == whole.rng);
    nn::Sequential best = clone(SmallRun(3).model), known = clone(best);
    data::load_npz(folder + "/best.npz", best);
    data::load_npz(directory.file("whole") + "/best.npz", known);
    check_same_state(best, known);
    check_same_state(best, whole.model);  // which ends with its best weights
  }
  // What has ended stays ended, with the same weights.
  KeptRun again(directory.file("whole"), 5);
  check_same_history(again.train(), all);
  check_same_state(again.model, whole.model);
}

TEST_CASE("fit: a folder has the newest checkpoints and the best weights, and nothing else") {
  const TemporaryDirectory directory;
  KeptRun run(directory.file("a/run"));
  run.options.epochs = 2;
  run.train();
  CHECK(files_in(directory.file("a/run")) ==
        std::vector<std::string>{"best.npz", "epoch-00001-batch-000003.npz",
                                 "epoch-00002-batch-000000.npz"});
  KeptRun plain(directory.file("plain"));
  plain.options.epochs = 5;
  plain.options.folder.every_epochs = 3;
  plain.options.folder.every_steps = 0;
  plain.options.folder.last = 9;
  plain.options.folder.best = false;
  plain.train();
  CHECK(files_in(directory.file("plain")) ==
        std::vector<std::string>{"epoch-00003-batch-000000.npz", "epoch-00005-batch-000000.npz"});
  // What a killed run has left half written goes; what is somebody else's stays.
  for (const char* name :
       {"best.npz.12-0.tmp", "epoch-00009-batch-000000.npz.7-1.tmp", "notes.tmp"})
    std::ofstream(directory.file("plain/") + name) << "x";
  KeptRun more(directory.file("plain"));
  more.train();
  const std::vector<std::string> files = files_in(directory.file("plain"));
  CHECK(std::ranges::count(files, "notes.tmp") == 1);
  CHECK(std::ranges::count_if(files,
                              [](const std::string& name) { return name.ends_with(".tmp"); }) == 1);
}

TEST_CASE("fit: checkpoints come with the steps that a loop of one's own makes") {
  const TemporaryDirectory directory;
  const std::vector<data::Dataset> batches(5, numbered_rows(2));
  const auto files = [&](const std::string& name, std::int64_t every, auto&& steps_of) {
    nn::Dense model(1, 1);
    optim::SGD optimizer(model, {.learning_rate = 0});
    Fit fit(
        model, optimizer, batches,
        {.epochs = 1,
         .folder = {.path = directory.file(name), .last = 9, .every_steps = every, .best = false}});
    for (auto& epoch : fit) {
      for (auto& batch : epoch) {
        for (int i = steps_of(epoch.batches()); i > 0; --i) {
          optimizer.zero_grad();
          const Tensor loss = mean(square(model(batch.data.x)));
          loss.backward();
          optimizer.step();
          batch.log("loss", loss.item());
        }
      }
    }
    return files_in(directory.file(name));
  };
  const auto at = [](std::vector<int> numbers) {
    std::vector<std::string> names;
    for (const int n : numbers)
      names.push_back("epoch-00000-batch-00000" + std::to_string(n) + ".npz");
    names.push_back("epoch-00001-batch-000000.npz");
    return names;
  };
  // Three steps a batch: 3, 6, 9, 12, 15 pass 4, 8 and 12 at the second, third and fourth.
  CHECK(files("many", 4, [](std::int64_t) { return 3; }) == at({2, 3, 4}));
  // One at the first batch, none later.
  CHECK(files("few", 1, [](std::int64_t done) { return done == 0 ? 1 : 0; }) == at({1}));
}

TEST_CASE("fit: a process that was forked neither keeps the lock of a folder nor gives it up") {
  const TemporaryDirectory directory;
  const std::vector<data::Dataset> batches(1, numbered_rows(2));
  const auto run = [&] {
    Fit fit(batches, {.epochs = 1, .folder = {.path = directory.file("run"), .resume = true}});
    return error_of<ValueError>([&] {
      for (auto& epoch : fit)
        for (auto& batch : epoch) batch.log("loss", 1);
      return 0;
    });
  };
  pid_t child = 0;
  {
    Fit fit(batches, {.epochs = 1, .folder = {.path = directory.file("run"), .resume = true}});
    auto held = std::make_unique<decltype(fit.begin())>(fit);
    CHECK(child_ends([&] { held.reset(); }));  // its copy of the run
    CHECK(run().ends_with("must be that of one run at a time; another has it"));
    child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
  }
  CHECK(run() == "(nothing was thrown)");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_CASE("fit: a range of batches without a state is gone through again") {
  const TemporaryDirectory directory;
  std::vector<data::Dataset> batches;
  for (std::int64_t i = 1; i < 6; ++i) batches.push_back(numbered_rows(i));
  const auto train = [&](nn::Dense& model, const std::string& folder,
                         std::optional<std::int64_t> steps) {
    optim::SGD optimizer(model, {.learning_rate = 0.01});
    Fit fit(model, optimizer, batches,
            [&](const data::Dataset& batch) {
              return nn::mean_squared_error(squeeze(model(batch.x), 1), batch.y);
            },
            {.epochs = 3, .max_steps = steps, .folder = {.path = folder, .resume = true}});
    return fit.run();
  };
  Rng rng(1);
  nn::Dense whole(1, 1, {}, rng), parts = clone(whole), resumed(1, 1);
  const History all = train(whole, directory.file("whole"), {});
  train(parts, directory.file("parts"), 8);
  check_same_history(train(resumed, directory.file("parts"), {}), all);
  check_same_state(resumed, whole);
}

TEST_CASE("fit: a run that does not fit its folder is refused, with nothing changed") {
  const TemporaryDirectory directory;
  const std::string folder = directory.file("run");
  KeptRun(folder).train();
  const std::string newest = folder + "/epoch-00006-batch-000000.npz";
  const auto refused = [&](auto&& change) {
    KeptRun run(folder, 2);
    change(run);
    const NamedTensors before = run.model.state();
    const std::string text = error_of<Error>([&] { return run.train(); });
    CHECK(mismatch(run.model.state()[0].second, before[0].second) == "");
    return text;
  };
  CHECK(refused([](KeptRun& run) { run.options.folder.resume = false; }) ==
        "fit: folder " + folder +
            " must be empty of checkpoints, or .resume set to go on from them; got "
            "epoch-00006-batch-000000.npz");
  CHECK(refused([](KeptRun& run) {
          run.samples.x = run.samples.x + 1;
          run.loader = data::Loader(
              run.samples, {.batch_size = 10, .shuffle = true, .transform = SmallRun::noisy});
        }) == "checkpoint: " + newest +
                  " must hold what these parts save; fit: must be of the same training data; "
                  "got others");
  CHECK(refused([](KeptRun& run) { run.options.monitor = "loss"; }) ==
        "checkpoint: " + newest +
            " must hold what these parts save; fit: must have the monitor \"loss\"; got "
            "\"validation_loss\"");
  CHECK(refused([](KeptRun& run) {
          run.options.monitor = "validation_loss";
          run.options.goal = SearchGoal::maximize;
        }) == "checkpoint: " + newest +
                  " must hold what these parts save; fit: must have the goal maximize of "
                  "\"validation_loss\"; got minimize");
  KeptRun other(folder);
  nn::Sequential wider{nn::Dense(2, 17), nn::ReLU(), nn::Dense(17, 3)};
  optim::Adam optimizer(wider, {});
  Fit fit(wider, optimizer, other.loader,
          [&](const data::Dataset& batch) { return nn::cross_entropy(wider(batch.x), batch.y); },
          {.validation = other.samples, .folder = {.path = folder, .resume = true}});
  const std::string text = error_of<ValueError>([&] { return fit.run(); });
  CHECK(
      text.starts_with("checkpoint: " + newest + " must hold what these parts save; unexpected: "));
  CHECK(text.find("model: restore: the entries must be those of state(); missing: \"2.weight\"") !=
        text.npos);
}

TEST_CASE("fit: a folder has one run at a time, in this process or another") {
  const TemporaryDirectory directory;
  const std::string folder = directory.file("run");
  const std::string taken =
      "fit: folder " + folder + " must be that of one run at a time; another has it";
  KeptRun run(folder);
  int tried = 0;
  run.options.epochs = 2;
  run.options.on_epoch = {[&](FitEpoch&) {
    KeptRun other(folder);
    CHECK(error_of<ValueError>([&] { return other.train(); }) == taken);
    CHECK(other.optimizer.steps() == 0);
    CHECK(child_ends([&] {
      KeptRun elsewhere(folder);
      return error_of<ValueError>([&] { return elsewhere.train(); }) == taken;
    }));
    ++tried;
  }};
  run.train();
  CHECK(tried == 2);

  // It is free when the run is over, by an exception too, or its process is gone.
  run.options.on_epoch = {[](FitEpoch&) { throw ValueError("enough"); }};
  run.options.epochs = 3;
  CHECK(error_of<ValueError>([&] { return run.train(); }) == "enough");
  CHECK(!child_ends([&] {
    KeptRun killed(folder);
    killed.options.on_epoch = {[](FitEpoch&) { raise(SIGKILL); }};
    killed.train();
  }));
  KeptRun last(folder);
  CHECK(last.train().epochs() == 6);
  for (const std::string& name : files_in(folder)) CHECK(name.ends_with(".npz"));
}

TEST_CASE("fit: a folder that cannot be written is told before the first step") {
  const TemporaryDirectory directory;
  directory.write("file", {});
  for (const std::string& path :
       {directory.file("file"), directory.file("file/run"), std::string("/proc/run")}) {
    KeptRun run(path);
    CHECK(error_of<IoError>([&] { return run.train(); }).starts_with(path));
    CHECK(run.optimizer.steps() == 0);
  }
}

TEST_CASE(
    "fit: a full disk ends the run with what was kept before, which goes on when there is room") {
  const TemporaryDirectory directory;
  KeptRun whole(directory.file("whole"));
  seed(11);
  whole.train();
  const std::string folder = directory.file("run");
  seed(11);
  CHECK(child_ends([&] {
    KeptRun run(folder);
    run.options.on_epoch = {[](FitEpoch& epoch) {
      if (epoch.number() != 3) return;
      signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit then fails, as on a full disk
      const rlimit little{1000, 1000};
      setrlimit(RLIMIT_FSIZE, &little);
    }};
    return error_of<IoError>([&] { return run.train(); }).find("File too large") !=
           std::string::npos;
  }));
  for (const std::string& name : files_in(folder)) CHECK(name.ends_with(".npz"));
  KeptRun resumed(folder, 2);
  resumed.train();
  check_same_state(resumed.model, whole.model);
}

namespace {

/// Trains in a child process, to the end or until it is killed; whether it came to the end.
bool train_in_child(const std::string& folder, std::optional<double> seconds = {}) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(100);
    seed(11);
    KeptRun run(folder, 7);
    run.train();
    data::save_npz(folder + "/final.npz", run.model);
    _exit(0);
  }
  if (seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(*seconds));
    kill(child, SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  REQUIRE((killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)));
  return !killed;
}

}  // namespace

TEST_CASE(
    "fit: killed at random moments, always resumable, the weights are the same to the last bit") {
  const TemporaryDirectory directory;
  const char* wanted = std::getenv("XTAPE_KILLS");
  const int kills = wanted == nullptr ? 25 : std::atoi(wanted);
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(train_in_child(directory.file("whole")));
  const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - start;
  const NamedTensors expected = data::load_npz(directory.file("whole/final.npz"));

  Rng rng(static_cast<std::uint64_t>(kills));
  int killed = 0, ended = 0;
  while (killed < kills || ended == 0) {
    const std::string folder = directory.file(std::to_string(ended));
    while (!train_in_child(folder, rng.uniform() * (killed < kills ? 0.7 : 10) * whole.count()))
      ++killed;
    ++ended;
    const NamedTensors weights = data::load_npz(folder + "/final.npz");
    REQUIRE(weights.size() == expected.size());
    for (std::size_t i = 0; i < weights.size(); ++i)
      CHECK(mismatch(weights[i].second, expected[i].second) == "");
  }
  MESSAGE(killed << " kills in " << ended << " runs of " << whole.count() << " s");
}
