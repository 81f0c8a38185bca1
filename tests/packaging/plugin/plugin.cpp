#include "plugin.hpp"

using namespace xtape;

namespace {

double train() {
  Rng rng(0);
  auto [x, y] = data::spiral(20, 3, rng);
  const nn::Sequential model{nn::Dense(2, 16, {}, rng), nn::ReLU(), nn::Dense(16, 3, {}, rng)};
  optim::Adam optimizer(model.parameters(), {.learning_rate = 0.05});
  double last = 0;
  for (int step = 0; step < 100; ++step) {
    const Tensor loss = nn::cross_entropy(model(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    last = loss.item();
  }
  return last;
}

/// The sum of ones, by threads of the plugin's own, which end before it does.
double share() {
  set_threads(2);
  const Tensor x = ones({2000000});
  const double total = sum(x + x * x).item();
  set_threads(1);
  return total;
}

void fail() { static_cast<void>(matmul(ones({2, 3}), ones({2, 3}))); }
Tensor make(std::int64_t n) { return full({n}, 2.0); }
Tensor weight() { return ones({3}).set_requires_grad(true); }
Tensor loss(const Tensor& weight) { return sum(weight * weight); }

constexpr Plugin offered{train, share,  fail, [] { return recording(); }, memory::live_bytes,
                         make,  weight, loss};

}  // namespace

extern "C" __attribute__((visibility("default"))) const Plugin* plugin() { return &offered; }
