#include "engine_child.hpp"

#include <pthread.h>

#include <ctime>
#include <iostream>
#include <stdexcept>

#include <xtape/xtape.hpp>

#include "memory_used.hpp"
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

/// Milliseconds of a recurrent net over so many steps.
double recurrent_time(std::int64_t length) {
  constexpr int calls = 10;
  const xtape::Tensor x = xtape::Rng(0).normal({16, length, 32}, 0, 1, xtape::Dtype::float32);
  xtape::Rng rng(0);
  const xtape::nn::RNN net(32, 64, {}, rng);
  const auto run = [&] { static_cast<void>(xtape::grad(xtape::sum(net(x)), net.parameters())); };
  run();
  Stopwatch watch;
  for (int i = 0; i < calls; ++i) run();
  return watch.lap() / calls * 1e3;
}

/// Trains on batches of sizes and lengths up to these, drawn at random.
void print_random_shapes() {
  constexpr int steps = 100;
  constexpr std::int64_t batch = 64, length = 256, width = 128;
  xtape::Rng rng(0);
  const xtape::nn::RNN net(width, width, {}, rng);
  const double before = memory_megabytes("VmRSS");
  xtape::memory::reset_peak_bytes();
  for (int i = 0; i < steps; ++i) {
    const auto drawn = [&](std::int64_t most) {
      return static_cast<std::int64_t>(rng.integers(1, most + 1, {}).item());
    };
    const xtape::Shape shape{drawn(batch), drawn(length), width};
    const xtape::Tensor x = rng.normal(shape, 0, 1, xtape::Dtype::float32);
    static_cast<void>(xtape::grad(xtape::sum(net(x)), net.parameters()));
  }
  std::cout << memory_megabytes("VmHWM") - before << ' '
            << static_cast<double>(xtape::memory::peak_bytes()) / (1 << 20) << '\n';
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
  } else if (task == "lengths") {
    std::cout << recurrent_time(100) << ' ' << recurrent_time(400) << '\n';
  } else if (task == "shapes") {
    print_random_shapes();
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
