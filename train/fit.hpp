#pragma once
#include <concepts>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/owned.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/nn/module.hpp>
#include <xtape/optim/optimizer.hpp>
#include <xtape/train/checkpoint.hpp>
#include <xtape/train/fit_options.hpp>
#include <xtape/train/fit_ranks.hpp>
#include <xtape/train/fit_source.hpp>
#include <xtape/train/history.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

namespace detail {
class FitLoop;
class RunEvaluation;
}  // namespace detail
class FitBase;

/// While it lives, the model of a run is in evaluation, with the averages of its weights if the run
/// keeps some: as in validation, and in callbacks of epochs. What is written to averages is lost.
/// Modules stay as they are told `train` or `eval` in the meantime.
class [[nodiscard]] FitEvaluation {
 public:
  ~FitEvaluation();
  FitEvaluation(const FitEvaluation&) = delete;
  FitEvaluation& operator=(const FitEvaluation&) = delete;

 private:
  friend class FitEpoch;
  explicit FitEvaluation(detail::RunEvaluation* scope);
  Owned<detail::RunEvaluation> scope_;
};

/// An epoch of a run, as callbacks and loops see it.
class FitEpoch {
 public:
  std::int64_t number() const;   ///< from 1
  std::int64_t batches() const;  ///< done in this epoch
  /// Whether all its batches are done, and its validation: not in the middle of it, nor where the
  /// run has stopped within it.
  bool complete() const;
  /// Made by the run, in this epoch and before, by `batch.step` or the loop's own calls of the
  /// optimizer; without an optimizer, batches.
  std::int64_t steps() const;
  /// The mean so far of what was measured or logged in this epoch; of "validation_...", after its
  /// last batch, and NaN where the run has stopped within it; on several ranks, over all of them.
  /// Throws ValueError for a name that is not there, with those that are.
  double operator[](const std::string& name) const;
  /// All of them: of what was measured, logged and validated so far.
  std::vector<Metric> metrics() const;
  /// Those of the optimizer, that the last step used: "learning_rate", and of further groups
  /// "learning_rate.1", "learning_rate.2"; none without an optimizer.
  std::vector<Metric> learning_rates() const;
  /// Logs a number; of several in an epoch the mean counts, over so many samples each. Throws
  /// ValueError for a name that the run or the loss gives, "loss", "validation_loss",
  /// "learning_rate", "seconds", "epoch".
  void log(const std::string& name, double value, double samples = 1);
  /// A line above the bar, on the run's stream of progress, or std::cout where it has none; on
  /// several ranks that of rank 0 alone. What a callback of a batch prints otherwise stands in the
  /// line of the bar.
  void print(const std::string& line);
  /// `const auto evaluation = epoch.evaluation();`: for what a loop of one's own measures itself.
  FitEvaluation evaluation();
  /// Ends the run: after this batch, or if that was the last, after this epoch.
  void stop();

 protected:
  explicit FitEpoch(detail::FitLoop& loop) : loop_(&loop) {}
  friend class detail::FitLoop;
  friend class FitBase;
  detail::FitLoop* loop_;
};

/// What a Fit is apart from the type of its batches.
class FitBase {
 public:
  FitBase(const FitBase&) = delete;
  FitBase& operator=(const FitBase&) = delete;
  ~FitBase();

  /// The epochs done; at the end of a run with the part of one that it stopped in.
  const History& history() const;
  /// A part of its checkpoints, as `Checkpoint::add`: what draws or learns beside model, optimizer
  /// and loader. The default generator is one already. It must live as long.
  template <class T>
  FitBase& add(const std::string& name, T& part) {
    checkpoint().add(name, part);
    return *this;
  }

 protected:
  using TakeMeasured = std::function<bool(const std::function<Measured()>& measure, double rows)>;
  using Validate = std::function<void(const TakeMeasured& take)>;

  FitBase(const nn::Module* model, optim::Optimizer* optimizer, detail::FitSource& source,
          FitOptions options, Validate validate, bool measures);
  Checkpoint& checkpoint();

  /// From the begin of a run to its end, by an exception too.
  class Running {
   public:
    explicit Running(detail::FitLoop& loop);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    detail::FitLoop& loop_;
  };

  // The loop, as the ranges call it.
  bool over();  // else an epoch begins
  void start_pass();
  void begin_batch(double rows);
  bool stopped_in_pass();
  void end_batch();
  void end_pass();
  void leave_pass() noexcept;
  void end_epoch();
  void step(const Measured& measured, double rows);
  void step(const std::function<Measured()>& measure, double rows);
  FitEpoch view();

  Owned<detail::FitLoop> loop_;
};

/// A run of training: batches, steps, validation, and what happens between them. It is a range:
/// `run()` is its loop, and a loop of one's own has the same parts.
/// ```
/// Fit fit(model, optimizer, loader, loss, {.epochs = 20, .validation = test});
/// const History history = fit.run();
///
/// for (auto& epoch : fit)            // the same
///   for (auto& batch : epoch) batch.step([&] { return loss(batch.data); });
/// ```
/// `loss` is any function of a batch that gives its loss or a `Measured`; for validation it is
/// called with nothing recorded and the model in evaluation. Metrics are means over samples. The
/// loader is any range of batches that can be gone through again. Model, optimizer and loader must
/// live as long.
///
/// Without optimizer, or without loss, it is for loops of one's own alone: they step themselves,
/// and tell by `batch.log("loss", loss.item())` what there is to see. Leave one early by
/// `epoch.stop()`. Where a limit or Ctrl-C has ended the run within an epoch, what stands behind
/// its batches follows still: `epoch.complete()` tells.
///
/// On several ranks (`.ranks`) each has a loader of its part of every batch (`data::Part`). They
/// begin with the state that the model, the loader and a resumed run have on rank 0; gradients,
/// metrics and validation are those of all, and so is a wish to stop, and which epoch is best rank
/// 0's. A step of a function is left out where a batch has no rows; a batch that only some ranks
/// step has no samples on the others, and one that no rank steps makes no step, but counts in
/// `accumulate`. What a loss draws itself is the same on all ranks. Begin throws ValueError on all
/// of them for a loader of another part, parameters that are not exchanged, and options, of the run
/// or the optimizer, that differ, naming the first difference; a step does for learning rates that
/// differ.
///
/// An exception ends a run; the epoch that it was in is forgotten, and another run begins that
/// epoch anew.
/// Throws ValueError for options out of range, and when a run begins, or at its first batch, for a
/// monitor that there is not, labels that training has not, a metric whose name another number has,
/// and a leaf that the loss reaches and no optimizer steps; for a run within a run, a number of
/// samples that is none, an epoch without any, without batches, or of a run with a loss without a
/// step, and a loss that is not finite; ShapeError for a loss that is no scalar; IoError
/// for a folder that cannot be written; what Checkpoint throws for a run that does not fit.
template <class Batch>
class Fit : public FitBase {
 public:
  template <class Loader, class Loss>
  requires std::is_invocable_r_v<Measured, Loss&, const Batch&> Fit(const nn::Module& model,
                                                                    optim::Optimizer& optimizer,
                                                                    Loader& loader, Loss loss,
                                                                    FitOptions options = {})
      : Fit(&model, &optimizer, std::make_unique<detail::SourceOf<Loader>>(loader), std::move(loss),
            std::move(options)) {}
  template <class Loader>
  Fit(const nn::Module& model, optim::Optimizer& optimizer, Loader& loader, FitOptions options = {})
      : Fit(&model, &optimizer, std::make_unique<detail::SourceOf<Loader>>(loader), nullptr,
            std::move(options)) {}
  template <class Loader>
  explicit Fit(Loader& loader, FitOptions options = {})
      : Fit(nullptr, nullptr, std::make_unique<detail::SourceOf<Loader>>(loader), nullptr,
            std::move(options)) {}

  /// Trains to the end, or from where the run stands. Throws ValueError without a loss.
  History run() {
    if (!loss_) throw ValueError("fit: run() needs a loss; loops of one's own go over the epochs");
    for (Epoch& epoch : *this) {
      for (Step& batch : epoch) batch.step([&] { return loss_(batch.data); });
    }
    return history();
  }

  /// A batch, for a step.
  class Step {
   public:
    Batch data;

    /// Along the gradient of a loss: backward, and if the step has its batches, clipping and the
    /// optimizer. What it measures is logged. Of a function the operation is known that first gave
    /// no number.
    void step(const Measured& measured) { fit_->FitBase::step(measured, rows()); }
    template <class Measure>
    requires std::is_invocable_r_v<Measured, Measure&> &&
        (!std::convertible_to<Measure, Measured>)  // a tensor is a function too, of indices
        void step(Measure measure) {
      fit_->FitBase::step(std::function<Measured()>(std::ref(measure)), rows());
    }
    /// Logs the mean over this batch of something; nothing of a batch without rows.
    void log(const std::string& name, double mean) {
      if (rows() > 0) fit_->view().log(name, mean, rows());
    }

   private:
    friend class Fit;
    Step(Batch batch, Fit& fit) : data(std::move(batch)), fit_(&fit) {}
    double rows() const { return detail::samples_of(data); }
    Fit* fit_;
  };

  class Epoch : public FitEpoch {
   public:
    class Iterator;
    Iterator begin() { return Iterator(*fit_); }
    std::default_sentinel_t end() const { return {}; }

   private:
    friend class Fit;
    explicit Epoch(Fit& fit) : FitEpoch(fit.view()), fit_(&fit) {}
    Fit* fit_;
  };

  class Iterator;
  /// Begins the run, or goes on with it.
  Iterator begin() { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  using Loss = std::function<Measured(const Batch&)>;

  Fit(const nn::Module* model, optim::Optimizer* optimizer,
      std::unique_ptr<detail::BatchPasses<Batch>> source, Loss loss, FitOptions options)
      : FitBase(model, optimizer, *source, options, validation(options, loss), bool(loss)),
        source_(std::move(source)),
        loss_(std::move(loss)) {}

  static Validate validation(const FitOptions& options, const Loss& loss) {
    if (!options.validation) return {};
    if constexpr (detail::loadable<Batch>) {
      const Batch* rows = options.validation.get_if<Batch>();
      if (rows != nullptr && loss) {
        if (detail::samples_of(*rows) < 1)
          throw ValueError("fit: the validation data must have a row; got none");
        return [loss, all = *rows, size = options.validation_rows,
                ranks = options.ranks](const TakeMeasured& take) {
          std::int64_t number = 0;  // ranks take batches in turn
          for (const Batch& batch : data::BatchLoader<Batch>(all, {.batch_size = size})) {
            if (ranks != nullptr && number++ % ranks->size() != ranks->rank()) continue;
            if (!take([&] { return loss(batch); }, detail::samples_of(batch))) return;
          }
        };
      }
      const auto* loader = options.validation.get_if<detail::LoaderFor<Batch>>();
      if (loader != nullptr && loss) {
        if (loader->size() < 1)
          throw ValueError("fit: the validation data must have a batch; got none");
        return [loss, from = *loader, ranks = options.ranks](const TakeMeasured& take) {
          auto pass = from;  // that of rank 0
          if (ranks != nullptr) pass.restore(ranks->broadcast(pass.state()));
          for (const Batch& batch : pass) {
            const double own = detail::samples_of(batch);
            if (own == 0) continue;  // of a last batch a rank may have none
            if (!take([&] { return loss(batch); }, own)) return;
          }
        };
      }
    }
    throw ValueError(loss ? "fit: .validation must be data, or a loader, of the kind that the "
                            "training loader gives; got another"
                          : "fit: .validation needs a loss, which a Fit with a loop of one's own "
                            "takes too; got none");
  }

  std::unique_ptr<detail::BatchPasses<Batch>> source_;
  Loss loss_;
};

template <class Batch>
class Fit<Batch>::Epoch::Iterator {
 public:
  explicit Iterator(Fit& fit) : fit_(fit), step_({}, fit) {
    fit.start_pass();
    take();
  }
  ~Iterator() { fit_.leave_pass(); }
  Iterator(const Iterator&) = delete;
  Iterator& operator=(const Iterator&) = delete;

  Step& operator*() { return step_; }
  Iterator& operator++() {
    fit_.end_batch();
    ended_ = fit_.stopped_in_pass();
    if (!ended_) {
      fit_.source_->advance();
      take();
    }
    return *this;
  }
  friend bool operator==(const Iterator& i, std::default_sentinel_t) { return i.ended_; }

 private:
  void take() {
    ended_ = fit_.source_->at_end();
    if (ended_) {
      fit_.end_pass();
    } else {
      step_.data = fit_.source_->current();
      fit_.begin_batch(step_.rows());
    }
  }
  Fit& fit_;
  Step step_;
  bool ended_ = false;
};

template <class Batch>
class Fit<Batch>::Iterator {
 public:
  explicit Iterator(Fit& fit) : running_(*fit.loop_), epoch_(fit), over_(fit.over()) {}
  Epoch& operator*() { return epoch_; }
  Iterator& operator++() {
    epoch_.fit_->end_epoch();
    over_ = epoch_.fit_->over();
    return *this;
  }
  friend bool operator==(const Iterator& i, std::default_sentinel_t) { return i.over_; }

 private:
  Running running_;
  Epoch epoch_;
  bool over_;
};

template <class Loader, class Loss>
requires std::is_invocable_r_v < Measured, Loss&, const detail::BatchOf<Loader>
& > Fit(const nn::Module&, optim::Optimizer&, Loader&, Loss, FitOptions = {})
        ->Fit<detail::BatchOf<Loader>>;
template <class Loader>
Fit(const nn::Module&, optim::Optimizer&, Loader&, FitOptions = {}) -> Fit<detail::BatchOf<Loader>>;
template <class Loader>
explicit Fit(Loader&, FitOptions = {}) -> Fit<detail::BatchOf<Loader>>;

}  // namespace xtape

XTAPE_EXPORT_END
