#include <string>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/core/require.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/index.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/train/confusion.hpp>

namespace xtape {
namespace {

constexpr const char* op_name = "confusion_matrix";

/// Classes int64 [n], of what may also be rows, as `of_rows` reads them.
template <class OfRows>
Tensor classes_of(const char* what, const Tensor& x, std::int64_t classes, OfRows of_rows) {
  if (x.rank() == 2 && x.extent(1) == classes) return of_rows(op_name, x);
  const std::string name = std::string(op_name) + ": " + what;
  if (x.rank() != 1) {
    throw ShapeError(name + " must be [n] or [n, " + std::to_string(classes) + "]; got " +
                     x.describe());
  }
  if (x.dtype() == Dtype::boolean) return classes_of(what, x.to(Dtype::int64), classes, of_rows);
  if (x.dtype() != Dtype::int64)
    throw DtypeError(name + " must be int64 or boolean; got " + x.describe());
  nn::detail::check_label_range(op_name, what, x, classes);
  return x;
}

/// The class of the greatest score of each row.
Tensor greatest(const char* op, const Tensor& scores) {
  const Tensor bad = isnan(amax(scores.detach(), 1));
  if (sum(bad).item() > 0) {
    throw ValueError(std::string(op) + ": scores must be numbers; got NaN in row " +
                     std::to_string(static_cast<std::int64_t>(argmax(bad, 0).item())));
  }
  return argmax(scores, 1);
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

Counts union_counts(const Tensor& confusion) {
  const Tensor found = hits("intersection_over_union", confusion), actual = sum(confusion, 1);
  return {found, sum(confusion, 0) + actual - found, actual};
}

Tensor of_each_class(const Counts& counts) { return share(counts.part, counts.whole); }

}  // namespace

Tensor confusion_matrix(const Tensor& predicted, const Tensor& labels, std::int64_t classes) {
  constexpr std::int64_t most = 3'037'000'499;  // their square fits in int64
  detail::require_in<std::int64_t>(op_name, "classes", classes, 1, most);
  const Tensor columns = classes_of("predicted", predicted, classes, greatest);
  const Tensor rows = classes_of("labels", labels, classes, nn::detail::hot_classes);
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
Tensor intersection_over_union(const Tensor& confusion) {
  return of_each_class(union_counts(confusion));
}

double precision(const Tensor& confusion, Average average) {
  return averaged(precision_counts(confusion), average);
}
double recall(const Tensor& confusion, Average average) {
  return averaged(recall_counts(confusion), average);
}
double f1_score(const Tensor& confusion, Average average) {
  return averaged(f1_counts(confusion), average);
}
double intersection_over_union(const Tensor& confusion, Average average) {
  return averaged(union_counts(confusion), average);
}

}  // namespace xtape
