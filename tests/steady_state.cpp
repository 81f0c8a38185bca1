// A training loop of fixed shapes takes nothing from the system once it runs, whatever number of
// threads, the first argument, shares its work, and replayed too, with a second one: counted, in a
// process of its own.

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include <xtape/core/workers.hpp>
#include <xtape/xtape.hpp>

using namespace xtape;

extern "C" void* __libc_malloc(std::size_t bytes);
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t bytes);

namespace {

std::atomic<long> allocations{0};

long page_faults() {
  rusage usage;
  getrusage(threads() > 1 ? RUSAGE_SELF : RUSAGE_THREAD,
            &usage);  // BLAS may have threads of its own
  return usage.ru_minflt;
}

}  // namespace

extern "C" void* malloc(std::size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}

int main(int count_of_arguments, char** arguments) {
  if (count_of_arguments > 1) set_threads(std::atoi(arguments[1]));
  const detail::ShareAll all;
  Rng rng(0);
  const std::int64_t samples = threads() > 1 ? 3000 : 300;
  const Tensor x = rng.randn({samples, 2});
  const Tensor labels = rng.integers(0, 3, {samples});
  const nn::Sequential model{
      nn::Dense(2, 64, {.weight_l1 = 1e-5, .weight_l2 = 5e-4, .bias_l2 = 5e-4}, rng), nn::ReLU(),
      nn::Dropout(0.1, rng), nn::Dense(64, 3, {}, rng)};
  const std::vector<Tensor> parameters = model.parameters();
  const optim::ReduceOnPlateau plateau({.patience = 300});
  optim::Adam optimizer(parameters,
                        {.learning_rate = 0.05,
                         .decay = 5e-5,
                         .schedule = optim::schedule::cosine(500, {.last = 0.1}) * plateau});
  double total = 0;
  const auto train = [&] {
    const Tensor logits = model(x);
    const Tensor loss = nn::cross_entropy(logits, labels) + model.regularization_loss();
    optimizer.zero_grad();
    loss.backward();
    optim::clip_grad_norm(parameters, 0.1);
    optim::clip_grad_value(parameters, 0.05);
    optimizer.step();
    return std::pair(loss, logits);
  };
  auto compiled = compile(train);
  const bool replayed = count_of_arguments > 2;
  const auto step = [&] {
    const auto [loss, logits] = replayed ? compiled() : train();
    plateau.observe(loss.item());
    total += loss.item() + accuracy(logits, labels);
  };
  long allocations_before = 0, faults_before = 0, faults = 0, count = 0;
  // Another thread may come to its first piece late, on a busy machine, and needs its stack then.
  int steps = 0;
  for (int left = threads() > 1 ? 10 : 1; left > 0; --left) {
    for (int i = 0; i < 204; ++i) {  // one call site: every step has the same place on the stack
      if (i == (replayed ? 4 : 2)) {
        allocations_before = allocations;
        faults_before = page_faults();
      }
      step();
      ++steps;
    }
    faults = page_faults() - faults_before;
    count = allocations - allocations_before;
    if (count == 0 && faults == 0) break;
  }
  std::printf(
      "200 steps after %d: %ld calls of malloc, %ld page faults (mean of loss and accuracy: %g)\n",
      steps - 200, count, faults, total / steps);
  return count == 0 && faults == 0 ? 0 : 1;
}
