#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <string_view>

#include <xtape/core/error.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/train/fit_loop.hpp>

/// What a run does on several ranks.
namespace xtape {

Ranks::~Ranks() = default;

namespace detail {
namespace {

// What ranks do when they meet. One that has another number of batches would wait for the others, and they for it.
constexpr double at_batch = 1, behind_batch = 2, behind_pass = 3;

/// Sums of a step, in a message of one size: how many ranks measured something, a number for the names of that, and of
/// each the sum and the weight.
constexpr std::size_t most_metrics = 31;
using StepSums = std::array<double, 2 + 2 * most_metrics>;

/// FNV-1a (Fowler, Noll and Vo 1991).
XTAPE_WRAPS std::uint32_t hash(std::uint32_t bits, std::string_view text) {
  for (const char c : text) bits = (bits ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return (bits ^ 0xffU) * 0x01000193U;
}

std::uint32_t hash_of_names(const Means& means) {
  std::uint32_t bits = 0x811c9dc5U;
  for (const Means::Entry& entry : means.entries()) bits = hash(bits, entry.name);
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

}  // namespace

/// The numbers of all ranks. Throws ValueError on all of them if they are not all at the same place.
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

/// Opens the folder on rank 0; all begin with what that has. Returns the path of the checkpoint they go on from, if any.
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
  if (group_ > 0) apply_together({}, 0, nullptr);
}

void FitLoop::begin_batch(double rows) {
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

/// Others may have made a step of the batch in which this rank has made none: it takes part with no samples.
void FitLoop::skip_together() {
  if (ranks_ == nullptr || optimizer_ == nullptr || stepped_) return;
  if (!measures_ && !ever_stepped_) return;
  if (ranks_->passes() == passes_ && optimizer_->steps() == counted_)
    step_together(nullptr, 0, nullptr);
}

void FitLoop::step_together(const Measured* measured, double rows, const Measure* again) {
  if (optimizer_ == nullptr)
    throw ValueError("fit: step() needs a Fit that was made with model and optimizer");
  stepped_ = ever_stepped_ = true;
  double samples = 0;
  Tensor loss;
  if (group_ == 0) own_.clear();
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
  if (++group_ < options_.accumulate) return ranks_->accumulate(loss, samples);
  apply_together(loss, samples, again);
}

/// The last backward of a step, and the step.
void FitLoop::apply_together(const Tensor& loss, double samples, const Measure* again) {
  const auto measured = [](const Means::Entry& entry) { return entry.weight != 0; };
  const bool any = std::ranges::any_of(own_.entries(), measured);
  if (own_.entries().size() > most_metrics) {
    throw ValueError("fit: on several ranks a step measures at most " +
                     std::to_string(most_metrics) + " numbers; got " +
                     std::to_string(own_.entries().size()));
  }
  StepSums sums{};
  const double names = hash_of_names(own_);
  if (any) {
    sums[0] = 1;
    sums[1] = names;
    for (std::size_t i = 0; i < own_.entries().size(); ++i) {
      sums[2 + 2 * i] = own_.entries()[i].sum;
      sums[3 + 2 * i] = own_.entries()[i].weight;
    }
  }
  if (ranks_->backward(loss, samples, sums) == 0) {
    group_ = 0;  // nobody has stepped
    return;
  }
  if (any && sums[1] != sums[0] * names)
    throw ValueError("fit: all ranks must measure the same, under the same names");
  std::vector<std::string> all = split(joined_names(own_));
  if (sums[0] < ranks_->size()) all = split(ranks_->broadcast(joined_names(own_)));
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (const double weight = sums[3 + 2 * i]; weight != 0)
      training_.add(all[i], sums[2 + 2 * i] / weight, weight);
  }
  apply_step(again);
}

/// Layers with statistics, or that count their calls, go on as on rank 0.
void FitLoop::share_buffers() const {
  if (model_ == nullptr) return;
  const NamedTensors own = model_->named_buffers();
  if (own.empty()) return;
  const NamedTensors all = ranks_->broadcast(own);
  for (std::size_t i = 0; i < own.size(); ++i) own[i].second.assign(all[i].second);
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
  for (const double wish : meet("behind a batch", behind_batch, static_cast<double>(stop_))) {
    stop_ = static_cast<FitStop>(static_cast<int>(wish));
    if (stop_ != FitStop::none) return;
  }
}

}  // namespace detail
}  // namespace xtape
