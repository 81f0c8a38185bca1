#pragma once
// One pass over a parameter, its gradient and its state.

#include <algorithm>
#include <array>
#include <cstdint>

#include <xtape/core/body.hpp>
#include <xtape/ops/kernels/lane.hpp>
#include <xtape/optim/optimizer.hpp>

namespace xtape::kernels {

/// f(p, g, s...) on registers of n elements, p and the states written back.
template <class T, class F, std::size_t... k>
void update_run(std::int64_t n, T* p, const T* g, const std::array<T*, sizeof...(k)>& state, F&& f,
                std::index_sequence<k...>) {
  using L = Lane<T>;
  constexpr auto width = static_cast<std::int64_t>(L::width);
  const auto pass = [&](T* to, const T* gradient, const std::array<T*, sizeof...(k)>& states) {
    L parameter = L::load(to);
    std::array<L, sizeof...(k)> values{L::load(states[k])...};
    f(parameter, L::load(gradient), values[k]...);
    parameter.store(to);
    (values[k].store(states[k]), ...);
  };
  std::int64_t i = 0;
  for (; i + width <= n; i += width) pass(p + i, g + i, {state[k] + i...});
  if (i == n) return;
  T rest[2 + sizeof...(k)][L::width] = {};
  const auto count = static_cast<std::size_t>(n - i);
  std::copy_n(p + i, count, rest[0]);
  std::copy_n(g + i, count, rest[1]);
  (std::copy_n(state[k] + i, count, rest[2 + k]), ...);
  pass(rest[0], rest[1], {rest[2 + k]...});
  std::copy_n(rest[0], count, p + i);
  (std::copy_n(rest[2 + k], count, state[k] + i), ...);
}

/// f(p, g, s...) with p an element of the parameter, g of its gradient and s of each of the state
/// tensors, as many as `slots`: p and s are changed in place. float32 or float64.
template <std::size_t slots, class F>
void update(const optim::Update& update, F&& f) {
  const Tensor& g = update.gradient;
  const auto run = [&]<class T>(TypeTag<T>) {
    T* p = detail::writable<T>(update.parameter);
    std::array<T*, slots> state;
    std::transform(update.state.begin(), update.state.end(), state.begin(), detail::writable<T>);
    update_run(g.size(), p, g.body().template elements<const T>(), state, f,
               std::make_index_sequence<slots>());
  };
  g.dtype() == Dtype::float32 ? run(TypeTag<float>{}) : run(TypeTag<double>{});
}

}  // namespace xtape::kernels
