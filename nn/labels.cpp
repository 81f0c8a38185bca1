#include <cmath>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/nn/labels.hpp>

namespace xtape::nn::detail {
namespace {

/// Throws ValueError unless `holds(value)` for each element; `rule` says so in words.
template <class Predicate>
void check_elements(const char* op, const char* what, const char* rule, const Tensor& x,
                    Predicate holds) {
  const Tensor dense = x.contiguous();
  visit(dense.dtype(), [&]<class T>(TypeTag<T>) {
    const T* values = dense.body().elements<const T>();
    const std::int64_t size = dense.size();
    for (std::int64_t i = 0; i < size; ++i) {
      const auto value = static_cast<double>(values[i]);
      if (!holds(value)) {
        throw ValueError(std::string(op) + ": " + what + " must " + rule + "; got " +
                         xtape::detail::text(values[i]) + " at position " + std::to_string(i));
      }
    }
  });
}

}  // namespace

void check_label_shapes(const char* op, const char* what, const Tensor& scores,
                        const Tensor& labels) {
  const bool sparse = labels.rank() == 1;
  if (scores.rank() == 2 && scores.extent(1) > 0 &&
      (sparse ? labels.extent(0) == scores.extent(0) : labels.shape() == scores.shape())) {
    return;
  }
  throw ShapeError(std::string(op) + ": " + what +
                   " [n, classes] need labels [n] or one-hot [n, classes]; got " +
                   scores.describe() + " and " + labels.describe());
}

void check_label_range(const char* op, const char* what, const Tensor& labels, std::int64_t classes,
                       std::optional<std::int64_t> ignored) {
  const Tensor dense = labels.contiguous();
  const auto* values = dense.body().elements<const std::int64_t>();
  const std::int64_t rows = dense.size();
  for (std::int64_t row = 0; row < rows; ++row) {
    if ((values[row] < 0 || values[row] >= classes) && values[row] != ignored) {
      throw IndexError(std::string(op) + ": " + what + " must lie in [0, " +
                       std::to_string(classes) + ")" +
                       (ignored ? " or be " + std::to_string(*ignored) : "") + "; got " +
                       std::to_string(values[row]) + " in row " + std::to_string(row));
    }
  }
}

Tensor hot_classes(const char* op, const Tensor& one_hot) {
  const Tensor dense = one_hot.contiguous();
  const std::int64_t rows = dense.extent(0), classes = dense.extent(1);
  Tensor labels = xtape::detail::make_tensor({rows}, Dtype::int64);
  auto* label = labels.body().elements<std::int64_t>();
  visit(dense.dtype(), [&]<class T>(TypeTag<T>) {
    const T* flags = dense.body().elements<const T>();
    for (std::int64_t row = 0; row < rows; ++row, flags += classes) {
      std::int64_t zeros = 0, hot = 0, sum_of_hot = 0;
      for (std::int64_t j = 0; j < classes; ++j) {  // without branches
        zeros += flags[j] == T{0} ? 1 : 0;
        hot += flags[j] == T{1} ? 1 : 0;
        sum_of_hot += flags[j] == T{1} ? j : 0;
      }
      if (hot != 1 || zeros != classes - 1) {
        throw ValueError(std::string(op) + ": a one-hot row has a single 1 and else zeros; row " +
                         std::to_string(row) + " does not");
      }
      label[row] = sum_of_hot;
    }
  });
  return labels;
}

void check_same_shape(const char* op, const char* what, const Tensor& x, const Tensor& targets) {
  if (x.shape() == targets.shape() && x.rank() > 0) return;
  throw ShapeError(std::string(op) + ": " + what +
                   " and targets must have one shape [n] or [n, outputs]; got " + x.describe() +
                   " and " + targets.describe());
}

void check_floating(const char* op, const char* what, const Tensor& x) {
  if (is_floating(x.dtype())) return;
  throw DtypeError(std::string(op) + ": " + what + " must be floating; got " + x.describe());
}

void check_probabilities(const char* op, const Tensor& targets) {
  check_elements(op, "targets", "lie in [0, 1]", targets,
                 [](double value) { return value >= 0 && value <= 1; });
}

void check_truth_values(const char* op, const Tensor& targets) {
  check_elements(op, "targets", "be 0 or 1", targets,
                 [](double value) { return value == 0 || value == 1; });
}

void check_not_negative(const char* op, const char* what, const Tensor& weights) {
  check_elements(op, what, "be finite and not negative", weights,
                 [](double value) { return value >= 0 && std::isfinite(value); });
}

void check_positive(const char* op, const char* what, const Tensor& weights) {
  check_elements(op, what, "be finite and positive", weights,
                 [](double value) { return value > 0 && std::isfinite(value); });
}

}  // namespace xtape::nn::detail
