#pragma once
#include <concepts>
#include <cstdint>
#include <type_traits>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// An argument of an operation: a tensor, or a number that adapts its dtype to the other argument's
/// (`x + 1` is float32 if x is, and float64 for `int64 + 0.5`). Only for parameters: it refers to
/// the tensor.
class Operand {
 public:
  Operand(const Tensor& tensor) : tensor_(&tensor) {}
  template <class T>
  requires std::is_arithmetic_v<T> Operand(T value)
      : number_(static_cast<double>(value)),
        integer_(std::integral<T> ? static_cast<std::int64_t>(value) : 0),
        kind_(std::same_as<T, bool> ? Dtype::boolean
              : std::integral<T>    ? Dtype::int64
                                    : Dtype::float32) {}

  bool is_number() const { return tensor_ == nullptr; }
  /// The tensor's dtype; of a number int64, float32 for floating ones, or boolean.
  Dtype dtype() const { return is_number() ? kind_ : tensor_->dtype(); }
  /// The tensor; for a number `constant`, made a tensor of rank 0 that fits beside tensors of dtype
  /// `other`.
  const Tensor& tensor(Dtype other, Tensor& constant) const;

 private:
  const Tensor* tensor_ = nullptr;
  double number_ = 0;
  std::int64_t integer_ = 0;  // the number exactly, for values that double does not hold
  Dtype kind_ = Dtype::boolean;
};

}  // namespace xtape

XTAPE_EXPORT_END
