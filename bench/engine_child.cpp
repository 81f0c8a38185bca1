#include "engine_child.hpp"

#include <pthread.h>

#include <ctime>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <xtape/xtape.hpp>

#include "workloads.hpp"
#include "xtape_models.hpp"

namespace bench {
namespace {

constexpr int long_chain = 1'000'000;
constexpr std::size_t small_stack = 256 * 1024;

/// Processor time of this thread: what other programs take meanwhile does not count.
class Stopwatch {
 public:
  /// Seconds since the last lap.
  double lap() {
    const double seconds = now() - last_;
    last_ += seconds;
    return seconds;
  }

 private:
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  double last_ = now();
};

/// A line of /proc/self/status, in MB: VmRSS is the resident memory, VmHWM the most there was.
double memory_megabytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == name + ":" && status >> kilobytes) return kilobytes / 1024;
  }
  throw std::runtime_error("/proc/self/status does not tell " + name);
}

void print_long_chain(bool sweep) {
  const double before = memory_megabytes("VmRSS");
  const ChainTimes times = run_chain(long_chain, sweep);
  std::cout << times.build << ' ' << times.sweep << ' ' << times.free << ' '
            << memory_megabytes("VmHWM") - before << '\n';
}

void run_on_small_stack(void* (*task)(void*)) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, small_stack);
  pthread_t thread{};
  if (pthread_create(&thread, &attributes, task, nullptr) != 0) {
    throw std::runtime_error("cannot start a thread");
  }
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

void train_workload_a(int steps) {
  const Problem problem = make_problem(workloads().front());
  XtapeModel model(problem);
  for (int i = 0; i < steps; ++i) model.step();
}

}  // namespace

ChainTimes run_chain(int length, bool sweep) {
  const xtape::Tensor x = xtape::full({}, 0.5).set_requires_grad(true);
  const xtape::Tensor one = xtape::ones({});
  ChainTimes times{};
  Stopwatch watch;
  xtape::Tensor y = x;
  for (int i = 0; i < length; ++i) y = y + one;
  times.build = watch.lap();
  if (sweep) y.backward();
  times.sweep = watch.lap();
  y = xtape::Tensor();
  times.free = watch.lap();
  if (sweep && x.grad().item() != 1) throw std::runtime_error("the gradient of a chain is wrong");
  return times;
}

bool run_child_task(const std::string& task) {
  if (task == "one-step") {
    train_workload_a(1);
  } else if (task == "memory") {
    train_workload_a(1000);
    std::cout << memory_megabytes("VmRSS") << ' ' << memory_megabytes("VmHWM") << '\n';
  } else if (task == "chain") {
    print_long_chain(true);
  } else if (task == "dropped") {
    print_long_chain(false);
  } else if (task == "small-stack") {
    run_on_small_stack([](void*) -> void* {
      print_long_chain(true);
      return nullptr;
    });
  } else {
    return false;
  }
  return true;
}

}  // namespace bench
