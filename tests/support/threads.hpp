#pragma once
#include <xtape/core/threads.hpp>

/// While it lives, so many threads share the work of an operation.
class Threads {
 public:
  explicit Threads(int count) : before_(xtape::threads()) { xtape::set_threads(count); }
  ~Threads() { xtape::set_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};
