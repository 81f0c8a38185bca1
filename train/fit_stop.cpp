#include <cstdint>

#include <xtape/train/fit_loop.hpp>

/// When a run ends.
namespace xtape::detail {

void FitLoop::decide() {
  decide_by_counts();
  if (interrupts_->interrupted()) stop(FitStop::interrupt);
  if (options_.max_seconds && seconds() >= *options_.max_seconds) stop(FitStop::seconds);
}

void FitLoop::decide_by_counts() {
  if (const FitStop why = by_counts(); why != FitStop::none) stop(why);
}

/// Why a run that stands here is over, in this process or another; `none` where it is not.
FitStop FitLoop::by_counts() const {
  const std::int64_t patience = options_.early_stopping.patience;
  if (epoch_ >= options_.epochs) return FitStop::epochs;
  if (patience > 0 && bad_epochs_ >= patience) return FitStop::patience;
  if (options_.max_steps && steps_ >= *options_.max_steps) return FitStop::steps;
  return FitStop::none;
}

/// The first reason counts, but Ctrl-C is never lost: who pressed it wants no more of anything.
void FitLoop::stop(FitStop why) {
  if (stop_ == FitStop::none || why == FitStop::interrupt) stop_ = why;
}

}  // namespace xtape::detail
