#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <limits>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/train/fit_checks.hpp>
#include <xtape/train/fit_loop.hpp>
#include <xtape/train/validation_data.hpp>

namespace xtape::detail {

RunEvaluation::RunEvaluation(const nn::Module* model, optim::Averaging* averaging) {
  if (model != nullptr) mode_.emplace(*model);
  if (averaging != nullptr) averages_.reset(new optim::Averaging::Applied(averaging->apply()));
}

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// One process tells, and writes.
FitFolder folder_of(const FitOptions& options) {
  FitFolder folder = options.folder;
  if (options.ranks != nullptr && options.ranks->rank() != 0) folder.path.clear();
  return folder;
}

}  // namespace

FitLoop::FitLoop(const nn::Module* model, optim::Optimizer* optimizer, FitSource& source,
                 FitOptions options, Validate validate, bool measures)
    : model_(model),
      optimizer_(optimizer),
      source_(source),
      options_(std::move(options)),
      validate_(std::move(validate)),
      measures_(measures),
      ranks_(options_.ranks != nullptr && options_.ranks->size() > 1 ? options_.ranks : nullptr),
      folder_(folder_of(options_)),
      display_(first_rank() ? options_.progress : nullptr),
      best_value_(nan) {
  name_monitor(options_);
  check_options(options_, {.model = model_ != nullptr, .measures = measures_});
  check_labels(source_, options_);
  if (!options_.goal) options_.goal = SearchGoal::minimize;
  names_ = {{"epoch", Giver::run}, {"seconds", Giver::run}};
  if (optimizer_ != nullptr) names_.emplace_back("learning_rate", Giver::run);
  if (validate_) names_.emplace_back("validation_loss", Giver::run);
  checkpoint_.add("fit", *this);
  if (model_ != nullptr) {
    checkpoint_.add("model", *model_);
    if (options_.averaging) {
      averaging_.emplace(*model_, *options_.averaging);
      checkpoint_.add("averaging", *averaging_);
    }
  }
  if (optimizer_ != nullptr) checkpoint_.add("optimizer", *optimizer_);
  source_.add_to(checkpoint_);
  checkpoint_.add("default_rng", default_rng());
}

bool FitLoop::over() {
  const std::int64_t batches = source_.size();
  const bool all_batches = passed_ || (batches > 0 && batch_ >= batches);
  if (!paused_ || !all_batches) decide_by_counts();  // an earlier run may have ended here
  if (stop_ != FitStop::none) {
    finish();
    return true;
  }
  if (!paused_) {
    batch_ = 0;
    training_.clear();
    passed_ = false;
  }
  validation_.clear();
  without_samples_ = validated_ = paused_ = false;
  steps_before_ = steps_;
  group_ = 0;
  *scheduled_epoch_ = epoch_;
  return false;
}

void FitLoop::start_pass() {
  if (in_pass_) throw ValueError("fit: a pass must end before the next one begins");
  require_ready();
  if (!passed_) source_.start();
  in_pass_ = true;
}

void FitLoop::end_batch() {
  in_batch_ = false;
  part_.reset();
  skip_together();
  if (some_have_none_) share_buffers();
  ++batch_;
  optimizer_ == nullptr ? static_cast<void>(++steps_) : count_steps();
  FitEpoch view(*this);
  for (const FitCallback& callback : options_.on_batch) callback(view);
  if (display_.on()) {
    const Means::Entry* loss = training_.find("loss");
    const std::int64_t each =
        source_.samples() > 0 && source_.size() > 0 ? source_.samples() / source_.size() : 1;
    display_.batch(epoch_ + 1, options_.epochs, each, loss != nullptr ? loss->mean() : nan);
  }
  if (group_ > 0) return;  // a step is not cut
  const std::int64_t batches = source_.size();
  const bool last = batches > 0 && batch_ >= batches;  // then the epoch ends as well
  if (!last) decide();
  if (interrupts_->interrupted()) stop(FitStop::interrupt);
  agree_on_stop();
  const bool stops = stop_ != FitStop::none && (!last || stop_ == FitStop::interrupt);
  const std::int64_t every = options_.folder.every_steps;
  const bool due = every > 0 && steps_ / every > saved_at_ / every;
  if (due) saved_at_ = steps_;
  if (folder_.kept() && (stops || due)) saved_ = folder_.save(checkpoint_, epoch_, batch_);
  if (!stops) return;
  source_.pause(batch_);
  pause();
}

/// The run stops within an epoch. What a loop logs behind it is not of the part that is done.
void FitLoop::pause() {
  paused_ = true;
  paused_at_ = training_;
  display_.clear();
}

void FitLoop::end_pass() {
  if (!passed_) {
    passed_ = true;
    part_.reset();
    if (ranks_ != nullptr) {
      end_pass_together();
    } else if (group_ > 0) {
      apply_step(nullptr);
    }
    source_.leave();
    if (without_samples_) require_samples(training_, "loss");
    require_steps();
  }
  if (!validated_) validate();
  display_.clear();  // loops and callbacks may print now
}

void FitLoop::leave_pass() noexcept {
  part_.reset();
  in_pass_ = in_batch_ = false;
  source_.leave();
}

void FitLoop::end_epoch() {
  if (paused_) return;
  end_pass();
  if (paused_) return;
  call_epoch_callbacks();
  make_row();
  judge();
  history_.add(row_);
  seconds_before_ = 0;
  epoch_began_ = Clock::now();
  display_.epoch(++epoch_, options_.epochs, row_);
  batch_ = 0;
  training_.clear();
  validation_.clear();
  passed_ = validated_ = false;
  decide();
  agree_on_stop();
  if (folder_.kept() && (stop_ != FitStop::none || epoch_ % options_.folder.every_epochs == 0))
    saved_ = folder_.save(checkpoint_, epoch_, 0);
}

RunEvaluation* FitLoop::evaluation() {
  return new RunEvaluation(model_, averaging_ ? &*averaging_ : nullptr);
}

/// They judge the model that validation has measured.
void FitLoop::call_epoch_callbacks() {
  if (options_.on_epoch.empty()) return;
  const RunEvaluation evaluation(model_, averaging_ ? &*averaging_ : nullptr);
  FitEpoch view(*this);
  for (const FitCallback& callback : options_.on_epoch) {
    callback(view);
    if (!evaluation.loses_weights()) continue;
    throw ValueError("fit: " + epoch_name() +
                     ": a callback of an epoch gets the averages of the weights, and must not "
                     "change them; one of a batch may change the weights");
  }
}

/// What an epoch has come to so far, in the memory of the row before.
void FitLoop::make_row() {
  row_.clear();
  add_values(row_);
  if (optimizer_ != nullptr) row_.emplace_back("learning_rate", optimizer_->learning_rate());
  row_.emplace_back("seconds", seconds_of_epoch());
}

/// What tells which epoch is best, the same on all ranks: that of rank 0. False if nobody asked for
/// it.
bool FitLoop::monitored(double& value) {
  const auto watched = std::ranges::find(row_, options_.monitor, &Metric::first);
  std::array<double, 2> first{watched != row_.end() ? 1.0 : 0.0, 0};
  if (watched != row_.end()) first[1] = watched->second;
  if (ranks_ != nullptr) {
    const std::vector<double> all = ranks_->gather(first);
    std::copy_n(all.begin(), first.size(), first.begin());
    if (first[0] != 0 && watched != row_.end()) watched->second = first[1];
  }
  value = first[1];
  if (first[0] == 0 && (measures_ || options_.monitor != "loss")) {
    if (options_.monitor != "loss") fail_monitor(options_.monitor, row_);
    throw ValueError("fit: an epoch must measure a loss, by batch.step, or log one; got none in " +
                     epoch_name());
  }
  return first[0] != 0;
}

/// Whether the epoch is the best so far.
void FitLoop::judge() {
  double value = 0;
  if (!monitored(value)) return;
  const double margin = options_.early_stopping.min_delta;
  const bool better = std::isnan(best_value_)                 ? !std::isnan(value)
                      : options_.goal == SearchGoal::minimize ? value < best_value_ - margin
                                                              : value > best_value_ + margin;
  bad_epochs_ = better ? 0 : bad_epochs_ + 1;
  if (!better) return;
  best_value_ = value;
  history_.monitor = options_.monitor;
  history_.best_epoch = epoch_ + 1;
  if (model_ == nullptr) return;
  const bool kept = folder_.kept() && options_.folder.best;
  const bool restored =
      options_.early_stopping.patience > 0 && options_.early_stopping.restore_best;
  if (!kept && !restored) return;
  const NamedTensors best = weights();
  if (restored) best_weights_ = best;
  if (kept) folder_.save_best(best);
}

/// Those of the model, averaged if there are averages.
NamedTensors FitLoop::weights() const {
  NamedTensors state = model_->state();
  if (!averaging_) return state;
  for (const auto& [name, average] : averaging_->average()) {
    const auto own = std::ranges::find(state, name, &NamedTensor::first);
    if (own != state.end()) own->second = average.to(own->second.dtype()).detach();
  }
  return state;
}

/// What a run ends with, whatever ended it.
void FitLoop::finish() {
  history_.stop = stop_;
  if (interrupts_->interrupted())
    InterruptWatch::tell(stop_ == FitStop::interrupt && by_counts() == FitStop::none);
  if (paused_) {
    shown_ = history_;
    make_row();
    shown_->add(row_);
    shown_->last_is_part = true;
    seconds_before_ = seconds_of_epoch();
  }
  if (paused_at_) training_ = *std::exchange(paused_at_, {});
  if (model_ != nullptr && (averaging_ || !best_weights_.empty())) {
    const NamedTensors last = model_->state();
    model_->restore(best_weights_.empty() ? weights() : best_weights_);
    last_weights_ = last;
  }
  tell_ending();
  if (stop_ != FitStop::interrupt || !first_rank()) return;
  const std::string where = !paused_ ? "after epoch " + std::to_string(epoch_)
                            : passed_
                                ? "in the validation of " + epoch_name()
                                : "in " + epoch_name() + " after batch " + std::to_string(batch_);
  const std::string text = "interrupted " + where +
                           (folder_.kept() ? "; saved " + saved_ : "; nothing saved: no folder");
  display_.end();
  display_.say(text, std::cerr);
}

/// Why a run has ended early, and whose weights the model has: neither shows in the lines before.
void FitLoop::tell_ending() {
  std::string line;
  if (stop_ == FitStop::patience) {
    line = "stopped: " + options_.monitor + " has not improved for " + std::to_string(bad_epochs_) +
           (bad_epochs_ == 1 ? " epoch" : " epochs");
  }
  if (!best_weights_.empty() && history_.best_epoch < epoch_) {
    line += (line.empty() ? "" : "; ") + std::string("the model has the weights of epoch ") +
            std::to_string(history_.best_epoch) + ", the best by " + options_.monitor;
  }
  if (!line.empty()) display_.say(line);
}

void FitLoop::print(const std::string& line) {
  if (first_rank()) display_.say(line, std::cout);
}

void FitLoop::end() noexcept {
  in_pass_ = in_batch_ = false;
  put_schedules_back();
  source_.leave();
  interrupts_.reset();
  display_.end();
  folder_.unlock();
}

double FitLoop::seconds() const {
  return std::chrono::duration<double>(Clock::now() - began_).count();
}

double FitLoop::seconds_of_epoch() const {
  return seconds_before_ + std::chrono::duration<double>(Clock::now() - epoch_began_).count();
}

double FitLoop::value(const std::string& name) const {
  for (const Means* means : {&training_, &validation_})
    if (const Means::Entry* entry = means->find(name)) return entry->mean();
  if (paused_ && validate_ && name.starts_with("validation_")) return nan;  // as in the history
  fail_name(name, values());
}

std::vector<Metric> FitLoop::values() const {
  std::vector<Metric> values;
  add_values(values);
  return values;
}

void FitLoop::add_values(std::vector<Metric>& row) const {
  for (const Means* means : {&training_, &validation_})
    for (const Means::Entry& entry : means->entries())
      if (entry.weight != 0) row.emplace_back(entry.name, entry.mean());
}

std::vector<Metric> FitLoop::learning_rates() const {
  std::vector<Metric> rates;
  for (std::size_t i = 0; optimizer_ != nullptr && i < optimizer_->groups(); ++i) {
    rates.emplace_back(i == 0 ? "learning_rate" : "learning_rate." + std::to_string(i),
                       optimizer_->learning_rate(i));
  }
  return rates;
}

void FitLoop::log(const std::string& name, double value, double weight) {
  require_positive("fit: log", "samples", weight);
  if (options_.check_finite && !std::isfinite(value) &&
      (name == "loss" || name == "validation_loss")) {
    const std::string where = in_pass_ ? place(in_batch_ ? batch_ + 1 : batch_) : epoch_name();
    throw ValueError("fit: " + where + ": the " + name + " that was logged is " + text(value) +
                     "; .check_finite = false goes on");
  }
  take_name(name, Giver::log);
  training_.add(name, value, weight);
}

std::vector<std::string> FitLoop::names_to_monitor() const {
  std::vector<std::string> names = options_.logs;
  names.insert(names.end(), {"learning_rate", "seconds"});
  for (const Means::Entry& entry : training_.entries()) names.push_back(entry.name);
  return names;
}

}  // namespace xtape::detail
