#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <xtape/core/error.hpp>
#include <xtape/train/agreement.hpp>
#include <xtape/train/fit_loop.hpp>
#include <xtape/train/hash_sums.hpp>

/// What a run does on several ranks.
namespace xtape {

Ranks::~Ranks() = default;

namespace detail {
namespace {

// What ranks do when they meet. One that has another number of batches would wait for the others,
// and they for it.
constexpr double at_batch = 1, behind_batch = 2, behind_pass = 3, at_first_step = 4,
                 behind_validation = 5;

/// Sums of a step, in a message of one size: how many ranks measured something, and how many numbers
/// in all; what tells whether the names of these and the rates of the step are the same; and of each
/// metric, by their names in order, the sum and the weight.
constexpr std::size_t most_metrics = 29, measuring = 0, measured_numbers = 1, names_hash = 2,
                      rates_hash = 6, metrics = 10;
using StepSums = std::array<double, metrics + 2 * most_metrics>;

std::uint32_t hash_of(const std::vector<std::string>& lines) {
  std::uint32_t bits = no_text;
  for (const std::string& line : lines) bits = hash(bits, line);
  return bits;
}

std::string joined_names(const Means& means) {
  std::string text;
  for (const Means::Entry& entry : means.entries()) text += entry.name + '\n';
  return text;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = text.find('\n', from);
    names.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return names;
}

/// The rates of the next step.
std::vector<std::string> rates_of(const optim::Optimizer& optimizer) {
  std::vector<std::string> lines;
  for (std::size_t group = 0; group < optimizer.groups(); ++group) {
    lines.push_back(text(optimizer.next_learning_rate(group)) + " of group " +
                    std::to_string(group) + " in step " + std::to_string(optimizer.steps()));
  }
  return lines;
}

std::vector<std::string> in_order(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

/// What a rank has measured of a batch.
StepSums sums_of(const Means& own) {
  StepSums sums{};
  if (own.entries().empty()) return sums;
  const std::vector<std::string> ordered = in_order(split(joined_names(own)));
  sums[measuring] = 1;
  sums[measured_numbers] = static_cast<double>(ordered.size());
  put_hash(std::span(sums).subspan<names_hash>(), hash_of(ordered));
  if (ordered.size() > most_metrics) return sums;  // all refuse them
  for (const Means::Entry& entry : own.entries()) {
    const auto place =
        static_cast<std::size_t>(std::ranges::lower_bound(ordered, entry.name) - ordered.begin());
    sums[metrics + 2 * place] = entry.sum;
    sums[metrics + 2 * place + 1] = entry.weight;
  }
  return sums;
}

[[noreturn]] void fail_names(const Ranks& ranks, const std::string& own) {
  const std::vector<std::string> texts = texts_of(ranks, own);
  std::string first, got;
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    std::string listed;
    for (const std::string& name : in_order(split(texts[rank])))
      listed += (listed.empty() ? "" : ", ") + name;
    if (listed.empty() || listed == first) continue;
    got += (got.empty() ? "" : " and ") + listed + " on rank " + std::to_string(rank);
    if (!first.empty()) break;
    first = listed;
  }
  throw ValueError("fit: all ranks must measure the same, under the same names; got " + got);
}

/// The names of the first rank that measures something; all that do measure the same.
std::vector<std::string> first_names(const Ranks& ranks, const std::string& own) {
  for (const std::string& text : texts_of(ranks, own))
    if (!text.empty()) return split(text);
  return {};
}

}  // namespace

/// The numbers of all ranks. Throws ValueError on all of them if they are not all at the same
/// place.
std::vector<double> FitLoop::meet(const char* where, double tag, double own) const {
  const std::array<double, 2> mine{tag, own};
  const std::vector<double> all = ranks_->gather(mine);
  std::vector<double> numbers;
  for (std::size_t rank = 0; 2 * rank < all.size(); ++rank) {
    if (all[2 * rank] != tag) {
      throw ValueError("fit: all ranks must have the same number of batches; got this one " +
                       std::string(where) + " after " + std::to_string(batch_) + ", and rank " +
                       std::to_string(rank) + " elsewhere");
    }
    numbers.push_back(all[2 * rank + 1]);
  }
  return numbers;
}

/// Does what one rank does; if that throws, on all.
template <class F>
void FitLoop::on_first_rank(const F& f) const {
  if (ranks_ == nullptr) return f();
  std::string wrong;
  std::exception_ptr error;
  if (first_rank()) {
    try {
      f();
    } catch (const std::exception& what) {
      error = std::current_exception();
      wrong = what.what();
    }
  }
  wrong = ranks_->broadcast(wrong);
  if (error != nullptr) std::rethrow_exception(error);
  if (!wrong.empty()) throw ValueError(wrong);
}

void FitLoop::lock_folder() {
  on_first_rank([&] { folder_.lock(); });
}

/// Opens the folder on rank 0; all begin with what that has. Returns the path of the checkpoint
/// they go on from, if any.
std::string FitLoop::open_together() {
  std::string path;
  on_first_rank([&] { path = opened(); });
  path = ranks_->broadcast(path);
  if (!path.empty() && !first_rank()) checkpoint_.load(path);
  if (model_ != nullptr) model_->restore(ranks_->broadcast(model_->state()));
  if (optimizer_ != nullptr) optimizer_->restore(ranks_->broadcast(optimizer_->state()));
  if (averaging_) averaging_->restore(ranks_->broadcast(averaging_->state()));
  if (const NamedTensors own = source_.state(); !own.empty())
    source_.restore(ranks_->broadcast(own));
  return path;
}

void FitLoop::end_pass_together() {
  static_cast<void>(meet("at the end of a pass", behind_pass, 0));
  own_ = {};
  if (group_ > 0) apply_together({}, 0, nullptr);
}

void FitLoop::begin_batch(double rows) {
  in_batch_ = true;
  if (ranks_ == nullptr) return;
  part_.reset();
  const std::vector<double> all = meet("at a batch", at_batch, rows);
  double first = 0, total = 0;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (rank < static_cast<std::size_t>(ranks_->rank())) first += all[rank];
    total += all[rank];
  }
  passes_ = ranks_->passes();
  stepped_ = false;
  some_have_none_ = std::ranges::find(all, 0.0) != all.end();
  if (all.front() == 0) throw ValueError("fit: rank 0 must have rows of each batch; got none");
  part_.emplace(static_cast<std::int64_t>(first), static_cast<std::int64_t>(rows),
                static_cast<std::int64_t>(total));
}

/// Others may have made a step of the batch in which this rank has made none: it takes part with no
/// samples.
void FitLoop::skip_together() {
  if (ranks_ == nullptr || optimizer_ == nullptr || stepped_) return;
  if (ranks_->passes() != passes_ || optimizer_->steps() != counted_) return;  // it does so itself
  if (any_steps(false)) step_together(nullptr, 0, nullptr);
}

/// Whether a run steps shows in its first step: a loop of one's own may leave that to others, on
/// all ranks. Until then those that step wait for those that have come to the end of the batch.
bool FitLoop::any_steps(bool own) {
  if (measures_ || ever_stepped_) return true;
  for (const double steps : meet("at its first step", at_first_step, own ? 1 : 0))
    ever_stepped_ = ever_stepped_ || steps != 0;
  return ever_stepped_;
}

void FitLoop::step_together(const Measured* measured, double rows, const Measure* again) {
  if (optimizer_ == nullptr)
    throw ValueError("fit: step() needs a Fit that was made with model and optimizer");
  static_cast<void>(any_steps(true));
  stepped_ = true;
  double samples = 0;
  Tensor loss;
  own_ = {};
  if (measured != nullptr) {
    take_name("loss", Giver::run);
    samples = check_measured(*measured, rows);
    if (!checked_) check_first(*measured);
    loss = measured->loss;
  }
  if (measured != nullptr && samples == 0) without_samples_ = true;
  if (samples == 0) loss = Tensor();  // a mean over none is no number
  if (loss.defined()) {
    const double value = loss.item();
    if (options_.check_finite && !std::isfinite(value))
      fail_not_finite("the loss is " + text(value), again);
    own_.add("loss", value, samples);
    for (const auto& [name, mean] : measured->metrics) own_.add(name, mean, samples);
  }
  if (group_ == 0) optimizer_->zero_grad();
  if (++group_ == options_.accumulate) return apply_together(loss, samples, again);
  ranks_->accumulate(loss, samples);
  StepSums sums = sums_of(own_);
  ranks_->sum(sums);
  take_sums(sums);
}

/// The last backward of a step, and the step.
void FitLoop::apply_together(const Tensor& loss, double samples, const Measure* again) {
  StepSums sums = sums_of(own_);
  put_hash(std::span(sums).subspan<rates_hash>(), hash_of(rates_of(*optimizer_)));
  const bool stepping = ranks_->backward(loss, samples, sums) != 0;
  if (!are_same(ranks_->size(), std::span(sums).subspan<rates_hash>()))
    require_same("fit: learning rates", *ranks_, rates_of(*optimizer_));
  take_sums(sums);
  if (stepping) {
    apply_step(again);
  } else {
    group_ = 0;  // nobody has samples
  }
}

/// Adds what all ranks have measured in a batch. The sums alone tell what is wrong: all throw.
void FitLoop::take_sums(std::span<const double> sums) {
  const double ranks = sums[measuring];
  if (ranks == 0) return;
  const std::string own = joined_names(own_);
  if (!are_same(ranks, sums.subspan<names_hash>())) fail_names(*ranks_, own);
  if (const double each = sums[measured_numbers] / ranks; each > double{most_metrics}) {
    throw ValueError("fit: on several ranks a step measures at most " +
                     std::to_string(most_metrics) + " numbers; got " + text(each));
  }
  const std::vector<std::string> given = ranks < ranks_->size() ? first_names(*ranks_, own)
                                                                : split(own),
                                 ordered = in_order(given);
  for (const std::string& name : given) {
    const auto place =
        static_cast<std::size_t>(std::ranges::lower_bound(ordered, name) - ordered.begin());
    const double sum = sums[metrics + 2 * place], weight = sums[metrics + 2 * place + 1];
    training_.add(name, sum / weight, weight);
  }
}

/// Layers with statistics, or that count their calls, go on as on rank 0.
void FitLoop::share_buffers() const {
  if (model_ == nullptr) return;
  const NamedTensors own = model_->named_buffers();
  if (own.empty()) return;
  const NamedTensors all = ranks_->broadcast(own);
  for (std::size_t i = 0; i < own.size(); ++i) own[i].second.assign(all[i].second);
}

/// What ends the validation of one rank, ends that of all.
void FitLoop::agree_on_validation(bool& cut, const std::string& wrong) const {
  constexpr double fails = 2;
  const double own = !wrong.empty() ? fails : cut ? 1 : 0;
  const double most = std::ranges::max(meet("behind its validation", behind_validation, own));
  if (most == fails) throw_together(*ranks_, wrong);
  cut = most > 0;
}

/// Each rank has validated its batches. Rank 0 has one at least.
void FitLoop::sum_validation() {
  const std::vector<std::string> names = split(ranks_->broadcast(joined_names(validation_)));
  std::vector<double> sums;
  for (const std::string& name : names) {
    const Means::Entry& own = validation_.at(name);
    sums.insert(sums.end(), {own.sum, own.weight});
  }
  ranks_->sum(sums);
  for (std::size_t i = 0; i < names.size(); ++i) {
    Means::Entry& entry = validation_.at(names[i]);
    entry.sum = sums[2 * i];
    entry.weight = sums[2 * i + 1];
  }
}

/// What one rank wants, all do: of several wishes the first rank's.
void FitLoop::agree_on_stop() {
  if (ranks_ == nullptr) return;
  const std::vector<double> wishes = meet("behind a batch", behind_batch,
                                          static_cast<double>(std::exchange(stop_, FitStop::none)));
  for (const double wish : wishes) stop(static_cast<FitStop>(static_cast<int>(wish)));
}

}  // namespace detail
}  // namespace xtape
