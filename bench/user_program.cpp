// A small program of a user's, as bench_engine compiles it to see what that costs.

#include <iostream>

#include <xtape/xtape.hpp>

using namespace xtape;

int main() {
  Rng rng(0);
  auto [X, y] = data::spiral(100, 3, rng);

  nn::Sequential model{nn::Dense(2, 64, {.weight_l2 = 5e-4, .bias_l2 = 5e-4}, rng), nn::ReLU(),
                       nn::Dropout(0.1), nn::Dense(64, 3, {}, rng)};
  optim::Adam optimizer(model.parameters(), {.learning_rate = 0.05, .decay = 5e-5});

  for (int epoch = 0; epoch <= 1000; ++epoch) {
    Tensor logits = model(X);
    Tensor loss = nn::cross_entropy(logits, y) + model.regularization_loss();
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (epoch % 100 == 0) std::cout << epoch << "  loss " << loss.item() << '\n';
  }
}
