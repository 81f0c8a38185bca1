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
#include <xtape/ops/functions.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/report/curves.hpp>
#include <xtape/report/decision_regions.hpp>
#include <xtape/report/histograms.hpp>

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

TEST_CASE("curves: runs of one colour have signs, for dashes are for validation") {
  std::vector<std::pair<std::string, History>> runs;
  for (int i = 0; i < 20; ++i) {
    History history;
    for (int k = 0; k < 6; ++k) history.add({{"loss", i + std::ldexp(1.0, -k)}});
    runs.emplace_back("run " + std::to_string(i), history);
  }
  const std::string svg = report::curves(runs).svg();
  const auto times = [&](const std::string& part) {
    int found = 0;
    for (std::size_t at = svg.find(part); at != svg.npos; at = svg.find(part, at + 1)) ++found;
    return found;
  };
  const int squares = times("<rect") - 2;  // the page and the frame
  CHECK(squares == 8 * (6 + 1));           // at each epoch, and in the legend
  CHECK(times("z\"") == 4 * (6 + 1));      // triangles
  CHECK(times("<circle") == 0);
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

TEST_CASE("decision regions: ten classes") {
  const Tensor at = (arange(10).to(Dtype::float64) - 4.5);
  const auto tenth = [](const Tensor& x) {
    return clip(floor(take(x, 0, 1) + 5), 0, 9).to(Dtype::int64);
  };
  const auto plot = report::decision_regions(
      tenth, stack({concatenate({at, at}), concatenate({at, -at})}, 1),
      concatenate({arange(10), arange(10)}), {.resolution = 40, .diameter = 9, .size = {420, 360}});
  golden::check("regions_of_ten", plot);
  const std::string svg = plot.svg();
  for (const std::size_t i : {0U, 1U})
    CHECK(svg.find("hatch-rising-" +
                   report::mixed(report::palette(i), {255, 255, 255}, 0.35).hex().substr(1)) !=
          svg.npos);
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
  sum(b * b).backward();
  golden::check("gradient_histograms",
                report::gradient_histograms(both, {.title = "Gradients", .bins = 8}));
  CHECK(shows(report::gradient_histograms({}).svg(), "no data"));
}
