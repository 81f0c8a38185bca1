// The models of the examples, by the examples' own code: each in a namespace, main and all. What
// they include stands here before them, outside of those.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <numbers>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <xtape/xtape.hpp>

// A main() that is not the program's must return.
#pragma GCC diagnostic ignored "-Wreturn-type"
#include "../../examples/support/program.hpp"
#include "../../examples/support/python_float.hpp"
#include "../../examples/support/ranks.hpp"
#include "../../examples/support/stepped.hpp"

namespace of_autoencoder {
#include "../../examples/autoencoder.cpp"
}
namespace of_binary {
#include "../../examples/binary.cpp"
}
namespace of_csv {
#include "../../examples/csv.cpp"
}
namespace of_ensemble {
#include "../../examples/ensemble.cpp"
}
namespace of_fashion_mnist {
#include "../../examples/fashion_mnist.cpp"
}
namespace of_fine_tune {
#include "../../examples/fine_tune.cpp"
}
namespace of_gan {
#include "../../examples/gan.cpp"
}
namespace of_hmc {
#include "../../examples/hmc.cpp"
}
namespace of_language_model {
#include "../../examples/language_model.cpp"
}
namespace of_lenet {
#include "../../examples/lenet.cpp"
}
namespace of_overfitting {
#include "../../examples/overfitting.cpp"
}
namespace of_sequence {
#include "../../examples/sequence.cpp"
}
namespace of_spiral {
#include "../../examples/spiral.cpp"
}
namespace of_time_series {
#include "../../examples/time_series.cpp"
}
namespace of_validation {
#include "../../examples/validation.cpp"
}

#include "models.hpp"

namespace models {
namespace {

/// A module of several parts as a function of one tensor.
template <class Model, class F>
struct Part : nn::Module {
  Part(Model whole, F f) : model(child("model", std::move(whole))), function(std::move(f)) {}
  Model model;
  F function;
  Tensor operator()(const Tensor& x) const { return function(model, x); }
};

}  // namespace

std::vector<Case> of_examples() {
  Rng rng(1), masks(2);
  std::vector<Case> cases;
  const auto add = [&](const char* name, const auto& model, auto input) {
    cases.push_back({name, nn::AnyModule(model), std::move(input)});
  };
  of_spiral::Flags spiral;
  spiral.init_scale = 1;
  add("spiral", of_spiral::network(spiral, Dtype::float32, rng, masks), normal({2}));
  add("binary", of_binary::network({}, rng), normal({2}));
  add("overfitting", of_overfitting::network(of_overfitting::chapters[4], rng), normal({2}));
  add("validation", of_validation::network(64, rng), normal({2}));
  add("time_series", of_time_series::network(50, 64, rng), normal({50}));
  add("csv", of_csv::network(4, 3, {}, rng), normal({4}));
  add("breast_cancer",  // whose example is to be read in forty lines
      nn::Sequential{data::Scaler::standard(normal({30})(50)), nn::Dense(30, 16, {}, rng),
                     nn::ReLU(), nn::Dropout(0.5, rng), nn::Dense(16, 2, {}, rng)},
      normal({30}));
  add("fashion_mnist", of_fashion_mnist::network(784, {}, rng), normal({784}));
  const nn::Sequential lenet = of_lenet::lenet(0.25, rng);
  static_cast<void>(lenet(normal({1, 28, 28}, 1, 2)(4)));  // running statistics of its own
  add("lenet_of_examples", lenet, normal({1, 28, 28}));
  add("fine_tune", of_fine_tune::Classifier(rng), normal({1, 28, 28}));

  const of_autoencoder::Autoencoder autoencoder(784, {}, rng);
  add("encoder_of_images", autoencoder.encoder, normal({784}));
  add("decoder_of_images", autoencoder.decoder, normal({16}));
  add("autoencoder",
      Part(autoencoder,
           [](const auto& model, const Tensor& x) {
             return sigmoid(model.decoder(model.code_of(x).mean()));
           }),
      normal({784}));
  add("maker_of_points", of_gan::network(4, 64, 2, rng), normal({4}));
  add("judge_of_points", of_gan::network(2, 64, 1, rng), normal({2}));
  add("sequence",
      Part(of_sequence::Forecast(24, rng),
           [](const auto& model, const Tensor& x) { return model(x, {}).change; }),
      normal({48, 1}));
  add("language_model", of_language_model::LanguageModel(60, {}, rng), integers({32}, 60));

  const std::vector<nn::Sequential> networks = of_ensemble::networks(16, rng);
  add(
      "ensemble",
      [networks, parameters = nn::stack_parameters(networks)](const Tensor& x) {
        return vmap([&](const std::vector<Tensor>& p) {
          return nn::with_parameters(networks[0], p)(x);
        })(parameters);
      },
      normal({2}));
  add(
      "log_density", [](const Tensor& q) { return of_hmc::log_density(q.to(Dtype::float64)); },
      normal({10}));
  return cases;
}

}  // namespace models
