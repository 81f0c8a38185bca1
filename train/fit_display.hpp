#pragma once
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <xtape/train/history.hpp>
#include <xtape/train/progress.hpp>

namespace xtape::detail {

/// What a run tells while it goes on; nothing without a stream.
class FitDisplay {
 public:
  explicit FitDisplay(std::ostream* stream) : stream_(stream) {}

  /// `samples` of all epochs to come, 0 where nobody knows; else `unit` is what a batch has.
  void begin(std::int64_t total, const char* unit);
  void batch(std::int64_t epoch, std::int64_t epochs, std::int64_t count, double loss);
  void epoch(std::int64_t epoch, std::int64_t epochs, const std::vector<Metric>& row);
  void say(const std::string& text);
  /// The same, and without a stream of its own on another one.
  void say(const std::string& text, std::ostream& instead);
  /// Takes the bar away, so that others may print.
  void clear();
  void end() { bar_.reset(); }
  bool on() const { return stream_ != nullptr; }

 private:
  std::ostream* stream_;
  std::unique_ptr<ProgressBar> bar_;
  Curve losses_;
};

}  // namespace xtape::detail
