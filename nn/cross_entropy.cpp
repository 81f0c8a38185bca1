#include <array>
#include <limits>
#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/clipped.hpp>
#include <xtape/nn/cross_entropy.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/kernels/softmax.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/softmax.hpp>

namespace xtape::nn {
namespace {

/// The rows that count, 0 in the others: nothing of those comes through, in value or gradient.
Tensor selected(const Tensor& counts, const Tensor& rows) {
  return counts.defined() ? where(expand_dims(counts, 1), rows, 0) : rows;
}

/// Scores and labels as rows of classes, and losses of rows in the shape that they had.
struct Rows {
  Rows(const char* op, const char* what, const Tensor& given, const Tensor& of_given,
       std::int64_t axis)
      : scores(given), labels(of_given) {
    xtape::detail::require_defined(op, what, given);
    xtape::detail::require_defined(op, "labels", of_given);
    if (given.rank() < 2) return;  // told by who checks the rows
    const int at = xtape::normalize_axis(op, axis, given.rank());
    if (given.rank() == 2 && at == 1) return;
    const bool sparse = of_given.rank() == given.rank() - 1;
    for (int i = 0; i < given.rank(); ++i)
      if (i != at) shape_.push_back(given.extent(i));
    if (of_given.shape() != (sparse ? shape_ : given.shape())) {
      throw ShapeError(std::string(op) + ": " + what +
                       " need labels of their shape, or of it without the classes; got " +
                       given.describe() + " and " + of_given.describe());
    }
    reshaped_ = true;
    const auto flat = [&](const Tensor& x) {
      return reshape(moveaxis(x, at, -1), {shape_.size(), x.extent(at)});
    };
    scores = flat(given);
    labels = sparse ? reshape(of_given, {shape_.size()}) : flat(of_given);
  }
  Tensor restored(const Tensor& loss) const {
    return reshaped_ && loss.rank() == 1 ? reshape(loss, shape_) : loss;
  }

  Tensor scores, labels;  // [n, classes], [n] or [n, classes]

 private:
  Shape shape_;
  bool reshaped_ = false;
};

/// The labels of a loss with its options, checked.
class Targets {
 public:
  Targets(const char* op, const char* what, const Tensor& scores, const Tensor& labels,
          const CrossEntropyOptions& options)
      : options_(options),
        dtype_(scores.dtype()),
        classes_(scores.rank() == 2 ? scores.extent(1) : 0) {
    check_kinds(op, what, scores, labels);
    check_options(op, labels);
    if (is_floating(labels.dtype())) {
      detail::check_probabilities(op, labels);
      probabilities_ = labels.detach().to(dtype_);
      return;
    }
    labels_ = labels.rank() == 2 ? detail::hot_classes(op, labels) : labels.contiguous();
    detail::check_label_range(op, "labels", labels_, classes_, options.ignore_index);
    if (options.ignore_index) {
      counts_ = labels_ != *options.ignore_index;
      labels_ = where(counts_, labels_, 0);
    }
  }

  /// Whether each row has one class, and no other enters its loss.
  bool sparse() const { return !probabilities_.defined() && options_.label_smoothing == 0; }
  /// int64 [n], all within the classes.
  const Tensor& labels() const { return labels_; }
  /// Whether each row counts; undefined if all do.
  const Tensor& counts() const { return counts_; }

  /// The loss of sparse labels from that of each row without weights.
  Tensor reduced(const Tensor& losses) const {
    if (!options_.class_weights.defined() && !counts_.defined()) {
      return detail::reduced(losses, options_.reduction);
    }
    const Tensor weights = row_weights();
    return reduced(detail::weighted(weights, losses), weights);
  }

  /// The loss from the logarithms of probabilities [n, classes].
  Tensor composed(const Tensor& log_p) const {
    const double e = options_.label_smoothing;
    const bool given = probabilities_.defined();
    Tensor q = given ? probabilities_ : one_hot(labels_, classes_, dtype_);
    if (e > 0) q = (1 - e) * q + e / static_cast<double>(classes_);
    if (options_.class_weights.defined()) q = class_weights() * q;
    q = selected(counts_, q);
    const Tensor losses = -sum(detail::weighted(q, log_p), 1);
    return given ? detail::reduced(losses, options_.reduction) : reduced(losses, row_weights());
  }

 private:
  Tensor class_weights() const {
    return options_.class_weights.defined() ? options_.class_weights.detach().to(dtype_)
                                            : ones({classes_}, dtype_);
  }
  /// The weight of each row's class; 0 for rows that do not count.
  Tensor row_weights() const {
    const Tensor weights = take(class_weights(), labels_);
    return counts_.defined() ? where(counts_, weights, 0) : weights;
  }
  Tensor reduced(const Tensor& losses, const Tensor& weights) const {
    return options_.reduction == Reduction::mean ? sum(losses) / sum(weights)
                                                 : detail::reduced(losses, options_.reduction);
  }

  static void check_kinds(const char* op, const char* what, const Tensor& scores,
                          const Tensor& labels) {
    detail::check_label_shapes(op, what, scores, labels);
    detail::check_floating(op, what, scores);
    if (labels.rank() == 1 && labels.dtype() != Dtype::int64) {
      throw DtypeError(std::string(op) + ": labels [n] must be int64; got " + labels.describe());
    }
  }

  void check_options(const char* op, const Tensor& labels) const {
    const std::string name = op;
    xtape::detail::require_in(op, "label_smoothing", options_.label_smoothing, 0.0, 1.0);
    if (options_.ignore_index && is_floating(labels.dtype())) {
      throw ValueError(name + ": ignore_index goes with labels that are classes; got " +
                       labels.describe());
    }
    if (!options_.class_weights.defined()) return;
    if (options_.class_weights.shape() != Shape{classes_}) {
      throw ShapeError(name + ": class_weights must be [classes], here " +
                       to_string(Shape{classes_}) + "; got " + options_.class_weights.describe());
    }
    detail::check_not_negative(op, "class_weights", options_.class_weights);
  }

  const CrossEntropyOptions& options_;
  Dtype dtype_;
  std::int64_t classes_;
  Tensor labels_, counts_, probabilities_;
};

const bool* flags(const Tensor& of_rows) {
  return of_rows.defined() ? of_rows.body().elements<const bool>() : nullptr;
}

Tensor row_losses(const Tensor& logits, const Tensor& labels, const Tensor& counts);

/// The derivative of the losses, fused: for backward passes that are not recorded.
struct RowLossesGradient {
  static constexpr OpInfo info{"cross_entropy"};
  SavedConstant counts;

  OpResult infer(const Tensor& g, const Tensor& differences) const {
    return {differences.shape(), g.dtype()};
  }
  void run(const Tensor& dx, const Tensor& g, const Tensor& differences) const {
    const std::int64_t rows = dx.extent(0), classes = dx.extent(1);
    // The gradient of a mean or sum is one number for all rows.
    const bool shared = rows > 0 && g.body().strides[0] == 0;
    const Tensor given = shared ? g : g.contiguous();
    kernels::softmax_kernels().cross_entropy_gradient_rows(
        g.dtype(), rows, classes, differences.body().data, flags(counts.get()), given.body().data,
        shared ? 0 : 1, dx.body().data);
  }
};

/// The loss of each row from labels within the classes; 0 of rows that do not count. Beside the
/// logits and the labels it may be given which rows count.
struct RowLosses {
  static constexpr OpInfo info{"cross_entropy"};
  mutable SavedConstant differences{};  // the rule's, made by run
  SavedInput labels{}, counts{}, x{};

  template <class... Counts>
  OpResult infer(const Tensor& logits, const Counts&...) const {
    return {Shape{logits.extent(0)}, logits.dtype()};
  }
  template <class... Counts>
  void run(const Tensor& losses, const Tensor& logits, const Tensor& of_rows,
           const Counts&... counting) const {
    const NoGradGuard off;
    differences =
        SavedConstant(xtape::detail::make_tensor(logits.shape(), logits.dtype(), info.name));
    const Tensor dense = logits.contiguous(), label = of_rows.contiguous();
    const std::array<Tensor, 1> counted{counting.contiguous()...};
    kernels::softmax_kernels().cross_entropy_rows(
        dense.dtype(), dense.extent(0), dense.extent(1), dense.body().data,
        label.body().elements<std::int64_t>(), flags(counted[0]), differences.get().body().data,
        losses.body().data);
  }
  template <class... Counts>
  void keep(const Tensor&, const Tensor& logits, const Tensor& of_rows, const Counts&... counting) {
    x = SavedInput(logits);
    labels = SavedInput(of_rows);
    ((counts = SavedInput(counting)), ...);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const Tensor& logits = x.get();
    if (xtape::detail::plain(g) && xtape::detail::level_of(logits) == 0)
      return send(0, apply(RowLossesGradient{SavedConstant(counts.get())}, g, differences.get()));
    send(0, selected(counts.get(), expand_dims(g, 1) * difference()));
  }
  Tensor jvp(const Tangents& t) const {
    return sum(selected(counts.get(), t[0] * difference()), 1);
  }
  /// Rows of one table, whatever example they are from.
  Tensor batch(const Examples& all) const {
    const std::int64_t rows = all.each(0).extent(1);
    const auto flat = [&](std::size_t i) {
      const Tensor of_each = all.each(i);
      return i == 0 ? reshape(of_each, {all.count() * rows, of_each.extent(2)})
                    : reshape(of_each, {all.count() * rows});
    };
    const Tensor losses = row_losses(flat(0), flat(1), all.size() > 2 ? flat(2) : Tensor());
    return reshape(losses, {all.count(), rows});
  }

 private:
  /// softmax(x) - target, of each row
  Tensor difference() const {
    const Tensor& logits = x.get();
    return softmax(selected(counts.get(), logits)) -
           one_hot(labels.get(), logits.extent(1), logits.dtype());
  }
};

Tensor row_losses(const Tensor& logits, const Tensor& labels, const Tensor& counts) {
  return xtape::detail::named_in_errors("cross_entropy", [&] {
    return counts.defined() ? apply(RowLosses(), logits, labels, counts)
                            : apply(RowLosses(), logits, labels);
  });
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& labels,
                     const CrossEntropyOptions& options) {
  const Rows rows("cross_entropy", "logits", logits, labels, options.axis);
  const Targets targets("cross_entropy", "logits", rows.scores, rows.labels, options);
  const Tensor& x = rows.scores;
  return rows.restored(targets.sparse()
                           ? targets.reduced(row_losses(x, targets.labels(), targets.counts()))
                           : targets.composed(log_softmax(selected(targets.counts(), x))));
}

Tensor categorical_cross_entropy(const Tensor& probabilities, const Tensor& labels,
                                 const CrossEntropyOptions& options) {
  const char* const op = "categorical_cross_entropy";
  const Rows rows(op, "probabilities", probabilities, labels, options.axis);
  const Targets targets(op, "probabilities", rows.scores, rows.labels, options);
  return rows.restored(
      targets.composed(log(detail::clipped(selected(targets.counts(), rows.scores)))));
}

Tensor nll_loss(const Tensor& log_probabilities, const Tensor& labels,
                const CrossEntropyOptions& options) {
  const char* const op = "nll_loss";
  const Rows rows(op, "log_probabilities", log_probabilities, labels, options.axis);
  const Targets targets(op, "log_probabilities", rows.scores, rows.labels, options);
  const Tensor log_p = selected(targets.counts(), rows.scores);
  if (!targets.sparse()) return rows.restored(targets.composed(log_p));
  const Tensor chosen = take_along_axis(log_p, expand_dims(targets.labels(), 1), 1);
  return rows.restored(targets.reduced(-squeeze(chosen, 1)));
}

Tensor softmax_focal_loss(const Tensor& logits, const Tensor& labels,
                          const SoftmaxFocalOptions& options) {
  const char* const op = "softmax_focal_loss";
  xtape::detail::require_defined(op, "labels", labels);
  if (is_floating(labels.dtype()))
    throw DtypeError("softmax_focal_loss: labels must be classes; got " + labels.describe());
  xtape::detail::require_not_negative(op, "gamma", options.gamma);
  const Rows rows(op, "logits", logits, labels, options.axis);
  const CrossEntropyOptions same{.reduction = options.reduction,
                                 .ignore_index = options.ignore_index,
                                 .class_weights = options.class_weights};
  const Targets targets(op, "logits", rows.scores, rows.labels, same);
  const Tensor x = selected(targets.counts(), rows.scores);
  Tensor losses = row_losses(x, targets.labels(), {});
  if (options.gamma > 0) {
    const Tensor hot = one_hot(targets.labels(), x.extent(1), Dtype::boolean);
    constexpr double nothing = -std::numeric_limits<double>::infinity();
    const Tensor others = logsumexp(where(hot, nothing, x), 1) - logsumexp(x, 1);  // log(1 - p)
    losses = exp(options.gamma * others) * losses;
  }
  return rows.restored(targets.reduced(losses));
}

}  // namespace xtape::nn
