#pragma once
#include <atomic>

namespace xtape::detail {

/// While one lives, the first SIGINT is noted and the next ends the program, and so it is with
/// SIGTERM; then whoever had them before has them again. Runs on several threads all stop at the same one, and so does one that
/// begins in a search of which another has.
class InterruptGuard {
 public:
  explicit InterruptGuard(bool catch_it);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool interrupted() const;

 private:
  bool catches_;
};

/// While it lives, what Ctrl-C ends on this thread belongs to an evaluation of a search.
class InterruptWatch {
 public:
  explicit InterruptWatch(std::atomic<bool>& search);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  /// Whether something in this evaluation was cut.
  bool cut() const { return cut_; }

  /// Called by what Ctrl-C has reached on this thread; `cut`: before it was done.
  static void tell(bool cut) noexcept;
  /// Whether it has reached anything of the search.
  static bool told() noexcept;

 private:
  std::atomic<bool>& search_;
  bool cut_ = false;
  InterruptWatch* outer_;
};

}  // namespace xtape::detail
