// What optimizers tell of themselves.
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/xtape.hpp>

using namespace xtape;

TEST_CASE("optimizer: settings tell all but state and schedules") {
  using Lines = std::vector<std::string>;
  Rng rng(1);
  const nn::Dense first(1, 2, {}, rng), second(1, 2, {}, rng);
  optim::Adam adam(first, {.learning_rate = 0.1, .beta2 = 0.99, .amsgrad = true});
  adam.add_group({{"w", second.weight}}, {.weight_decay = 0.5});
  adam.set_learning_rate(0.2, 1);
  CHECK(adam.settings() == Lines{"xtape::optim::Adam", "group.0 of weight, bias",
                                 "group.0.learning_rate 0.1", "group.0.decay 0",
                                 "group.0.beta1 0.9", "group.0.beta2 0.99", "group.0.epsilon 1e-07",
                                 "group.0.weight_decay 0", "group.0.amsgrad true", "group.1 of w",
                                 "group.1.learning_rate 0.2", "group.1.decay 0",
                                 "group.1.beta1 0.9", "group.1.beta2 0.99", "group.1.epsilon 1e-07",
                                 "group.1.weight_decay 0.5", "group.1.amsgrad true"});
  const optim::SGD sgd(first, {.velocity = optim::Velocity::of_gradients});
  CHECK(sgd.settings()[6] == "group.0.nesterov false");
  CHECK(sgd.settings()[7] == "group.0.velocity 1");
}

TEST_CASE("optimizer: the rate of the next step") {
  Rng rng(1);
  const nn::Dense model(1, 2, {}, rng);
  optim::SGD sgd(model, {.learning_rate = 1, .decay = 1, .schedule = [](std::int64_t step) {
                           return step < 2 ? 1.0 : -1.0;
                         }});
  CHECK(sgd.next_learning_rate() == 1);
  sgd.step();
  CHECK(sgd.learning_rate() == 1);
  CHECK(sgd.next_learning_rate() == 0.5);
  sgd.step();
  CHECK_THROWS_AS(sgd.next_learning_rate(), ValueError);
  CHECK_THROWS_AS(sgd.next_learning_rate(1), IndexError);
}
