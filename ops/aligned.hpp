#pragma once
#include <array>
#include <span>

#include <xtape/core/mapped.hpp>
#include <xtape/ops/kernels/map.hpp>

namespace xtape::detail {

/// The inputs of all examples, with axes of extent 1 so that they broadcast as those of one example
/// do.
class Aligned {
 public:
  explicit Aligned(const Examples& x);
  const Tensor& operator[](std::size_t i) const { return inputs_[i]; }
  std::span<const Tensor* const> pointers() const { return {pointers_.data(), size_}; }

 private:
  std::array<Tensor, kernels::max_operands> inputs_;
  std::array<const Tensor*, kernels::max_operands> pointers_{};
  std::size_t size_;
};

}  // namespace xtape::detail
