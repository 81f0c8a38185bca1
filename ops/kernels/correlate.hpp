#pragma once
#include <cstdint>

#include <xtape/core/kernels/level.hpp>

namespace xtape::kernels {

/// What a signal is correlated with, and how: y_i = sum over j of x_(i + j - before) v_j for i in
/// [0, count), x being 0 outside of its n elements.
template <class T>
struct Correlation {
  const T* x;
  std::int64_t n;
  const T* v;
  std::int64_t m;
  std::int64_t before;
  T* y;
  std::int64_t count;
};

struct CorrelateKernels {
  void (*float32)(const Correlation<float>& of);
  void (*float64)(const Correlation<double>& of);
  void (*int64)(const Correlation<std::int64_t>& of);
};

}  // namespace xtape::kernels
