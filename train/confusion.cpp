#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/train/confusion.hpp>

namespace xtape {
namespace {

/// Labels int64 [n] within the classes, of what may also be a row of scores each.
Tensor class_labels(const std::string& op, const Tensor& x, std::int64_t classes) {
  if (x.rank() == 2 && x.extent(1) == classes) return argmax(x, 1);
  if (x.rank() != 1) {
    throw ShapeError(op + " must be [n] or [n, " + std::to_string(classes) + "]; got " +
                     x.describe());
  }
  if (x.dtype() != Dtype::int64) throw DtypeError(op + " must be int64; got " + x.describe());
  nn::detail::check_label_range(op.c_str(), x, classes);
  return x;
}

/// A metric of each class: counts of which part / whole is taken.
struct Counts {
  Tensor part, whole, actual;  // int64 [classes]; the last is how often each class is true
};

/// part / whole; 0 / 0 is 0.
Tensor share(const Tensor& part, const Tensor& whole) { return where(whole == 0, 0, part / whole); }

double averaged(const Counts& counts, Average average) {
  const auto& [part, whole, actual] = counts;
  switch (average) {
    case Average::macro: return mean(share(part, whole)).item();
    case Average::weighted: return share(sum(share(part, whole) * actual), sum(actual)).item();
    default: return share(sum(part), sum(whole)).item();
  }
}

Tensor hits(const char* op, const Tensor& confusion) {
  if (confusion.rank() != 2 || confusion.extent(0) != confusion.extent(1)) {
    throw ShapeError(std::string(op) + ": the confusion matrix must be square; got " +
                     confusion.describe());
  }
  if (confusion.dtype() != Dtype::int64) {
    throw DtypeError(std::string(op) + ": the confusion matrix must be int64; got " +
                     confusion.describe());
  }
  nn::detail::check_not_negative(op, "counts", confusion);
  return sum(confusion * eye(confusion.extent(0), Dtype::int64), 1);
}

Counts precision_counts(const Tensor& confusion) {
  return {hits("precision", confusion), sum(confusion, 0), sum(confusion, 1)};
}
Counts recall_counts(const Tensor& confusion) {
  return {hits("recall", confusion), sum(confusion, 1), sum(confusion, 1)};
}
Counts f1_counts(const Tensor& confusion) {
  const Tensor found = hits("f1_score", confusion), actual = sum(confusion, 1);
  return {2 * found, sum(confusion, 0) + actual, actual};
}

Tensor of_each_class(const Counts& counts) { return share(counts.part, counts.whole); }

}  // namespace

Tensor confusion_matrix(const Tensor& predicted, const Tensor& labels, std::int64_t classes) {
  if (classes < 1) {
    throw ValueError("confusion_matrix: classes must be at least 1; got " +
                     std::to_string(classes));
  }
  const Tensor columns = class_labels("confusion_matrix: predicted", predicted, classes);
  const Tensor rows = class_labels("confusion_matrix: labels", labels, classes);
  if (rows.shape() != columns.shape()) {
    throw ShapeError("confusion_matrix: as many predicted as labels are needed; got " +
                     predicted.describe() + " and " + labels.describe());
  }
  const Tensor counts =
      scatter_add(ones(rows.shape(), Dtype::int64), rows * classes + columns, {classes * classes});
  return reshape(counts, {classes, classes});
}

Tensor precision(const Tensor& confusion) { return of_each_class(precision_counts(confusion)); }
Tensor recall(const Tensor& confusion) { return of_each_class(recall_counts(confusion)); }
Tensor f1_score(const Tensor& confusion) { return of_each_class(f1_counts(confusion)); }

double precision(const Tensor& confusion, Average average) {
  return averaged(precision_counts(confusion), average);
}
double recall(const Tensor& confusion, Average average) {
  return averaged(recall_counts(confusion), average);
}
double f1_score(const Tensor& confusion, Average average) {
  return averaged(f1_counts(confusion), average);
}

}  // namespace xtape
