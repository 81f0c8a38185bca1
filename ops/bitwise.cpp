#include <array>
#include <string>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/ops/aligned.hpp>
#include <xtape/ops/bitwise.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/kernels/bitwise.hpp>
#include <xtape/ops/numbers.hpp>

namespace xtape {
namespace {

/// An operation on the bits of two integers, whose kernel is a formula of int64.
struct OfBits {
  const OpInfo& info;
  const kernels::MapKernel& kernel;

  OpResult infer(const Tensor& a, const Tensor& b) const {
    return {broadcast_shapes(info.name, a.shape(), b.shape()), Dtype::int64};
  }
  void run(const Tensor& y, const Tensor& a, const Tensor& b) const {
    kernels::map(kernel, Dtype::int64, y, std::array{&a, &b});
  }
  Tensor batch(const Examples& x) const {
    const detail::Aligned all(x);
    return apply(OfBits{info, kernel}, all[0], all[1]);
  }
};

void check_whole(const char* op, const Operand& x) {
  if (!x.is_number()) detail::require_defined(op, "an operand", x.dense());
  if (!is_floating(x.dtype())) return;
  const std::string got = x.is_number() ? x.number().text() : x.dense().describe();
  throw DtypeError(std::string(op) + ": integers or booleans are needed; got " + got);
}

Tensor of_bits(const OpInfo& info, const kernels::MapKernel& kernel, const Operand& left,
               const Operand& right) {
  check_whole(info.name, left);
  check_whole(info.name, right);
  Tensor constants[2];
  const Tensor& a = detail::operand_tensor(info.name, left, right.dtype(), constants[0]);
  const Tensor& b = detail::operand_tensor(info.name, right, a.dtype(), constants[1]);
  return apply(OfBits{info, kernel}, a, b);
}

/// Of two booleans a boolean.
Tensor of_truths(const OpInfo& info, const kernels::MapKernel& kernel, const Operand& a,
                 const Operand& b) {
  const Tensor y = of_bits(info, kernel, a, b);
  const bool truths = a.dtype() == Dtype::boolean && b.dtype() == Dtype::boolean;
  return truths ? y.to(Dtype::boolean) : y;
}

}  // namespace

Tensor bitwise_and(const Operand& a, const Operand& b) {
  static constexpr OpInfo info{"bitwise_and"};
  return of_truths(info, kernels::chosen<kernels::BitwiseKernels>().common, a, b);
}
Tensor bitwise_or(const Operand& a, const Operand& b) {
  static constexpr OpInfo info{"bitwise_or"};
  return of_truths(info, kernels::chosen<kernels::BitwiseKernels>().all, a, b);
}
Tensor bitwise_xor(const Operand& a, const Operand& b) {
  static constexpr OpInfo info{"bitwise_xor"};
  return of_truths(info, kernels::chosen<kernels::BitwiseKernels>().different, a, b);
}

Tensor bitwise_not(const Tensor& x) {
  check_whole("bitwise_not", x);
  return x.dtype() == Dtype::boolean ? !x : bitwise_xor(x, -1);
}

Tensor left_shift(const Operand& a, const Operand& b) {
  static constexpr OpInfo info{"left_shift"};
  return of_bits(info, kernels::chosen<kernels::BitwiseKernels>().up, a, b);
}
Tensor right_shift(const Operand& a, const Operand& b) {
  static constexpr OpInfo info{"right_shift"};
  return of_bits(info, kernels::chosen<kernels::BitwiseKernels>().down, a, b);
}

}  // namespace xtape
