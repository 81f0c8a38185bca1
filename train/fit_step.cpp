#include <algorithm>
#include <cmath>
#include <utility>

#include <xtape/core/error.hpp>
#include <xtape/core/tape.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/ops/debug_guard.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/optim/clip.hpp>
#include <xtape/train/fit_loop.hpp>

namespace xtape::detail {
namespace {

constexpr std::int64_t looked_at = 4096;  // elements of a gradient: 1 % of a step and no more

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

/// What could not be known before there was a loss. Nothing has been stepped yet.
void FitLoop::check_first(const Measured& measured) {
  checked_ = true;
  std::vector<std::string> names = names_to_monitor();
  if (measures_) {
    names.emplace_back("loss");
    for (const auto& [name, value] : measured.metrics) names.push_back(name);
    if (validate_) {
      names.emplace_back("validation_loss");
      for (const auto& [name, value] : measured.metrics) names.push_back("validation_" + name);
    }
    if (std::ranges::find(names, options_.monitor) == names.end()) {
      throw ValueError("fit: the monitor must be one of " + listed(names) + "; got \"" +
                       options_.monitor + "\"; what a callback logs is named in .logs");
    }
  }
  require_model(measured.loss);
  if (options_.allow_unstepped) return;
  const std::vector<std::string> missed =
      optimizer_->missed(measured.loss, model_->named_parameters());
  if (missed.empty()) return;
  throw ValueError("fit: the loss reaches leaves that no optimizer steps: " + listed(missed) +
                   "; give them to the optimizer, freeze them, or set .allow_unstepped");
}

/// A model that the loss does not depend on is another than the user means. One that is frozen may
/// have nothing to learn.
void FitLoop::require_model(const Tensor& loss) const {
  const auto trained = [](const Tensor& w) { return w.requires_grad(); };
  if (!loss.requires_grad() || std::ranges::none_of(parameters_, trained)) return;
  const auto leaves = Tape(loss).leaves();
  const auto reached = [&](const Tensor& w) { return std::ranges::count(leaves, w.node()) > 0; };
  if (std::ranges::any_of(parameters_, reached)) return;
  throw ValueError(
      "fit: the loss must depend on the model that the run was given; got one that reaches none of "
      "its parameters");
}

/// Layers that draw or keep statistics write to their buffers; who holds the value keeps it.
void FitLoop::remember_buffers() {
  before_.clear();
  for (const Tensor& buffer : buffers_) before_.push_back(buffer.detach());
}

void FitLoop::put_buffers_back() const {
  for (std::size_t i = 0; i < before_.size(); ++i) buffers_[i].assign(before_[i]);
}

void FitLoop::step(const Measure& measure, double rows) {
  if (options_.check_finite) remember_buffers();
  if (ranks_ != nullptr && rows == 0) return step_together(nullptr, 0, nullptr);
  step(measure(), rows, &measure);
}

void FitLoop::step(const Measured& measured, double rows, const Measure* again) {
  if (optimizer_ == nullptr)
    throw ValueError("fit: step() needs a Fit that was made with model and optimizer");
  if (ranks_ != nullptr) return step_together(rows > 0 ? &measured : nullptr, rows, again);
  take_name("loss", Giver::run);
  const double samples = check_measured(measured, rows), loss = measured.loss.item();
  if (!checked_) check_first(measured);
  if (options_.check_finite && samples > 0 && !std::isfinite(loss))
    fail_not_finite("the loss is " + text(loss), again);

  if (group_ == 0) {
    optimizer_->zero_grad();
    group_samples_ = 0;
  }
  if (samples == 0) {
    without_samples_ = true;
  } else {
    if (group_samples_ == 0) group_unit_ = samples * static_cast<double>(options_.accumulate);
    if (options_.accumulate == 1) {
      measured.loss.backward();
    } else {  // the mean over the samples of all batches; the whole is known when the last has come
      (measured.loss * (samples / group_unit_)).backward();
    }
  }
  group_samples_ += samples;
  if (++group_ == options_.accumulate) {
    apply_step(again);
  }
  training_.add("loss", loss, samples);
  for (const auto& [name, value] : measured.metrics) training_.add(name, value, samples);
}

/// A loop of one's own may call the optimizer itself.
void FitLoop::count_steps() {
  steps_ += std::max<std::int64_t>(optimizer_->steps() - counted_, 0);
  counted_ = optimizer_->steps();
}

void FitLoop::apply_step(const Measure* again) {
  group_ = 0;
  if (ranks_ == nullptr && group_samples_ == 0) return;  // a mean over none is no number
  if (ranks_ == nullptr && options_.accumulate > 1 && group_samples_ != group_unit_)
    optim::scale_grad(parameters_, group_unit_ / group_samples_);
  if (options_.clip_value) optim::clip_grad_value(parameters_, *options_.clip_value);
  try {
    if (options_.clip_norm) optim::clip_grad_norm(parameters_, *options_.clip_norm);
    optimizer_->step({.look_at = options_.check_finite ? looked_at : 0});
  } catch (const ValueError& error) {
    const auto finite = [](const Tensor& w) {
      const Tensor gradient = w.grad();
      return !gradient.defined() || first_not_finite(gradient).empty();
    };
    if (!options_.check_finite || std::ranges::all_of(parameters_, finite)) throw;
    fail_not_finite(error.what(), again);
  }
  count_steps();
  if (averaging_) averaging_->update();
}

/// Nothing has been stepped: to do the same once more shows the operation.
void FitLoop::fail_not_finite(const std::string& what, const Measure* again) {
  if (again != nullptr) put_buffers_back();
  const std::string first = first_cause(again);
  if (again != nullptr) put_buffers_back();
  optimizer_->zero_grad();
  throw ValueError("fit: " + place(batch_ + 1) + ": " + what + first);
}

/// The operation that first gave no number, if what was measured can be measured again.
std::string FitLoop::first_cause(const Measure* again) const {
  std::string first = "; the operation shows if step() is given a function, or in a DebugGuard";
  if (again != nullptr) {
    first = "; done again, each operation gave finite numbers";
    try {
      const DebugGuard guard;
      const Tensor loss = (*again)().loss;
      if (recording()) loss.backward();
    } catch (const Error& error) {
      first = std::string("; first: ") + error.what();
    }
  }
  for (const auto& [name, parameter] : model_->named_parameters()) {
    if (const std::string bad = first_not_finite(parameter); !bad.empty()) {
      first += "; the parameter " + name + " is " + bad + " since a step before";
      break;
    }
  }
  return first;
}

std::string FitLoop::place(std::int64_t batch) const {
  return epoch_name() + ", batch " + std::to_string(batch);
}

}  // namespace xtape::detail
