#include <xtape/xtape.hpp>

#include <memory>

#include "initialise.hpp"
#include "models.hpp"

using namespace xtape;

namespace bench {
namespace {

Tensor numbers(const Shape& shape, std::uint64_t seed) {
  return Rng(seed).uniform(shape, -1, 1, Dtype::float64).to(Dtype::float32);
}
Tensor classes(double count, const Shape& shape, std::uint64_t seed) {
  return floor(Rng(seed).uniform(shape, 0, count, Dtype::float64)).to(Dtype::int64);
}

/// Trains a module by Adam.
template <class M, class F>
Model::Step training(const M& module, F loss_of) {
  initialise(module);
  const auto optimizer = std::make_shared<optim::Adam>(
      module.parameters(), optim::AdamOptions{.learning_rate = 1e-3, .epsilon = 1e-7});
  return [=] {
    const Tensor loss = loss_of(module);
    optimizer->zero_grad();
    loss.backward();
    optimizer->step();
    return loss.detach();
  };
}

nn::Sequential perceptron(std::int64_t inputs, std::int64_t outputs) {
  return nn::Sequential{nn::Dense(inputs, 128), nn::ReLU(), nn::Dense(128, 128), nn::ReLU(),
                        nn::Dense(128, outputs)};
}

Model::Step transformer() {
  nn::Sequential net{nn::Embedding(256, 128)};
  for (int i = 0; i < 4; ++i) {
    net.push_back(nn::TransformerEncoderLayer(128, 4, {.feed_forward_width = 512, .dropout = 0}));
  }
  net.push_back(nn::Dense(128, 256));
  const Tensor tokens = classes(256, {16, 64}, 0), next = classes(256, {16 * 64}, 1);
  return training(net, [=](const auto& model) {
    return nn::cross_entropy(reshape(model(tokens), {-1, 256}), next);
  });
}

Model::Step inference() {
  const nn::Sequential net = perceptron(784, 10);
  initialise(net);
  const Tensor x = numbers({1, 784}, 0);
  return [=] {
    const NoGradGuard off;
    return net(x);
  };
}

struct Recurrent : nn::Module {
  nn::LSTM lstm = child("lstm", nn::LSTM(128, 128));
  nn::Dense out = child("out", nn::Dense(128, 10));
};

Model::Step lstm() {
  const Tensor x = numbers({32, 50, 128}, 0), labels = classes(10, {32}, 1);
  return training(Recurrent(), [=](const Recurrent& model) {
    const Tensor last = slice(model.lstm(x), {range({}, {}), range(49, 50)});
    return nn::cross_entropy(model.out(reshape(last, {32, 128})), labels);
  });
}

Model::Step lenet() {
  const nn::ConvOptions same{.padding = 2};
  const nn::Sequential net{nn::Conv2d(1, 6, 5, same),
                           nn::ReLU(),
                           nn::MaxPool2d(2),
                           nn::Conv2d(6, 16, 5),
                           nn::ReLU(),
                           nn::MaxPool2d(2),
                           nn::Flatten(),
                           nn::Dense(400, 120),
                           nn::ReLU(),
                           nn::Dense(120, 84),
                           nn::ReLU(),
                           nn::Dense(84, 10)};
  const Tensor x = numbers({64, 1, 28, 28}, 0), labels = classes(10, {64}, 1);
  return training(net, [=](const auto& model) { return nn::cross_entropy(model(x), labels); });
}

/// The squared slope of a judge at points: gradients of gradients.
Model::Step gradient_penalty() {
  const nn::Sequential net{nn::Dense(64, 128), nn::Tanh(), nn::Dense(128, 128), nn::Tanh(),
                           nn::Dense(128, 1)};
  const Tensor x = numbers({128, 64}, 0).set_requires_grad(true);
  return training(net, [=](const auto& model) {
    const Tensor score = model(x);
    const auto [slope] = grad(sum(score), {x}, {.create_graph = true});
    return mean(softplus(-score)) + mean(sum(square(slope), 1));
  });
}

}  // namespace

std::vector<Model> net_models() {
  return {{"h", "transformer, 4 layers, 16 x 64 x 128", transformer},
          {"i", "inference, 784-128-128-10, one row", inference},
          {"j", "LSTM 128, 50 steps, batch 32", lstm},
          {"k", "LeNet-5, batch 64", lenet},
          {"l", "gradient penalty, 64-128-128-1, batch 128", gradient_penalty}};
}

std::vector<Model> models() {
  std::vector<Model> all = net_models();
  for (Model& model : scalar_models()) all.push_back(std::move(model));
  return all;
}

}  // namespace bench
