#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

/// Samples and what is to be learned about them: `auto [x, y] = ...`. Row i of y belongs to row i
/// of x.
struct Dataset {
  Tensor x, y;

  /// Rows. Throws ShapeError if x has none to count.
  std::int64_t size() const { return x.extent(0); }
};

/// Any number of tensors whose rows belong together, such as inputs of several kinds and targets.
using TensorList = std::vector<Tensor>;

/// Tensors by name whose rows belong together: inputs and outputs of several kinds.
/// `NamedDataset{{"image", x}, {"age", age}, {"label", y}}`
class NamedDataset {
 public:
  NamedDataset() = default;
  /// Throws ValueError for a name that is there twice.
  NamedDataset(NamedTensors tensors);
  NamedDataset(std::initializer_list<NamedTensor> tensors);

  /// Throws ValueError for a name that is not there, with those that are.
  const Tensor& operator[](std::string_view name) const&;
  Tensor operator[](std::string_view name) && { return std::as_const(*this)[name]; }
  /// Rows; 0 without tensors.
  std::int64_t size() const;
  const NamedTensors& tensors() const& { return tensors_; }
  NamedTensors tensors() &&;

 private:
  NamedTensors tensors_;
};

/// What a model learns from, and what it is judged by.
struct Split {
  Dataset train, test;
};

}  // namespace xtape::data

XTAPE_EXPORT_END
