#include <algorithm>
#include <cmath>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/ops/numbers.hpp>

namespace xtape {

const Tensor& Operand::number_tensor(const char* op, Dtype other, Tensor& constant) const {
  const Number number = tensor_ == nullptr ? number_ : detail::number_of(tensor_->body());
  return constant = detail::constant(op, {}, number, number.dtype_beside(other));
}

namespace detail {
namespace {

Dtype widest(std::initializer_list<Operand> numbers) {
  Dtype widest = Dtype::boolean;
  for (const Operand& number : numbers) {
    const bool wide = number.exceeds_int64() || is_floating(number.dtype());
    widest = std::max(widest, wide ? Dtype::float64 : number.dtype());
  }
  return widest;
}

}  // namespace

Tensor of_numbers(const char* op, std::initializer_list<Operand> numbers,
                  const std::function<Tensor(std::span<const Tensor>)>& compute) {
  const auto computed_in = [&](Dtype dtype) {
    std::vector<Tensor> constants(numbers.size());
    auto constant = constants.begin();
    for (const Operand& number : numbers) number.tensor(op, dtype, *constant++);
    return compute(constants);
  };
  Tensor y = computed_in(widest(numbers));
  if (y.dtype() == Dtype::int64) {
    const Tensor wide = computed_in(Dtype::float64);
    if (!(std::abs(wide.item() - y.item()) < 0x1p62)) y = wide;  // it has wrapped around
  }
  return number_tensor(number_of(y.body()));
}

}  // namespace detail
}  // namespace xtape
