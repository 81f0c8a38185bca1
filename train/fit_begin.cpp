#include <cstddef>
#include <string>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/train/agreement.hpp>
#include <xtape/train/fit_loop.hpp>
#include <xtape/train/validation_data.hpp>

/// What a run begins with, and puts back at its end.
namespace xtape::detail {

/// Why an epoch would not train, or not as a user thinks; empty if it does.
std::string FitLoop::unready() const {
  if (optimizer_ == nullptr) return {};  // it steps itself
  if (!recording()) {
    return "fit: " + epoch_name() +
           ": what a run computes must be recorded; got a NoGradGuard that lives around it";
  }
  if (options_.allow_evaluation || model_->training()) return {};
  return "fit: " + epoch_name() +
         ": the model must be in training mode, in which dropout draws and statistics are kept; "
         "got one left in evaluation: call train() before, or set .allow_evaluation";
}

void FitLoop::require_ready() const {
  const std::string wrong = unready();
  if (ranks_ != nullptr) return throw_together(*ranks_, wrong);
  if (!wrong.empty()) throw ValueError(wrong);
}

/// Those of the run count its own steps, whatever else the optimizer has stepped before.
void FitLoop::set_schedules() {
  if (!options_.step_schedule && !options_.epoch_schedule) return;
  optim::Schedule whole;
  if (options_.step_schedule) {
    whole = optim::Schedule([of = *options_.step_schedule, first = optimizer_->steps() - steps_](
                                std::int64_t step) { return of(step - first); });
  }
  if (options_.epoch_schedule) {
    whole = std::move(whole) *
            optim::Schedule([of = *options_.epoch_schedule,
                             epoch = scheduled_epoch_](std::int64_t) { return of(*epoch); });
  }
  for (std::size_t group = 0; group < optimizer_->groups(); ++group)
    schedules_before_.push_back(optimizer_->schedule(group));
  optimizer_->set_schedule(whole);
}

void FitLoop::put_schedules_back() {
  for (std::size_t group = 0; group < schedules_before_.size(); ++group)
    optimizer_->set_schedule(std::move(schedules_before_[group]), group);
  schedules_before_.clear();
}

/// Once, where somebody compares it.
void FitLoop::note_data() {
  if (opened_ || (options_.folder.path.empty() && ranks_ == nullptr)) return;
  data_ = source_.fingerprint();
  validation_data_ = fingerprint_of(options_.validation);
}

std::string FitLoop::opened() {
  folder_.lock();
  return folder_.open(checkpoint_);
}

void FitLoop::begin() {
  stop_ = FitStop::none;
  passed_ = passed_ && paused_;
  shown_.reset();
  agree();
  if (ranks_ != nullptr) ranks_->forget();
  ever_stepped_ = false;
  if (opened_) lock_folder();
  if (!opened_) {
    const std::string from = ranks_ != nullptr ? open_together() : opened();
    opened_ = true;
    if (!from.empty()) {
      paused_ = batch_ > 0 || passed_;
      if (!passed_) source_.pause(batch_);
      display_.say("going on from " + from);
    }
  }
  if (model_ != nullptr) {
    if (!last_weights_.empty()) model_->restore(std::exchange(last_weights_, {}));
    parameters_ = model_->parameters();
    buffers_.clear();
    for (const auto& [name, buffer] : model_->named_buffers()) buffers_.push_back(buffer);
  }
  if (optimizer_ != nullptr) counted_ = optimizer_->steps();
  set_schedules();
  interrupts_.emplace(options_.catch_interrupt);
  const std::int64_t samples = source_.samples(), left = options_.epochs - epoch_;
  display_.begin(left * (samples > 0 ? samples : source_.size()),
                 samples > 0 ? "samples" : "batches");
  began_ = epoch_began_ = Clock::now();
}

}  // namespace xtape::detail
