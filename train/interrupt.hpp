#pragma once

namespace xtape::detail {

/// While one lives, the first SIGINT is noted and the next ends the program; then whoever had it
/// before has it again. Runs on several threads all stop at the same one.
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

}  // namespace xtape::detail
