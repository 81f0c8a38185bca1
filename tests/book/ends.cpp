// Where the book's runs end, at epoch 10000 in float32.
//
// These figures are chaotic: rounding alone moves them, so they differ from processor to processor.
// The median of five seeds must lie in a band: the printed figure and three standard deviations to
// each side; the deviation is that of the same figure over ten seeds of data, weights and dropout,
// 0 to 9, of examples/spiral on one machine (docs/book.md has the command). On both sides come
// 0.0005 for the printed digits. The runs take minutes: ./dev check.

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/optim/adam.hpp>
#include <xtape/optim/sgd.hpp>

#include "../support/book.hpp"

using namespace xtape;

namespace {

struct Band {
  const char* figure;
  double got, printed, deviation;
};

void check(const std::vector<Band>& bands) {
  for (const Band& band : bands) {
    CAPTURE(band.figure);
    CAPTURE(band.got);
    CAPTURE(band.printed);
    CHECK(std::abs(band.got - band.printed) <= 3 * band.deviation + 0.0005);
  }
}

using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(const BookModel&)>;

/// Where runs of several seeds end: the median of each figure.
struct Ends {
  double accuracy, loss, data_loss, regularization_loss, test_accuracy, test_loss;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Ends ends(BookOptions options, const MakeOptimizer& make) {
  std::vector<double> figures[6];
  for (options.seed = 0; options.seed < 5; ++options.seed) {
    BookModel model(options);
    const auto optimizer = make(model);
    const BookRow last = model.train(*optimizer, {10000}).at(10000);
    const BookRow test = model.test();
    const double row[] = {last.accuracy, last.loss, last.data_loss, last.regularization_loss,
                          test.accuracy, test.loss};
    for (std::size_t i = 0; i < 6; ++i) figures[i].push_back(row[i]);
  }
  return {median(figures[0]), median(figures[1]), median(figures[2]),
          median(figures[3]), median(figures[4]), median(figures[5])};
}

Ends ends(const BookOptions& options, double learning_rate, double decay) {
  return ends(options, [=](const BookModel& model) {
    return std::make_unique<optim::Adam>(
        model.network().parameters(),
        optim::AdamOptions{.learning_rate = learning_rate, .decay = decay});
  });
}

}  // namespace

TEST_CASE("book, end: SGD with decay") {
  const Ends last = ends({}, [](const BookModel& model) {
    return std::make_unique<optim::SGD>(model.network().parameters(),
                                        optim::SGDOptions{.learning_rate = 1, .decay = 1e-3});
  });
  check({{"accuracy", last.accuracy, 0.680, 0.0508}, {"loss", last.loss, 0.761, 0.0801}});
}

TEST_CASE("book, end: Adam, rate 0.02") {
  const Ends last = ends({}, 0.02, 1e-5);
  check({{"accuracy", last.accuracy, 0.963, 0.0605}, {"loss", last.loss, 0.079, 0.1300}});
}

TEST_CASE("book, end: Adam, rate 0.05") {
  const Ends last = ends({}, 0.05, 5e-7);
  check({{"accuracy", last.accuracy, 0.983, 0.0605},
         {"loss", last.loss, 0.074, 0.1044},
         {"test accuracy", last.test_accuracy, 0.803, 0.0469},
         {"test loss", last.test_loss, 0.858, 0.4341}});
}

TEST_CASE("book, end: Adam with L2") {
  const Ends last = ends({.l2 = 5e-4}, 0.02, 5e-7);
  check({{"accuracy", last.accuracy, 0.947, 0.0156},
         {"loss", last.loss, 0.217, 0.0316},
         {"data loss", last.data_loss, 0.157, 0.0295},
         {"regularization loss", last.regularization_loss, 0.060, 0.0053},
         {"test accuracy", last.test_accuracy, 0.830, 0.0191},
         {"test loss", last.test_loss, 0.435, 0.1640}});
}

TEST_CASE("book, end: L2 and 1000 samples a class") {
  const Ends last = ends({.samples = 1000, .l2 = 5e-4}, 0.02, 5e-7);
  check({{"accuracy", last.accuracy, 0.895, 0.0067},
         {"loss", last.loss, 0.357, 0.0339},
         {"data loss", last.data_loss, 0.293, 0.0236},
         {"regularization loss", last.regularization_loss, 0.063, 0.0117},
         {"test accuracy", last.test_accuracy, 0.873, 0.0063},
         {"test loss", last.test_loss, 0.332, 0.0277}});
}

TEST_CASE("book, end: L2 and 256 neurons") {
  const Ends last = ends({.samples = 1000, .hidden = 256, .l2 = 5e-4}, 0.02, 5e-7);
  check({{"accuracy", last.accuracy, 0.920, 0.0077},
         {"loss", last.loss, 0.261, 0.0251},
         {"data loss", last.data_loss, 0.214, 0.0226},
         {"regularization loss", last.regularization_loss, 0.047, 0.0039},
         {"test accuracy", last.test_accuracy, 0.893, 0.0134},
         {"test loss", last.test_loss, 0.332, 0.0582}});
}

TEST_CASE("book, end: L2 and 512 neurons") {
  const Ends last = ends({.samples = 1000, .hidden = 512, .l2 = 5e-4}, 0.02, 5e-7);
  check({{"accuracy", last.accuracy, 0.918, 0.0111},
         {"loss", last.loss, 0.253, 0.0328},
         {"data loss", last.data_loss, 0.210, 0.0289},
         {"regularization loss", last.regularization_loss, 0.043, 0.0045},
         {"test accuracy", last.test_accuracy, 0.920, 0.0178},
         {"test loss", last.test_loss, 0.256, 0.0246}});
}

TEST_CASE("book, end: dropout") {
  const Ends last = ends({.samples = 1000, .l2 = 5e-4, .dropout = 0.1}, 0.05, 5e-5);
  check({{"accuracy", last.accuracy, 0.688, 0.0229},
         {"loss", last.loss, 0.727, 0.0345},
         {"data loss", last.data_loss, 0.711, 0.0373},
         {"regularization loss", last.regularization_loss, 0.016, 0.0032},
         {"test accuracy", last.test_accuracy, 0.757, 0.0450},
         {"test loss", last.test_loss, 0.712, 0.0599}});
}

TEST_CASE("book, end: dropout and 512 neurons") {
  const Ends last = ends({.samples = 1000, .hidden = 512, .l2 = 5e-4, .dropout = 0.1}, 0.05, 5e-5);
  check({{"accuracy", last.accuracy, 0.859, 0.0075},
         {"loss", last.loss, 0.468, 0.0213},
         {"data loss", last.data_loss, 0.417, 0.0190},
         {"regularization loss", last.regularization_loss, 0.051, 0.0063},
         {"test accuracy", last.test_accuracy, 0.857, 0.0128},
         {"test loss", last.test_loss, 0.397, 0.0432}});
}
