// The models of the examples, trained beside PyTorch from equal weights: tests/reference/replays.py
// says what the numbers of tests/nn/replays.txt are.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../../bench/initialise.hpp"

using namespace xtape;

namespace {

constexpr int steps = 50, batches = 5;

Tensor classes(Rng& stream, std::int64_t count, const Shape& shape) {
  return floor(stream.uniform(shape, 0, static_cast<double>(count))).to(Dtype::int64);
}

std::vector<double> losses_of(const std::string& name) {
  std::ifstream file(XTAPE_TORCH_REPLAYS);
  std::string line;
  while (std::getline(file, line) && line != name) continue;
  std::getline(file, line);
  std::istringstream numbers(line);
  std::vector<double> losses(steps);
  for (double& loss : losses) numbers >> loss;
  REQUIRE(numbers);
  return losses;
}

/// `loss_of(stream, step)` is the loss of a batch, `change` what is done with gradients before a
/// step.
template <class F, class G>
void replay(const std::string& name, optim::Optimizer& optimizer, const F& loss_of,
            const G& change) {
  const std::vector<double> losses = losses_of(name);
  for (int step = 0; step < steps; ++step) {
    Rng stream(static_cast<std::uint64_t>(100 + step % batches));
    const Tensor loss = loss_of(stream, step);
    CAPTURE(step);
    CHECK(loss.item() ==
          doctest::Approx(losses[static_cast<std::size_t>(step)]).epsilon(1e-9).scale(0));
    optimizer.zero_grad();
    loss.backward();
    change();
    optimizer.step();
  }
}
template <class F>
void replay(const std::string& name, optim::Optimizer& optimizer, const F& loss_of) {
  replay(name, optimizer, loss_of, [] {});
}

optim::AdamW decaying(const nn::Module& model) {
  return optim::AdamW(model, {.learning_rate = 0.02,
                              .epsilon = 1e-8,
                              .weight_decay = 0.01,
                              .schedule = optim::schedule::cosine(steps)});
}
optim::Adam steady(const nn::Module& model) {
  return optim::Adam(model, {.learning_rate = 0.02, .epsilon = 1e-8});
}

struct Forecast : nn::Module {
  nn::LSTM net = child("net", nn::LSTM(1, 8));
  nn::Dense out = child("out", nn::Dense(8, 1));
};

struct LanguageModel : nn::Module {
  nn::Embedding words = child("words", nn::Embedding(11, 16));
  nn::LearnedPositions positions = child("positions", nn::LearnedPositions(12, 16));
  nn::TransformerEncoder body =
      child("body", nn::TransformerEncoder(16, 2, 2,
                                           {.feed_forward_width = 32,
                                            .dropout = 0,
                                            .activation = nn::FeedForwardActivation::gelu,
                                            .norm_first = true,
                                            .final_norm = true}));
};

struct Autoencoder : nn::Module {
  nn::Sequential encoder =
      child("encoder", nn::Sequential{nn::Dense(20, 16), nn::ReLU(), nn::Dense(16, 8)});
  nn::Sequential decoder =
      child("decoder", nn::Sequential{nn::Dense(4, 16), nn::ReLU(), nn::Dense(16, 20)});
};

}  // namespace

TEST_CASE("replayed beside PyTorch: lenet") {
  const DefaultDtypeGuard in(Dtype::float64);
  const nn::ConvOptions same{.padding = ConvolutionPadding::same};
  const nn::Sequential model{nn::Conv2d(1, 4, 5, same),
                             nn::BatchNorm2d(4),
                             nn::ReLU(),
                             nn::MaxPool2d(2),
                             nn::Conv2d(4, 8, 5, same),
                             nn::BatchNorm2d(8),
                             nn::ReLU(),
                             nn::MaxPool2d(2),
                             nn::Flatten(),
                             nn::Dense(32, 16),
                             nn::ReLU(),
                             nn::Dense(16, 10)};
  bench::initialise(model);
  optim::AdamW optimizer = decaying(model);
  replay("LeNet", optimizer, [&](Rng& stream, int) {
    const Tensor x = stream.uniform({16, 1, 8, 8}, -1, 1);
    return nn::cross_entropy(model(x), classes(stream, 10, {16}));
  });
}

TEST_CASE("replayed beside PyTorch: sequence, with the state handed on and gradients clipped") {
  const DefaultDtypeGuard in(Dtype::float64);
  const Forecast model;
  bench::initialise(model);
  optim::Adam optimizer = steady(model);
  nn::LstmInput state;
  int clipped = 0;
  const auto loss_of = [&](Rng& stream, int step) {
    if (step % batches == 0) state = {};
    const Tensor x = stream.uniform({8, 12, 1}, -1, 1), change = stream.uniform({8, 12, 1}, -1, 1);
    const auto [output, hidden, cell] = model.net(x, state);
    state = {.hidden = hidden.detach(), .cell = cell.detach()};
    return nn::mean_squared_error(model.out(output), change);
  };
  replay("Forecast", optimizer, loss_of,
         [&] { clipped += optim::clip_grad_norm(model.parameters(), 0.2) > 0.2 ? 1 : 0; });
  CHECK(clipped > 0);
}

TEST_CASE("replayed beside PyTorch: language_model") {
  const DefaultDtypeGuard in(Dtype::float64);
  const LanguageModel model;
  bench::initialise(model);
  optim::AdamW optimizer = decaying(model);
  replay("LanguageModel", optimizer, [&](Rng& stream, int) {
    const Tensor text = classes(stream, 11, {4, 13});
    const Tensor x = slice(text, {Slice::all, range(0, 12)}),
                 next = slice(text, {Slice::all, range(1, {})});
    const Tensor read = model.body(model.positions(model.words(x)), {.causal = true});
    return nn::cross_entropy(matmul(reshape(read, {-1, 16}), transpose(model.words.weight)),
                             reshape(next, {-1}));
  });
}

TEST_CASE("replayed beside PyTorch: autoencoder") {
  using distributions::Normal;
  const DefaultDtypeGuard in(Dtype::float64);
  const Autoencoder model;
  bench::initialise(model);
  optim::Adam optimizer = steady(model);
  replay("Autoencoder", optimizer, [&](Rng& stream, int) {
    const Tensor x = stream.uniform({16, 20});
    const std::vector<Tensor> parts = split(model.encoder(x), 2, 1);
    const Normal code(parts[0], exp(parts[1]));
    const Tensor logits = model.decoder(code.rsample(stream));
    return 20 * nn::binary_cross_entropy_with_logits(logits, x) +
           mean(sum(kl_divergence(code, Normal(0.0, 1.0)), 1));
  });
}
