#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/data/kernels/mixed.hpp>
#include <xtape/data/row_order.hpp>
#include <xtape/data/sampler.hpp>

namespace xtape::data {

struct Sampler::Plan {
  /// `possible` rows may be drawn.
  static std::shared_ptr<const Plan> make(std::int64_t rows, std::int64_t possible,
                                          std::vector<double> probabilities,
                                          const SamplerOptions& options) {
    const std::int64_t samples = options.samples.value_or(options.replacement ? rows : possible);
    detail::check_count("sampler", "samples", samples);
    if (!options.replacement && samples > possible) {
      throw ValueError(
          "sampler: without replacement samples must be at most the rows that can be "
          "drawn, " +
          std::to_string(possible) + "; got " + std::to_string(samples));
    }
    return std::make_shared<const Plan>(
        Plan{rows, samples, {options.replacement, std::move(probabilities)}});
  }

  std::int64_t rows, samples;
  ChoiceOptions choice;
  std::vector<std::vector<std::int64_t>> classes =
      {};  // the rows of each, of which as many are drawn
  std::optional<detail::Blocks> blocks = {};
};

namespace {

/// `samples` rows, as many of each class, in any order.
Tensor draw_of_each(const std::vector<std::vector<std::int64_t>>& classes, std::int64_t samples,
                    Rng& rng) {
  const std::int64_t count = std::ssize(classes), more = samples % count;
  const ChoiceOptions once{.replace = false};
  std::vector<std::int64_t> sizes(classes.size(), samples / count), rows;
  if (more > 0) {
    for (const std::int64_t one : rng.choice(count, {more}, once).to_vector<std::int64_t>()) {
      ++sizes[static_cast<std::size_t>(one)];
    }
  }
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (sizes[i] == 0) continue;
    const Tensor places = rng.choice(std::ssize(classes[i]), {sizes[i]}, once);
    for (const std::int64_t place : places.to_vector<std::int64_t>()) {
      rows.push_back(classes[i][static_cast<std::size_t>(place)]);
    }
  }
  std::vector<std::int64_t> mixed;
  for (const std::int64_t place : rng.choice(samples, {samples}, once).to_vector<std::int64_t>()) {
    mixed.push_back(rows[static_cast<std::size_t>(place)]);
  }
  return from_vector(std::move(mixed));
}

}  // namespace

Sampler Sampler::uniform(std::int64_t rows, const SamplerOptions& options) {
  detail::check_count("sampler", "rows", rows);
  Sampler sampler;
  sampler.plan_ = Plan::make(rows, rows, {}, options);
  return sampler;
}

Sampler Sampler::weighted(const Tensor& weights, const SamplerOptions& options) {
  if (weights.rank() != 1) {
    throw ShapeError("sampler: weights must be [rows]; got " + weights.describe());
  }
  auto p = weights.detach().to(Dtype::float64).to_vector<double>();
  const auto wrong = std::ranges::find_if(
      p, [](double weight) { return !(weight >= 0 && std::isfinite(weight)); });
  if (wrong != p.end()) {
    throw ValueError("sampler: weights must be finite and not negative; got " +
                     xtape::detail::text(*wrong) + " in row " + std::to_string(wrong - p.begin()));
  }
  const auto is_possible = [](double weight) { return weight > 0; };
  if (std::ranges::none_of(p, is_possible)) {
    throw ValueError("sampler: a weight must be above 0; there is none of " +
                     std::to_string(p.size()));
  }
  // By the greatest first: neither sum nor quotients leave float64.
  const double greatest = std::ranges::max(p);
  for (double& weight : p) weight /= greatest;
  const double sum = std::reduce(p.begin(), p.end());
  for (double& weight : p) weight /= sum;
  // Beside much greater ones a weight may have become 0.
  const auto possible = std::ranges::count_if(p, is_possible);
  Sampler sampler;
  const std::int64_t rows = std::ssize(p);
  sampler.plan_ = Plan::make(rows, possible, std::move(p), options);
  return sampler;
}

Sampler Sampler::balanced(const Tensor& labels, const SamplerOptions& options) {
  const auto classes = detail::sparse_labels("sampler", labels).detach().to_vector<std::int64_t>();
  if (!options.replacement) {
    std::map<std::int64_t, std::vector<std::int64_t>> rows;
    for (std::size_t row = 0; row < classes.size(); ++row) {
      rows[classes[row]].push_back(static_cast<std::int64_t>(row));
    }
    if (rows.empty()) throw ValueError("sampler: labels are needed; got none");
    Plan plan{std::ssize(classes), 0, {}};
    std::int64_t smallest = plan.rows;
    for (auto& [label, of] : rows) {
      smallest = std::min(smallest, std::ssize(of));
      plan.classes.push_back(std::move(of));
    }
    const std::int64_t possible = smallest * std::ssize(plan.classes);
    plan.samples = Plan::make(plan.rows, possible, {}, options)->samples;
    Sampler sampler;
    sampler.plan_ = std::make_shared<const Plan>(std::move(plan));
    return sampler;
  }
  std::map<std::int64_t, double> counts;
  for (const std::int64_t label : classes) ++counts[label];
  std::vector<double> weights(classes.size());
  std::ranges::transform(classes, weights.begin(),
                         [&](std::int64_t label) { return 1 / counts[label]; });
  return weighted(from_vector(std::move(weights)), options);
}

Sampler Sampler::blocks(std::int64_t rows, const BlockSamplerOptions& options) {
  detail::check_count("sampler", "rows", rows);
  detail::check_count("sampler", "block_rows", options.block_rows);
  detail::check_count("sampler", "window", options.window);
  detail::Blocks blocks{options.first_rows, rows, options.window};
  std::vector<std::int64_t>& first = blocks.first_rows;
  if (first.empty()) {
    first.reserve(static_cast<std::size_t>((rows - 1) / options.block_rows + 1));
    for (std::int64_t row = 0; row < rows;) {
      first.push_back(row);
      if (options.block_rows >= rows - row) break;
      row += options.block_rows;
    }
  }
  const auto wrong = std::adjacent_find(first.begin(), first.end(), std::greater_equal());
  if (first.front() != 0 || wrong != first.end() || first.back() >= rows) {
    const std::int64_t got = first.front() != 0     ? first.front()
                             : wrong != first.end() ? wrong[1]
                                                    : first.back();
    throw ValueError(
        "sampler: first_rows must ascend from 0 to less than the rows, " + std::to_string(rows) +
        "; got " + std::to_string(got) +
        (wrong != first.end() && first.front() == 0 ? " behind " + std::to_string(*wrong) : ""));
  }
  Sampler sampler;
  sampler.plan_ = std::make_shared<const Plan>(Plan{rows, rows, {}, {}, std::move(blocks)});
  return sampler;
}

std::int64_t Sampler::rows() const { return plan_ ? plan_->rows : 0; }
std::int64_t Sampler::samples() const { return plan_ ? plan_->samples : 0; }

Tensor Sampler::draw(Rng& rng) const {
  if (!plan_) throw ValueError("sampler: there is nothing to draw from");
  if (plan_->blocks) return detail::RowOrder(*plan_->blocks, rng).rows(0, plan_->rows);
  if (!plan_->classes.empty()) return draw_of_each(plan_->classes, plan_->samples, rng);
  return rng.choice(plan_->rows, {plan_->samples}, plan_->choice);
}

std::shared_ptr<const detail::RowOrder> Sampler::order(Rng& rng) const {
  if (plan_ && plan_->blocks) return std::make_shared<const detail::RowOrder>(*plan_->blocks, rng);
  return std::make_shared<const detail::RowOrder>(draw(rng));
}

std::int64_t Sampler::ordering() const {
  if (!plan_) return 0;
  std::uint64_t hash = kernels::hash_start;
  const auto add = [&](std::int64_t number) {
    hash = kernels::hashed(hash, static_cast<std::uint64_t>(number));
  };
  const auto add_all = [&](const std::vector<std::int64_t>& numbers) {
    add(std::ssize(numbers));
    std::ranges::for_each(numbers, add);
  };
  add(plan_->rows);
  add(plan_->samples);
  add(plan_->choice.replace ? 1 : 0);
  add(std::ssize(plan_->choice.p));
  for (const double p : plan_->choice.p) add(std::bit_cast<std::int64_t>(p));
  add(std::ssize(plan_->classes));
  std::ranges::for_each(plan_->classes, add_all);
  if (plan_->blocks) {
    const auto& [first_rows, rows, window] = *plan_->blocks;
    add_all(first_rows);
    add(std::min(window, std::ssize(first_rows)));  // beyond that all are mixed
  }
  return static_cast<std::int64_t>(hash >> 1);
}

}  // namespace xtape::data
