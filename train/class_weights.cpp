#include <string>
#include <vector>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/train/class_weights.hpp>

namespace xtape {

Tensor class_weights(const Tensor& labels, std::int64_t classes) {
  const char* const op = "class_weights";
  detail::require_at_least<std::int64_t>(op, "classes", classes, 1);
  if (labels.rank() == 2 && labels.extent(1) != classes)
    throw ShapeError(std::string(op) + ": labels must be [n] or [n, " + std::to_string(classes) +
                     "]; got " + labels.describe());
  const Tensor of_rows = data::detail::sparse_labels(op, labels);
  nn::detail::check_label_range(op, "labels", of_rows, classes);
  std::vector<double> counts(static_cast<std::size_t>(classes)), weights;
  for (const std::int64_t c : of_rows.to_vector<std::int64_t>())
    ++counts[static_cast<std::size_t>(c)];
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0)
      throw ValueError(std::string(op) + ": each class must have a row; got none of class " +
                       std::to_string(c));
    weights.push_back(static_cast<double>(of_rows.size()) /
                      (static_cast<double>(classes) * counts[c]));
  }
  return from_vector(weights).to(default_dtype());
}

}  // namespace xtape
