#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include <xtape/core/parallel.hpp>

namespace xtape::detail {

using Clock = std::chrono::steady_clock;

/// While it lives, all that can be shared is, however little it is: for tests.
class ShareAll {
 public:
  ShareAll();
  ~ShareAll();
  ShareAll(const ShareAll&) = delete;
  ShareAll& operator=(const ShareAll&) = delete;

 private:
  bool outer_;
};

/// How a thread rounds, and what it does with subnormal numbers.
class FloatMode {
 public:
  static FloatMode of_this_thread();
  void take_up() const;

 private:
  explicit FloatMode(std::uint64_t control) : control_(control) {}
  std::uint64_t control_;
};

/// What XTAPE_THREADS says, 1 if it is not set. Throws ValueError unless it is a number within [1,
/// 1024].
int threads_from_environment();

/// Threads that take pieces of work together with the one that has it. Each begins with a share of
/// its own, of which it then finds the memory in its cache in the next piece of work too, and goes
/// on with what others have not begun. The caller waits for threads that are at it only, not for
/// those that have not woken up.
class Workers {
 public:
  /// Starts them; fewer if the system gives no more. Throws std::bad_alloc.
  explicit Workers(int count);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int count() const { return static_cast<int>(threads_.size()); }
  /// Whether they are looking out for work, and not asleep.
  bool awake(Clock::time_point now) const { return now - last_ < spin_time; }
  /// Calls f for [0, count) piece by piece, from one thread at a time. Passes on an exception.
  /// Returns how long it waited in the end for a piece of another's.
  Clock::duration run(std::int64_t count, std::int64_t piece, const RangeFunction& f);

  static constexpr std::chrono::microseconds spin_time{50};
  Workers* lost_before = nullptr;  ///< of a process that this one was forked from

 private:
  /// Pieces [first, last) that nobody has begun, in one word.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> pieces{0};
    bool take_first(std::uint32_t& piece);
    bool take_last(std::uint32_t& piece);
  };
  static constexpr std::uint32_t closed = 1U << 31;

  void work(std::size_t number);
  std::uint32_t next_call(std::uint32_t seen) const;
  bool enter();
  bool has_pieces() const;
  void take_pieces(std::size_t own);
  void call(std::uint32_t piece);
  void drop_pieces();

  std::unique_ptr<Share[]> shares_;  // the caller's, then one for each thread
  const RangeFunction* f_ = nullptr;
  std::int64_t count_ = 0, piece_ = 1;
  FloatMode mode_ =
      FloatMode::of_this_thread();  // the caller's: bits must not depend on who computes
  std::exception_ptr error_;
  std::atomic<bool> failed_{false};
  std::atomic<bool> stop_{false};
  Clock::time_point last_{};
  alignas(64) std::atomic<std::uint32_t> calls_{0};
  alignas(64) std::atomic<std::uint32_t> inside_{
      closed};  // threads in a call, and whether it is over
  std::vector<std::thread> threads_;
};

}  // namespace xtape::detail
