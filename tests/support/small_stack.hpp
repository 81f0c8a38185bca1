#pragma once
#include <exception>
#include <functional>
#include <stdexcept>

#include <pthread.h>

/// Runs `work` on a thread with a stack of 256 KB, which recursion over a deep graph overflows; its
/// exception comes back.
inline void on_small_stack(const std::function<void()>& work) {
  struct Job {
    const std::function<void()>& work;
    std::exception_ptr error;
  } job{work, nullptr};
  const auto run = [](void* argument) -> void* {
    auto& own = *static_cast<Job*>(argument);
    try {
      own.work();
    } catch (...) {
      own.error = std::current_exception();
    }
    return nullptr;
  };
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_t thread;
  const int failure = pthread_create(&thread, &attributes, run, &job);
  pthread_attr_destroy(&attributes);
  if (failure != 0) throw std::runtime_error("no thread could be started");
  pthread_join(thread, nullptr);
  if (job.error) std::rethrow_exception(job.error);
}
