#pragma once
// The optimizers' rules as loops: for the sources that are compiled once a level.

#include <cstring>
#include <utility>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/optim/kernels/update.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

/// The rule on one register: p and the states written back.
template <class T, class Rule, std::size_t... k>
XTAPE_INLINE void pass(const Rule& rule, T* p, const T* g, [[maybe_unused]] T* const* state,
                       std::index_sequence<k...>) {
  Lane<T> parameter = Lane<T>::load(p);
  Lane<T> values[sizeof...(k) + 1] = {Lane<T>::load(state[k])..., Lane<T>(0)};
  rule(parameter, Lane<T>::load(g), values[k]...);
  parameter.store(p);
  (values[k].store(state[k]), ...);
}

template <class T, class Rule>
void update_run(const Rule& given, std::int64_t n, T* p, const T* g, T* const* state) {
  const Rule rule = given;  // which no store below can be taken to change
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  constexpr auto slots = std::make_index_sequence<Rule::slots>();
  T* at[Rule::slots + 1] = {};
  std::int64_t i = 0;
  for (; i + width <= n; i += width) {
    for (std::size_t k = 0; k < Rule::slots; ++k) at[k] = state[k] + i;
    pass(rule, p + i, g + i, at, slots);
  }
  if (i == n) return;
  T rest[2 + Rule::slots][Lane<T>::width] = {};
  const std::size_t bytes = static_cast<std::size_t>(n - i) * sizeof(T);
  std::memcpy(rest[0], p + i, bytes);
  std::memcpy(rest[1], g + i, bytes);
  for (std::size_t k = 0; k < Rule::slots; ++k) {
    at[k] = rest[2 + k];
    std::memcpy(at[k], state[k] + i, bytes);
  }
  pass(rule, rest[0], rest[1], at, slots);
  std::memcpy(p + i, rest[0], bytes);
  for (std::size_t k = 0; k < Rule::slots; ++k) std::memcpy(state[k] + i, at[k], bytes);
}

}  // namespace
}  // namespace XTAPE_LEVEL

}  // namespace xtape::kernels

#define XTAPE_COMPILED(Rule)                                                                       \
  template <>                                                                                      \
  const UpdateKernels<Rule>& compiled<UpdateKernels<Rule>, Level::XTAPE_LEVEL>() {                 \
    static constexpr UpdateKernels<Rule> table{update_run<float, Rule>, update_run<double, Rule>}; \
    return table;                                                                                  \
  }
