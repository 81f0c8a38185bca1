#pragma once
// States as named tensors.

#include <span>

#include <xtape/core/create.hpp>
#include <xtape/core/tensor.hpp>

namespace xtape::optim {

/// A number as a tensor of rank 0, exactly.
template <Element T>
Tensor number(T value) {
  return from_span(std::span<const T>(&value, 1), {});
}

/// The number again.
template <Element T>
T number(const Tensor& tensor) {
  return tensor.data<T>()[0];
}

/// Copies of the entries `given`, in the order of `expected`, whose names, shapes and dtypes they
/// must have. Throws ValueError for an entry that is missing, unknown, given twice or a negative
/// integer, ShapeError and DtypeError for one of another shape or dtype.
NamedTensors entries_like(const NamedTensors& expected, const NamedTensors& given);

}  // namespace xtape::optim
