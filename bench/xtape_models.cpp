#include "xtape_models.hpp"

#include <functional>

#include <xtape/xtape.hpp>

namespace bench {
namespace {

using namespace xtape;

nn::Dense make_dense(const Problem& problem, std::size_t layer) {
  const Workload& workload = problem.workload;
  const double l2 = layer == 0 ? static_cast<double>(workload.l2) : 0;
  const std::int64_t inputs = workload.widths[layer];
  const std::int64_t outputs = workload.widths[layer + 1];
  nn::Dense dense(inputs, outputs, {.weight_l2 = l2, .bias_l2 = l2});
  dense.weight.assign(from_vector(problem.weights[layer], {inputs, outputs}));
  return dense;
}

nn::Sequential make_network(const Problem& problem) {
  const double dropout = static_cast<double>(problem.workload.dropout);
  const std::size_t last = problem.weights.size() - 1;
  nn::Sequential network;
  for (std::size_t layer = 0; layer < last; ++layer) {
    network.push_back(make_dense(problem, layer));
    network.push_back(nn::ReLU());
    if (layer == 0 && dropout > 0) network.push_back(nn::Dropout(dropout));
  }
  network.push_back(make_dense(problem, last));
  return network;
}

/// int64 labels for the softmax, a column of 0 and 1 for the sigmoid.
Tensor make_targets(const Problem& problem) {
  const Tensor labels = from_vector(problem.labels, {problem.workload.samples});
  if (problem.workload.loss == Loss::softmax_cross_entropy) return labels;
  return reshape(labels.to(Dtype::float32), {problem.workload.samples, 1});
}

std::unique_ptr<optim::Optimizer> make_optimizer(const Workload& workload,
                                                 const std::vector<Tensor>& parameters) {
  const auto rate = static_cast<double>(workload.learning_rate);
  const auto decay = static_cast<double>(workload.decay);
  switch (workload.rule) {
    case Rule::sgd:
      return std::make_unique<optim::SGD>(
          parameters, optim::SGDOptions{.learning_rate = rate,
                                        .decay = decay,
                                        .momentum = static_cast<double>(workload.momentum)});
    case Rule::adagrad:
      return std::make_unique<optim::Adagrad>(
          parameters, optim::AdagradOptions{.learning_rate = rate, .decay = decay});
    case Rule::rmsprop:
      return std::make_unique<optim::RMSprop>(
          parameters, optim::RMSpropOptions{
                          .learning_rate = rate, .decay = decay, .rho = static_cast<double>(rho)});
    default:
      return std::make_unique<optim::Adam>(
          parameters, optim::AdamOptions{.learning_rate = rate, .decay = decay});
  }
}

}  // namespace

struct XtapeModel::Parts {
  explicit Parts(const Problem& problem)
      : workload(problem.workload),
        inputs(from_vector(problem.inputs, {workload.samples, workload.widths.front()})),
        targets(make_targets(problem)),
        network(make_network(problem)),
        optimizer(make_optimizer(workload, network.parameters())) {}

  Tensor loss() const {
    const Tensor logits = network(inputs);
    const Tensor data_loss = workload.loss == Loss::softmax_cross_entropy
                                 ? nn::cross_entropy(logits, targets)
                                 : nn::binary_cross_entropy_with_logits(logits, targets);
    return workload.l2 > 0 ? data_loss + network.regularization_loss() : data_loss;
  }

  /// The loss before the update.
  Tensor step() const {
    const Tensor value = loss();
    optimizer->zero_grad();
    value.backward();
    optimizer->step();
    return value.detach();
  }

  Workload workload;
  Tensor inputs, targets;
  nn::Sequential network;
  std::unique_ptr<optim::Optimizer> optimizer;
};

XtapeModel::XtapeModel(const Problem& problem) : parts_(std::make_unique<Parts>(problem)) {}
XtapeModel::~XtapeModel() = default;

float XtapeModel::step() { return static_cast<float>(parts_->step().item()); }

struct ReplayedModel::Replay {
  explicit Replay(Parts& parts) : step([&parts] { return parts.step(); }) {}
  Compiled<std::function<Tensor()>> step;
};

ReplayedModel::ReplayedModel(const Problem& problem)
    : XtapeModel(problem), replay_(std::make_unique<Replay>(*parts_)) {}
ReplayedModel::~ReplayedModel() = default;

float ReplayedModel::step() { return static_cast<float>(replay_->step().item()); }

}  // namespace bench
