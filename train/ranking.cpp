// Metrics of scores by their order, and of probabilities.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/cross_entropy.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/sort.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/train/metrics.hpp>
#include <xtape/train/ranking.hpp>

namespace xtape {
namespace detail {

std::vector<Tied> by_score(const char* op, const Tensor& scores, const Tensor& targets) {
  nn::detail::check_same_shape(op, "scores", scores, targets);
  if (scores.rank() != 1)
    throw ShapeError(std::string(op) + ": scores must be [n]; got " + scores.describe());
  nn::detail::check_truth_values(op, targets);
  const NoGradGuard off;
  const std::vector<double> score = scores.detach().to_vector<double>(),
                            target = targets.detach().to_vector<double>();
  std::vector<std::size_t> order(score.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (const std::size_t i : order) {
    if (std::isnan(score[i])) {
      throw ValueError(std::string(op) + ": scores must be numbers; got NaN at position " +
                       std::to_string(i));
    }
  }
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  std::vector<Tied> groups;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || score[order[i]] != score[order[i - 1]]) groups.push_back({0, 0});
    groups.back().size += 1;
    groups.back().hits += target[order[i]];
  }
  return groups;
}

double all_hits(const std::vector<Tied>& groups) {
  double hits = 0;
  for (const Tied& group : groups) hits += group.hits;
  return hits;
}

}  // namespace detail

using detail::all_hits, detail::by_score, detail::Tied;

double roc_auc(const Tensor& scores, const Tensor& targets) {
  const std::vector<Tied> groups = by_score("roc_auc", scores, targets);
  const double hits = all_hits(groups), others = static_cast<double>(scores.size()) - hits;
  if (hits == 0 || others == 0) {
    throw ValueError("roc_auc: targets of both classes are needed; got only " +
                     std::string(scores.size() == 0 ? "none"
                                 : hits == 0        ? "0"
                                                    : "1"));
  }
  double above = 0, pairs = 0;  // hits of greater score; pairs in order
  for (const Tied& group : groups) {
    pairs += (group.size - group.hits) * (above + group.hits / 2);
    above += group.hits;
  }
  return pairs / (hits * others);
}

double average_precision(const Tensor& scores, const Tensor& targets) {
  const std::vector<Tied> groups = by_score("average_precision", scores, targets);
  const double hits = all_hits(groups);
  if (hits == 0) throw ValueError("average_precision: a target of 1 is needed; got none");
  double found = 0, seen = 0, area = 0;
  for (const Tied& group : groups) {
    found += group.hits;
    seen += group.size;
    area += group.hits * found / seen;
  }
  return area / hits;
}

double top_k_accuracy(const Tensor& scores, const Tensor& labels, const TopKOptions& options) {
  const char* const op = "top_k_accuracy";
  nn::detail::check_label_shapes(op, "scores", scores, labels);
  detail::require_in<std::int64_t>(op, "k", options.k, 1, scores.extent(1));
  const bool sparse = labels.rank() == 1;
  if (sparse && labels.dtype() != Dtype::int64)
    throw DtypeError("top_k_accuracy: labels [n] must be int64; got " + labels.describe());
  if (sparse) nn::detail::check_label_range(op, "labels", labels, scores.extent(1));
  const NoGradGuard off;
  if (scores.size() > 0 && is_floating(scores.dtype()) && std::isnan(amax(scores).item()))
    return std::numeric_limits<double>::quiet_NaN();
  const Tensor actual = sparse ? labels : nn::detail::hot_classes(op, labels);
  return mean(any(topk(scores, options.k, 1).indices == expand_dims(actual, 1), 1)).item();
}

double log_loss(const Tensor& probabilities, const Tensor& labels) {
  const char* const op = "log_loss";
  const bool of_one = probabilities.rank() == 1;
  of_one ? nn::detail::check_same_shape(op, "probabilities", probabilities, labels)
         : nn::detail::check_label_shapes(op, "probabilities", probabilities, labels);
  nn::detail::check_floating(op, "probabilities", probabilities);
  nn::detail::check_shares(op, "probabilities", probabilities);
  const NoGradGuard off;
  const double eps = probabilities.dtype() == Dtype::float32
                         ? std::numeric_limits<float>::epsilon()
                         : std::numeric_limits<double>::epsilon();
  const auto loss_of = [&](const Tensor& p) {
    return -mean(log(clip(p.to(Dtype::float64), eps, 1 - eps))).item();
  };
  if (of_one) {
    nn::detail::check_truth_values(op, labels);
    return loss_of(where(labels != 0, probabilities, 1 - probabilities));
  }
  if (labels.rank() == 2) {
    const Tensor classes = nn::detail::hot_classes(op, labels);
    return loss_of(take_along_axis(probabilities, expand_dims(classes, 1), 1));
  }
  if (labels.dtype() != Dtype::int64)
    throw DtypeError("log_loss: labels [n] must be int64; got " + labels.describe());
  nn::detail::check_label_range(op, "labels", labels, probabilities.extent(1));
  return loss_of(take_along_axis(probabilities, expand_dims(labels, 1), 1));
}

double perplexity(const Tensor& logits, const Tensor& labels, const PerplexityOptions& options) {
  const NoGradGuard off;
  return std::exp(nn::cross_entropy(logits, labels, {.ignore_index = options.ignore_index}).item());
}

}  // namespace xtape
