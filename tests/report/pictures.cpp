#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/nn/sequential.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/report/curves.hpp>
#include <xtape/report/decision_regions.hpp>
#include <xtape/report/heatmap.hpp>
#include <xtape/report/histograms.hpp>
#include <xtape/report/judging.hpp>
#include <xtape/train/confusion.hpp>

#include "../support/errors.hpp"
#include "../support/golden.hpp"

using namespace xtape;

namespace {

History run(double rate) {
  History history;
  for (int i = 0; i < 12; ++i) {
    const double loss = std::ldexp(1.0, -i) * rate;
    history.add({{"loss", loss},
                 {"accuracy", 1 - loss / 2},
                 {"validation_loss", i == 3 ? NAN : loss + 0.25},
                 {"learning_rate", 0.5},
                 {"seconds", 1.0 * i}});
  }
  return history;
}

bool shows(const std::string& svg, const std::string& text) {
  return svg.find(">" + text + "<") != std::string::npos;
}

Tensor quadrants(const Tensor& x) { return take(x, 0, 1) * take(x, 1, 1); }

}  // namespace

TEST_CASE("curves: a plot a metric, validation beside training") {
  History history = run(1);
  history.best_epoch = 9;
  golden::check("curves", report::curves(history, {.title = "A run", .log_scale = {"loss"}}));
  const std::string only = report::curves(history, {.metrics = {"accuracy"}}).svg();
  CHECK(shows(only, "accuracy"));
  CHECK(!shows(only, "loss"));
  CHECK(!shows(only, "validation"));
  CHECK(shows(report::curves(history, {.metrics = {"learning_rate"}}).svg(), "learning_rate"));
  CHECK(error_of<ValueError>([&] { return report::curves(history, {.metrics = {"los"}}); }) ==
        "history: there is no \"los\"; there is loss, accuracy, validation_loss, learning_rate, "
        "seconds");
  for (const std::string name : {"nope", "validation_loss"}) {
    const report::CurvesOptions options{.metrics = {"loss"}, .log_scale = {name}};
    const std::string rule = "curves: log_scale must name what is shown, loss; got \"";
    CHECK(error_of<ValueError>([&] { return report::curves(history, options); }) ==
          rule + name + "\"");
    CHECK(error_of<ValueError>([&] {
            return report::curves({{"adam", std::vector<History>{history}}}, options);
          }) == rule + name + "\"");
  }
  CHECK(shows(report::curves(History(), {.log_scale = {"loss"}}).svg(), "no data"));
}

TEST_CASE("curves: several runs, and none") {
  const auto two = report::curves({{"adam", run(1)}, {"sgd", run(0.5)}}, {.columns = 1});
  golden::check("runs", two);
  CHECK(shows(two.svg(), "sgd, validation"));
  CHECK(shows(report::curves(History()).svg(), "no data"));
  CHECK(shows(report::curves(std::vector<std::pair<std::string, History>>{}).svg(), "no data"));
}

TEST_CASE("curves: the mean of several runs in a band of their deviation") {
  const auto of = [](const std::vector<double>& losses, double ahead) {
    History history;
    for (const double loss : losses)
      history.add({{"loss", loss}, {"validation_loss", loss + ahead}});
    return history;
  };
  const std::vector<History> adam{of({1, 0.5, 0.3, 0.2}, 0.1), of({2, 0.7, 0.5}, 0.1),
                                  of({1.5, 0.6, 0.1}, 0.1)};
  const std::vector<History> sgd{of({2, 1.6, 1.4, 1.2}, 0), of({2.4, 1.8, 1.4, 1.1}, 0)};
  const auto picture =
      report::curves({{"adam", adam}, {"sgd", sgd}}, {.title = "Three runs and two"});
  golden::check("bands", picture);
  CHECK(shows(picture.svg(), "adam, validation"));

  // By hand: means 1.5, 0.6, 0.3 and 0.2, deviations 0.5, 0.1, 0.2, and none of one run.
  const std::vector<History> same{of({1, 0.5, 0.1, 0.2}, 0), of({2, 0.7, 0.5}, 0),
                                  of({1.5, 0.6, 0.3}, 0)};
  const std::string svg = report::curves({{"adam", same}}, {.metrics = {"loss"}}).svg();
  const double none = std::nan("");
  report::Plot by_hand({.title = "loss", .x_label = "epoch", .size = {480, 340}});
  using Doubles = std::vector<double>;
  const Doubles low{1, 0.5, 0.1, none}, high{2, 0.7, 0.5, none}, mean{1.5, 0.6, 0.3, 0.2};
  by_hand.band({1, 2, 3, 4}, low, high, {.color = report::palette(0)});
  by_hand.line({1, 2, 3, 4}, mean, {.label = "adam", .color = report::palette(0)})
      .line({1, 2, 3, 4}, mean, {.label = "adam, validation"});
  const auto path_of = [](const std::string& text, std::size_t which) {
    std::size_t at = text.find("<path");
    for (; which > 0; --which) at = text.find("<path", at + 1);
    return text.substr(at, text.find('\n', at) - at);
  };
  CHECK(path_of(svg, 0).find("fill-opacity=\"0.2\"") != std::string::npos);
  CHECK(path_of(svg, 0) == path_of(by_hand.svg(), 0));
  CHECK(path_of(svg, 1) == path_of(by_hand.svg(), 1));
  CHECK(error_of<ValueError>([&] {
          return report::curves({{"adam", adam}}, {.metrics = {"los"}});
        }).starts_with("history: there is no \"los\"; there is loss"));
  CHECK(shows(report::curves(std::vector<std::pair<std::string, std::vector<History>>>{}).svg(),
              "no data"));
  CHECK_THROWS_AS(by_hand.band({1, 2}, {1}, {2, 3}), ShapeError);
  CHECK_THROWS_AS(by_hand.band({1, 2}, {1, 2}, {2}), ShapeError);
}

TEST_CASE("decision regions: what a classifier says, and the points") {
  const Tensor x = tensor({{1.0, 1.0}, {-1.0, 1.0}, {-1.0, -1.0}, {1.0, -1.0}});
  const Tensor y = tensor({1, 0, 1, 0});
  const auto plot = report::decision_regions([](const Tensor& at) { return quadrants(at); }, x, y,
                                             {.title = "Quadrants",
                                              .names = {"unlike", "alike"},
                                              .resolution = 8,
                                              .threshold = 0,
                                              .size = {320, 280}});
  golden::check("decision_regions", plot);
  // The same by two scores, and by labels of other forms.
  const auto two = [](const Tensor& at) {
    return stack({zeros_like(quadrants(at)), quadrants(at)}, 1);
  };
  const auto column = [](const Tensor& at) { return expand_dims(quadrants(at), 1); };
  const report::DecisionRegionsOptions small{.resolution = 8, .threshold = 0};
  const std::string one = report::decision_regions(quadrants, x, y, small).svg();
  CHECK(report::decision_regions(two, x, y, small).svg() == one);
  const auto classes = [](const Tensor& at) { return (quadrants(at) > 0).to(Dtype::int64); };
  CHECK(report::decision_regions(classes, x, y, small).svg() == one);
  const auto far = [](const Tensor& at) {
    return (quadrants(at) > 0).to(Dtype::int64) * (std::int64_t{1} << 60);
  };
  CHECK(shows(report::decision_regions(far, x, y * (std::int64_t{1} << 60), small).svg(),
              "1152921504606846976"));
  CHECK(report::decision_regions(column, x, y, small).svg() == one);
  CHECK(report::decision_regions(quadrants, x, y.to(Dtype::float32), small).svg() == one);
  CHECK(report::decision_regions(quadrants, x, reshape(y, {4, 1}), small).svg() == one);
  CHECK(report::decision_regions(quadrants, x, take(eye(2), y), small).svg() == one);
}

TEST_CASE("decision regions: of a model in evaluation, which it is no longer then") {
  Rng rng(1);
  const nn::Sequential model{nn::Dense(2, 2, {}, rng), nn::Dropout(0.5, rng)};
  model.at("1").train(true);
  const Tensor x = rng.randn({5, 2}), y = tensor({0, 1, 0, 1, 0});
  const Rng before = rng;
  const std::string svg = report::decision_regions(model, x, y, {.resolution = 10}).svg();
  CHECK(rng == before);  // no masks were drawn
  CHECK(model.training());
  CHECK(model.at("1").training());
  model.eval();
  CHECK(report::decision_regions(model, x, y, {.resolution = 10}).svg() == svg);
  CHECK(!model.training());
}

TEST_CASE("decision regions: white where a score is no number") {
  const auto classifier = [](const Tensor& at) { return log(quadrants(at)); };
  const auto plot = report::decision_regions(classifier, tensor({{1.0, 1.0}, {-1.0, -1.0}}),
                                             tensor({0, 1}), {.resolution = 2, .threshold = -1e9});
  const std::string svg = plot.svg();  // of the four cells two are of class 1
  CHECK(svg.find("<path d=\"M0 0h1v1h-1zM1 1h1v1h-1z\"") != std::string::npos);
  CHECK(svg.find("M1 0h1v1h-1z") == std::string::npos);
}

TEST_CASE("decision regions: what is wrong is told") {
  const auto refused = [](const Tensor& x, const Tensor& y) {
    return error_of<Error>([&] { return report::decision_regions(quadrants, x, y); });
  };
  CHECK(refused(zeros({3, 4}), tensor({0, 1, 0})) ==
        "decision_regions: x must be [n, 2]; got float32[3, 4]");
  CHECK(refused(zeros({3, 2}), tensor({0, 1})) ==
        "decision_regions: x needs a label for each row; got float32[3, 2] and int64[2]");
  CHECK(refused(zeros({0, 2}), zeros({0}, Dtype::int64)) ==
        "decision_regions: points are needed; got none");
  CHECK(refused(tensor({{NAN, 1.0}}), tensor({0})) ==
        "decision_regions: x must be finite; got nan");
  CHECK(refused(zeros({1, 2}), tensor({-1})) ==
        "decision_regions: labels must not be negative; got -1");
  CHECK(error_of<ShapeError>([] {
          return report::decision_regions([](const Tensor&) { return zeros({3}); }, zeros({1, 2}),
                                          tensor({0}), {.resolution = 4});
        }) ==
        "decision_regions: the classifier must give scores for each row of float32[4, 2]; got "
        "float32[3]");
}

TEST_CASE("confusion: counts, coloured by the shares of their rows") {
  const Tensor counts = tensor({{50, 2, 0}, {10, 30, 0}, {0, 0, 0}});
  golden::check("confusion", report::confusion(
                                 counts, {.title = "Confusion", .names = {"cat", "dog", "heron"}}));
  const std::string svg = report::confusion(counts).svg();
  CHECK(shows(svg, "50"));
  CHECK(svg.find(report::color_of(report::Colormap::blues, 0.75).hex()) != std::string::npos);
  CHECK(!shows(report::confusion(eye(60, Dtype::int64)).svg(), "predicted "));
  CHECK(error_of<ShapeError>([] {
          return report::confusion(tensor({{1, 2}}));
        }) == "confusion: counts must be [classes, classes]; got int64[1, 2]");
  CHECK(error_of<DtypeError>([] { return report::confusion(eye(2)); }) ==
        "confusion: counts must be int64; got float32[2, 2]");
  CHECK(error_of<ValueError>([] { return report::confusion(tensor({{-1}})); }) ==
        "confusion: a count is negative: -1");
  CHECK(error_of<ShapeError>([&] { return report::confusion(counts, {.names = {"a"}}); }) ==
        "confusion: there must be a name for each of the classes; got 1 names for int64[3, 3]");
}

TEST_CASE("heatmap: colours, a bar, gaps") {
  const Tensor x = tensor({{0.0, 1.0, NAN}, {-2.0, INFINITY, 0.5}});
  golden::check("heatmap", report::heatmap(x, {.title = "Numbers",
                                               .x_label = "column",
                                               .y_label = "row",
                                               .map = report::Colormap::diverging}));
  const std::string svg = report::heatmap(x).svg();
  using report::color_of, report::Colormap;
  CHECK(svg.find("fill=\"" + color_of(Colormap::viridis, 0).hex()) != std::string::npos);
  CHECK(svg.find("fill=\"" + color_of(Colormap::viridis, 2.0 / 3).hex()) != std::string::npos);
  for (const Tensor& plain : {zeros({1, 1}), full({2, 2}, NAN), full({3, 1}, 7), ones({60, 60})})
    CHECK(golden::well_formed(report::heatmap(plain).svg()));
  CHECK(error_of<ValueError>([] {
          return report::heatmap(tensor({{1e308, -1e308}}, Dtype::float64));
        }) == "heatmap: high - low must be finite; got -1e+308 and 1e+308");
  CHECK(error_of<ShapeError>([] { return report::heatmap(zeros({3})); }) ==
        "heatmap: the matrix must be [rows, columns]; got float32[3]");
  CHECK(error_of<ShapeError>([] {
          return report::heatmap(zeros({0, 3}));
        }) == "heatmap: the matrix must be [rows, columns]; got float32[0, 3]");
}

TEST_CASE("attention maps: a map a head, all on one scale") {
  const Tensor weights = tensor({{{1.0, 0.0}, {0.5, 0.5}}, {{0.25, 0.75}, {0.0, 1.0}}});
  golden::check("attention",
                report::attention_maps(weights, {.queries = {"to", "be"}, .keys = {"or", "not"}}));
  CHECK(golden::well_formed(report::attention_maps(weights[0]).svg()));
  CHECK(error_of<ShapeError>([] {
          return report::attention_maps(zeros({1, 2, 3, 4}));
        }) ==
        "attention_maps: weights must be [queries, keys] or [heads, queries, keys]; got "
        "float32[1, 2, 3, 4]");
}

TEST_CASE("roc: the curve with the area under it") {
  const Tensor scores = tensor({0.1, 0.4, 0.35, 0.8}), targets = tensor({0, 0, 1, 1});
  golden::check("roc",
                report::roc_curve(scores, targets, {.title = "ROC"}));  // scikit-learn's example
  CHECK(shows(report::roc_curve(scores, targets).svg(), "AUC 0.750"));
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
  CHECK(shows(report::calibration(zeros({0}), zeros({0})).svg(), "calibrated"));
  CHECK_THROWS_AS(report::calibration(p * 2, t), ValueError);
  CHECK_THROWS_AS(report::calibration(p, t * 2), ValueError);
  CHECK_THROWS_AS(report::calibration(p, ones({3})), ShapeError);
  CHECK_THROWS_AS(report::calibration(two, tensor({2, 0, 0, 0})), IndexError);
}

TEST_CASE("histograms: of parameters, and of the gradients that there are") {
  const Tensor a = tensor({1.0, 2.0}).set_requires_grad(true),
               b = tensor({3.0}).set_requires_grad(true);
  const NamedTensors both{{"a", a}, {"b", b}};
  CHECK(shows(report::histograms(both).svg(), "b"));
  sum(a * a).backward();
  const std::string svg = report::gradient_histograms(both).svg();
  CHECK(shows(svg, "a"));
  CHECK(!shows(svg, "b"));
  CHECK(svg == report::histograms({{"a", tensor({2.0, 4.0})}}).svg());
  CHECK(shows(report::gradient_histograms({}).svg(), "no data"));
}
