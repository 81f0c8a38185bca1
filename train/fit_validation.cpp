#include <cmath>
#include <cstdint>
#include <string>

#include <xtape/core/error.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/nn/evaluation_scope.hpp>
#include <xtape/train/fit_loop.hpp>

namespace xtape::detail {

/// Of an epoch whose batches are done. Ctrl-C leaves it before the next of its batches: then it has
/// not been, and the run goes on with all of it.
void FitLoop::validate() {
  validation_.clear();
  if (validate_) {
    if (ranks_ != nullptr) share_buffers();
    const Rng before = default_rng();
    std::string wrong;
    bool cut = go_through_validation(wrong);
    if (ranks_ != nullptr) {
      agree_on_validation(cut, wrong);
    } else if (!wrong.empty()) {
      throw ValueError(wrong);
    }
    if (cut) {
      validation_.clear();
      default_rng() = before;
      stop(FitStop::interrupt);
      pause();
      if (folder_.kept()) saved_ = folder_.save(checkpoint_, epoch_, batch_);
      return;
    }
    if (ranks_ != nullptr) sum_validation();
    require_samples(validation_, "validation_loss");
  }
  validated_ = true;
}

/// Returns whether Ctrl-C has cut it; `wrong`: what else has.
bool FitLoop::go_through_validation(std::string& wrong) {
  bool cut = false;
  std::int64_t batch = 0;
  const auto take = [&](const Measure& measure, double rows) {
    cut = interrupts_->interrupted();
    if (cut) return false;
    const Measured measured = measure();
    const double samples = check_measured(measured, rows), loss = measured.loss.item();
    ++batch;
    if (options_.check_finite && samples > 0 && !std::isfinite(loss)) {
      wrong = "fit: " + epoch_name() + ", validation batch " + std::to_string(batch) +
              ": the loss is " + text(loss) + first_cause(&measure);
      return false;
    }
    validation_.add("validation_loss", loss, samples);
    for (const auto& [name, value] : measured.metrics)
      validation_.add("validation_" + name, value, samples);
    return true;
  };
  const NoGradGuard off;
  const RunEvaluation evaluation(model_, averaging_ ? &*averaging_ : nullptr);
  const ErrorContext place("validation");
  validate_(take);
  return cut;
}

}  // namespace xtape::detail
