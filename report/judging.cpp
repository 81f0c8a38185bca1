#include <algorithm>
#include <cmath>

#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/report/judging.hpp>
#include <xtape/report/labels.hpp>
#include <xtape/train/metrics.hpp>
#include <xtape/train/ranking.hpp>

namespace xtape::report {
namespace {

using Named = std::vector<std::pair<std::string, Tensor>>;
constexpr const char* roc = "roc_curve";

Plot square(std::string title, std::string x_label, std::string y_label, Size size) {
  Plot plot({.title = std::move(title),
             .x_label = std::move(x_label),
             .y_label = std::move(y_label),
             .x_limits = {-0.02, 1.02},
             .y_limits = {-0.02, 1.02},
             .size = size});
  return plot;
}

void add_chance(Plot& plot, const char* label) {
  plot.line({0, 1}, {0, 1},
            {.label = label, .dash = Dash::dashed, .color = Color{0x88, 0x88, 0x88}, .width = 1.5});
}

Plot empty_roc(const RocOptions& options) {
  return square(options.title, "false positive rate", "true positive rate", options.size);
}

/// Adds the curve, or where there are no targets of both kinds to the legend alone that it is
/// missing. Returns why, empty for a curve.
std::string add_roc(Plot& plot, const std::string& name, const Tensor& scores,
                    const Tensor& targets) {
  const auto groups = xtape::detail::by_score(roc, scores, targets);
  const double hits = xtape::detail::all_hits(groups);
  const double others = static_cast<double>(scores.size()) - hits;
  if (hits == 0 || others == 0) {
    std::string why = (name.empty() ? "" : name + ": ") + (hits == 0 ? "none" : "all");
    plot.line(std::vector<double>{}, {.label = why});
    return why;
  }
  std::vector<double> x{0}, y{0};
  double found = 0, wrong = 0, last_hits = 0, last_others = 0;
  for (const auto& group : groups) {
    found += group.hits;
    wrong += group.size - group.hits;
    const double own_others = group.size - group.hits;
    if (x.size() > 1 && group.hits * last_others == last_hits * own_others) {  // straight on
      x.pop_back();
      y.pop_back();
    }
    last_hits = group.hits;
    last_others = own_others;
    x.push_back(wrong / others);
    y.push_back(found / hits);
  }
  plot.line(x, y,
            {.label = name + (name.empty() ? "" : ", ") + "AUC " +
                      detail::decimals(roc_auc(scores, targets), 3)});
  return {};
}

/// Of two classes a model may have one column: [n, 1] as [n].
Tensor without_column(const Tensor& x) {
  return x.rank() == 2 && x.extent(1) == 1 ? reshape(x, {x.extent(0)}) : x;
}

struct Said {
  Tensor probability, truth;  // [n] each
};

Said said(const Tensor& probabilities, const Tensor& targets) {
  const char* const op = "calibration";
  nn::detail::check_floating(op, "probabilities", probabilities);
  const Tensor p = probabilities.detach();
  nn::detail::check_shares(op, "probabilities", p);
  if (without_column(p).rank() == 1) {
    const Tensor of_one = without_column(p), truth = without_column(targets.detach());
    nn::detail::check_same_shape(op, "probabilities", of_one, truth);
    nn::detail::check_truth_values(op, truth);
    return {of_one, truth};
  }
  nn::detail::check_label_shapes(op, "probabilities", p, targets);
  if (p.extent(1) == 0) throw ShapeError("calibration: classes are needed; got " + p.describe());
  const Tensor labels = detail::classes_of(op, targets);
  nn::detail::check_label_range(op, "labels", labels, p.extent(1));
  return {amax(p, 1), argmax(p, 1) == labels};
}

}  // namespace

Plot roc_curve(const Tensor& scores, const Tensor& targets, const RocOptions& options) {
  if (without_column(scores).rank() == 1)
    return roc_curve({{"", without_column(scores)}}, without_column(targets), options);
  nn::detail::check_label_shapes(roc, "scores", scores, targets);
  const NoGradGuard off;
  const Tensor labels = detail::classes_of(roc, targets);
  nn::detail::check_label_range(roc, "labels", labels, scores.extent(1));
  detail::check_names(roc, "classes", options.names, scores.extent(1), scores);
  Plot plot = empty_roc(options);
  std::vector<std::int64_t> classes = options.classes;
  for (std::int64_t i = scores.extent(1) == 2 ? 1 : 0;
       options.classes.empty() && i < scores.extent(1); ++i)
    classes.push_back(i);
  bool any = false;
  std::string missing;
  for (const std::int64_t i : classes) {
    if (i < 0 || i >= scores.extent(1)) {
      throw IndexError("roc_curve: a class must lie in [0, " + std::to_string(scores.extent(1)) +
                       "); got " + std::to_string(i));
    }
    const std::string why = add_roc(plot, detail::class_name(options.names, i),
                                    take(scores.detach(), i, 1), (labels == i).to(Dtype::int64));
    any = any || why.empty();
    missing += (missing.empty() ? "" : ", ") + why;
  }
  if (!any && !classes.empty()) {
    throw ValueError("roc_curve: targets of a class and of others are needed; got " + missing);
  }
  add_chance(plot, "chance");
  return plot;
}

Plot roc_curve(const Named& scores, const Tensor& targets, const RocOptions& options) {
  Plot plot = empty_roc(options);
  for (const auto& [name, of] : scores) {
    if (add_roc(plot, name, of, targets).empty()) continue;
    throw ValueError("roc_curve: targets of both classes are needed; got only " +
                     std::string(of.size() == 0                       ? "none"
                                 : amax(targets.detach()).item() != 0 ? "1"
                                                                      : "0"));
  }
  add_chance(plot, "chance");
  return plot;
}

Plot calibration(const Tensor& probabilities, const Tensor& targets,
                 const CalibrationOptions& options) {
  xtape::detail::require_in<std::int64_t>("calibration", "bins", options.bins, 1, 10000);
  const NoGradGuard off;
  const auto [probability, truth] = said(probabilities, targets);
  const auto p = probability.to_vector<double>(), t = truth.to_vector<double>();
  const auto bins = static_cast<std::size_t>(options.bins);
  struct Bin {
    double count = 0, said = 0, true_ones = 0;
  };
  std::vector<Bin> all(bins);
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto at = static_cast<std::size_t>(p[i] * static_cast<double>(bins));
    Bin& bin = all[std::min(at, bins - 1)];
    bin.count += 1;
    bin.said += p[i];
    bin.true_ones += t[i];
  }
  std::vector<double> x, y;
  double error = 0;
  for (const Bin& bin : all) {
    if (bin.count == 0) continue;
    x.push_back(bin.said / bin.count);
    y.push_back(bin.true_ones / bin.count);
    error += std::abs(bin.said - bin.true_ones) / static_cast<double>(p.size());
  }
  Plot plot = square(options.title, "mean probability", "share that is true", options.size);
  add_chance(plot, "calibrated");
  const std::string found = p.empty() ? "no data" : detail::decimals(error, 3);
  plot.line(x, y, {.label = "expected calibration error " + found, .color = palette(0)});
  plot.scatter(x, y, {.color = palette(0), .diameter = 8});
  return plot;
}

}  // namespace xtape::report
