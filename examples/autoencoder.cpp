// Clothes and shoes, see fashion_mnist, that nobody made: a variational autoencoder learns to
// describe an image by a few numbers and to draw it from them. Drawn from random numbers, the
// images are new ones; a grid of them is written to a file that image viewers show.

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/program.hpp"
#include "support/stepped.hpp"

using namespace xtape;
using distributions::Normal;

struct Flags {
  std::string data = "/usr/share/datasets/fashion-mnist", output = "samples.pgm";
  int epochs = 10, batch_size = 128, hidden = 256, code = 16, grid = 10;
  double learning_rate = 1e-3;
  std::uint64_t seed = 0;
};

struct Autoencoder : nn::Module {
  Autoencoder(std::int64_t pixels, const Flags& flags, Rng& rng)
      : encoder(
            child("encoder", nn::Sequential{nn::Dense(pixels, flags.hidden, {}, rng), nn::ReLU(),
                                            nn::Dense(flags.hidden, 2 * flags.code, {}, rng)})),
        decoder(child("decoder",
                      nn::Sequential{nn::Dense(flags.code, flags.hidden, {}, rng), nn::ReLU(),
                                     nn::Dense(flags.hidden, pixels, {}, rng)})) {}
  nn::Sequential encoder, decoder;

  /// What describes each image: x [n, pixels] to normal distributions of [n, code].
  Normal code_of(const Tensor& x) const {
    const std::vector<Tensor> parts = split(encoder(x), 2, 1);
    return {parts[0], exp(parts[1])};
  }
  /// The nats that the images take at most: those of the pixels, each a coin of the decoder's, and
  /// those by which the description says more than nothing. Source: Kingma and Welling,
  /// Auto-Encoding Variational Bayes (2014), equation 10.
  Tensor operator()(const Tensor& x, Rng& rng) const {
    const ErrorContext in = here();
    const Normal code = code_of(x);
    const Tensor logits = decoder(code.rsample(rng));
    const Tensor pixels = nn::binary_cross_entropy_with_logits(logits, x);
    const Tensor described = sum(kl_divergence(code, Normal(0.0f, 1.0f)), 1);
    return static_cast<double>(x.extent(1)) * pixels + mean(described);
  }
};

/// [n, 28, 28] as rows.
Tensor flat(const Tensor& images) { return flatten(images, 1); }

double test_nats(const Autoencoder& model, const Tensor& images, Rng& rng) {
  const NoGradGuard off;
  double total = 0;
  for (auto [x, y] : data::Loader({images, arange(images.extent(0))}, {.batch_size = 500}))
    total += model(x, rng).item() * static_cast<double>(x.extent(0));
  return total / static_cast<double>(images.extent(0));
}

/// Images [rows columns, height, width] of numbers from 0 to 1, side by side, as a PGM file.
void write_grid(data::OutputFile& file, const Tensor& images, std::int64_t columns) {
  const std::int64_t rows = images.extent(0) / columns, height = images.extent(1),
                     width = images.extent(2);
  const Tensor grid = transpose(reshape(images, {rows, columns, height, width}), {0, 2, 1, 3});
  std::string bytes =
      "P5 " + std::to_string(columns * width) + " " + std::to_string(rows * height) + " 255\n";
  for (const double grey : round(255 * grid).to(Dtype::float64).to_vector<double>())
    bytes += static_cast<char>(static_cast<unsigned char>(grey));
  file.write(bytes);
  file.commit();
}

void train(const Flags& flags) {
  const data::Split images = data::load_idx_dataset(flags.data, {.center = 0, .scale = 255});
  const std::int64_t height = images.train.x.extent(1), width = images.train.x.extent(2);
  data::OutputFile output(flags.output);  // if it cannot be written, that is told now
  Rng rng(flags.seed);
  const Autoencoder model(height * width, flags, rng);
  data::Loader loader({flat(images.train.x), images.train.y},
                      {.batch_size = flags.batch_size, .shuffle = true}, rng);
  optim::Adam optimizer(model.parameters(), {.learning_rate = flags.learning_rate});
  ProgressBar progress(flags.epochs * loader.samples(), "images");

  for (int epoch = 1; epoch <= flags.epochs; ++epoch) {
    const std::string title = "epoch " + std::to_string(epoch) + "/" + std::to_string(flags.epochs);
    double sum_of_nats = 0;
    for (auto [x, y] : loader) {
      const Tensor loss = model(x, rng);
      if (optimizer.steps() == 0) require_all_stepped(optimizer, loss, model);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      sum_of_nats += loss.item();
      progress.advance(x.extent(0), title);
    }
    progress.clear();
    std::printf("%s, nats an image: %.1f, %.1f s\n", title.c_str(),
                sum_of_nats / static_cast<double>(loader.size()), progress.seconds());
    std::fflush(stdout);
  }
  std::printf("test, nats an image: %.1f\n", test_nats(model, flat(images.test.x), rng));

  const NoGradGuard off;
  const std::int64_t count = flags.grid * flags.grid;
  const Tensor drawn = sigmoid(model.decoder(rng.randn({count, flags.code})));
  write_grid(output, reshape(drawn, {count, height, width}), flags.grid);
  std::printf("%s: %lld images\n", flags.output.c_str(), static_cast<long long>(count));
}

int main(int argc, char** argv) {
  Flags flags;
  return run_program(
      argc, argv, "Trains a variational autoencoder on Fashion-MNIST, and draws images by it.",
      {{"--data", &flags.data,
        "Directory of the IDX files, plain or gzip (Debian: dataset-fashion-mnist)"},
       {"--epochs", &flags.epochs, "Passes over the training images", positive},
       {"--batch-size", &flags.batch_size, "Images of a step", positive},
       {"--hidden", &flags.hidden, "Width of the hidden layers", positive},
       {"--code", &flags.code, "Numbers that describe an image", positive},
       {"--learning-rate", &flags.learning_rate, "Of Adam", not_negative},
       {"--output", &flags.output, "File for the images drawn, in the form of PGM"},
       {"--grid", &flags.grid, "Rows and columns of images drawn", integer_in(1, 1000)},
       {"--seed", &flags.seed, "Seed of weights, order and what is drawn", seeds}},
      [&] { train(flags); });
}
