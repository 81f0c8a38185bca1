// Places that are given in braces. In the headers these would check in every program that a list of
// such places is a contiguous range.

#include <span>

#include <xtape/ops/layout.hpp>
#include <xtape/ops/rearrange.hpp>

namespace xtape {

Tensor slice(const Tensor& x, std::initializer_list<Slice> slices) {
  return slice(x, std::span(slices.begin(), slices.size()));
}

Tensor embed(const Tensor& x, const Shape& shape, std::initializer_list<Slice> slices) {
  return embed(x, shape, std::span(slices.begin(), slices.size()));
}

Tensor pad(const Tensor& x, std::initializer_list<Padding> widths, const Number& value) {
  return pad(x, std::span(widths.begin(), widths.size()), value);
}

Tensor pad(const Tensor& x, std::initializer_list<Padding> widths, PadMode mode) {
  return pad(x, std::span(widths.begin(), widths.size()), mode);
}

Tensor set(const Tensor& x, std::initializer_list<Slice> slices, const Operand& values) {
  return set(x, std::span(slices.begin(), slices.size()), values);
}

Tensor add_at(const Tensor& x, std::initializer_list<Slice> slices, const Operand& values) {
  return add_at(x, std::span(slices.begin(), slices.size()), values);
}

}  // namespace xtape
