#include <algorithm>
#include <string_view>

#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/train/fit_loop.hpp>

/// What is measured of a batch, and its names: each is given by one alone, so that no mean is of
/// two things.
namespace xtape::detail {
namespace {

constexpr std::string_view validated = "validation_";

}  // namespace

/// Takes a name, if nobody else has it. Returns whether it is new; throws ValueError.
bool FitLoop::take_name(const std::string& name, Giver giver) {
  const auto known = std::ranges::find(names_, name, &std::pair<std::string, Giver>::first);
  if (known != names_.end()) {
    if (known->second == giver) return false;
    const char* who = known->second == Giver::run       ? "the run gives itself"
                      : known->second == Giver::measure ? "the loss measures"
                                                        : "is logged";
    throw ValueError("fit: a metric needs a name of its own; got \"" + name + "\", which " + who);
  }
  if (name.empty() || name.find('\n') != name.npos)
    throw ValueError("fit: a metric needs a name, of one line; got \"" + name + "\"");
  if (giver == Giver::measure && (name == "loss" || name.starts_with(validated)))
    throw ValueError(
        "fit: beside the loss no metric is called \"loss\" or \"validation_...\"; got \"" + name +
        "\"");
  if (giver == Giver::measure && validate_) take_name(std::string(validated) + name, Giver::run);
  names_.emplace_back(name, giver);
  return true;
}

/// Over how many samples the numbers are means: none, and they do not count. Throws ValueError for
/// names that are not theirs and a number of samples that is none, ShapeError for a loss that is no
/// scalar.
double FitLoop::check_measured(const Measured& measured, double rows) {
  const std::vector<Metric>& metrics = measured.metrics;
  for (auto metric = metrics.begin(); metric != metrics.end(); ++metric) {
    const std::string& name = metric->first;
    take_name(name, Giver::measure);
    if (std::find_if(metrics.begin(), metric,
                     [&](const Metric& other) { return other.first == name; }) != metric)
      throw ValueError("fit: a metric needs a name of its own; got \"" + name + "\" twice");
  }
  if (!measured.loss.defined() || measured.loss.size() != 1)
    throw ShapeError("fit: the loss must be a scalar, the mean over the batch; got " +
                     measured.loss.describe());
  return require_not_negative("fit", "samples", measured.samples.value_or(rows));
}

/// Throws ValueError if an epoch has measured batches, all of them over no samples.
void FitLoop::require_samples(const Means& means, const std::string& loss) const {
  if (means.find(loss) != nullptr) return;
  throw ValueError("fit: an epoch needs a batch with samples; got none for \"" + loss + "\" in " +
                   epoch_name());
}

/// Throws ValueError for an epoch in which a run that has a loss has done nothing with it. Of
/// several ranks all do.
void FitLoop::require_steps() const {
  if (!in_pass_) return;  // nobody asked for batches
  if (batch_ == 0)
    throw ValueError(
        "fit: an epoch needs a batch; the loader has none: its data have no rows, or with "
        ".drop_last fewer than a batch");
  if (!measures_ || steps_ != steps_before_ || training_.find("loss") != nullptr) return;
  throw ValueError("fit: " + epoch_name() +
                   " has made no step; a loop of one's own calls batch.step for its batches");
}

}  // namespace xtape::detail
