#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <type_traits>
#include <variant>

#include <xtape/core/error.hpp>
#include <xtape/train/agreement.hpp>
#include <xtape/train/fit_loop.hpp>
#include <xtape/train/validation_data.hpp>

/// What ranks must agree on before a run: else one would wait for another, or weights drift apart.
namespace xtape::detail {
namespace {

template <class T>
std::string shown(const std::optional<T>& value) {
  return value ? text(static_cast<double>(*value)) : "none";
}

/// What it gives shows in the rates of each step.
std::string shown(const std::optional<optim::Schedule>& schedule) {
  return schedule ? "given" : "none";
}

/// Of a loader: with another on some rank, rows would come twice, and others never.
std::string shown_ordering(std::int64_t ordering) {
  return ordering == 0   ? ", as they lie"
         : ordering == 1 ? ", shuffled"
                         : ", by a sampler or blocks [" + std::to_string(ordering) + "]";
}

std::string shown(const ValidationData& validation) {
  if (!validation) return "none";
  return std::visit(
      [](const auto& data) -> std::string {
        if constexpr (requires { data.samples(); }) {
          return std::to_string(data.samples()) + " rows in " + std::to_string(data.size()) +
                 " batches" + shown_ordering(data.ordering());
        } else {
          return text(samples_of(data)) + " rows";
        }
      },
      validation.any().data);
}

std::string shown(const data::Part& part) {
  return std::to_string(part.index) + " of " + std::to_string(part.count);
}

/// That of a validation loader; of one without parts each rank goes through all.
std::optional<data::Part> part_of(const ValidationData& validation) {
  if (!validation) return {};
  return std::visit(
      [](const auto& data) -> std::optional<data::Part> {
        if constexpr (requires { data.part(); }) {
          if (data.part().count > 1) return data.part();
        }
        return {};
      },
      validation.any().data);
}

}  // namespace

/// What is wrong on this rank; empty if nothing is.
std::string FitLoop::complaint() {
  try {
    note_data();
  } catch (const std::exception& error) {  // others must not wait
    return error.what();
  }
  if (std::string wrong = unready(); !wrong.empty()) return wrong;
  const data::Part own{options_.ranks->rank(), options_.ranks->size()};
  for (const auto& [name, part] : {std::pair("loader", source_.part()),
                                   std::pair("validation loader", part_of(options_.validation))}) {
    if (part && (part->index != own.index || part->count != own.count)) {
      return std::string("fit: on rank ") + std::to_string(own.index) + " the " + name +
             " must have .part " + shown(own) + "; got " + shown(*part);
    }
  }
  if (model_ == nullptr) return {};
  if (const std::string name = options_.ranks->missed(model_->named_parameters()); !name.empty())
    return "fit: .ranks must exchange all parameters of the model; " + name + " is none of theirs";
  return {};
}

/// All that decides what a rank does when, or what a step makes of a gradient.
std::vector<std::string> FitLoop::agreed() const {
  const FitOptions& o = options_;
  std::vector<std::string> lines{
      "epochs " + std::to_string(o.epochs),
      "accumulate " + std::to_string(o.accumulate),
      "validation of " + shown(o.validation),
      "validation_rows " + std::to_string(o.validation_rows),
      "monitor \"" + o.monitor + "\"",
      o.goal == SearchGoal::minimize ? "goal minimize" : "goal maximize",
      "patience " + std::to_string(o.early_stopping.patience),
      "min_delta " + text(o.early_stopping.min_delta),
      o.early_stopping.restore_best ? "restore_best true" : "restore_best false",
      "clip_norm " + shown(o.clip_norm),
      "clip_value " + shown(o.clip_value),
      "max_steps " + shown(o.max_steps),
      "step_schedule " + shown(o.step_schedule),
      "epoch_schedule " + shown(o.epoch_schedule),
      "averaging " + (o.averaging ? "by " + shown(o.averaging->decay) +
                                        (o.averaging->warm_up ? ", warmed up" : "")
                                  : "none")};
  if (source_.part()) {
    lines.push_back("a loader of " + std::to_string(source_.samples()) + " rows in " +
                    std::to_string(source_.size()) + " batches" +
                    (source_.ordering() ? shown_ordering(*source_.ordering()) : ""));
    lines.push_back("training data [" + std::to_string(data_) + "]");
  }
  lines.push_back(std::string("a folder ") + (o.folder.path.empty() ? "none" : "given") +
                  (o.folder.resume ? ", to resume" : ""));
  if (optimizer_ == nullptr) return lines;
  for (const std::string& setting : optimizer_->settings()) lines.push_back("optimizer " + setting);
  return lines;
}

void FitLoop::agree() {
  if (options_.ranks == nullptr) {
    require_ready();
    const std::optional<data::Part> part = source_.part();
    if (measures_ && part && part->count > 1) {
      throw ValueError("fit: a loader of .part " + shown(*part) +
                       " needs .ranks: each process would train a model of its own");
    }
    return note_data();
  }
  if (ranks_ == nullptr) {  // one rank of a world
    if (const std::string wrong = complaint(); !wrong.empty()) throw ValueError(wrong);
    return;
  }
  throw_together(*ranks_, complaint());
  require_same("fit: options", *ranks_, agreed());
}

}  // namespace xtape::detail
