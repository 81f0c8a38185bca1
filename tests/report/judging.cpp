#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/report/judging.hpp>

#include "../support/errors.hpp"
#include "../support/golden.hpp"

using namespace xtape;

namespace {

bool shows(const std::string& svg, const std::string& text) {
  return svg.find(">" + text + "<") != std::string::npos;
}

}  // namespace

TEST_CASE("roc: the curve with the area under it") {
  const Tensor scores = tensor({0.1, 0.4, 0.35, 0.8}), targets = tensor({0, 0, 1, 1});
  golden::check("roc",
                report::roc_curve(scores, targets, {.title = "ROC"}));  // scikit-learn's example
  CHECK(shows(report::roc_curve(scores, targets).svg(), "AUC 0.750"));
  CHECK(report::roc_curve(reshape(scores, {4, 1}), reshape(targets, {4, 1})).svg() ==
        report::roc_curve(scores, targets).svg());  // as a model with one output gives them
  CHECK(shows(report::roc_curve({{"a", scores}, {"b", -scores}}, targets).svg(), "b, AUC 0.250"));
  const Tensor both = stack({-scores, scores}, 1);
  const std::string each = report::roc_curve(both, targets, {.names = {"no", "yes"}}).svg();
  CHECK(!shows(each, "no, AUC 0.750"));  // of two classes one curve says all
  CHECK(shows(each, "yes, AUC 0.750"));
  const std::string two = report::roc_curve(both, targets, {.classes = {1, 0}}).svg();
  CHECK(shows(two, "0, AUC 0.750"));
  CHECK(shows(two, "1, AUC 0.750"));
  const Tensor three = stack({-scores, scores, scores}, 1);
  const std::string all = report::roc_curve(three, tensor({0, 2, 1, 1})).svg();
  for (const char* name : {"0, AUC", "1, AUC", "2, AUC"})
    CHECK(all.find(name) != std::string::npos);
  CHECK(error_of<IndexError>([&] { return report::roc_curve(both, targets, {.classes = {2}}); }) ==
        "roc_curve: a class must lie in [0, 2); got 2");
  CHECK(report::roc_curve(both, take(eye(2), targets), {.names = {"no", "yes"}}).svg() == each);
  CHECK_THROWS_AS(report::roc_curve(scores, ones({4})), ValueError);
  CHECK_THROWS_AS(report::roc_curve(scores, ones({3})), ShapeError);
  CHECK_THROWS_AS(report::roc_curve(both, tensor({0, 1, 2, 0})), IndexError);
  CHECK_THROWS_AS(report::roc_curve(both, targets, {.names = {"a", "b", "c"}}), ShapeError);
}

TEST_CASE("roc: a class that is missing is told in the legend") {
  const Tensor scores =
      tensor({{0.7, 0.2, 0.1}, {0.4, 0.6, 0.0}, {0.5, 0.3, 0.2}, {0.1, 0.8, 0.1}});
  const std::vector<std::string> names{"cat", "dog", "heron"};
  const auto of = [&](const Tensor& labels, std::vector<std::int64_t> classes = {}) {
    return report::roc_curve(scores, labels, {.names = names, .classes = std::move(classes)}).svg();
  };
  const std::string two = of(tensor({0, 1, 0, 1}));
  CHECK(shows(two, "cat, AUC 1.000"));
  CHECK(shows(two, "dog, AUC 1.000"));
  CHECK(shows(two, "heron: none"));
  CHECK(error_of<ValueError>([&] {
          return of(tensor({1, 1, 1, 1}));
        }) ==
        "roc_curve: targets of a class and of others are needed; got cat: none, dog: all, heron: "
        "none");
  CHECK(error_of<ValueError>([&] {
          return of(tensor({0, 1, 0, 1}), {2});
        }) == "roc_curve: targets of a class and of others are needed; got heron: none");
  const Tensor one = tensor({0.1, 0.4});
  for (const auto& [targets, got] : {std::pair{ones({2}), "1"}, {zeros({2}), "0"}}) {
    const Tensor of_all = targets;
    CHECK(error_of<ValueError>([&] { return report::roc_curve(one, of_all); }) ==
          std::string("roc_curve: targets of both classes are needed; got only ") + got);
  }
  CHECK(error_of<ValueError>([] { return report::roc_curve(zeros({0}), zeros({0})); }) ==
        "roc_curve: targets of both classes are needed; got only none");
}

TEST_CASE("calibration: shares over probabilities, and the expected error") {
  // Bins of one half: (0.1, 0.3) of which none is true, (0.7, 0.9) of which one is.
  const Tensor p = tensor({0.1, 0.3, 0.7, 0.9}), t = tensor({0, 0, 1, 0});
  const auto plot = report::calibration(p, t, {.title = "Calibration", .bins = 2});
  golden::check("calibration", plot);
  CHECK(shows(plot.svg(), "expected calibration error 0.250"));  // (0.2 + 0.3) / 2
  // Of two classes the probability of the one that is predicted, and whether it is right: 0.9 no,
  // 0.7 yes, 0.7 yes, 0.9 no.
  const Tensor two = stack({1 - p, p}, 1);
  CHECK(shows(report::calibration(two, tensor({1, 0, 1, 0}), {.bins = 1}).svg(),
              "expected calibration error 0.300"));
  CHECK(report::calibration(reshape(p, {4, 1}), t, {.bins = 2}).svg() ==
        report::calibration(p, t, {.bins = 2}).svg());
  CHECK(shows(report::calibration(zeros({0}), zeros({0})).svg(),
              "expected calibration error no data"));
  CHECK_THROWS_AS(report::calibration(p * 2, t), ValueError);
  CHECK_THROWS_AS(report::calibration(p, t * 2), ValueError);
  CHECK_THROWS_AS(report::calibration(p, ones({3})), ShapeError);
  CHECK_THROWS_AS(report::calibration(two, tensor({2, 0, 0, 0})), IndexError);
}
