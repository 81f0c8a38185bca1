// Weights that come from PyTorch: the same results, and the same losses as they are trained on.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

#include "../support/compare.hpp"
#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;

namespace {

/// A file of tests/nn/torch_models, see tests/reference/torch_models.py.
struct Case {
  explicit Case(const std::string& name) {
    for (const auto& [key, tensor] :
         data::load_safetensors(XTAPE_TORCH_MODELS "/" + name + ".safetensors")) {
      (key.starts_with("model.") ? state : others)
          .emplace_back(key.starts_with("model.") ? key.substr(6) : key, tensor);
    }
  }
  Tensor operator[](const std::string& name) const {
    for (const auto& [key, tensor] : others)
      if (key == name) return tensor;
    throw IndexError(name);
  }
  NamedTensors state, others;
};

template <class M>
void check_trained(const std::string& name, const M& model) {
  const Case given(name);
  CHECK(nn::torch::restore(model, given.state).missing.empty());
  const NamedTensors own = nn::torch::state(model);
  REQUIRE(own.size() == given.state.size());
  for (const auto& [entry, tensor] : own) {
    const auto same = [&own_name = entry](const NamedTensor& other) {
      return other.first == own_name;
    };
    CHECK(std::any_of(given.state.begin(), given.state.end(), same));
  }
  const Tensor x = given["x"], target = given["target"], losses = given["losses"];
  optim::Adam optimizer(model.parameters(), {.learning_rate = 0.01, .epsilon = 1e-8});
  for (std::int64_t step = 0; step < 20; ++step) {
    const Tensor y = model(x);
    if (step == 0)
      CHECK(mismatch(y.detach().to(Dtype::float64), given["y"].to(Dtype::float64), 1e-5) == "");
    const Tensor loss = nn::cross_entropy(y, target);
    CHECK(loss.item() == doctest::Approx(losses.data<double>()[static_cast<std::size_t>(step)])
                             .epsilon(1e-5)
                             .scale(0));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

/// What the script has under these names.
struct Sequence : nn::Module {
  nn::LSTM lstm = child("lstm", nn::LSTM(5, 8, {.layers = 2, .bidirectional = true}));
  nn::Dense head = child("head", nn::Dense(16, 3));
  Tensor operator()(const Tensor& x) const { return head(slice(lstm(x), {Slice::all, -1})); }
};
struct Attention : nn::Module {
  nn::Embedding embedding = child("embedding", nn::Embedding(11, 8));
  nn::TransformerEncoderLayer encoder =
      child("encoder", nn::TransformerEncoderLayer(8, 2, {.feed_forward_width = 16, .dropout = 0}));
  nn::Dense head = child("head", nn::Dense(8, 3));
  Tensor operator()(const Tensor& x) const { return head(mean(encoder(embedding(x)), 1)); }
};

}  // namespace

TEST_CASE("PyTorch's weights: a perceptron is trained on as there") {
  check_trained("mlp", nn::Sequential(nn::Dense(4, 16), nn::Tanh(), nn::Dense(16, 3)));
}

TEST_CASE(
    "PyTorch's weights: a convolutional net with batch normalization is trained on as there") {
  check_trained("cnn",
                nn::Sequential(nn::Conv2d(1, 4, 3, {.padding = 1}), nn::BatchNorm2d(4), nn::ReLU(),
                               nn::MaxPool2d(2), nn::Flatten(), nn::Dense(64, 3)));
}

TEST_CASE("PyTorch's weights: weights made of others are trained on as there, by the names there") {
  using nn::SpectralNorm, nn::WeightNorm;
  check_trained("normed", nn::Sequential(WeightNorm(nn::Dense(4, 6)), nn::Tanh(),
                                         SpectralNorm(nn::Dense(6, 5)), nn::Tanh(),
                                         WeightNorm(nn::Dense(5, 3))));
  check_trained("normed_images",
                nn::Sequential(WeightNorm(nn::ConvTranspose2d(2, 3, 2, {.stride = 2})), nn::Tanh(),
                               SpectralNorm(nn::ConvTranspose2d(3, 4, 2)), nn::Tanh(),
                               SpectralNorm(nn::Conv2d(4, 3, 3)), nn::Flatten(), nn::Dense(75, 3)));
  const nn::Sequential model(WeightNorm(nn::Dense(2, 3)));
  const auto named = [&](const nn::Module& of) {
    std::string all;
    for (const auto& [name, tensor] : nn::torch::state(of)) all += name + ' ';
    return all;
  };
  const std::string names =
      "0.parametrizations.weight.original0 0.parametrizations.weight.original1 0.bias ";
  CHECK(named(model) == names);
  CHECK(named(clone(model)) == names);
  CHECK(error_of<ValueError>([&] {
          static_cast<void>(nn::torch::restore(model, {{"0.bias", zeros({3})}}));
        }) ==
        "restore: the entries must be those of state(); missing: "
        "\"0.parametrizations.weight.original0\", \"0.parametrizations.weight.original1\"");
}

TEST_CASE("PyTorch's weights: an LSTM of two layers in both directions is trained on as there") {
  check_trained("lstm", Sequence());
}

TEST_CASE("PyTorch's weights: a transformer's layer is trained on as there") {
  check_trained("transformer", Attention());
}

TEST_CASE("nn::torch: states travel both ways, by PyTorch's names and layouts") {
  const nn::Sequential model(nn::Dense(2, 3), nn::Dropout(0.5), nn::Embedding(4, 3));
  const NamedTensors state = nn::torch::state(model);
  REQUIRE(state.size() == 3);  // nothing of Dropout
  CHECK(state[0].first == "0.weight");
  CHECK(state[0].second.shape() == Shape{3, 2});
  CHECK(all(state[0].second == transpose(model["0.weight"].detach())).item() == 1);
  CHECK(state[2].second.shape() == Shape{4, 3});
  const TemporaryDirectory folder;
  const std::string path = folder.file("model.safetensors");
  data::save_safetensors(path, state);
  const nn::Sequential other(nn::Dense(2, 3), nn::Dropout(0.5), nn::Embedding(4, 3));
  CHECK(nn::torch::restore(other, data::load_safetensors(path)).missing.empty());
  for (const char* name : {"0.weight", "0.bias", "2.weight"})
    CHECK(all(model[name].detach() == other[name].detach()).item() == 1);
  model["0.weight"].assign(zeros({2, 3}));
  CHECK(all(state[0].second == 0).item() == 0);  // the state is what it was
}

TEST_CASE("nn::torch: a square weight is turned too, by the layer that it belongs to") {
  const nn::Dense layer(2, 2);
  layer.weight.assign(tensor({{1.0f, 2.0f}, {3.0f, 4.0f}}));
  CHECK(all(nn::torch::state(layer)[0].second == tensor({{1.0f, 3.0f}, {2.0f, 4.0f}})).item() == 1);
  static_cast<void>(nn::torch::restore(
      layer, {{"weight", tensor({{5.0f, 6.0f}, {7.0f, 8.0f}})}, {"bias", zeros({2})}}));
  CHECK(all(layer.weight.detach() == tensor({{5.0f, 7.0f}, {6.0f, 8.0f}})).item() == 1);
}

namespace {

struct Odd : nn::Module {
  nn::Parameter w = parameter("w", reshape(arange(6).to(Dtype::float32), {2, 3}));
  explicit Odd(nn::TorchLayout layout) { set_torch_layout("w", layout); }
  void say(const std::string& name, nn::TorchLayout layout) const {
    set_torch_layout(name, layout);
  }
};

}  // namespace

TEST_CASE("nn::torch: a module of one's own says how its entries are kept, the last word counts") {
  const Odd same(nn::TorchLayout::same), turned(nn::TorchLayout::transposed);
  CHECK(nn::torch::state(same)[0].second.shape() == Shape{2, 3});
  CHECK(nn::torch::state(turned)[0].second.shape() == Shape{3, 2});
  static_cast<void>(nn::torch::restore(same, {{"w", ones({2, 3})}}));
  CHECK(all(same.w.detach() == 1).item() == 1);
  turned.say("w", nn::TorchLayout::absent);
  CHECK(nn::torch::state(turned).empty());
  CHECK_THROWS_AS(turned.say("v", nn::TorchLayout::absent), ValueError);
}

TEST_CASE("nn::torch: what does not fit is named as PyTorch has it and nothing is changed") {
  const nn::Dense layer(2, 3);
  const Tensor before = layer.weight.detach().clone();
  CHECK(error_of<ShapeError>([&] {
          return nn::torch::restore(layer, {{"weight", ones({2, 3})}, {"bias", ones({3})}});
        }) ==
        "restore: the entries must be those of state(); \"weight\" must be float32[3, 2], got "
        "float32[2, 3]");
  CHECK_THROWS_AS(static_cast<void>(nn::torch::restore(layer, {{"weight", ones({3, 2})}})),
                  ValueError);
  CHECK_THROWS_AS(static_cast<void>(nn::torch::restore(
                      layer, {{"weight", ones({3, 2}, Dtype::float64)}, {"bias", ones({3})}})),
                  DtypeError);
  CHECK(all(layer.weight.detach() == before).item() == 1);
  const LeftOut left =
      nn::torch::restore(layer, {{"weight", ones({3, 2})}, {"head", ones({1})}}, {.strict = false});
  CHECK(left.missing == std::vector<std::string>{"bias"});
  CHECK(left.unexpected == std::vector<std::string>{"head"});
  CHECK(all(layer.weight.detach() == 1).item() == 1);
}
