#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/train/history.hpp>

#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

History three_epochs() {
  History history;
  history.add({{"loss", 0.1}, {"seconds", 1}});
  history.add({{"loss", 1.0 / 3}, {"accuracy", 0.5}, {"seconds", 2}});
  history.add({{"accuracy", NAN}, {"loss", 1e-300}});
  return history;
}

}  // namespace

TEST_CASE("history: a column a metric, a row an epoch, NaN where there was none") {
  const History history = three_epochs();
  CHECK(history.epochs() == 3);
  CHECK(history.names() == std::vector<std::string>{"loss", "seconds", "accuracy"});
  CHECK(history["loss"] == std::vector<double>{0.1, 1.0 / 3, 1e-300});
  CHECK(std::isnan(history["accuracy"][0]));
  CHECK(history["accuracy"][1] == 0.5);
  CHECK(std::isnan(history["seconds"][2]));
  CHECK(history.best("loss", SearchGoal::minimize) == 1e-300);
  CHECK(history.best("loss", SearchGoal::maximize) == 1.0 / 3);
  CHECK(history.best("accuracy", SearchGoal::maximize) == 0.5);
  CHECK(error_of<ValueError>([&] { return history["los"]; }) ==
        "history: there is no \"los\"; there is loss, seconds, accuracy");
  CHECK(error_of<ValueError>([] { return History()["loss"]; }) ==
        "history: there is no \"loss\"; there is nothing: no epoch has ended");
  CHECK(error_of<ValueError>([] {
          History bad;
          bad.add({{"x", NAN}});
          return bad.best("x", SearchGoal::minimize);
        }) == "history: all of \"x\" are NaN");
}

TEST_CASE("history: CSV holds the numbers to the last bit, and nothing where there was none") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("history.csv");
  three_epochs().save_csv(path);
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() ==
        "epoch,loss,seconds,accuracy\n1,0.1,1,\n2,0.3333333333333333,2,0.5\n3,1e-300,,\n");
  CHECK_THROWS_AS(three_epochs().save_csv(directory.file("nowhere/history.csv")), IoError);
  History().save_csv(path);
}

TEST_CASE("history: prints a table and why the run ended") {
  History history = three_epochs();
  history.stop = FitStop::patience;
  history.monitor = "loss";
  history.best_epoch = 3;
  std::ostringstream text;
  text << history;
  CHECK(text.str() ==
        "epoch  loss    seconds  accuracy\n"
        "1      0.1     1        nan\n"
        "2      0.3333  2        0.5\n"
        "3      1e-300  nan      nan\n"
        "ended: no improvement; best loss in epoch 3\n");
}
