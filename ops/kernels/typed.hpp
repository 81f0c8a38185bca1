#pragma once
#include <cstddef>

#include <xtape/core/dtype.hpp>
#include <xtape/core/kernels/level.hpp>

// Bytes of a floating dtype as numbers. In the namespace of the level: each has its own.

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

template <class T>
T* as(std::byte* data) {
  return reinterpret_cast<T*>(data);
}
template <class T>
const T* as(const std::byte* data) {
  return reinterpret_cast<const T*>(data);
}

/// f(TypeTag) with the type of a floating dtype.
template <class F>
auto with_type(Dtype dtype, F&& f) {
  return dtype == Dtype::float32 ? f(TypeTag<float>{}) : f(TypeTag<double>{});
}

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
