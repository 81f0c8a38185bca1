// Reductions, running sums, what orders, and what normalizes.
#include <xtape/xtape.hpp>

#include "words.hpp"

using namespace xtape;

namespace {

/// All axes, one, or two of them.
Axes axes_of(const Tensor& x, const Ways& ways) {
  switch (ways[1] % 4) {
    case 0: return {};
    case 1:
      if (x.rank() > 1) return {ways.axis(0, x), (ways.axis(0, x) + x.rank() + 1) % x.rank()};
      [[fallthrough]];
    default: return {ways.axis(0, x)};
  }
}

template <class F>
auto reduced(F f) {
  return [f](const Tensors& x, const Ways& w) {
    const Axes axes = axes_of(x[0], w);
    return f(x[0], axes, ReduceOptions{.keep_dims = w.bit(0)});
  };
}

template <class F>
auto along(F f) {
  return [f](const Tensors& x, const Ways& w) { return f(x[0], w.axis(0, x[0])); };
}

}  // namespace

std::vector<Word> words_of_sums() {
  constexpr unsigned smooth = Word::smooth, kinked = Word::none;
  return {
      {"sum", 1, smooth, reduced([](auto& x, auto& a, auto o) { return sum(x, a, o); })},
      {"mean", 1, smooth, reduced([](auto& x, auto& a, auto o) { return mean(x, a, o); })},
      {"prod", 1, smooth | Word::two_ways,
       reduced([](auto& x, auto& a, auto o) { return prod(x, a, o); })},
      {"amax", 1, kinked, reduced([](auto& x, auto& a, auto o) { return amax(x, a, o); })},
      {"amin", 1, kinked, reduced([](auto& x, auto& a, auto o) { return amin(x, a, o); })},
      {"logsumexp", 1, smooth,
       reduced([](auto& x, auto& a, auto o) { return logsumexp(x, a, o); })},
      {"median", 1, kinked, reduced([](auto& x, auto& a, auto o) { return median(x, a, o); })},
      {"quantile", 1, kinked,
       reduced([](auto& x, auto& a, auto o) { return quantile(x, 0.375, a, o); })},
      {"ptp", 1, kinked, reduced([](auto& x, auto& a, auto o) { return ptp(x, a, o); })},
      {"nansum", 1, smooth, reduced([](auto& x, auto& a, auto o) { return nansum(x, a, o); })},
      {"nanmean", 1, smooth, reduced([](auto& x, auto& a, auto o) { return nanmean(x, a, o); })},
      {"var", 1, smooth,
       [](auto& x, auto& w) {
         return var(x[0], axes_of(x[0], w), {.correction = static_cast<double>(w[2] % 2)});
       }},
      {"stddev", 1, smooth,
       [](auto& x, auto& w) {
         return stddev(x[0], axes_of(x[0], w), {.correction = static_cast<double>(w[2] % 2)});
       }},
      {"norm", 1, kinked,
       [](auto& x, auto& w) { return norm(x[0], axes_of(x[0], w), {.order = 1.0 + w[2] % 3}); }},
      {"count_nonzero", 1, kinked,
       [](auto& x, auto& w) {
         return count_nonzero(x[0] > 0, axes_of(x[0], w)).to(Dtype::float64);
       }},
      {"argmax", 1, kinked,
       along([](auto& x, auto axis) { return argmax(x, axis).to(Dtype::float64); })},
      {"cumsum", 1, smooth, along([](auto& x, auto axis) { return cumsum(x, axis); })},
      {"cumprod", 1, smooth, along([](auto& x, auto axis) { return cumprod(x, axis); })},
      {"logcumsumexp", 1, smooth, along([](auto& x, auto axis) { return logcumsumexp(x, axis); })},
      {"cummax", 1, kinked, along([](auto& x, auto axis) { return cummax(x, axis); })},
      {"cummin", 1, kinked, along([](auto& x, auto axis) { return cummin(x, axis); })},
      {"sort", 1, kinked, [](auto& x, auto& w) { return sort(x[0], w.axis(0, x[0]), w.bit(0)); }},
      {"topk", 1, kinked,
       [](auto& x, auto& w) { return topk(x[0], w.between(1, 0, 3), w.axis(0, x[0])).values; }},
      {"max_with_indices", 1, kinked,
       along([](auto& x, auto axis) { return max_with_indices(x, axis).values; })},
      {"diff", 1, smooth,
       [](auto& x, auto& w) { return diff(x[0], w.between(1, 0, 3), w.axis(0, x[0])); }},
      {"trapezoid", 1, smooth, along([](auto& x, auto axis) { return trapezoid(x, 0.5, axis); })},
      {"softmax", 1, smooth, along([](auto& x, auto axis) { return softmax(x, axis); })},
      {"log_softmax", 1, smooth, along([](auto& x, auto axis) { return log_softmax(x, axis); })},
      {"softmin", 1, smooth, along([](auto& x, auto axis) { return softmin(x, axis); })},
      {"masked_softmax", 2, kinked,
       [](auto& x, auto& w) { return masked_softmax(x[0], x[1] > 0, w.axis(0, x[0])); }},
      {"masked_sum", 2, kinked,
       [](auto& x, auto& w) { return masked_sum(x[0], x[1] > 0, axes_of(x[0], w)); }},
      {"masked_mean", 2, kinked,
       [](auto& x, auto& w) { return masked_mean(x[0], x[1] > 0, axes_of(x[0], w)); }},
      {"masked_amax", 2, kinked,
       [](auto& x, auto& w) { return masked_amax(x[0], x[1] > 0, axes_of(x[0], w)); }},
      {"sum_to", 2, smooth, [](auto& x, auto&) { return sum_to(x[0], x[1].shape()); }},
      {"standardize", 1, smooth,
       [](auto& x, auto& w) { return standardize(x[0], axes_of(x[0], w)); }},
      {"layer_norm", 1, smooth, [](auto& x, auto&) { return layer_norm(x[0], {x[0].extent(-1)}); }},
      {"layer_norm with weights", 3, smooth,
       [](auto& x, auto&) { return layer_norm(x[0], x[1], x[2]); }},
      {"rms_norm", 2, smooth, [](auto& x, auto&) { return rms_norm(x[0], x[1]); }},
      {"group_norm", 1, smooth,
       [](auto& x, auto& w) { return group_norm(x[0], w.between(0, 1, 2)); }},
      {"batch_norm", 1, smooth, [](auto& x, auto&) { return batch_norm(x[0]).y; }},
      {"batch_norm with weights", 3, smooth,
       [](auto& x, auto&) { return batch_norm(x[0], x[1], x[2]).y; }},
      {"hardtanh", 1, kinked, [](auto& x, auto&) { return hardtanh(x[0], -0.5, 1); }},
      {"softshrink", 1, kinked, [](auto& x, auto&) { return softshrink(x[0], 0.25); }},
      {"celu", 1, kinked, [](auto& x, auto&) { return celu(x[0], 1.5); }},
      {"prelu", 2, kinked, [](auto& x, auto&) { return prelu(x[0], x[1]); }},
      {"glu", 1, smooth, along([](auto& x, auto axis) { return glu(x, axis); })},
      {"swiglu", 1, smooth, along([](auto& x, auto axis) { return swiglu(x, axis); })},
      {"nan_to_num", 1, kinked, [](auto& x, auto&) { return nan_to_num(x[0]); }},
      {"halved", 1, smooth, [](auto& x, auto&) { return 0.5 * x[0]; }},
      {"beside a number", 1, smooth,
       [](auto& x, auto& w) { return (w[0] / 16.0 - x[0]) * (1 + w[1] % 3); }},
      {"squashed", 1, smooth, [](auto& x, auto&) { return x[0] / (1 + x[0] * x[0]); }},
      {"twice itself", 1, smooth, [](auto& x, auto&) { return x[0] + x[0]; }},
      {"the same times itself", 1, smooth, [](auto& x, auto&) { return x[0] * x[0] - x[0]; }},
      {"relu of a sum", 2, kinked, [](auto& x, auto&) { return relu(x[0] + x[1]); }},
      {"cross_entropy", 1, smooth,
       [](auto& x, auto&) {
         return nn::cross_entropy(x[0], remainder(arange(x[0].extent(0)), x[0].extent(1)));
       }},
      {"mean_squared_error", 2, smooth,
       [](auto& x, auto&) { return nn::mean_squared_error(x[0], x[1]); }},
  };
}
