// Sparse gradients: what optimizers, clipping and averaging make of the rows of a table.

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "../support/errors.hpp"
#include "../support/optimizers.hpp"

using namespace xtape;

namespace {

using Made = std::unique_ptr<optim::Optimizer>;

nn::Embedding table_of(Dtype dtype, bool sparse, std::optional<std::int64_t> padding = {}) {
  Doubles start;
  for (int i = 0; i < 21; ++i) start.push_back(std::sin(i + 1));
  nn::Embedding table(7, 3, {.padding_index = padding, .sparse = sparse, .dtype = dtype});
  table.weight.assign(from_vector(start, {7, 3}).to(dtype));
  return table;
}

/// The loss of the script's step t.
Tensor loss_of(const nn::Embedding& table, std::int64_t t) {
  std::vector<std::int64_t> words;
  Doubles factors;
  for (std::int64_t k = 0; k < 6; ++k) {
    words.push_back((t * k * k + k) % 7);
    factors.push_back(std::cos(static_cast<double>(k + t)));
  }
  const Tensor factor = from_vector(factors, {6, 1}).to(table.weight.dtype());
  return sum(sin(table(from_vector(words))) * factor);
}

void step(optim::Optimizer& optimizer, const nn::Embedding& table, std::int64_t t) {
  optimizer.zero_grad();
  loss_of(table, t).backward();
  optimizer.step();
}

struct Use {
  std::string name;
  std::function<Made(const Tensor&)> make;
  std::optional<std::int64_t> padding = {};
};

std::vector<Use> uses() {
  using namespace optim;
  const SparseAdamOptions adam{.learning_rate = 0.05, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 0.01};
  const auto of_adam = [=](const Tensor& w) {
    return std::make_unique<SparseAdam>(Parameters{w}, adam);
  };
  return {
      {"sgd",
       [](const Tensor& w) {
         return std::make_unique<SGD>(Parameters{w}, SGDOptions{.learning_rate = 0.3});
       }},
      {"adagrad",
       [](const Tensor& w) {
         return std::make_unique<Adagrad>(Parameters{w},
                                          AdagradOptions{.learning_rate = 0.3, .epsilon = 0.01});
       }},
      {"adagrad initial",
       [](const Tensor& w) {
         return std::make_unique<Adagrad>(
             Parameters{w},
             AdagradOptions{.learning_rate = 0.3, .initial_accumulator = 0.5, .epsilon = 0.01});
       },
       2},
      {"sparse adam", of_adam},
      {"sparse adam padding", of_adam, 2},
  };
}

}  // namespace

TEST_CASE("sparse: each optimizer steps over rows as PyTorch's does") {
  std::ifstream file(XTAPE_TORCH_SPARSE);
  std::string line;
  std::getline(file, line);
  for (const Use& use : uses()) {
    CAPTURE(use.name);
    REQUIRE(std::getline(file, line));
    REQUIRE(line == use.name);
    const nn::Embedding table = table_of(Dtype::float64, true, use.padding);
    const nn::Embedding narrow = table_of(Dtype::float32, true, use.padding);
    if (use.padding) {
      for (const Tensor& w : {Tensor(table.weight), Tensor(narrow.weight)})
        w.assign(table_of(w.dtype(), false).weight.detach());
    }
    const Made optimizer = use.make(table.weight), of_narrow = use.make(narrow.weight);
    for (int t = 1; t <= 12; ++t) {
      step(*optimizer, table, t);
      step(*of_narrow, narrow, t);
      REQUIRE(table.weight.sparse_grad());
      if (t != 1 && t != 2 && t != 5 && t != 12) continue;
      REQUIRE(std::getline(file, line));
      std::istringstream numbers(line);
      Doubles expected(21);
      for (double& number : expected) numbers >> number;
      CAPTURE(t);
      check_close(table.weight, expected, 1e-12);
      check_close(narrow.weight, expected, 2e-5);
    }
  }
  CHECK_FALSE(std::getline(file, line));
}

TEST_CASE("sparse: every other optimizer goes as with the dense gradient, bit for bit") {
  for (const OptimizerMaker& maker : optimizer_makers()) {
    if (maker.name.find("decay") != std::string::npos) continue;  // of sgd and adagrad: an error
    CAPTURE(maker.name);
    const nn::Embedding sparse = table_of(Dtype::float32, true);
    const nn::Embedding dense = table_of(Dtype::float32, false);
    const auto a = maker.make({sparse.weight}), b = maker.make({dense.weight});
    for (int t = 1; t <= 5; ++t) step(*a, sparse, t), step(*b, dense, t);
    CHECK(values(sparse.weight) == values(dense.weight));
  }
}

TEST_CASE("sparse: a state goes on to the same bits, and tells of all rows") {
  for (const Use& use : uses()) {
    CAPTURE(use.name);
    const nn::Embedding table = table_of(Dtype::float32, true);
    const Made optimizer = use.make(table.weight);
    for (int t = 1; t <= 4; ++t) step(*optimizer, table, t);
    const nn::Embedding other = clone(table);
    const Made next = use.make(other.weight);
    next->restore(optimizer->state());
    for (int t = 5; t <= 9; ++t) step(*optimizer, table, t), step(*next, other, t);
    CHECK(values(table.weight) == values(other.weight));
  }
}

TEST_CASE("sparse: rows that no step names keep weight and moments") {
  const nn::Embedding table = table_of(Dtype::float64, true);
  const Doubles before = values(table.weight);
  optim::SparseAdam optimizer({{"w", table.weight}});
  sum(square(table(tensor({1, 4, 1})))).backward();
  optimizer.step();
  const Tensor moved = sum(abs(table.weight.detach() - from_vector(before, {7, 3})), 1) > 0;
  CHECK(moved.to_vector<bool>() ==
        std::vector<bool>{false, true, false, false, true, false, false});

  optimizer.zero_grad();
  sum(square(table(tensor({2})))).backward();  // 1 and 4 have moments, and stay
  const Doubles between = values(table.weight);
  optimizer.step();
  const Tensor then = sum(abs(table.weight.detach() - from_vector(between, {7, 3})), 1) > 0;
  CHECK(then.to_vector<bool>() ==
        std::vector<bool>{false, false, true, false, false, false, false});
}

TEST_CASE("sparse: SparseAdam takes a dense gradient as one that names every row") {
  const nn::Embedding all = table_of(Dtype::float64, true), dense = table_of(Dtype::float64, false);
  optim::SparseAdam a({all.weight}), b({dense.weight});
  for (int t = 1; t <= 3; ++t) {
    for (const auto& [table, optimizer] : {std::pair{&all, &a}, std::pair{&dense, &b}}) {
      optimizer->zero_grad();
      sum(sin((*table)(arange(7)))).backward();
      optimizer->step();
    }
  }
  CHECK(all.weight.sparse_grad());
  CHECK_FALSE(dense.weight.sparse_grad());
  CHECK(values(all.weight) == values(dense.weight));
}

TEST_CASE("sparse: a step without rows changes nothing, and counts") {
  const nn::Embedding table = table_of(Dtype::float64, true);
  const Doubles before = values(table.weight);
  optim::SparseAdam optimizer({{"w", table.weight}});
  sum(table(zeros({0}, Dtype::int64))).backward();
  CHECK(table.weight.sparse_grad()->rows.size() == 0);
  optimizer.step();
  CHECK(values(table.weight) == before);
  CHECK(optimizer.state()[3].first == "w.updates");
  CHECK(optimizer.state()[3].second.item() == 1);
}

TEST_CASE("sparse: weight decay would change every row, and is refused before anything changes") {
  const nn::Embedding table = table_of(Dtype::float64, true);
  const Tensor other = leaf({1, 2});
  const Doubles before = values(table.weight);
  const auto refused = [&](optim::Optimizer& optimizer) {
    (sum(square(table(tensor({1, 4})))) + sum(square(other))).backward();
    const std::string text = error_of<ValueError>([&] { optimizer.step(); });
    CHECK(values(table.weight) == before);
    CHECK(values(other) == Doubles{1, 2});
    CHECK(optimizer.steps() == 0);
    return text;
  };
  const optim::Parameters both{{"other", other}, {"table", table.weight}};
  optim::SGD sgd(both, {.weight_decay = 0.1});
  CHECK(refused(sgd) ==
        "sgd: weight_decay must be 0 where a gradient is sparse, since it would change every row; "
        "got "
        "0.1 (in table)");
  optim::Adagrad adagrad(both, {.weight_decay = 0.1});
  CHECK(refused(adagrad).starts_with("adagrad: weight_decay must be 0 where a gradient is sparse"));
  optim::SGD momentum(both, {.momentum = 0.9, .weight_decay = 0.1});  // changes every row anyway
  momentum.step();
  CHECK(momentum.steps() == 1);
}

TEST_CASE("sparse: clipping is that of the dense gradient, and leaves it sparse") {
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const nn::Embedding sparse = table_of(dtype, true), dense = table_of(dtype, false);
    const Tensor other = leaf({3, -4}, dtype);
    const auto clipped = [&](const nn::Embedding& table, auto clip) {
      table.weight.zero_grad();
      other.zero_grad();
      (loss_of(table, 3) + sum(square(other))).backward();
      const auto earlier = table.weight.sparse_grad();
      const Doubles kept = earlier ? values(earlier->values) : Doubles();
      clip(std::vector<Tensor>{table.weight, other});
      if (earlier) CHECK(values(earlier->values) == kept);
      Doubles both = values(table.weight.grad());
      for (const double g : values(other.grad())) both.push_back(g);
      return both;
    };
    const auto by_norm = [](const std::vector<Tensor>& w) {
      CHECK(optim::clip_grad_norm(w, 0.5) > 0.5);
      double total = 0;
      for (const Tensor& one : w) total += sum(square(one.grad())).item();
      CHECK(std::sqrt(total) == doctest::Approx(0.5).epsilon(1e-6));
    };
    const auto by_value = [](const std::vector<Tensor>& w) { optim::clip_grad_value(w, 0.2); };
    CHECK(clipped(sparse, by_norm) == clipped(dense, by_norm));
    CHECK(clipped(sparse, by_value) == clipped(dense, by_value));
    CHECK(sparse.weight.sparse_grad());
  }
}

TEST_CASE("sparse: a step may look for NaN, and a model may change its dtype") {
  const nn::Embedding table = table_of(Dtype::float32, true);
  optim::SparseAdam optimizer({{"w", table.weight}});
  sum(table(tensor({1})) * std::numeric_limits<double>::quiet_NaN()).backward();
  CHECK(error_of<ValueError>([&] {
          optimizer.step({.check_finite = true});
        }).starts_with("optimizer: the gradient must be finite; got nan"));

  table.to(Dtype::float64);
  optimizer.zero_grad();
  const double before = table.weight(1, 0).item();
  sum(table(tensor({1}))).backward();
  optimizer.step();
  CHECK(table.weight.dtype() == Dtype::float64);
  CHECK(table.weight(1, 0).item() == doctest::Approx(before - 0.001));
}

TEST_CASE("sparse: L-BFGS and averaging see a table as any other") {
  const auto trained = [](bool sparse) {
    const nn::Embedding table = table_of(Dtype::float64, sparse);
    optim::LBFGS optimizer({table.weight});
    const auto loss = [&] { return sum(square(table(tensor({1, 4, 1})) - 2)); };
    for (int t = 0; t < 3; ++t) optimizer.step(loss);
    return values(table.weight);
  };
  CHECK(trained(true) == trained(false));
  const nn::Embedding table = table_of(Dtype::float64, true);
  optim::Averaging average({table.weight});
  optim::SGD optimizer({table.weight}, {.learning_rate = 0.5});
  Doubles mean(21, 0);
  for (int t = 1; t <= 4; ++t) {
    step(optimizer, table, t);
    average.update();
    for (std::size_t i = 0; i < 21; ++i) mean[i] += values(table.weight)[i] / 4;
  }
  check_close(average.average()[0].second, mean);
}
