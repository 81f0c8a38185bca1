#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xtape/nn/evaluation_scope.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/ops/batch_part.hpp>
#include <xtape/optim/averaging.hpp>
#include <xtape/optim/optimizer.hpp>
#include <xtape/train/checkpoint.hpp>
#include <xtape/train/fit.hpp>
#include <xtape/train/fit_display.hpp>
#include <xtape/train/fit_options.hpp>
#include <xtape/train/fit_ranks.hpp>
#include <xtape/train/fit_source.hpp>
#include <xtape/train/history.hpp>
#include <xtape/train/interrupt.hpp>
#include <xtape/train/means.hpp>
#include <xtape/train/run_folder.hpp>

namespace xtape::detail {

/// While it lives, a run's model is in evaluation, with the averages of its weights if the run
/// keeps some.
class RunEvaluation {
 public:
  RunEvaluation(const nn::Module* model, optim::Averaging* averaging);
  /// Whether a weight has been given a value that is lost when the averages go.
  bool loses_weights() const { return averages_ && averages_->changed(); }

 private:
  std::optional<EvaluationScope> mode_;
  std::unique_ptr<optim::Averaging::Applied> averages_;
};

/// What happens around the batches of a run, whatever their type.
class FitLoop {
 public:
  using Measure = std::function<Measured()>;
  /// Measures a batch; returns false, with nothing done, if no more are to come.
  using TakeMeasured = std::function<bool(const Measure& measure, double rows)>;
  using Validate = std::function<void(const TakeMeasured& take)>;

  FitLoop(const nn::Module* model, optim::Optimizer* optimizer, FitSource& source,
          FitOptions options, Validate validate, bool measures);

  // A run: begin, then while it is not over an epoch: start_pass, begin_batch and end_batch around
  // each batch, end_pass after the last, leave_pass, end_epoch. Then end, wherever it was.
  void begin();
  bool running() const { return interrupts_.has_value(); }
  bool over();
  void start_pass();
  void begin_batch(double rows);
  bool stopped_in_pass() const { return paused_; }
  void end_batch();
  void end_pass();
  void leave_pass() noexcept;
  void end_epoch();
  void end() noexcept;

  /// A step along the gradient of a loss. `again` measures the same once more, to see where it went
  /// wrong.
  void step(const Measured& measured, double rows, const Measure* again = nullptr);
  void step(const Measure& measure, double rows);

  // What is there to see and to log, see FitEpoch.
  std::int64_t epoch() const { return epoch_; }
  std::int64_t batch() const { return batch_; }
  bool complete() const { return validated_ && !paused_; }
  std::int64_t steps() const { return steps_; }
  double value(const std::string& name) const;
  std::vector<Metric> values() const;
  std::vector<Metric> learning_rates() const;
  void log(const std::string& name, double value, double weight);
  void stop(FitStop why);
  void print(const std::string& line);
  const History& history() const { return shown_ ? *shown_ : history_; }
  Checkpoint& checkpoint() { return checkpoint_; }
  RunEvaluation* evaluation();

  // A part of its own checkpoints.
  NamedTensors state() const;
  void restore(const NamedTensors& state);

 private:
  using Clock = std::chrono::steady_clock;
  /// Who gives the numbers of a name: the run itself, what measures a batch, or a call of `log`.
  enum class Giver { run, measure, log };

  // fit_names.cpp
  bool take_name(const std::string& name, Giver giver);
  double check_measured(const Measured& measured, double rows);
  void require_samples(const Means& means, const std::string& loss) const;
  void require_steps() const;
  std::string epoch_name() const { return "epoch " + std::to_string(epoch_ + 1); }

  // fit_step.cpp
  void check_first(const Measured& measured);
  void require_model(const Tensor& loss) const;
  void apply_step(const Measure* again);
  void count_steps();
  void remember_buffers();
  void put_buffers_back() const;
  std::string place(std::int64_t batch) const;
  [[noreturn]] void fail_not_finite(const std::string& what, const Measure* again);
  std::string first_cause(const Measure* again) const;

  // fit_together.cpp
  bool first_rank() const { return ranks_ == nullptr || ranks_->rank() == 0; }
  std::vector<double> meet(const char* where, double tag, double own) const;
  template <class F>
  void on_first_rank(const F& f) const;
  void lock_folder();
  std::string open_together();
  void skip_together();
  bool any_steps(bool own);
  void take_sums(std::span<const double> sums);
  void step_together(const Measured* measured, double rows, const Measure* again);
  void apply_together(const Tensor& loss, double samples, const Measure* again);
  void end_pass_together();
  void share_buffers() const;
  void agree_on_validation(bool& cut, const std::string& wrong) const;
  void sum_validation();
  void agree_on_stop();

  // fit_agreement.cpp
  std::string complaint();
  std::vector<std::string> agreed() const;
  void agree();

  // fit_validation.cpp
  void validate();
  bool go_through_validation(std::string& wrong);

  // fit_stop.cpp
  void decide();
  void decide_by_counts();
  FitStop by_counts() const;

  // fit_begin.cpp
  std::string unready() const;
  void require_ready() const;
  void set_schedules();
  void put_schedules_back();
  void note_data();
  std::string opened();

  // fit_loop.cpp
  void pause();
  void call_epoch_callbacks();
  void add_values(std::vector<Metric>& row) const;
  void make_row();
  void judge();
  bool monitored(double& value);
  NamedTensors weights() const;
  void finish();
  void tell_ending();
  std::vector<std::string> names_to_monitor() const;
  double seconds() const;
  double seconds_of_epoch() const;

  const nn::Module* model_;
  optim::Optimizer* optimizer_;
  FitSource& source_;
  FitOptions options_;
  Validate validate_;
  bool measures_;    // the run has a loss of its own
  FitRanks* ranks_;  // null: alone
  RunFolder folder_;
  Checkpoint checkpoint_;
  std::optional<optim::Averaging> averaging_;
  FitDisplay display_;

  // Of the run, in its checkpoints.
  std::int64_t epoch_ = 0, batch_ = 0, steps_ = 0, bad_epochs_ = 0;
  double best_value_ = 0;
  NamedTensors best_weights_;
  Means training_;
  bool passed_ = false;  // all batches of the epoch are done
  History history_;

  // Of this part of it.
  std::vector<std::pair<std::string, Giver>> names_;  // each is given by one alone
  Means validation_;
  std::vector<Metric> row_;
  std::optional<InterruptGuard> interrupts_;
  std::optional<History> shown_;                   // with the part of an epoch
  NamedTensors last_weights_;                      // while the model has the best
  std::vector<optim::Schedule> schedules_before_;  // a run with its own
  std::shared_ptr<std::int64_t> scheduled_epoch_ = std::make_shared<std::int64_t>(0);
  FitStop stop_ = FitStop::none;
  bool opened_ = false, checked_ = false;
  bool in_pass_ = false, in_batch_ = false;
  bool validated_ = false;                       // the epoch, if it is
  bool paused_ = false;                          // the run has stopped in an epoch, to go on there
  std::optional<Means> paused_at_;               // what was measured until then
  std::int64_t steps_before_ = 0;                // the epoch
  std::string saved_;                            // the newest checkpoint
  std::int64_t data_ = 0, validation_data_ = 0;  // fingerprints
  Clock::time_point began_, epoch_began_;
  double seconds_before_ = 0;  // of the epoch, in runs before

  // Of a step.
  std::vector<Tensor> parameters_, buffers_, before_;
  std::int64_t group_ = 0;     // batches in it so far
  std::int64_t counted_ = 0;   // of the optimizer's steps, those that the run knows of
  std::int64_t saved_at_ = 0;  // steps, when they last gave a checkpoint
  double group_samples_ = 0, group_unit_ = 1;
  bool without_samples_ = false;  // a batch of this epoch

  // Of a batch that others have parts of.
  std::optional<BatchPart> part_;
  bool some_have_none_ = false;
  std::int64_t passes_ = 0;    // of the ranks, before it
  bool stepped_ = false;       // it had a step
  bool ever_stepped_ = false;  // so had any, and loops of one's own do not step themselves
  Means own_;                  // of this rank
};

}  // namespace xtape::detail
