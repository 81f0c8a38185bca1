#pragma once
// The model of Neural Networks from Scratch (Kinsley and Kukiela, 2020), chapters 10 to 15:
// Dense(2, hidden), ReLU, dropout, Dense(hidden, 3), softmax cross-entropy on the spiral; weights
// 0.01 randn, full batch, regularization of the hidden layer. The same runs as those of
// examples/spiral.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include <xtape/data/spiral.hpp>
#include <xtape/nn/activation.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/nn/dropout.hpp>
#include <xtape/nn/loss.hpp>
#include <xtape/nn/sequential.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/optim/optimizer.hpp>
#include <xtape/train/metrics.hpp>

struct BookOptions {
  std::int64_t samples = 100, hidden = 64;  // points of each class, neurons
  double l2 = 0;                            // of weights and biases
  double dropout = 0;
  std::uint64_t seed = 0;  // of data, weights and dropout; the book's is 0
  xtape::Dtype dtype = xtape::Dtype::float32;
};

/// What the book prints in an epoch. The rate is that of the step before.
struct BookRow {
  double accuracy, loss, data_loss, regularization_loss, rate;
};

class BookModel {
 public:
  explicit BookModel(const BookOptions& options)
      : dtype_(options.dtype),
        rng_(options.seed),
        masks_(options.seed),
        data_(xtape::data::spiral(options.samples, 3, rng_, dtype_)),
        hidden_(2, options.hidden,
                {.weight_l2 = options.l2,
                 .bias_l2 = options.l2,
                 .weight_init = xtape::nn::init::normal(0.01),
                 .dtype = dtype_},
                rng_),
        out_(options.hidden, 3, {.weight_init = xtape::nn::init::normal(0.01), .dtype = dtype_},
             rng_),
        network_{hidden_, xtape::nn::ReLU(), xtape::nn::Dropout(options.dropout, masks_), out_} {}

  const xtape::nn::Sequential& network() const { return network_; }

  /// Trains to the last of the epochs, and reports on all of them.
  std::map<std::int64_t, BookRow> train(xtape::optim::Optimizer& optimizer,
                                        const std::set<std::int64_t>& epochs) const {
    std::map<std::int64_t, BookRow> report;
    for (std::int64_t epoch = 0; epoch <= *epochs.rbegin(); ++epoch) {
      const xtape::Tensor logits = network_(data_.x);
      const xtape::Tensor data_loss = xtape::nn::cross_entropy(logits, data_.y);
      const xtape::Tensor regularization_loss = network_.regularization_loss();
      const xtape::Tensor loss = data_loss + regularization_loss;
      if (epochs.contains(epoch)) {
        report[epoch] = {xtape::accuracy(logits, data_.y), loss.item(), data_loss.item(),
                         regularization_loss.item(), optimizer.learning_rate()};
      }
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    return report;
  }

  /// On the book's test set, 100 new points of each class.
  BookRow test() {
    network_.eval();
    const auto [x, y] = xtape::data::spiral(100, 3, rng_, dtype_);
    const xtape::Tensor logits = network_(x);
    const double loss = xtape::nn::cross_entropy(logits, y).item();
    network_.train();
    return {xtape::accuracy(logits, y), loss, loss, 0, 0};
  }

 private:
  xtape::Dtype dtype_;
  xtape::Rng rng_, masks_;  // the book draws data and weights from one stream
  xtape::data::Dataset data_;
  xtape::nn::Dense hidden_, out_;
  xtape::nn::Sequential network_;
};
