// Training steps that are replayed leave the parameters that the function leaves, to the last bit.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "support/compare.hpp"

using namespace xtape;
using Tensors = std::vector<Tensor>;

namespace {

/// A model with its optimizer, and what a step does.
struct Training {
  std::shared_ptr<const nn::Module> model;
  std::unique_ptr<optim::Optimizer> optimizer;
  std::function<Tensor(const Tensor& x, const Tensor& y)> step;
};
using Maker = std::function<Training()>;

/// Two of a kind, one stepped and one replayed, on batches that differ.
void check_same_training(const Maker& make, const std::function<Tensors(Rng&)>& batch,
                         int calls = 7) {
  Training plain = make(), replayed = make();
  auto step = compile(replayed.step);
  Rng rng(5);
  for (int call = 0; call < calls; ++call) {
    CAPTURE(call);
    const Tensors given = batch(rng);
    const Tensor expected = plain.step(given[0], given[1]);
    CHECK(mismatch(step(given[0], given[1]), expected) == "");
  }
  CHECK(step.replays() >= calls - 3);
  const auto a = plain.model->state(), b = replayed.model->state();
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(a[i].first);
    CHECK(mismatch(b[i].second, a[i].second) == "");
  }
}

template <class Loss>
auto stepped(optim::Optimizer& optimizer, const Loss& loss) {
  return [&optimizer, loss](const Tensor& x, const Tensor& y) {
    optimizer.zero_grad();
    const Tensor value = loss(x, y);
    value.backward();
    optimizer.step();
    return value.detach();
  };
}

template <class Model>
using Shared = std::shared_ptr<const Model>;
template <class Model>
Shared<Model> shared(Model model) {
  return std::make_shared<const Model>(std::move(model));
}

template <class Model, class Optimizer = optim::Adam, class Options = optim::AdamOptions>
Training classifier(const Shared<Model>& model, const Options& options = {}) {
  auto optimizer = std::make_unique<Optimizer>(*model, options);
  auto& own = *optimizer;
  return {model, std::move(optimizer), stepped(own, [model](const Tensor& x, const Tensor& y) {
            return nn::cross_entropy((*model)(x), y);
          })};
}

Tensors rows(Rng& rng, const Shape& shape, std::int64_t classes) {
  return {rng.normal(shape, 0, 1), rng.integers(0, classes, {shape[0]})};
}

Shared<nn::Sequential> perceptron(Rng& rng) {
  return shared(nn::Sequential{nn::Dense(4, 33, {}, rng), nn::ReLU(), nn::Dense(33, 3, {}, rng)});
}

}  // namespace

TEST_CASE("replayed training: a perceptron by each optimizer") {
  const auto batch = [](Rng& rng) { return rows(rng, {29, 4}, 3); };
  const auto by = [&]<class Optimizer, class Options>(std::type_identity<Optimizer>,
                                                      Options options) {
    check_same_training(
        [&] {
          Rng rng(1);
          return classifier<nn::Sequential, Optimizer, Options>(perceptron(rng), options);
        },
        batch);
  };
  by(std::type_identity<optim::SGD>(), optim::SGDOptions{.learning_rate = 0.1, .momentum = 0.9});
  by(std::type_identity<optim::Adam>(), optim::AdamOptions{.schedule = optim::schedule::cosine(5)});
  by(std::type_identity<optim::AdamW>(), optim::AdamWOptions{});
  by(std::type_identity<optim::RMSprop>(), optim::RMSpropOptions{});
  by(std::type_identity<optim::LAMB>(), optim::LAMBOptions{});
}

TEST_CASE("replayed training: wide layers of few inputs, and results of a megabyte") {
  for (const std::int64_t samples : {301, 4001}) {
    const std::int64_t classes = samples == 301 ? 3 : 17;
    CAPTURE(samples);
    check_same_training(
        [&] {
          Rng rng(1);
          return classifier(shared(nn::Sequential{
              nn::Dense(2, 70, {}, rng), nn::ReLU(), nn::Dense(70, 70, {}, rng), nn::Sigmoid(),
              nn::Dropout(0.1, rng), nn::Dense(70, classes, {}, rng)}));
        },
        [&](Rng& rng) {
          return rows(rng, {samples, 2}, classes);
        });
  }
}

TEST_CASE("replayed training: dropout draws afresh, batch normalization goes on tracking") {
  check_same_training(
      [] {
        Rng rng(1);
        return classifier(
            shared(nn::Sequential{nn::Dense(4, 33, {}, rng), nn::BatchNorm1d(33), nn::ReLU(),
                                  nn::Dropout(0.3, rng), nn::Dense(33, 3, {}, rng)}));
      },
      [](Rng& rng) {
        return rows(rng, {29, 4}, 3);
      });
}

TEST_CASE("replayed training: convolutions, pools, channel dropout, group normalization") {
  check_same_training(
      [] {
        Rng rng(1);
        return classifier(shared(nn::Sequential{
            nn::Conv2d(2, 5, 3, {}, rng), nn::GroupNorm(5, 5), nn::ReLU(), nn::MaxPool2d(2),
            nn::Dropout2d(0.2, rng), nn::Flatten(), nn::Dense(45, 3, {}, rng)}));
      },
      [](Rng& rng) {
        return rows(rng, {6, 2, 8, 8}, 3);
      });
}

namespace {

struct Reader : nn::Module {
  explicit Reader(Rng& rng)
      : lstm(child("lstm", nn::LSTM(5, 7, {.layers = 2, .dropout = 0.2}, rng))),
        gru(child("gru", nn::GRU(7, 6, {.bidirectional = true}, rng))),
        head(child("head", nn::Dense(12, 3, {}, rng))) {}
  Tensor operator()(const Tensor& x) const {
    const Tensor read = lstm(x, {.lengths = tensor({6, 3, 1, 4})}).output;
    return head(mean(gru(read), 1));
  }
  nn::LSTM lstm;
  nn::GRU gru;
  nn::Dense head;
};

struct Translator : nn::Module {
  explicit Translator(Rng& rng)
      : words(child("words", nn::Embedding(11, 8, {}, rng))),
        encoder(child("encoder", nn::TransformerEncoderLayer(8, 2, {.dropout = 0.1}, rng))),
        head(child("head", nn::Dense(8, 3, {}, rng))) {}
  Tensor operator()(const Tensor& x) const { return head(mean(encoder(words(x)), 1)); }
  nn::Embedding words;
  nn::TransformerEncoderLayer encoder;
  nn::Dense head;
};

}  // namespace

TEST_CASE("replayed training: recurrent nets, in layers, both ways, with lengths") {
  check_same_training(
      [] {
        Rng rng(1);
        return classifier(shared(Reader(rng)));
      },
      [](Rng& rng) {
        return rows(rng, {4, 6, 5}, 3);
      });
}

TEST_CASE("replayed training: an embedding and attention with dropout") {
  check_same_training(
      [] {
        Rng rng(1);
        return classifier(shared(Translator(rng)));
      },
      [](Rng& rng) {
        return Tensors{rng.integers(0, 11, {4, 6}), rng.integers(0, 3, {4})};
      });
}

TEST_CASE("replayed training: clipping, averages, accumulated gradients, a step of one's own") {
  const auto batch = [](Rng& rng) { return rows(rng, {29, 4}, 3); };
  SUBCASE("clipping and averages") {
    check_same_training(
        [] {
          Rng rng(1);
          const auto model = perceptron(rng);
          auto optimizer = std::make_unique<optim::SGD>(*model, optim::SGDOptions{});
          auto average =
              std::make_shared<optim::Averaging>(*model, optim::AveragingOptions{.decay = 0.9});
          auto& own = *optimizer;
          return Training{model, std::move(optimizer), [=, &own](const Tensor& x, const Tensor& y) {
                            own.zero_grad();
                            const Tensor loss = nn::cross_entropy((*model)(x), y);
                            loss.backward();
                            static_cast<void>(optim::clip_grad_norm(model->parameters(), 0.1));
                            optim::clip_grad_value(model->parameters(), 0.01);
                            own.step();
                            average->update();
                            return loss.detach();
                          }};
        },
        batch);
  }
  SUBCASE("two backward passes a step") {
    check_same_training(
        [] {
          Rng rng(1);
          const auto model = perceptron(rng);
          auto optimizer = std::make_unique<optim::Adam>(*model, optim::AdamOptions{});
          auto& own = *optimizer;
          return Training{model, std::move(optimizer), [=, &own](const Tensor& x, const Tensor& y) {
                            nn::cross_entropy((*model)(x), y).backward();
                            const Tensor loss = nn::cross_entropy((*model)(-x), y);
                            loss.backward();
                            own.step();
                            own.zero_grad();
                            return loss.detach();
                          }};
        },
        batch);
  }
  SUBCASE("gradient descent by hand") {
    check_same_training(
        [] {
          Rng rng(1);
          const auto model = perceptron(rng);
          return Training{model, nullptr, [=](const Tensor& x, const Tensor& y) {
                            const Tensor loss = nn::cross_entropy((*model)(x), y);
                            loss.backward();
                            for (const Tensor& p : model->parameters()) {
                              p.assign(p.detach() - 0.1 * p.grad());
                              p.zero_grad();
                            }
                            return loss.detach();
                          }};
        },
        batch);
  }
}

TEST_CASE("replayed training: a penalty on the gradient, and tables of labels with weights") {
  check_same_training(
      [] {
        Rng rng(1);
        const auto model =
            shared(nn::Sequential{nn::Dense(4, 9, {}, rng), nn::Tanh(), nn::Dense(9, 3, {}, rng)});
        auto optimizer = std::make_unique<optim::Adam>(*model, optim::AdamOptions{});
        auto& own = *optimizer;
        const Tensor weights = tensor({0.5F, 1.0F, 2.0F});
        return Training{
            model, std::move(optimizer), stepped(own, [=](const Tensor& x, const Tensor& y) {
              const auto energy = [&](const Tensor& at) { return sum(square((*model)(at))); };
              const Tensor slope = grad(energy)(x);
              return nn::cross_entropy((*model)(x), y, {.class_weights = weights}) +
                     0.01F * mean(square(slope));
            })};
      },
      [](Rng& rng) {
        return rows(rng, {29, 4}, 3);
      });
}
