#pragma once
// One pass over a parameter, its gradient and its state.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include <xtape/core/body.hpp>
#include <xtape/core/kernels/level.hpp>
#include <xtape/core/parallel.hpp>
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

/// A rule as an operation on a parameter, its gradient and its state. float32 or float64.
template <class Rule>
struct UpdateOperation {
  static constexpr OpInfo info = Rule::info;
  const Rule& rule;
  double rate;
  std::int64_t t;

  void attributes(auto& visit) const {
    visit("rate", rate);
    visit("t", t);
    rule.attributes(visit);
  }
  void run(std::span<const Tensor* const> x) const {
    const Tensor& g = *x[1];
    const auto run = [&]<class T>(TypeTag<T>, auto kernel) {
      T* p = detail::writable<T>(*x[0]);
      std::array<T*, Rule::slots> state;
      std::transform(x.begin() + 2, x.end(), state.begin(),
                     [](const Tensor* own) { return detail::writable<T>(*own); });
      const T* slopes = g.body().template elements<const T>();
      constexpr std::int64_t piece = 4096;  // elements that threads share work by
      detail::parallel_for(g.size(), piece, [&](std::int64_t first, std::int64_t last) {
        std::array<T*, Rule::slots> own;
        std::transform(state.begin(), state.end(), own.begin(),
                       [first](T* slot) { return slot + first; });
        kernel(rule, last - first, p + first, slopes + first, own.data());
      });
    };
    const auto& kernels = chosen<UpdateKernels<Rule>>();
    g.dtype() == Dtype::float32 ? run(TypeTag<float>{}, kernels.float32)
                                : run(TypeTag<double>{}, kernels.float64);
  }
};

/// The same on some rows of a parameter and its state, given the gradient of these and their
/// numbers.
template <class Rule>
struct RowsUpdateOperation {
  static constexpr OpInfo info = Rule::info;
  const Rule& rule;
  double rate;
  std::int64_t t;

  void attributes(auto& visit) const { UpdateOperation<Rule>{rule, rate, t}.attributes(visit); }
  void run(std::span<const Tensor* const> x) const {
    const Tensor& g = *x[1];
    const auto* rows = x[2]->body().template elements<const std::int64_t>();
    const std::int64_t count = x[2]->size(), width = count == 0 ? 0 : g.size() / count;
    const auto run = [&]<class T>(TypeTag<T>, auto kernel) {
      std::array<T*, 1 + Rule::slots> whole;  // of the parameter and the states
      whole[0] = detail::writable<T>(*x[0]);
      std::transform(x.begin() + 3, x.end(), whole.begin() + 1,
                     [](const Tensor* own) { return detail::writable<T>(*own); });
      const T* slopes = g.body().template elements<const T>();
      detail::parallel_for_each(count, width, [&](std::int64_t i) {
        std::array<T*, 1 + Rule::slots> row;
        for (std::size_t k = 0; k < whole.size(); ++k) row[k] = whole[k] + rows[i] * width;
        kernel(rule, width, row[0], slopes + i * width, row.data() + 1);
      });
    };
    const auto& kernels = chosen<UpdateKernels<Rule>>();
    g.dtype() == Dtype::float32 ? run(TypeTag<float>{}, kernels.float32)
                                : run(TypeTag<double>{}, kernels.float64);
  }
};

template <class Rule>
void update_rows(const optim::Update& update, const Rule& rule) {
  std::array<const Tensor*, 3 + Rule::slots> x{&update.parameter, &update.gradient, &update.rows};
  std::transform(update.state.begin(), update.state.end(), x.begin() + 3,
                 [](const Tensor& own) { return &own; });
  apply_in_place(RowsUpdateOperation<Rule>{rule, update.rate, update.t}, x);
}

template <class Rule>
void update(const optim::Update& update, const Rule& rule) {
  std::array<const Tensor*, 2 + Rule::slots> x{&update.parameter, &update.gradient};
  std::transform(update.state.begin(), update.state.end(), x.begin() + 2,
                 [](const Tensor& own) { return &own; });
  apply_in_place(UpdateOperation<Rule>{rule, update.rate, update.t}, x);
}

/// By the rule, or by it with a penalty, if there is one.
template <class Rule>
void update(const optim::Update& of, const Rule& rule, double weight_decay) {
  if (weight_decay == 0)
    update(of, rule);
  else
    update(of, Decayed<Rule>{rule, weight_decay});
}

}  // namespace xtape::kernels
