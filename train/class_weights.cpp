#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/train/class_weights.hpp>
#include <xtape/train/confusion.hpp>

namespace xtape {

Tensor class_weights(const Tensor& labels, std::int64_t classes) {
  detail::require_at_least<std::int64_t>("class_weights", "classes", classes, 1);
  // Each row that is of its own class stands on the diagonal.
  const auto counts = confusion_matrix(labels, labels, classes).to_vector<std::int64_t>();
  std::int64_t rows = 0;
  for (const std::int64_t count : counts) rows += count;
  std::vector<double> weights;
  for (std::int64_t c = 0; c < classes; ++c) {
    const std::int64_t count = counts[static_cast<std::size_t>(c * classes + c)];
    if (count == 0)
      throw ValueError("class_weights: each class must have a row; got none of class " +
                       std::to_string(c));
    weights.push_back(static_cast<double>(rows) /
                      (static_cast<double>(classes) * static_cast<double>(count)));
  }
  return from_vector(weights).to(default_dtype());
}

}  // namespace xtape
