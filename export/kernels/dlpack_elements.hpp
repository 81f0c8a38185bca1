#pragma once
#include <cstddef>

#include <xtape/core/shape.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/export/dlpack.hpp>

namespace xtape::exporting {

/// The dtype that holds all numbers of a type; none if there is no such one.
std::optional<Dtype> holder_of(dlpack::DataType type);

/// Elements of a type at strides, wherever they lie, into a dense tensor of its holder. False if y
/// does not hold one of them: a bool other than 0 and 1, an integer of 2^63 and more.
bool gather(dlpack::DataType type, const std::byte* first, const Strides& strides, const Tensor& y);

/// Whether all bytes are 0 or 1.
bool are_truths(const std::byte* first, const Shape& shape, const Strides& strides);

}  // namespace xtape::exporting
