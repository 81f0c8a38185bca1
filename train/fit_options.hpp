#pragma once
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/function.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/loader.hpp>
#include <xtape/optim/averaging.hpp>
#include <xtape/optim/schedule.hpp>
#include <xtape/train/goal.hpp>
#include <xtape/train/history.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

class FitEpoch;
class FitRanks;

/// What a model makes of a batch: its loss, and what else is measured of it. A loss alone is one
/// too.
struct Measured {
  Measured(Tensor of_batch, std::vector<Metric> others = {}, std::optional<double> count = {});

  Tensor loss;                  ///< a scalar, the mean over the batch
  std::vector<Metric> metrics;  ///< means over the batch: {{"accuracy", accuracy(logits, y)}}
  /// Over how many they are means; by default the rows of the batch. Of 0 nothing counts, and no
  /// step comes.
  std::optional<double> samples;
};

/// Ends a run that no longer gets better.
struct EarlyStopping {
  std::int64_t patience = 0;  ///< epochs in a row without improvement that end the run; 0: none do
  double min_delta = 0;       ///< an improvement is more than this
  bool restore_best = true;   ///< the model ends with the weights of its best epoch
};

/// A folder for what a run keeps: checkpoints named after epochs and batches done,
/// `epoch-00003-batch-000000.npz`, with all that the run needs to go on to the same bits, and the
/// weights of the best epoch, `best.npz`, for `data::load_npz(path, model)`. Each file appears
/// whole or not at all.
struct FitFolder {
  std::string path = {};          ///< none: nothing is kept
  bool resume = false;            ///< go on from the newest checkpoint, if there is one
  std::int64_t last = 1;          ///< so many of the newest checkpoints stay
  std::int64_t every_epochs = 1;  ///< one is written after so many epochs,
  std::int64_t every_steps = 0;   ///< after each batch that makes so many steps full; 0: only then
  bool best = true;               ///< whether to write best.npz
  bool same_data = true;          ///< data that are not those of the newest checkpoint are refused
};

/// What a model is judged by after each epoch: nothing, or what a loader of the training data would
/// take, or such a loader, of which each validation goes through the same pass, the next one.
class ValidationData {
 public:
  ValidationData() = default;
  ValidationData(data::Dataset rows);
  ValidationData(data::TensorList rows);
  ValidationData(data::NamedDataset rows);
  ValidationData(data::Loader batches);
  ValidationData(data::TensorLoader batches);
  ValidationData(data::NamedLoader batches);

  explicit operator bool() const { return static_cast<bool>(any_); }
  /// The data, if they are of that type; else null.
  template <class Data>
  const Data* get_if() const {
    const Data* data = nullptr;
    find(data);
    return data;
  }

  // For the library's own use.
  struct Any;
  const Any& any() const { return *any_; }

 private:
  void find(const data::Dataset*& rows) const;
  void find(const data::TensorList*& rows) const;
  void find(const data::NamedDataset*& rows) const;
  void find(const data::Loader*& batches) const;
  void find(const data::TensorLoader*& batches) const;
  void find(const data::NamedLoader*& batches) const;

  std::shared_ptr<const Any> any_;
};

/// Called in the middle of a run; any callable. It may look at the epoch, `log` to it, and `stop`
/// it.
using FitCallback = std::function<void(FitEpoch& epoch)>;

struct FitOptions {
  std::int64_t epochs = 10;
  ValidationData validation = {};      ///< for "validation_loss" and the metrics
  std::int64_t validation_rows = 512;  ///< of a batch of it, unless it is a loader

  /// What tells which epoch is best; "validation_loss", or "loss" without validation. Of what is no
  /// loss the goal must be given.
  std::string monitor = {};
  std::optional<SearchGoal> goal = {};
  EarlyStopping early_stopping = {};
  std::vector<std::string> logs = {};  ///< names that callbacks log, if the monitor is one of them

  std::optional<double> clip_norm = {};   ///< greatest norm of the gradients of a step, above 0
  std::optional<double> clip_value = {};  ///< greatest element, above 0
  std::int64_t accumulate = 1;  ///< batches of a step, whose gradient is that of one large batch
  /// Factors of the learning rate, until the run ends in place of the optimizer's own schedules: of
  /// the run's steps 0, 1, ..., and of its epochs 0, 1, ...; of both, their product.
  std::optional<optim::Schedule> step_schedule = {}, epoch_schedule = {};
  /// Averages of the weights (EMA) beside the model: validated, kept as best, and at the end its
  /// weights.
  std::optional<optim::AveragingOptions> averaging = {};

  std::optional<std::int64_t> max_steps = {};  ///< of the whole run, resumed or not
  std::optional<double> max_seconds = {};      ///< of this part of it; ends after a step

  FitFolder folder = {};
  std::vector<FitCallback> on_batch = {};  ///< after each batch, in order
  /// After each epoch and its validation, in order: as there with the model in evaluation, and with
  /// the averages of its weights. Modules stay as they are told `train` or `eval` there.
  std::vector<FitCallback> on_epoch = {};
  /// Where progress is told: a line an epoch, and on a terminal (`&std::cout`) a bar below.
  std::ostream* progress = nullptr;
  /// Ctrl-C (SIGINT), and SIGTERM, as mpirun makes of it and schedulers send it, end the run after
  /// the step, or before the next batch of validation, with a checkpoint; a second one of its kind
  /// ends the program. Whoever handled them before does so again when the run has
  /// ended. In the objective of a search it ends that too: SearchInterrupted.
  bool catch_interrupt = false;

  /// Stop at a loss or gradient that is not finite, before the step, and at such a loss of
  /// validation, or one that is logged. Of a gradient up to 4096 elements are looked at, spread over
  /// all of it.
  bool check_finite = true;
  bool allow_unstepped = false;      ///< the loss may reach leaves that no optimizer steps
  bool allow_evaluation = false;     ///< the model may be in evaluation mode while it is trained
  bool allow_unseen_labels = false;  ///< validation may have labels that training has not

  /// Processes that train the model together, a dist::Overlapped of it: each with a part of every
  /// batch, all with the same results. The first one tells progress and writes. It must live as
  /// long.
  FitRanks* ranks = nullptr;
};

}  // namespace xtape

XTAPE_EXPORT_END
