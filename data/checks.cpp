#include <cmath>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/nn/labels.hpp>

namespace xtape::data::detail {

void check_count(const char* op, const char* what, std::int64_t count, std::int64_t least) {
  xtape::detail::require_at_least(op, what, count, least);
}

void check_row_count(const char* op, std::int64_t rows) {
  check_count(op, "rows", rows, 0);
  static_cast<void>(xtape::detail::make_tensor({rows}, Dtype::int64, op));
}

void check_affine(const char* op, double center, double scale) {
  if (std::isfinite(center) && std::isfinite(scale) && scale != 0) return;
  throw ValueError(std::string(op) + ": center and scale must be finite, and scale not 0; got " +
                   xtape::detail::text(center) + " and " + xtape::detail::text(scale));
}

void check_floating(const char* op, Dtype dtype) {
  if (!is_floating(dtype)) {
    throw DtypeError(std::string(op) + ": the dtype must be floating; got " +
                     std::string(to_string(dtype)));
  }
}

void check_rows(const char* op, const Dataset& dataset) {
  const auto& [x, y] = dataset;
  xtape::detail::require_defined(op, "x", x);
  xtape::detail::require_defined(op, "y", y);
  if (x.rank() < 1 || y.rank() < 1 || x.extent(0) != y.extent(0)) {
    throw ShapeError(std::string(op) + ": x and y must have the same number of rows; got " +
                     x.describe() + " and " + y.describe());
  }
}

void check_rows(const char* op, const TensorList& list) {
  if (list.empty()) throw ValueError(std::string(op) + ": tensors are needed; got none");
  for (const Tensor& one : list) {
    const std::string name = "tensor " + std::to_string(&one - list.data());
    xtape::detail::require_defined(op, name.c_str(), one);
    if (one.rank() >= 1 && one.extent(0) == list.front().extent(0)) continue;
    throw ShapeError(std::string(op) + ": all tensors must have the same number of rows; got " +
                     list.front().describe() + " and " + one.describe());
  }
}

void check_rows(const char* op, const NamedDataset& dataset) {
  TensorList list;
  for (const auto& [name, tensor] : dataset.tensors()) {
    xtape::detail::require_defined(op, ("\"" + name + "\"").c_str(), tensor);
    list.push_back(tensor);
  }
  check_rows(op, list);
}

Tensor sparse_labels(const char* op, const Tensor& labels) {
  if (labels.rank() == 1 && labels.dtype() == Dtype::boolean) return labels.to(Dtype::int64);
  if (labels.rank() == 1 && labels.dtype() != Dtype::int64) {
    throw DtypeError(std::string(op) + ": labels [n] must be int64 or boolean; got " +
                     labels.describe());
  }
  if (labels.rank() == 1) return labels;
  if (labels.rank() != 2 || labels.extent(1) == 0) {
    throw ShapeError(std::string(op) + ": labels must be [n] or one-hot [n, classes]; got " +
                     labels.describe());
  }
  return xtape::nn::detail::hot_classes(op, labels);
}

}  // namespace xtape::data::detail
