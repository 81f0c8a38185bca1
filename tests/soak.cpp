// Trains small models of many shapes, one after another and some at a time, breaks off in the
// middle, saves and loads, for so many seconds: SOAK [SECONDS]. At the end no node is left, and the
// process is as large as it was after a third of the time, but for 2 %, and 2 MB in less than ten
// minutes.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/temporary_directory.hpp"

using namespace xtape;

namespace {

struct Counts {
  std::int64_t rounds = 0, thrown = 0, saved = 0;
} counts;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "soak: %s\n", what.c_str());
  std::exit(1);
}

double resident_megabytes() {
  memory::release_cached();
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

/// Steps of a model, eager or replayed; the loss must stay a number.
void train(const nn::Sequential& model, const Shape& shape, bool image, Rng& rng) {
  const std::int64_t classes = model(rng.normal(shape)).extent(-1);
  optim::Adam adam(model.parameters(), {.learning_rate = 1e-3});
  optim::SGD sgd(model.parameters(), {.learning_rate = 1e-3, .momentum = 0.9});
  optim::Optimizer& optimizer = rng.integer(0, 2) == 0 ? static_cast<optim::Optimizer&>(adam) : sgd;
  const auto one = [&](const Tensor& x, const Tensor& y) {
    optimizer.zero_grad();
    const Tensor loss = nn::cross_entropy(model(x), y);
    loss.backward();
    optimizer.step();
    return loss.detach();
  };
  auto replayed = compile(one);
  const bool replays = !image && rng.integer(0, 2) == 0;
  for (int step = 0; step < 12; ++step) {
    const Tensor x = rng.normal(shape);
    const Tensor y = remainder(arange(shape[0]) * (step + 1), classes);
    const double loss = (replays ? replayed(x, y) : one(x, y)).item();
    if (!(loss < 1e6)) fail("a loss of " + std::to_string(loss));
  }
}

void train_dense(Rng& rng) {
  const std::int64_t in = rng.integer(1, 40), width = rng.integer(1, 200), out = rng.integer(2, 10);
  const nn::Sequential model{nn::Dense(in, width, {}, rng), nn::ReLU(), nn::Dropout(0.2),
                             nn::Dense(width, out, {}, rng)};
  train(model, {rng.integer(1, 300), in}, false, rng);
}

void train_images(Rng& rng) {
  const std::int64_t channels = rng.integer(1, 5), size = rng.integer(6, 20);
  const nn::Sequential model{nn::Conv2d(channels, 4, 3, {}, rng),
                             nn::BatchNorm2d(4),
                             nn::ReLU(),
                             nn::MaxPool2d(2),
                             nn::Flatten(),
                             nn::Dense(4 * ((size - 2) / 2) * ((size - 2) / 2), 3, {}, rng)};
  train(model, {rng.integer(2, 20), channels, size, size}, true, rng);
}

/// A rule that throws, a hook that does, and shapes that do not fit: nothing is left of them.
void break_off(Rng& rng) {
  const Tensor w = rng.normal({rng.integer(1, 60), 3}).set_requires_grad(true);
  const Tensor y = exp(w) * w;
  const Tensor broken = record("broken", y.detach(), {y}, [](const Tensor&, const Send&) {
    throw std::runtime_error("broken rule");
  });
  const auto throws = [](auto&& work) {
    try {
      work();
    } catch (const std::exception&) {
      ++counts.thrown;
      return;
    }
    fail("nothing was thrown");
  };
  throws([&] { sum(broken + y).backward(); });
  throws([&] { static_cast<void>(matmul(w, ones({4, 2}))); });
  throws([&] {
    sum(on_gradient(y, [](const Tensor&) { throw std::runtime_error("broken hook"); })).backward();
  });
  if (w.grad().defined()) fail("a leaf has changed though a rule threw");
}

/// What is saved is loaded again to the same bits.
void save_and_load(Rng& rng, const std::string& path) {
  const std::int64_t width = rng.integer(1, 100);
  nn::Dense model(width, 3, {}, rng), other(width, 3, {}, rng);
  optim::Adam optimizer(model.parameters()), another(other.parameters());
  sum(square(model(rng.normal({5, width})))).backward();
  optimizer.step();
  Checkpoint whole, copy;
  whole.add("model", model).add("optimizer", optimizer).add("rng", rng);
  whole.save(path);
  Rng again;
  copy.add("model", other).add("optimizer", another).add("rng", again);
  copy.load(path);
  if (all(equal(model.weight, other.weight)).item() != 1 || again.uniform() != rng.uniform())
    fail("a checkpoint does not give what it was given");
  ++counts.saved;
}

/// Derivatives of other kinds.
void differentiate(Rng& rng) {
  const std::int64_t n = rng.integer(1, 12);
  const Tensor x = rng.normal({n}, 0, 1, Dtype::float64);
  const auto f = [](const Tensor& at) { return sum(sin(at) * at * at); };
  const Tensor whole = hessian(f, x), product = hvp(f, x, x);
  if (all(isclose(matmul(whole, x), product)).item() != 1) fail("hvp is not the hessian times v");
  static_cast<void>(vmap(grad(f))(rng.normal({7, n}, 0, 1, Dtype::float64)));
}

void round(Rng& rng, const TemporaryDirectory& directory) {
  set_threads(static_cast<int>(rng.integer(1, 4)));
  switch (rng.integer(0, 6)) {
    case 0: train_dense(rng); break;
    case 1: train_images(rng); break;
    case 2: break_off(rng); break;
    case 3: save_and_load(rng, directory.file("checkpoint.npz")); break;
    case 4: differentiate(rng); break;
    default: {
      Rng own(static_cast<std::uint64_t>(rng.integer(0, 1 << 30)));
      std::thread beside([&] { train_dense(own); });
      train_dense(rng);
      beside.join();
    }
  }
  ++counts.rounds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
  const double seconds = count > 1 ? std::atof(arguments[1]) : 30;
  const TemporaryDirectory directory;
  Rng rng(1);
  const std::int64_t nodes = memory::live_nodes();
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  std::vector<double> early, late;
  double next = seconds / 3;
  while (elapsed() < seconds) {
    round(rng, directory);
    if (memory::live_nodes() != nodes)
      fail(std::to_string(memory::live_nodes() - nodes) + " nodes are left");
    if (elapsed() < next) continue;
    (elapsed() < 2 * seconds / 3 ? early : late).push_back(resident_megabytes());
    next = elapsed() + seconds / 100;
  }
  if (early.empty() || late.empty()) fail("too short a time");
  const double before = median(early), after = median(late);
  std::printf("%lld rounds, %lld exceptions, %lld checkpoints in %.0f s; %.1f MB, then %.1f MB\n",
              static_cast<long long>(counts.rounds), static_cast<long long>(counts.thrown),
              static_cast<long long>(counts.saved), elapsed(), before, after);
  // In a short run the arenas of malloc move it by up to 1.5 MB, up and down.
  const double moves = seconds < 600 ? 2 : 0;
  if (after > 1.02 * before + moves) fail("memory grows");
  return 0;
}
