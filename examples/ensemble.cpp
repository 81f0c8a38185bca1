// Many small networks trained as one: their parameters lie in tensors with a leading axis, over
// which vmap maps the network, and compile replays the step. On several threads each trains some of
// them, in a step of its own. Together they know what they do not know.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <future>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  int members = 16, threads = 1, steps = 2000;
  std::uint64_t seed = 0;
};

constexpr std::int64_t width = 32, classes = 3;

std::vector<nn::Sequential> networks(int count, Rng& rng) {
  const nn::DenseOptions he{.weight_init = nn::init::he_normal()};
  std::vector<nn::Sequential> all;
  for (int i = 0; i < count; ++i) {
    all.emplace_back(nn::Dense(2, width, he, rng), nn::ReLU(), nn::Dense(width, classes, he, rng));
  }
  return all;
}

/// What some networks come to: their losses and, on points that they have not seen, their logits,
/// each with an axis of networks in front.
struct Part {
  Tensor losses, outputs;
};

Part trained(const std::vector<nn::Sequential>& some, const data::Dataset& points,
             const Tensor& unseen, int steps) {
  const std::vector<Tensor> parameters = nn::stack_parameters(some);
  optim::Adam optimizer(parameters, {.learning_rate = 0.02});
  const auto losses = vmap([&](const std::vector<Tensor>& p) {
    return nn::cross_entropy(nn::with_parameters(some[0], p)(points.x), points.y);
  });
  auto step = compile([&] {
    optimizer.zero_grad();
    Tensor each = losses(parameters);
    sum(each).backward();  // that of a member is its own: no other has a part in it
    optimizer.step();
    return each;
  });
  Part part;
  for (int i = 0; i < steps; ++i) part.losses = step();
  const NoGradGuard off;
  part.outputs = vmap([&](const std::vector<Tensor>& p) {
    return nn::with_parameters(some[0], p)(unseen);
  })(parameters);
  return part;
}

void run(const Flags& flags) {
  Rng rng(flags.seed);
  const std::int64_t members = flags.members;
  const data::Dataset points = data::spiral(60, classes, rng),
                      test = data::spiral(200, classes, rng);
  const std::vector<nn::Sequential> all = networks(flags.members, rng);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::future<Part>> parts;
  for (std::int64_t i = 0; i < flags.threads; ++i) {
    const std::vector<nn::Sequential> some(all.begin() + members * i / flags.threads,
                                           all.begin() + members * (i + 1) / flags.threads);
    parts.push_back(std::async(std::launch::async, trained, some, points, test.x, flags.steps));
  }
  std::vector<Tensor> losses, outputs;
  for (std::future<Part>& each : parts) {
    const Part part = each.get();
    losses.push_back(part.losses);
    outputs.push_back(part.outputs);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%d networks, %d steps, %d threads: %.2f s\n", flags.members, flags.steps,
              flags.threads, took.count());

  const Tensor loss = concatenate(losses), shares = softmax(concatenate(outputs), -1);
  std::printf("losses from %.6f to %.6f\n", amin(loss).item(), amax(loss).item());
  const Tensor together = mean(shares, 0);
  double alone = 0;
  for (std::int64_t i = 0; i < members; ++i)
    alone += accuracy(shares[i], test.y) / static_cast<double>(members);
  std::printf("accuracy of one %.3f, of all together %.3f\n", alone, accuracy(together, test.y));
  const Tensor right = equal(argmax(together, 1), test.y), doubt = sum(var(shares, 0), 1);
  std::printf("disagreement where they are right %.3f, where they are wrong %.3f\n",
              mean(masked_select(doubt, right)).item(), mean(masked_select(doubt, !right)).item());
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(argc, argv, "Trains many small networks at once.",
                     {{"--members", &flags.members, "Networks", integer_in(2, 100'000)},
                      {"--threads", &flags.threads, "That share them", integer_in(1, 1000)},
                      {"--steps", &flags.steps, "Of each network", positive},
                      {"--seed", &flags.seed, "Seed of points and weights", seeds}},
                     [&] {
                       if (flags.threads > flags.members)
                         throw UsageError("--threads", "there must be a network for each");
                       run(flags);
                     });
}
