#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <sys/types.h>

#include <xtape/data/dataset.hpp>

namespace xtape::data {

/// Batches made one after the other on a thread of their own, while the caller is busy with those
/// before. It ends with the last batch, or with this object, at the latest after the batch that is
/// in the making.
template <class Batch>
class Prefetch {
 public:
  /// Makes batch 0, ..., count - 1: the current one, and at most `ahead` behind it.
  Prefetch(std::int64_t count, std::int64_t ahead, std::function<Batch(std::int64_t)> make);
  /// Ends a pass. In a process forked meanwhile it is left as it is: its lock and its condition may
  /// be as the thread had them, which is not there to let them go.
  static void end(Prefetch* pass);

  /// The current batch, waited for; at first batch 0. There must be one. Throws what making it
  /// threw; ValueError in a process forked meanwhile, where the thread is not.
  Batch current();
  /// Goes on to the next batch.
  void advance();

 private:
  ~Prefetch() = default;
  /// A batch, or why there is none.
  struct Made {
    Batch batch;
    std::exception_ptr error;
  };

  void check_process() const;
  void work(const std::stop_token& stop, std::int64_t count);
  Made make(std::int64_t number) const;
  Made& slot(std::int64_t number);

  std::function<Batch(std::int64_t)> make_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Made> slots_;   // a ring: batch i has slot i modulo their number
  std::int64_t current_ = 0;  // the slots of [current_, made_) are filled
  std::int64_t made_ = 0;
  pid_t process_;        // that the thread belongs to
  std::jthread worker_;  // last: it ends before what it uses
};

}  // namespace xtape::data
