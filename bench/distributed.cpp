// Times training steps on several ranks, and what they exchange: mpirun -n 2 bench_distributed
// >two.jsonl. Each line is an object of JSON, for bench/scaling.py, which fits a model of the times
// and says what it predicts.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xtape/dist/overlapped.hpp>
#include <xtape/dist/world.hpp>
#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

namespace {

struct Flags {
  int steps = 60;
};

double now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

/// What this process has computed, whatever else goes on beside.
double computed() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

/// Of times on a machine that others use too: the one that they have disturbed least.
double least(const std::vector<double>& times) { return *std::ranges::min_element(times); }

/// A model with its loss of a batch on this rank.
struct Job {
  std::string name;
  std::shared_ptr<nn::Module> model;
  std::function<Tensor()> loss;
  double samples;
};

template <class M>
Job job(const std::string& name, M made, const Tensor& x, const Tensor& y) {
  auto model = std::make_shared<M>(std::move(made));
  const auto loss = [model, x, y] { return nn::cross_entropy((*model)(x), y); };
  return {name, model, loss, double(x.extent(0))};
}

struct Transformer : nn::Module {
  explicit Transformer(Rng& rng)
      : body(child("body", nn::TransformerEncoder(256, 4, 4, {.feed_forward_width = 1024}, rng))),
        out(child("out", nn::Dense(256, 64, {}, rng))) {}
  nn::TransformerEncoder body;
  nn::Dense out;
  Tensor operator()(const Tensor& x) const { return reshape(out(body(x)), {-1, 64}); }
};

std::vector<Job> jobs() {
  Rng rng(1);
  const auto dense = [&](std::int64_t in, std::int64_t out) { return nn::Dense(in, out, {}, rng); };
  const auto labels = [&](std::int64_t n, std::int64_t of) { return rng.integers(0, of, {n}); };
  return {
      job("d",
          nn::Sequential{dense(784, 128), nn::ReLU(), dense(128, 128), nn::ReLU(), dense(128, 10)},
          rng.normal({128, 784}), labels(128, 10)),
      job("e",
          nn::Sequential{dense(784, 1024), nn::ReLU(), dense(1024, 1024), nn::ReLU(),
                         dense(1024, 10)},
          rng.normal({256, 784}), labels(256, 10)),
      job("transformer", Transformer(rng), rng.normal({8, 64, 256}), labels(512, 64))};
}

/// A step here alone: where its processor time goes, and when in backward each gradient is
/// complete.
void time_alone(const Job& of, const Flags& flags) {
  optim::Adam optimizer(of.model->parameters(), {.learning_rate = 1e-4});
  const std::vector<Tensor> parameters = of.model->parameters();
  std::vector<std::vector<double>> ready(parameters.size());
  std::vector<LeafHook> hooks;
  double began = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    hooks.push_back(on_leaf_gradient(
        parameters[i], [&, i](const Tensor&) { ready[i].push_back(computed() - began); }));
  std::vector<double> forward, backward, update;
  for (int step = 0; step < flags.steps; ++step) {
    optimizer.zero_grad();
    const double start = computed();
    const Tensor loss = of.loss();
    began = computed();
    loss.backward();
    const double end = computed();
    optimizer.step();
    forward.push_back(began - start);
    backward.push_back(end - began);
    update.push_back(computed() - end);
  }
  std::printf(
      "{\"kind\": \"alone\", \"model\": \"%s\", \"cores\": %d, \"forward\": %.9f, \"backward\": "
      "%.9f, "
      "\"update\": %.9f, \"gradients\": [",
      of.name.c_str(), int(sysconf(_SC_NPROCESSORS_ONLN)), least(forward), least(backward),
      least(update));
  for (std::size_t i = 0; i < parameters.size(); ++i)
    std::printf("%s[%lld, %.9f]", i > 0 ? ", " : "",
                static_cast<long long>(4 * parameters[i].size()), least(ready[i]));
  std::printf("]}\n");
}

/// A step on all ranks. `how`: "overlapped", "bfloat16", or "after", by average_gradients.
void time_together(const Job& of, const dist::World& world, const std::string& how,
                   const Flags& flags) {
  dist::broadcast(*of.model, world);
  optim::Adam optimizer(of.model->parameters(), {.learning_rate = 1e-4});
  dist::Overlapped overlapped(
      *of.model, world, {.wire = how == "bfloat16" ? dist::Wire::bfloat16 : dist::Wire::exact});
  std::vector<double> times, exposed;
  for (int step = 0; step < flags.steps; ++step) {
    world.barrier();
    const double start = now(), before = overlapped.statistics().exposed_seconds;
    optimizer.zero_grad();
    const Tensor loss = of.loss();
    if (how == "after") {
      loss.backward();
      const double between = now();
      dist::average_gradients(*of.model, world, of.samples);
      exposed.push_back(now() - between);
    } else {
      overlapped.backward(loss, of.samples);
      exposed.push_back(overlapped.statistics().exposed_seconds - before);
    }
    optimizer.step();
    times.push_back(now() - start);
  }
  const dist::ExchangeStatistics all = overlapped.statistics();
  if (world.rank() > 0) return;
  std::printf(
      "{\"kind\": \"together\", \"model\": \"%s\", \"how\": \"%s\", \"ranks\": %d, "
      "\"step\": %.9f, \"exposed\": %.9f, \"bytes\": %lld, \"buckets\": %lld, "
      "\"early\": %lld, \"steps\": %lld}\n",
      of.name.c_str(), how.c_str(), world.size(), least(times), least(exposed),
      static_cast<long long>(all.bytes), static_cast<long long>(all.buckets),
      static_cast<long long>(all.early), static_cast<long long>(all.steps));
}

/// A sum over ranks of one tensor, by its size: what latency and bandwidth are fitted to.
void time_sums(const dist::World& world, const Flags& flags) {
  for (std::int64_t size = 1; size <= std::int64_t{1} << 22; size *= 8) {
    std::vector<double> numbers(static_cast<std::size_t>(size), 1.0), times;
    for (int i = 0; i < flags.steps; ++i) {
      world.barrier();
      const double start = now();
      world.sum(numbers);
      times.push_back(now() - start);
      std::ranges::fill(numbers, 1.0);
    }
    if (world.rank() == 0)
      std::printf("{\"kind\": \"sum\", \"ranks\": %d, \"bytes\": %lld, \"seconds\": %.9f}\n",
                  world.size(), static_cast<long long>(8 * size), least(times));
  }
}

void run(const Flags& flags) {
  const dist::World world;
  world.run([&] {
    for (const Job& one : jobs()) {
      if (world.rank() == 0) time_alone(one, flags);
      world.barrier();
      if (world.size() == 1) continue;
      for (const char* how : {"overlapped", "after", "bfloat16"})
        time_together(one, world, how, flags);
      std::fflush(stdout);
    }
    if (world.size() > 1) time_sums(world, flags);
  });
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  return run_program(argc, argv, "Times training steps on the ranks that mpirun has started.",
                     {{"--steps", &flags.steps, "Of each kind", positive}}, [&] { run(flags); });
}
