#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/nn/labels.hpp>

namespace xtape::nn::detail {

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

void check_label_range(const char* op, const Tensor& labels, std::int64_t classes) {
  const Tensor dense = labels.contiguous();
  const auto* values = dense.body().elements<const std::int64_t>();
  const std::int64_t rows = dense.size();
  for (std::int64_t row = 0; row < rows; ++row) {
    if (values[row] < 0 || values[row] >= classes) {
      throw IndexError(std::string(op) + ": labels must lie in [0, " + std::to_string(classes) +
                       "); got " + std::to_string(values[row]) + " in row " + std::to_string(row));
    }
  }
}

void check_probabilities(const char* op, const Tensor& targets) {
  const Tensor dense = targets.contiguous();
  visit(dense.dtype(), [&]<class T>(TypeTag<T>) {
    const T* values = dense.body().elements<const T>();
    const std::int64_t size = dense.size();
    for (std::int64_t i = 0; i < size; ++i) {
      const auto value = static_cast<double>(values[i]);
      if (!(value >= 0 && value <= 1)) {
        throw ValueError(std::string(op) + ": targets must lie in [0, 1]; got " +
                         std::to_string(value) + " at position " + std::to_string(i));
      }
    }
  });
}

}  // namespace xtape::nn::detail
