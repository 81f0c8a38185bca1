// A model that knows the gestures of many learns those of its owner, on the device: from a few of
// them, within a bounded amount of memory. What it was given stays as it is and is gone through
// once, without a tape; only the last layer learns, and only what has changed of it is kept. In the
// end it is a file of C.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <numbers>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"

using namespace xtape;

struct Flags {
  std::string folder = "device";
  int users = 100, epochs = 12, samples = 8, steps = 200, budget = 64;
  double angle = 1.2;
  std::uint64_t seed = 0;
};

constexpr std::int64_t kinds = 4, axes = 3, length = 32, features = 48;

/// How somebody holds the device, turned about a vector [3] by its length, and how fast.
struct User {
  Tensor rotation;
  double speed;
  User(const Tensor& v, Rng& rng) : speed(1 + 0.15 * rng.normal()) {
    const Tensor none = zeros({});
    const Tensor turn = stack({none, -v[2], v[1], v[2], none, -v[0], -v[1], v[0], none});
    rotation = linalg::expm(reshape(turn, {axes, axes}));
  }
  /// What an accelerometer says of a gesture, [axes, length].
  Tensor moved(std::int64_t kind, Rng& rng) const {
    const Tensor t = 2 * std::numbers::pi * (speed * linspace(0, 1.5, length) + rng.uniform());
    const Tensor none = zeros({length});
    const Tensor path = kind == 0   ? stack({cos(t), sin(t), none})
                        : kind == 1 ? stack({sin(2 * t), none, none})
                        : kind == 2 ? stack({none, none, sin(t)})
                                    : stack({none, sin(t), cos(2 * t)});
    return (1 + 0.2 * rng.normal()) * matmul(rotation, path) + rng.normal({axes, length}, 0, 0.2);
  }
  /// So many of each kind.
  data::Dataset some(std::int64_t count, Rng& rng) const {
    std::vector<Tensor> x;
    for (std::int64_t i = 0; i < kinds * count; ++i) x.push_back(moved(i % kinds, rng));
    return {stack(x), remainder(arange(kinds * count), kinds)};
  }
};

struct Recognizer : nn::Module {
  explicit Recognizer(Rng& rng)
      : body(child("body", nn::Sequential{nn::Conv1d(axes, 16, 5, {.padding = 2}, rng), nn::ReLU(),
                                          nn::MaxPool1d(2),
                                          nn::Conv1d(16, features, 5, {.padding = 2}, rng),
                                          nn::ReLU(), nn::AdaptiveAvgPool1d(1), nn::Flatten()})),
        head(child("head", nn::Dense(features, kinds, {}, rng))) {}
  nn::Sequential body;
  nn::Dense head;
  Tensor operator()(const Tensor& x) const { return head(body(x)); }
};

/// In the factory: from the gestures of many.
void pretrain(const Recognizer& model, const Flags& flags, Rng& rng) {
  std::vector<Tensor> x, y;
  for (int i = 0; i < flags.users; ++i) {
    const data::Dataset some = User(rng.normal({axes}, 0, 0.25), rng).some(5, rng);
    x.push_back(some.x);
    y.push_back(some.y);
  }
  data::Loader loader({concatenate(x), concatenate(y)}, {.batch_size = 32, .shuffle = true}, rng);
  optim::Adam optimizer(model, {.learning_rate = 2e-3});
  const auto loss = [&](const data::Dataset& of) { return nn::cross_entropy(model(of.x), of.y); };
  Fit(model, optimizer, loader, loss, {.epochs = flags.epochs}).run();
}

/// On the device: the last layer from a few gestures. Gives the bytes that this has taken at most.
std::int64_t adapt(const Recognizer& model, const data::Dataset& few, int steps) {
  const std::int64_t before = memory::live_bytes();
  memory::reset_peak_bytes();
  Tensor seen = zeros({0, features});
  for (std::int64_t i = 0; i < few.y.size(); ++i) {  // one by one, through a body that is frozen
    const NoGradGuard off;
    seen = concatenate({seen, model.body(slice(few.x, {range(i, i + 1)}))});
  }
  optim::Adam optimizer(model.head, {.learning_rate = 0.02});
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    nn::cross_entropy(model.head(seen), few.y).backward();
    optimizer.step();
  }
  return memory::peak_bytes() - before;
}

void run(const Flags& flags) {
  Rng rng(flags.seed);
  std::filesystem::create_directories(flags.folder);
  const std::string base = flags.folder + "/base.npz", delta = flags.folder + "/delta.npz";
  {
    const Recognizer model(rng);
    pretrain(model, flags, rng);
    data::save_npz(base, model);
  }
  const User owner(full({axes}, flags.angle / std::sqrt(3)), rng), other(zeros({axes}), rng);
  const data::Dataset few = owner.some(flags.samples, rng), test = owner.some(100, rng),
                      of_other = other.some(100, rng);
  Recognizer model(rng);
  data::load_npz(base, model);
  model.eval();
  model.body.freeze();
  const auto right = [&](const data::Dataset& of) { return accuracy(model(of.x), of.y); };
  std::printf("from the factory: %.3f of the owner's gestures, %.3f of another's\n", right(test),
              right(of_other));
  const auto bytes = static_cast<double>(adapt(model, few, flags.steps));
  std::printf("adapted by %lld gestures: %.3f of the owner's, in %.1f kB\n",
              static_cast<long long>(few.y.size()), right(test), bytes / 1024);
  if (bytes > 1024.0 * flags.budget) throw ValueError("the adaptation takes more than its budget");

  data::save_npz(delta, model.head);
  export_c(flags.folder + "/gestures.c", model, slice(test.x, {range(0, 1)}), {.name = "gestures"});
  Recognizer same(rng);  // after the next start
  data::load_npz(base, same);
  data::load_npz(delta, same.head);
  std::printf("from files of %ju and %ju bytes: %s\n", std::filesystem::file_size(base),
              std::filesystem::file_size(delta),
              all(same(test.x) == model(test.x)).item() != 0 ? "the same" : "another");
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Adapts a model to its owner's gestures, as a device would.",
      {{"--folder", &flags.folder, "For what the factory gives, what is learnt, and the file of C"},
       {"--samples", &flags.samples, "Of each gesture of the owner", integer_in(1, 1000)},
       {"--angle", &flags.angle, "By which the owner turns the device", number_in(0, 3.2)},
       {"--steps", &flags.steps, "Of the adaptation", positive},
       {"--budget", &flags.budget, "Kilobytes for it", positive},
       {"--seed", &flags.seed, "Seed of people, gestures and weights", seeds}},
      [&] { run(flags); });
}
