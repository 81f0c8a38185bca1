#pragma once
// One pass over a parameter, its gradient and its state.

#include <algorithm>
#include <array>
#include <cstdint>

#include <xtape/core/body.hpp>
#include <xtape/core/kernels/level.hpp>
#include <xtape/optim/kernels/rules.hpp>
#include <xtape/optim/optimizer.hpp>

namespace xtape::kernels {

/// A rule applied to n elements: p and the states, an array a slot, are changed in place.
template <class Rule>
struct UpdateKernels {
  void (*float32)(const Rule& rule, std::int64_t n, float* p, const float* g, float* const* state);
  void (*float64)(const Rule& rule, std::int64_t n, double* p, const double* g,
                  double* const* state);
};

/// The rule applied to a parameter. float32 or float64.
template <class Rule>
void update(const optim::Update& update, const Rule& rule) {
  const Tensor& g = update.gradient;
  const auto run = [&]<class T>(TypeTag<T>, auto kernel) {
    T* p = detail::writable<T>(update.parameter);
    std::array<T*, Rule::slots> state;
    std::transform(update.state.begin(), update.state.end(), state.begin(), detail::writable<T>);
    kernel(rule, g.size(), p, g.body().template elements<const T>(), state.data());
  };
  const auto& kernels = chosen<UpdateKernels<Rule>>();
  g.dtype() == Dtype::float32 ? run(TypeTag<float>{}, kernels.float32)
                              : run(TypeTag<double>{}, kernels.float64);
}

}  // namespace xtape::kernels
