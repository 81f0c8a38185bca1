#pragma once
#include <xtape/config.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape {

/// An argument of an operation: a tensor, or a number that adapts its dtype to the other argument's
/// (`x + 1` is float32 if x is, and float64 for `int64 + 0.5`), a literal or a tensor made of one.
/// A number that does not fit in it is a ValueError, see `Number::as`. Only for parameters: it
/// refers to the tensor.
class Operand {
 public:
  Operand(const Tensor& tensor) : tensor_(&tensor) {}
  template <Arithmetic T>
  Operand(T value) : number_(value) {}

  bool is_number() const;
  /// Of one that is a number, that one.
  Number number() const;
  /// The tensor, of one that is not a number.
  const Tensor& dense() const { return *tensor_; }
  /// The tensor's dtype; of a number the one that it has beside none.
  Dtype dtype() const { return tensor_ == nullptr ? number_.dtype() : tensor_->dtype(); }
  /// Whether it is an integer that int64 does not hold.
  bool exceeds_int64() const { return number_.exceeds_int64(); }
  /// The tensor; for a number `constant`, made a tensor of rank 0 that fits beside tensors of dtype
  /// `other`. Throws ValueError in the name of `op` if the number does not.
  const Tensor& tensor(const char* op, Dtype other, Tensor& constant) const;

 private:
  const Tensor& number_tensor(const char* op, Dtype other, Tensor& constant) const;

  const Tensor* tensor_ = nullptr;
  Number number_ = false;
};

}  // namespace xtape

XTAPE_EXPORT_END
