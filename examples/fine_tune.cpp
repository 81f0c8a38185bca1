// A network that has seen other clothes learns new ones from a few labelled images. PyTorch trained
// it on five kinds of Fashion-MNIST (tests/reference/fine_tune.py) and left a safetensors file. The
// other five get a new head, trained while the body is frozen; then the body is thawed, and follows
// at a lower rate.

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/stepped.hpp"

using namespace xtape;

struct Flags {
  std::string data = "/usr/share/datasets/fashion-mnist",
              weights = "examples/fine_tune.safetensors";
  int epochs = 40, batch_size = 32, images = 100;
  double learning_rate = 3e-3, body_rate = 5e-4;
  std::uint64_t seed = 0;
};

constexpr std::int64_t kinds = 5, features = 32 * 3 * 3;

struct Classifier : nn::Module {
  explicit Classifier(Rng& rng)
      : body(child("body", layers(rng))), head(child("head", new_head(rng))) {}
  nn::Sequential body;
  nn::Dense head;

  Tensor operator()(const Tensor& x) const {
    const ErrorContext in = here();
    return head(body(x));
  }
  static nn::Dense new_head(Rng& rng) { return {features, kinds, {}, rng}; }

 private:
  static nn::Sequential layers(Rng& rng) {
    const nn::ConvOptions same{.padding = 1};
    return nn::Sequential{nn::Conv2d(1, 8, 3, same, rng),
                          nn::ReLU(),
                          nn::MaxPool2d(2),
                          nn::Conv2d(8, 16, 3, same, rng),
                          nn::ReLU(),
                          nn::MaxPool2d(2),
                          nn::Conv2d(16, 32, 3, same, rng),
                          nn::ReLU(),
                          nn::MaxPool2d(2),
                          nn::Flatten()};
  }
};

/// The images [n, 1, 28, 28] of five kinds, the labels counted from the first of them.
data::Dataset of_kinds(const data::Dataset& images, std::int64_t first) {
  const Tensor wanted = logical_and(images.y >= first, images.y < first + kinds);
  const Tensor rows = reshape(argwhere(wanted), {-1});
  return {expand_dims(take(images.x, rows), 1), take(images.y, rows) - first};
}

/// As many images of each kind as there are of the others.
data::Dataset some(const data::Dataset& all, std::int64_t count, Rng& rng) {
  const double part = static_cast<double>(count) / static_cast<double>(all.y.size());
  return data::stratified_split(all, part, rng).test;
}

double accuracy_of(const Classifier& model, const data::Dataset& images) {
  const NoGradGuard off;
  double right = 0;
  for (auto [x, y] : data::Loader(images, {.batch_size = 500}))
    right += accuracy(model(x), y) * static_cast<double>(y.size());
  return right / static_cast<double>(images.y.size());
}

/// Steps over whatever is not frozen.
void train(const Classifier& model, optim::Optimizer& optimizer, data::Loader& loader, int epochs,
           ProgressBar& progress, const std::string& title) {
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (auto [x, y] : loader) {
      const Tensor loss = nn::cross_entropy(model(x), y);
      if (optimizer.steps() == 0) require_all_stepped(optimizer, loss, model);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      progress.advance(y.size(), title);
    }
  }
  progress.clear();
}

void tell(const char* what, const Classifier& model, const data::Dataset& test) {
  std::printf("%s, test acc: %.3f\n", what, accuracy_of(model, test));
  std::fflush(stdout);
}

void fine_tune(const Flags& flags) {
  const data::Split images = data::load_idx_dataset(flags.data, {.center = 127.5, .scale = 127.5});
  Rng rng(flags.seed);
  Classifier model(rng);
  nn::torch::restore(model, data::load_safetensors(flags.weights));
  tell("the kinds it knows", model, of_kinds(images.test, 0));

  const data::Dataset test = of_kinds(images.test, kinds);
  const data::Dataset few = some(of_kinds(images.train, kinds), flags.images, rng);
  data::Loader loader(few, {.batch_size = flags.batch_size, .shuffle = true}, rng);
  ProgressBar progress(3 * flags.epochs * loader.samples(), "images");

  model.head = Classifier::new_head(rng);
  tell("new kinds, new head", model, test);
  optim::Adam optimizer(model.head, {.learning_rate = flags.learning_rate});
  optimizer.add_group(model.body, {.learning_rate = flags.body_rate});
  model.body.freeze();
  train(model, optimizer, loader, flags.epochs, progress, "head");
  tell("head trained, body frozen", model, test);
  model.body.requires_grad(true);
  train(model, optimizer, loader, flags.epochs, progress, "both");
  tell("both trained", model, test);

  const Classifier fresh(rng);
  optim::Adam other(fresh, {.learning_rate = flags.learning_rate});
  train(fresh, other, loader, flags.epochs, progress, "from nothing");
  tell("the same from nothing", fresh, test);
  std::printf("%lld images, %.1f s\n", static_cast<long long>(loader.samples()),
              progress.seconds());
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Trains a network that PyTorch has trained on to other images.",
      {{"--data", &flags.data,
        "Directory of the IDX files, plain or gzip (Debian: dataset-fashion-mnist)"},
       {"--weights", &flags.weights, "What PyTorch has left, a safetensors file"},
       {"--images", &flags.images, "Labelled images of the new kinds, of 30000",
        integer_in(kinds, 29'000)},
       {"--epochs", &flags.epochs, "Passes over them, for each of three trainings", positive},
       {"--batch-size", &flags.batch_size, "Images of a step", positive},
       {"--learning-rate", &flags.learning_rate, "Of Adam, for the head", not_negative},
       {"--body-rate", &flags.body_rate, "Likewise for the body", not_negative},
       {"--seed", &flags.seed, "Seed of weights, order and choice of images", seeds}},
      [&] { fine_tune(flags); });
}
