#pragma once
#include <cstdint>
#include <string>

#include <xtape/nn/module.hpp>
#include <xtape/train/checkpoint.hpp>
#include <xtape/train/fit_options.hpp>

namespace xtape::detail {

/// The files of a run.
class RunFolder {
 public:
  explicit RunFolder(FitFolder options) : options_(std::move(options)) {}
  ~RunFolder() { unlock(); }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  bool kept() const { return !options_.path.empty(); }
  const FitFolder& options() const { return options_; }

  /// Makes the folder, and keeps it from other runs, of this process or another, until `unlock`, or
  /// the end of the process. Throws ValueError if one has it.
  void lock();
  void unlock() noexcept;
  /// Loads the newest checkpoint if the run is to be resumed; returns its path, or
  /// nothing. Throws IoError where nothing can be written, ValueError for checkpoints of a run that
  /// is not to be resumed.
  std::string open(const Checkpoint& checkpoint) const;
  /// Writes a checkpoint, then deletes those that are too many; returns its path.
  std::string save(const Checkpoint& checkpoint, std::int64_t epoch, std::int64_t batch) const;
  void save_best(const NamedTensors& weights) const;

 private:
  FitFolder options_;
  int locked_ = -1;  // the folder as an open file
  int owner_ = 0;    // the process that has locked it
};

}  // namespace xtape::detail
