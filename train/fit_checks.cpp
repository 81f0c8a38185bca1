#include <algorithm>
#include <unordered_set>
#include <variant>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/train/fit_checks.hpp>
#include <xtape/train/validation_data.hpp>

namespace xtape::detail {
namespace {

void check_folder(const FitFolder& folder) {
  require_at_least<std::int64_t>("fit", "folder.last", folder.last, 1);
  require_at_least<std::int64_t>("fit", "folder.every_epochs", folder.every_epochs, 1);
  require_at_least<std::int64_t>("fit", "folder.every_steps", folder.every_steps, 0);
  if (folder.path.empty() && folder.resume)
    throw ValueError("fit: to resume a run needs a folder; got no path");
}

void check_monitor(const FitOptions& options, const FitParts& parts) {
  const std::string& monitor = options.monitor;
  const bool validated = static_cast<bool>(options.validation);
  if (parts.measures && !validated && monitor.starts_with("validation_") &&
      std::ranges::find(options.logs, monitor) == options.logs.end()) {
    throw ValueError("fit: the monitor \"" + monitor +
                     "\" needs .validation, or a callback that logs it, which .logs names");
  }
  if (!options.goal && !monitor.ends_with("loss")) {
    throw ValueError("fit: a goal must be given for the monitor \"" + monitor +
                     "\", SearchGoal::maximize or SearchGoal::minimize");
  }
}

/// The labels that a tensor holds, int64 [n]: as they are, or of one-hot rows; undefined where it
/// holds others.
Tensor labels_in(const Tensor& y) {
  if (!y.defined()) return {};
  if (y.rank() == 1 && y.dtype() == Dtype::int64) return y.detach();
  if (y.rank() != 2 || y.extent(1) < 2 || y.extent(0) == 0) return {};
  try {
    return data::detail::sparse_labels("fit", y.detach());
  } catch (const Error&) {
    return {};
  }
}

std::string listed(const std::vector<Metric>& there) {
  std::string text;
  for (const auto& [name, value] : there) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nothing" : text;
}

}  // namespace

void name_monitor(FitOptions& options) {
  if (!options.monitor.empty()) return;
  if (options.goal == SearchGoal::maximize) {
    throw ValueError(
        "fit: the goal maximize needs the name of what is maximized, .monitor; without one it is a "
        "loss, which is minimized");
  }
  options.monitor = options.validation ? "validation_loss" : "loss";
}

void check_options(const FitOptions& options, const FitParts& parts) {
  require_at_least<std::int64_t>("fit", "epochs", options.epochs, 0);
  require_at_least<std::int64_t>("fit", "validation_rows", options.validation_rows, 1);
  require_at_least<std::int64_t>("fit", "early_stopping.patience", options.early_stopping.patience,
                                 0);
  require_not_negative("fit", "early_stopping.min_delta", options.early_stopping.min_delta);
  require_at_least<std::int64_t>("fit", "accumulate", options.accumulate, 1);
  if (options.clip_norm) require_positive("fit", "clip_norm", *options.clip_norm);
  if (options.clip_value) require_positive("fit", "clip_value", *options.clip_value);
  if (options.max_steps) require_at_least<std::int64_t>("fit", "max_steps", *options.max_steps, 0);
  if (options.max_seconds) require_not_negative("fit", "max_seconds", *options.max_seconds);
  check_folder(options.folder);
  check_monitor(options, parts);
  const auto empty = [](const FitCallback& callback) { return !callback; };
  if (std::ranges::any_of(options.on_batch, empty) || std::ranges::any_of(options.on_epoch, empty))
    throw ValueError("fit: a callback must be a function; got an empty one");
  const bool of_steps = options.clip_norm || options.clip_value || options.accumulate > 1 ||
                        options.step_schedule || options.epoch_schedule || options.averaging ||
                        options.max_steps || options.folder.every_steps > 0;
  if (of_steps && !parts.model) {
    throw ValueError(
        "fit: clipping, accumulation, schedules, averaging and numbers of steps need a Fit that "
        "was "
        "made with model and optimizer");
  }
}

void check_labels(const FitSource& source, const FitOptions& options) {
  if (options.allow_unseen_labels) return;
  if (!options.validation) return;
  const bool has_labels = options.validation.get_if<data::Dataset>() != nullptr ||
                          options.validation.get_if<data::Loader>() != nullptr;
  const NamedTensors validation =
      std::visit([](const auto& set) { return named(set); }, options.validation.any().data);
  const NamedTensors training = source.tensors();
  for (const auto& [name, y] : validation) {
    const auto same = std::ranges::find(training, name, &NamedTensor::first);
    if (same == training.end() || (has_labels && name != "y")) continue;
    const Tensor of_validation = labels_in(y),
                 of_training = of_validation.defined() ? labels_in(same->second) : Tensor();
    if (!of_training.defined() || y.rank() != same->second.rank()) continue;
    const auto seen = of_training.to_vector<std::int64_t>();
    const std::unordered_set<std::int64_t> known(seen.begin(), seen.end());
    const auto labels = of_validation.to_vector<std::int64_t>();
    const auto unseen =
        std::ranges::find_if(labels, [&](std::int64_t label) { return !known.contains(label); });
    if (unseen == labels.end()) continue;
    throw ValueError(
        "fit: labels of the validation data must be among those of the training data; got " +
        std::to_string(*unseen) + " in row " + std::to_string(unseen - labels.begin()) +
        (has_labels ? "" : " of \"" + name + "\"") +
        "; split by stratified_split, or set .allow_unseen_labels");
  }
}

void fail_monitor(const std::string& monitor, const std::vector<Metric>& there) {
  throw ValueError("fit: the monitor must be what an epoch measures or logs, " + listed(there) +
                   "; got \"" + monitor + "\"");
}

void fail_name(const std::string& name, const std::vector<Metric>& there) {
  throw ValueError("fit: there is no \"" + name + "\" in this epoch; there is " + listed(there));
}

}  // namespace xtape::detail
