#pragma once
#include <string>

#include <xtape/core/tensor.hpp>
#include <xtape/data/dataset.hpp>

/// The tensors of a batch, whatever its type.
namespace xtape::data::detail {

template <class F>
Dataset each(const Dataset& of, F f) {
  return {f(of.x), f(of.y)};
}
template <class F>
TensorList each(const TensorList& of, F f) {
  TensorList list;
  list.reserve(of.size());
  for (const Tensor& one : of) list.push_back(f(one));
  return list;
}
template <class F>
NamedDataset each(const NamedDataset& of, F f) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : of.tensors()) tensors.emplace_back(name, f(tensor));
  return tensors;
}

/// Its tensors, contiguous.
template <class Batch>
NamedTensors listed(const Batch& of) {
  NamedTensors all;
  each(of, [&](const Tensor& x) {
    all.emplace_back(std::to_string(all.size()), x.contiguous());
    return x;
  });
  return all;
}

inline const Tensor& first(const Dataset& of) { return of.x; }
inline const Tensor& first(const TensorList& of) { return of.front(); }
inline const Tensor& first(const NamedDataset& of) { return of.tensors().front().second; }

}  // namespace xtape::data::detail
