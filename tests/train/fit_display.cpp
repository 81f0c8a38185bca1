// What a run tells while it goes on, and how Ctrl-C ends it.

#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/fit_cases.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

History train(SmallRun& run, FitOptions options) {
  options.validation = run.samples;
  Fit fit(
      run.model, run.optimizer, run.loader,
      [&](const data::Dataset& batch) { return run.loss(batch); }, options);
  return fit.run();
}

/// What a child process that does `work` writes to a terminal of so many columns.
template <class Work>
std::string shown_on_terminal(int columns, const Work& work) {
  winsize size{
      .ws_row = 24, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    alarm(60);
    work();
    std::cout.flush();
    _exit(0);
  }
  std::string shown;
  std::array<char, 4096> buffer;
  for (ssize_t n; (n = read(terminal, buffer.data(), buffer.size())) > 0;)
    shown.append(buffer.data(), static_cast<std::size_t>(n));
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  return shown;
}

std::string drawn(const std::vector<double>& values, std::size_t letters, bool unicode = false) {
  Curve curve(8);
  for (const double value : values) curve.add(value);
  return curve.drawn(letters, unicode);
}

}  // namespace

TEST_CASE("fit: a plain line an epoch where there is no terminal") {
  SmallRun run(1);
  std::ostringstream text;
  train(run, {.epochs = 2, .progress = &text});
  const std::string line =
      ", loss: [0-9.]+, validation_loss: [0-9.]+, learning_rate: 0\\.02, [0-9.e-]+ s\n";
  CHECK(std::regex_match(text.str(), std::regex("epoch 1/2" + line + "epoch 2/2" + line)));
}

TEST_CASE("fit: why a run ended early is told, and whose weights the model has") {
  const auto told = [](FitOptions options) {
    SmallRun run(1);
    std::ostringstream text;
    options.progress = &text;
    options.monitor = "score";
    options.goal = SearchGoal::maximize;
    options.logs = {"score"};
    options.on_epoch = {[](FitEpoch& epoch) { epoch.log("score", epoch.number() == 2 ? 2 : 1); }};
    train(run, options);
    const std::string whole = text.str(),
                      last = whole.substr(whole.rfind("\n", whole.size() - 2) + 1);
    return last;
  };
  CHECK(told({.epochs = 9, .early_stopping = {.patience = 3}}) ==
        "stopped: score has not improved for 3 epochs; the model has the weights of epoch 2, the "
        "best by score\n");
  CHECK(told({.epochs = 9, .early_stopping = {.patience = 1, .restore_best = false}}) ==
        "stopped: score has not improved for 1 epoch\n");
  CHECK(told({.epochs = 3, .early_stopping = {.patience = 3}}) ==
        "the model has the weights of epoch 2, the best by score\n");
  CHECK(told({.epochs = 2, .early_stopping = {.patience = 3}}).starts_with("epoch 2/2"));
}

TEST_CASE("fit: on a terminal a bar with rate, time left, loss and its curve, as wide as that") {
  for (const int columns : {120, 40}) {
    for (const bool unicode : {true, false}) {
      const std::string shown = shown_on_terminal(columns, [&] {
        setenv("LC_ALL", unicode ? "C.UTF-8" : "C", 1);
        SmallRun run(1);
        train(run, {.epochs = 3,
                    .on_batch = {[](FitEpoch&) {
                      std::this_thread::sleep_for(std::chrono::milliseconds(40));
                    }},
                    .progress = &std::cout});
      });
      CAPTURE(shown);
      CHECK(shown.find("\repoch 1/3 [") != shown.npos);
      CHECK(shown.find("epoch 3/3, loss: ") != shown.npos);
      CHECK(shown.ends_with("\r\033[K"));
      for (std::size_t at = 0; (at = shown.find("\repoch", at)) != shown.npos;) {
        const std::string bar = shown.substr(at + 1, shown.find("\033[K", at) - at - 1);
        at += bar.size();
        CHECK(std::ranges::count_if(bar, [](char c) { return (c & 0xc0) != 0x80; }) < columns);
      }
      if (columns == 120) {
        CHECK(std::regex_search(
            shown, std::regex("epoch 2/3 \\[=+> *\\] +[0-9]+ %  [0-9]+ samples/s  0:0[0-9] left  "
                              "loss [0-9.]+ ")));
        CHECK((shown.find("▁") != shown.npos) == unicode);
      } else {
        CHECK(shown.find("loss 1") == shown.npos);
      }
    }
  }
}

TEST_CASE("fit: what loops and callbacks print between epochs has lines of its own") {
  const std::string shown = shown_on_terminal(100, [&] {
    setenv("LC_ALL", "C", 1);
    SmallRun run(1);
    Fit fit(run.model, run.optimizer, run.loader,
            [&](const data::Dataset& batch) { return run.loss(batch); },
            {.epochs = 3,
             .validation = run.samples,
             .max_steps = 20,
             .on_batch = {[](FitEpoch&) {
               std::this_thread::sleep_for(std::chrono::milliseconds(30));
             }},
             .on_epoch = {[](FitEpoch& epoch) {
               std::cout << "callback " << epoch.number() << std::endl;
             }},
             .progress = &std::cout});
    for (auto& epoch : fit) {
      for (auto& batch : epoch) batch.step(run.loss(batch.data));
      std::cout << "loop " << epoch.number() << std::endl;
    }
  });
  CAPTURE(shown);
  std::istringstream lines(shown.substr(std::min(shown.find("\repoch"), shown.size())));
  std::vector<std::string> printed;
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(line.rfind("\033[K") + (line.rfind("\033[K") == line.npos ? 1 : 3));
    printed.push_back(line.substr(0, line.find_first_of(",\r")));
  }
  REQUIRE(printed.size() >= 8);
  CHECK(std::vector(printed.begin(), printed.begin() + 7) ==
        std::vector<std::string>{"loop 1", "callback 1", "epoch 1/3", "loop 2", "callback 2",
                                 "epoch 2/3", "loop 3"});
  // The line is empty before: what was last drawn there was taken away.
  for (const char* text : {"loop 1", "loop 2", "loop 3"}) {
    const std::size_t at = shown.find(text);
    REQUIRE(at != shown.npos);
    CHECK(shown.substr(at - 4, 4) == "\r\033[K");
  }
}

TEST_CASE("fit: a line that a callback of a batch prints stands above the bar") {
  const auto print = [](std::ostream* progress) {
    SmallRun run(1);
    train(run, {.epochs = 2,
                .on_batch = {[](FitEpoch& epoch) {
                  std::this_thread::sleep_for(std::chrono::milliseconds(30));
                  if (epoch.batches() == 3)
                    epoch.print("third of " + std::to_string(epoch.number()));
                }},
                .progress = progress});
  };
  const std::string shown = shown_on_terminal(100, [&] { print(&std::cout); });
  CAPTURE(shown);
  CHECK(shown.find("\repoch 1/2") < shown.find("\r\033[Kthird of 1\r\n"));
  CHECK(shown.find("\r\033[Kthird of 1\r\n\repoch 1/2 [") != shown.npos);
  CHECK(shown.find("\r\033[Kthird of 2\r\n") != shown.npos);
  std::ostringstream lines;
  print(&lines);
  CHECK(lines.str().starts_with("third of 1\nepoch 1/2, "));
  const std::string silent = shown_on_terminal(100, [&] { print(nullptr); });
  CHECK(silent.ends_with("third of 1\r\nthird of 2\r\n"));
  CHECK(silent.find("epoch") == silent.npos);
}

TEST_CASE("a curve joins its points two by two, and draws the least and the greatest") {
  CHECK(drawn({}, 8).empty());
  CHECK(drawn({1}, 8) == "_");
  CHECK(drawn({7, 6, 5, 4, 3, 2, 1, 0}, 8) == "#+-_");  // means of two: 6.5, 4.5, 2.5, 0.5
  CHECK(drawn({0, 1, 2, 3, 4, 5, 6}, 7) == "_.-=+*#");
  CHECK(drawn({0, 7}, 8, true) == "▁█");
  CHECK(drawn({0, NAN, INFINITY, 7}, 8) == "_#");
  CHECK(drawn({0, 1, 2, 3, 4, 5, 6}, 3).size() == 3);
}

namespace {

int noted = 0;
extern "C" void note(int) { ++noted; }

}  // namespace

TEST_CASE("fit: Ctrl-C ends a run after the batch, saves it, says so, and is handled as before") {
  for (const int signal : {SIGINT, SIGTERM}) {
    CAPTURE(signal);
    noted = 0;
    const TemporaryDirectory directory;
    struct sigaction own {
    }, before{}, after{};
    own.sa_handler = note;
    REQUIRE(sigaction(signal, &own, &before) == 0);
    SmallRun whole(1), run(1);
    const History all = train(whole, {.epochs = 2});
    std::ostringstream text;
    FitOptions options{.epochs = 2,
                       .folder = {.path = directory.file("run"), .resume = true},
                       .on_batch = {[signal](FitEpoch& epoch) {
                         if (epoch.steps() == 11) raise(signal);
                       }},
                       .progress = &text,
                       .catch_interrupt = true};
    const History part = train(run, options);
    CHECK(part.stop == FitStop::interrupt);
    CHECK(part.last_is_part);
    CHECK(run.optimizer.steps() == 11);
    CHECK(text.str().ends_with("interrupted in epoch 2 after batch 3; saved " +
                               directory.file("run/epoch-00001-batch-000003.npz") + "\n"));
    REQUIRE(sigaction(signal, nullptr, &after) == 0);
    CHECK((after.sa_handler == note));
    CHECK(noted == 0);
    raise(signal);
    CHECK(noted == 1);

    SmallRun resumed(2);
    CHECK(train(resumed, options)["loss"] == all["loss"]);
    check_same_state(resumed.model, whole.model);
    // Who does not ask for it has the signal as it was.
    SmallRun other(1);
    options.catch_interrupt = false;
    options.folder = {};
    CHECK(train(other, options).stop == FitStop::epochs);
    CHECK(noted == 2);
    sigaction(signal, &before, nullptr);
  }
}

TEST_CASE("fit: a second Ctrl-C ends the program") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const pid_t child = fork();
    if (child == 0) {
      SmallRun run(1);
      train(run, {.epochs = 2,
                  .on_batch = {[signal](FitEpoch&) { raise(signal), raise(signal); }},
                  .catch_interrupt = true});
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == signal));
  }
}

TEST_CASE("fit: an exception puts the signal back too") {
  struct sigaction before {
  }, after{};
  sigaction(SIGINT, nullptr, &before);
  SmallRun run(1);
  CHECK_THROWS(train(run, {.on_batch = {[](FitEpoch&) { throw 1; }}, .catch_interrupt = true}));
  sigaction(SIGINT, nullptr, &after);
  CHECK((after.sa_handler == before.sa_handler));
}
