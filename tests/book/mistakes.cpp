// The mistakes that hand-written versions of the book's code are known for: each case fails if the
// library makes the one in its name.

#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/data/scaler.hpp>
#include <xtape/data/split.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/loss.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optim/adagrad.hpp>
#include <xtape/optim/adam.hpp>
#include <xtape/optim/rmsprop.hpp>
#include <xtape/optim/sgd.hpp>

#include "../support/book.hpp"
#include "../support/compare.hpp"

using namespace xtape;
using Doubles = std::vector<double>;

namespace {

Tensor leaf(const Doubles& start) { return from_vector(start).set_requires_grad(true); }

void step_with_gradient(optim::Optimizer& optimizer, const Tensor& w, double gradient) {
  optimizer.zero_grad();
  (gradient * sum(w)).backward();
  optimizer.step();
}

}  // namespace

TEST_CASE("mistake: decay applied to the rate that has decayed already") {
  const Tensor w = leaf({0});
  optim::SGD sgd({w}, {.learning_rate = 1, .decay = 0.5});
  double expected = 0;
  for (int t = 0; t < 6; ++t) {
    step_with_gradient(sgd, w, -1);
    expected += 1 / (1 + 0.5 * t);  // 1 + 1/1.5 + 1/2 + ..., not 1 + 1/1.5 + 1/(1.5 2) + ...
    CHECK(w.item() == doctest::Approx(expected).epsilon(1e-14));
  }
}

TEST_CASE("mistake: Adagrad's cache assigned instead of accumulated") {
  const Tensor w = leaf({0});
  optim::Adagrad adagrad({w}, {.learning_rate = 1, .epsilon = 0});
  step_with_gradient(adagrad, w, 3);
  CHECK(w.item() == doctest::Approx(-1));
  step_with_gradient(adagrad, w, 4);  // 4 / sqrt(9 + 16)
  CHECK(w.item() == doctest::Approx(-1.8));
}

TEST_CASE("mistake: the L1 gradient added to the weights") {
  const nn::Dense layer(2, 1, {.weight_l1 = 0.25, .dtype = Dtype::float64});
  layer.weight.assign(tensor({{2.0}, {-3.0}}, Dtype::float64));
  const Tensor x = tensor({{5.0, 7.0}}, Dtype::float64);
  (sum(layer(x)) + layer.regularization_loss()).backward();
  CHECK(mismatch(layer.weight, tensor({{2.0}, {-3.0}}, Dtype::float64)) == "");
  CHECK(mismatch(layer.weight.grad(), tensor({{5.25}, {6.75}}, Dtype::float64)) == "");
}

TEST_CASE("mistake: the bias's cache fed by the weights' gradient") {
  // Gradients 1000 for the weight and 0.001 for the bias: each of these optimizers' first steps is
  // the same for any gradient, if each has a cache of its own.
  const auto check = [](auto make, double first_step) {
    const nn::Dense layer(1, 1, {.weight_init = nn::init::zeros(), .dtype = Dtype::float64});
    auto optimizer = make(layer.parameters());
    (1000 * sum(layer.weight) + 0.001 * sum(layer.bias)).backward();
    optimizer.step();
    CHECK(layer.weight.item() == doctest::Approx(-first_step).epsilon(1e-12));
    CHECK(layer.bias.item() == doctest::Approx(-first_step).epsilon(1e-12));
  };
  check([](const auto& p) { return optim::Adagrad(p, {.learning_rate = 0.5, .epsilon = 0}); }, 0.5);
  check([](const auto& p) { return optim::Adam(p, {.learning_rate = 0.5, .epsilon = 0}); }, 0.5);
  check(
      [](const auto& p) {
        return optim::RMSprop(p, {.learning_rate = 0.5, .rho = 0.75, .epsilon = 0});
      },
      1);  // g / sqrt(0.25 g²)
}

TEST_CASE("mistake: a regularizer that uses another's factor") {
  const nn::Dense layer(1, 1,
                        {.weight_l1 = 1e-1,
                         .weight_l2 = 1e-2,
                         .bias_l1 = 1e-3,
                         .bias_l2 = 1e-4,
                         .dtype = Dtype::float64});
  layer.weight.assign(tensor({{-3.0}}, Dtype::float64));
  layer.bias.assign(tensor({5.0}, Dtype::float64));
  const Tensor penalty = layer.regularization_loss();
  CHECK(penalty.item() == doctest::Approx(0.1 * 3 + 0.01 * 9 + 0.001 * 5 + 0.0001 * 25));
  penalty.backward();
  CHECK(layer.weight.grad().item() == doctest::Approx(-0.1 + 2 * 0.01 * -3));
  CHECK(layer.bias.grad().item() == doctest::Approx(0.001 + 2 * 0.0001 * 5));
}

TEST_CASE("mistake: test data trained on") {
  // No way to split data gives a row to both sides.
  Rng rng(3);
  const Tensor labels = Rng(4).integers(0, 3, {60});
  std::vector<data::Fold> folds{data::random_split(60, 0.3, rng),
                                data::stratified_split(labels, 0.3, rng),
                                data::block_split(60, 0.3)};
  for (const auto& more : {data::k_fold(60, 7, rng), data::stratified_k_fold(labels, 7, rng),
                           data::blocked_k_fold(60, 7)}) {
    folds.insert(folds.end(), more.begin(), more.end());
  }
  for (const data::Fold& fold : folds) {
    const auto train = fold.train.to_vector<std::int64_t>();
    const std::set<std::int64_t> seen(train.begin(), train.end());
    CHECK(seen.size() == train.size());
    CHECK(fold.test.size() > 0);
    for (const std::int64_t row : fold.test.to_vector<std::int64_t>()) CHECK(!seen.contains(row));
  }
  // Judging a model leaves its parameters and their gradients as they were.
  BookModel model({});
  const std::vector<Tensor> parameters = model.network().parameters();
  std::vector<Tensor> before;
  for (const Tensor& parameter : parameters) before.push_back(parameter.clone());
  model.test();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    CHECK(mismatch(parameters[i], before[i]) == "");
    CHECK(!parameters[i].grad().defined());
  }
}

TEST_CASE("mistake: test data scaled by their own mean") {
  const Tensor train = tensor({{1.0, 10.0}, {3.0, 30.0}}, Dtype::float64);  // mean 2, 20; std 1, 10
  const Tensor test = tensor({{4.0, 100.0}, {6.0, 200.0}}, Dtype::float64);
  const auto scaler = data::Scaler::standard(train);
  CHECK(mismatch(scaler(test), tensor({{2.0, 8.0}, {4.0, 18.0}}, Dtype::float64)) == "");
  CHECK(mismatch(data::Scaler::max_abs(train)(test),
                 tensor({{4.0 / 3, 100.0 / 30}, {2.0, 200.0 / 30}}, Dtype::float64), 4e-15) == "");
}
