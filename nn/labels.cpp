#include <algorithm>
#include <cmath>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn::detail {
namespace {

/// A check of values, as an operation that gives nothing new.
template <class F>
struct Check {
  OpInfo info;
  F check;  // throws on what is wrong with a dense tensor

  Tensor run(const Tensor& x) const {
    const NoGradGuard off;
    check(x.contiguous());
    return x.detach();
  }
  Tensor batch(const Examples& x) const { return apply(Check(*this), x[0]); }
};

template <class F>
void check_values(const char* op, const Tensor& x, F check) {
  static_cast<void>(apply(Check<F>{{op}, std::move(check)}, x));
}

[[noreturn]] void refuse(const char* op, const char* what, const char* rule,
                         const std::string& value, std::int64_t position) {
  throw ValueError(std::string(op) + ": " + what + " must " + rule + "; got " + value +
                   " at position " + std::to_string(position));
}

/// Throws ValueError unless `holds(value)` for each element; `rule` says so in words.
template <class Predicate>
void check_elements(const char* op, const char* what, const char* rule, const Tensor& x,
                    Predicate holds) {
  check_values(op, x, [=](const Tensor& dense) {
    visit(dense.dtype(), [&]<class T>(TypeTag<T>) {
      const T* values = dense.body().elements<const T>();
      const std::int64_t size = dense.size();
      const auto right = [&](T value) { return holds(static_cast<double>(value)); };
      if (std::count_if(values, values + size, right) == size) return;  // all: without branches
      const auto wrong = std::find_if_not(values, values + size, right);
      refuse(op, what, rule, xtape::detail::text(*wrong), wrong - values);
    });
  });
}

/// The class of each one-hot row.
struct HotClasses {
  OpInfo info;

  OpResult infer(const Tensor& rows) const { return {Shape{rows.extent(0)}, Dtype::int64}; }
  void run(const Tensor& labels, const Tensor& one_hot) const {
    const NoGradGuard off;
    const Tensor dense = one_hot.contiguous();
    const std::int64_t rows = dense.extent(0), classes = dense.extent(1);
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
          throw ValueError(std::string(info.name) +
                           ": a one-hot row has a single 1 and else zeros; row " +
                           std::to_string(row) + " does not");
        }
        label[row] = sum_of_hot;
      }
    });
  }
  Tensor batch(const Examples& x) const {
    const std::int64_t rows = x[0].extent(1);
    const Tensor all = reshape(x[0], {x.count() * rows, x[0].extent(2)});
    return reshape(apply(HotClasses(*this), all), {x.count(), rows});
  }
};

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
  check_values(op, labels, [=](const Tensor& dense) {
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
  });
}

Tensor hot_classes(const char* op, const Tensor& one_hot) {
  return apply(HotClasses{{op}}, one_hot);
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

void check_shares(const char* op, const char* what, const Tensor& x) {
  check_elements(op, what, "lie in [0, 1]", x,
                 [](double value) { return (value >= 0) & (value <= 1); });
}

void check_probabilities(const char* op, const Tensor& targets) {
  check_shares(op, "targets", targets);
}

void check_truth_values(const char* op, const Tensor& targets) {
  check_elements(op, "targets", "be 0 or 1", targets,
                 [](double value) { return (value == 0) | (value == 1); });
}

void check_signs(const char* op, const Tensor& targets) {
  check_elements(op, "targets", "be -1 or 1", targets,
                 [](double value) { return (value == -1) | (value == 1); });
}

void check_not_negative(const char* op, const char* what, const Tensor& weights) {
  check_elements(op, what, "be finite and not negative", weights,
                 [](double value) { return value >= 0 && std::isfinite(value); });
}

void check_positive(const char* op, const char* what, const Tensor& weights) {
  check_elements(op, what, "be finite and positive", weights,
                 [](double value) { return value > 0 && std::isfinite(value); });
}

void check_element_weights(const char* op, const Tensor& losses, const Tensor& weights) {
  if (!weights.defined()) return;
  if (weights.rank() != 0 && weights.shape() != losses.shape() &&
      (losses.rank() != 2 || weights.shape() != Shape{losses.extent(1)})) {
    throw ShapeError(std::string(op) +
                     ": weights must be a scalar, [outputs], or of the shape of the losses; got " +
                     weights.describe() + " for " + losses.describe());
  }
  check_not_negative(op, "weights", weights);
}

}  // namespace xtape::nn::detail
