#include <array>
#include <charconv>
#include <cmath>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/node.hpp>
#include <xtape/nn/labels.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/statistics.hpp>
#include <xtape/report/labels.hpp>

namespace xtape::report::detail {

Tensor classes_of(const char* op, const Tensor& labels) {
  const NoGradGuard off;
  const bool column = labels.rank() == 2 && labels.extent(1) == 1;
  if (labels.rank() == 2 && !column) return nn::detail::hot_classes(op, labels.detach());
  if (labels.rank() != 1 && !column) {
    throw ShapeError(std::string(op) + ": labels must be [n] or [n, classes]; got " +
                     labels.describe());
  }
  Tensor flat = reshape(labels.detach(), {labels.size()});
  if (flat.dtype() != Dtype::int64) {
    nn::detail::check_truth_values(op, flat);
    return flat.to(Dtype::int64);
  }
  if (flat.size() > 0 && amin(flat).item() < 0) {
    throw ValueError(std::string(op) + ": labels must not be negative; got " +
                     std::to_string(static_cast<std::int64_t>(amin(flat).item())));
  }
  return flat;
}

Tensor predicted_classes(const char* op, const Tensor& scores, double threshold) {
  const NoGradGuard off;
  const Tensor given = scores.detach();
  const bool many = given.rank() == 2 && given.extent(1) > 1;
  if (given.rank() != 1 && (given.rank() != 2 || given.extent(1) < 1)) {
    throw ShapeError(std::string(op) + ": scores must be [n] or [n, classes]; got " +
                     scores.describe());
  }
  if (many) return where(any(isnan(given), 1), -1, argmax(given, 1)).to(Dtype::int64);
  Tensor flat = reshape(given, {given.size()});
  if (given.rank() == 1 && given.dtype() == Dtype::int64) return flat;
  return where(isnan(flat), -1, (flat > threshold).to(Dtype::int64)).to(Dtype::int64);
}

void check_names(const char* op, const char* of, const std::vector<std::string>& names,
                 std::int64_t count, const Tensor& matrix) {
  if (names.empty() || static_cast<std::int64_t>(names.size()) == count) return;
  throw ShapeError(std::string(op) + ": there must be a name for each of the " + of + "; got " +
                   std::to_string(names.size()) + " names for " + matrix.describe());
}

std::string class_name(const std::vector<std::string>& names, std::int64_t i) {
  const auto at = static_cast<std::size_t>(i);
  return at < names.size() ? names[at] : std::to_string(i);
}

std::string decimals(double value, int digits) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  std::array<char, 400> text;
  return {text.data(),
          std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, digits).ptr};
}

}  // namespace xtape::report::detail
