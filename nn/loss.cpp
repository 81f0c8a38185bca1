#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/nn/loss.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/kernels/softmax.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape::nn {
namespace {

Tensor reduced(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean: return mean(losses);
    case Reduction::sum: return sum(losses);
    default: return losses;
  }
}

void check_labels(const Tensor& logits, const Tensor& labels) {
  detail::check_label_shapes("cross_entropy", "logits", logits, labels);
  if (!is_floating(logits.dtype())) {
    throw DtypeError("cross_entropy: logits must be floating; got " + logits.describe());
  }
  if (labels.dtype() != Dtype::int64 && (labels.rank() == 1 || !is_floating(labels.dtype()))) {
    throw DtypeError(
        "cross_entropy: labels must be int64, or floating probabilities [n, classes]; got " +
        labels.describe());
  }
}

/// Labels of one-hot rows [n, classes].
Tensor sparse_labels(const Tensor& one_hot) {
  const Tensor dense = one_hot.contiguous();
  const std::int64_t rows = one_hot.extent(0), classes = one_hot.extent(1);
  Tensor labels = xtape::detail::make_tensor({rows}, Dtype::int64);
  const auto* flags = dense.body().elements<const std::int64_t>();
  for (std::int64_t row = 0; row < rows; ++row, flags += classes) {
    std::int64_t ones = 0;
    bool others = false;
    for (std::int64_t j = 0; j < classes; ++j) {
      if (flags[j] == 1) {
        ++ones;
        labels.body().elements<std::int64_t>()[row] = j;
      } else if (flags[j] != 0) {
        others = true;
      }
    }
    if (ones != 1 || others) {
      throw ValueError("cross_entropy: a one-hot row has a single 1 and else zeros; row " +
                       std::to_string(row) + " does not");
    }
  }
  return labels;
}

/// The loss of each row from sparse, dense labels within range.
Tensor row_losses(const Tensor& logits, const Tensor& labels) {
  const Tensor x = logits.contiguous();
  const std::int64_t rows = x.extent(0), classes = x.extent(1);
  Tensor losses = xtape::detail::make_tensor({rows}, x.dtype());
  const Tensor p = xtape::detail::make_tensor(x.shape(), x.dtype());
  kernels::cross_entropy_rows(x.dtype(), rows, classes, x.body().data,
                              labels.body().elements<std::int64_t>(), p.body().data,
                              losses.body().data);
  return record(
      "cross_entropy", std::move(losses), {x},
      [x = Saved(x), p = Saved(p), labels = Saved(labels), rows, classes](const Tensor& g,
                                                                          const Send& send) {
        if (recording()) {
          const Tensor target = one_hot(labels.get(), classes, x.get().dtype());
          return send(0, expand_dims(g, 1) * (softmax(x.get()) - target));
        }
        const bool shared =
            rows > 0 &&
            g.body().strides[0] == 0;  // the gradient of a mean or sum: one number for all rows
        const Tensor given = shared ? g : g.contiguous();
        Tensor dx = xtape::detail::make_tensor({rows, classes}, g.dtype());
        kernels::cross_entropy_gradient_rows(g.dtype(), rows, classes, p.get().body().data,
                                             labels.get().body().elements<std::int64_t>(),
                                             given.body().data, shared ? 0 : 1, dx.body().data);
        send(0, std::move(dx));
      });
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const LossOptions& options) {
  check_labels(logits, labels);
  if (is_floating(labels.dtype())) {
    detail::check_probabilities("cross_entropy", labels);
    const Tensor p = labels.detach().to(logits.dtype());
    return reduced(-sum(where(p == 0, 0, p * log_softmax(logits)), 1), options.reduction);
  }
  const Tensor sparse = labels.rank() == 2 ? sparse_labels(labels) : labels.contiguous();
  detail::check_label_range("cross_entropy", sparse, logits.extent(1));
  return reduced(row_losses(logits, sparse), options.reduction);
}

Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& targets,
                                        const LossOptions& options) {
  if (logits.shape() != targets.shape() || logits.rank() == 0 || logits.rank() > 2) {
    throw ShapeError(
        "binary_cross_entropy_with_logits: logits and targets must have one shape [n] or [n, "
        "outputs]; got " +
        logits.describe() + " and " + targets.describe());
  }
  if (!is_floating(logits.dtype())) {
    throw DtypeError("binary_cross_entropy_with_logits: logits must be floating; got " +
                     logits.describe());
  }
  detail::check_probabilities("binary_cross_entropy_with_logits", targets);
  const Tensor losses = sigmoid_cross_entropy(logits, targets.detach().to(logits.dtype()));
  return reduced(
      losses.rank() == 2 && options.reduction != Reduction::mean ? mean(losses, 1) : losses,
      options.reduction);
}

}  // namespace xtape::nn
