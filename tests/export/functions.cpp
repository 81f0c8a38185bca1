#include <limits>

#include "models.hpp"

namespace models {
namespace {

using Function = Tensor (*)(const Tensor&);

const Tensor& weights() {
  static const Tensor w = Rng(3).normal({4, 4}, 0, 1);
  return w;
}
Tensor row_biases() { return tensor({0.5, -1.0, 2.0}, Dtype::float32); }
Tensor batches(const Tensor& x) { return reshape(x, {x.extent(0), 12}); }

// Of x [n, 3, 4], standard normal.
const std::pair<const char*, Function> anywhere[] = {
    {"negative", [](const Tensor& x) { return -x; }},
    {"abs", [](const Tensor& x) { return abs(x); }},
    {"sign", [](const Tensor& x) { return sign(x); }},
    {"square", [](const Tensor& x) { return square(x); }},
    {"exp", [](const Tensor& x) { return exp(x); }},
    {"exp2", [](const Tensor& x) { return exp2(x); }},
    {"expm1", [](const Tensor& x) { return expm1(x); }},
    {"sin", [](const Tensor& x) { return sin(x) + cos(x) + tan(0.2 * x); }},
    {"atan", [](const Tensor& x) { return atan(x) + asin(tanh(x)) + acos(tanh(x)); }},
    {"sinh", [](const Tensor& x) { return sinh(x) + cosh(x) + asinh(x) + atanh(0.2 * x); }},
    {"rounding", [](const Tensor& x) { return floor(3 * x) + ceil(x) + trunc(2 * x) + round(x); }},
    {"sigmoid", [](const Tensor& x) { return sigmoid(x) + log_sigmoid(x) + softplus(x); }},
    {"relu", [](const Tensor& x) { return relu(x) + relu6(3 * x) + leaky_relu(x, 0.1); }},
    {"softsign", [](const Tensor& x) { return softsign(x) + selu(x) + elu(x, 1.5); }},
    {"hardswish", [](const Tensor& x) { return hardswish(2 * x) + hardsigmoid(2 * x); }},
    {"silu", [](const Tensor& x) { return silu(x) + mish(x); }},
    {"gelu", [](const Tensor& x) { return gelu(x) + gelu_tanh(x); }},
    {"erf", [](const Tensor& x) { return erf(x) + erfc(x); }},
    {"arithmetic", [](const Tensor& x) { return (x + 2) * (1 - x) / (3 + x * x); }},
    {"extrema", [](const Tensor& x) { return maximum(x, 0.1) + minimum(x, flip(x, 1)); }},
    {"remainder", [](const Tensor& x) { return remainder(x, 0.7) + floor_divide(x, 0.3); }},
    {"fmod", [](const Tensor& x) { return fmod(x, 0.7); }},
    {"exact_quotients", [](const Tensor& x) { return floor_divide(round(3 * x), 0.1); }},
    {"remainders_of_great", [](const Tensor& x) { return remainder(1e10 * x, -0.7); }},
    {"remainders_by_infinity",
     [](const Tensor& x) { return remainder(x, std::numeric_limits<double>::infinity()) / 2; }},
    {"casts_to_truths", [](const Tensor& x) { return (0.3 * round(x)).to(Dtype::boolean); }},
    {"truths_ordered",
     [](const Tensor& x) { return argmax(x > 0, 2) + sum((x > 0) < (x > -1), 2); }},
    {"sort_of_truths", [](const Tensor& x) { return sort(x > 0, 2); }},
    {"great_hypot", [](const Tensor& x) { return hypot(1e25 * x, 1e25) / 1e25; }},
    {"small_log1p", [](const Tensor& x) { return 1e8 * log1p(1e-8 * x); }},
    {"scalars", [](const Tensor& x) { return x * sum(x) + mean(x); }},
    {"divided_by_the_batch",
     [](const Tensor& x) {
       return x / full({x.extent(0), 1, 1}, static_cast<double>(x.extent(0) + 1));
     }},
    {"beside_the_mean_of_the_batch", [](const Tensor& x) { return 7 * x - mean(x, 0); }},
    {"masked_rows",
     [](const Tensor& x) {
       const Tensor seen = tensor({{false, false, false}, {true, false, true}, {true, true, true}});
       return scaled_dot_product_attention(x, x, x, {.mask = seen});
     }},
    {"where", [](const Tensor& x) { return where(x > 0.2, x, -1) + clip(x, -0.5, 0.5); }},
    {"where_of_truths", [](const Tensor& x) { return where(x > 0.2, x < 1, x != 0); }},
    {"compared", [](const Tensor& x) { return ((x > 0) == (x <= 0.5)).to(Dtype::float32); }},
    {"truths",
     [](const Tensor& x) {
       return logical_or(logical_and(x > 0, x < 1), x != x).to(Dtype::int64);
     }},
    {"finite", [](const Tensor& x) { return isfinite(1 / maximum(x, 0)) != isnan(x); }},
    {"lerp", [](const Tensor& x) { return lerp(x, flip(x, 2), sigmoid(x)); }},
    {"to_integers", [](const Tensor& x) { return (10 * x).to(Dtype::int64) * 3; }},
    {"to_float64", [](const Tensor& x) { return exp(x.to(Dtype::float64)); }},
    {"sums",
     [](const Tensor& x) {
       return sum(x, {1, 2}) + mean(x, {2, 1});
     }},
    {"sum_kept", [](const Tensor& x) { return x - mean(x, -1, {.keep_dims = true}); }},
    {"var", [](const Tensor& x) { return var(x, 1) + prod(x, 1); }},
    {"amax", [](const Tensor& x) { return amax(x, 1) - amin(x, 1); }},
    {"logsumexp", [](const Tensor& x) { return logsumexp(x, 2); }},
    {"argmax", [](const Tensor& x) { return argmax(x, 1) * 10 + argmin(x, 1); }},
    {"norm", [](const Tensor& x) { return norm(x, 2, {2}); }},
    {"cumsum", [](const Tensor& x) { return cumsum(x, 2); }},
    {"sort", [](const Tensor& x) { return sort(x, 2); }},
    {"argsort", [](const Tensor& x) { return argsort(x, 2); }},
    {"topk", [](const Tensor& x) { return topk(x, 2, -1).values; }},
    {"softmax", [](const Tensor& x) { return softmax(x, 1) + log_softmax(x, 2); }},
    {"layer_norm",
     [](const Tensor& x) {
       return layer_norm(x, {3, 4}) + rms_norm(x, Shape{4});
     }},
    {"matmul", [](const Tensor& x) { return matmul(x, swapaxes(x, 1, 2)); }},
    {"weights_of_each_row",
     [](const Tensor& x) {
       return vmap([](const Tensor& row) { return linear(row, transpose(row), row_biases()); })(x);
     }},
    {"product_by_weights", [](const Tensor& x) { return matmul(x, weights()); }},
    {"einsum",
     [](const Tensor& x) {
       return einsum("nij,kj->nki", {x, weights()});
     }},
    {"reshape",
     [](const Tensor& x) {
       return reshape(batches(x), {x.extent(0), 2, 6});
     }},
    {"rows_joined",
     [](const Tensor& x) {
       return reshape(x, {x.extent(0) * 3, 4});
     }},
    {"transposed",
     [](const Tensor& x) {
       return transpose(x, {0, 2, 1});
     }},
    {"slices",
     [](const Tensor& x) {
       return slice(x, {Slice::all, 1, range(3, {}, -2)});
     }},
    {"flipped_rows", [](const Tensor& x) { return flip(x, 0); }},
    {"without_first", [](const Tensor& x) { return slice(x, {range(1, {})}); }},
    {"joined", [](const Tensor& x) { return concatenate({x, 2 * x, x}, 1); }},
    {"joined_dtypes",
     [](const Tensor& x) { return concatenate({x, x > 0, argmax(x, 1, {.keep_dims = true})}, 1); }},
    {"stacked", [](const Tensor& x) { return stack({x, x * x}, 1); }},
    {"margins", [](const Tensor& x) { return pad(x, {{0, 0}, {1, 2}, {0, 1}}, 0.5); }},
    {"reflected",
     [](const Tensor& x) { return pad(x, {{0, 0}, {1, 1}, {2, 0}}, PadMode::reflect); }},
    {"ones_beside", [](const Tensor& x) { return concatenate({ones({x.extent(0), 1, 4}), x}, 1); }},
    {"spread_out", [](const Tensor& x) { return broadcast_to(mean(x, 0), x.shape()) + x; }},
    {"triangles", [](const Tensor& x) { return tril(x) + triu(x, 1); }},
    {"taken", [](const Tensor& x) { return take(x, tensor({2, -1, 0}), 2); }},
    {"taken_along", [](const Tensor& x) { return take_along_axis(x, argsort(x, 1), 1); }},
    {"one_hot", [](const Tensor& x) { return one_hot(argmax(x, 2), 4); }},
    {"rolled",
     [](const Tensor&
            x) { return roll(x, 1, 2) + repeat(slice(x, {Slice::all, range(0, 1)}), 3, 1); }},
    {"checkpointed",
     [](const Tensor& x) { return checkpoint([](const Tensor& a) { return exp(a) * a; }, x); }},
    {"running", [](const Tensor& x) { return cumprod(x, 1) + cummax(x, 2) - cummin(x, 1); }},
    {"logcumsumexp", [](const Tensor& x) { return logcumsumexp(x, 1); }},
    {"running_places", [](const Tensor& x) { return cummax_with_indices(x, 2).indices; }},
    {"median", [](const Tensor& x) { return median(x, 2) + quantile(x, 0.3, 2); }},
    {"searched", [](const Tensor& x) { return searchsorted(sort(x, 2), x) + isin(x, 0.5 * x); }},
    {"digitized", [](const Tensor& x) { return digitize(x, tensor({0.5F, 0.0F, -0.5F})); }},
    {"interpolated",
     [](const Tensor& x) { return interp(x, tensor({-1.0, 0.0, 2.0}), tensor({3.0, 1.0, 2.0})); }},
    {"set",
     [](const Tensor& x) {
       return set(x, {Slice::all, 1, range({}, {}, -2)}, slice(x, {Slice::all, 0, range(0, 2)}));
     }},
    {"scattered",
     [](const Tensor& x) { return scatter_add(x, tensor({4, 0, 4}), {x.extent(0), 5, 4}, 1); }},
    {"scattered_along",
     [](const Tensor& x) {
       return scatter_add_along_axis(x, argsort(x, 2), x.shape(), 2) +
              put_along_axis(x, argmax(x, 1, {.keep_dims = true}), 7, 1);
     }},
    {"columns",
     [](const Tensor& x) {
       const Tensor images = expand_dims(x, 1);
       return concatenate({flatten(unfold(images, 2, {.padding = 1}), 1),
                           flatten(fold(unfold(images, {2, 3}), {3, 4}, {2, 3}), 1)},
                          1);
     }},
    {"places_of_most",
     [](const Tensor& x) { return max_pool_with_indices(expand_dims(x, 1), {2, 3}).indices; }},
    {"spectrum",
     [](const Tensor& x) {
       return concatenate({irfft(rfft(x)), complex_abs(rfft(x))}, 2);
     }},
    {"spectra_of_columns", [](const Tensor& x) { return rfft(x, {.axis = 1}); }},
    {"signals", [](const Tensor& x) { return convolve(x, tensor({0.5F, 1.0F}), Overlap::same); }},
    {"crossed", [](const Tensor& x) { return cross(swapaxes(x, 1, 2), tensor({1.0F, 2.0F, 3.0F})); }},
    {"angles", [](const Tensor& x) { return atan2(x, flip(x, 1)) + copysign(x, -flip(x, 2)); }},
    {"logarithms", [](const Tensor& x) { return logaddexp(x, flip(x, 1)) + xlogy(x, exp(x)); }},
    {"replaced", [](const Tensor& x) { return nan_to_num(1 / relu(x), {.posinf = 9}) + cbrt(x); }},
    {"normal_densities",
     [](const Tensor& x) { return distributions::Normal(x, exp(x)).log_prob(0.3F) + ndtr(x); }},
};

// Of x [n, 5], between 1 and 3.
const std::pair<const char*, Function> above_one[] = {
    {"sqrt", [](const Tensor& x) { return sqrt(x) + rsqrt(x) + hypot(x, 2); }},
    {"log", [](const Tensor& x) { return log(x) + log1p(x) + log2(x) + log10(x); }},
    {"pow", [](const Tensor& x) { return pow(x, 1.5) + pow(2, x); }},
    {"acosh", [](const Tensor& x) { return acosh(x); }},
};

}  // namespace

std::vector<Case> of_functions() {
  static_cast<void>(weights());  // drawn before somebody looks
  std::vector<Case> cases;
  for (const auto& [name, function] : anywhere)
    cases.push_back({name, nn::AnyModule(function), normal({3, 4})});
  for (const auto& [name, function] : above_one) {
    cases.push_back({name, nn::AnyModule(function), [](std::int64_t rows) {
                       return Rng(2).uniform({rows, 5}, 1, 3);
                     }});
  }
  cases.push_back({"integer_arithmetic", nn::AnyModule([](const Tensor& x) {
                     return maximum(x * x - 3, relu(x - 4)) + sum(x, 1, {.keep_dims = true});
                   }),
                   integers({4}, 9)});
  cases.push_back({"integer_quotients", nn::AnyModule([](const Tensor& x) {
                     return floor_divide(x - 4, 3) + remainder(x - 4, -3) + floor(x);
                   }),
                   integers({4}, 9)});
  cases.push_back({"wide_margins", nn::AnyModule([](const Tensor& x) {
                     return max_pool(x, 2,
                                     {.stride = 2, .padding = 1, .dilation = 2, .ceil_mode = true});
                   }),
                   normal({2, 8, 8})});
  cases.push_back({"float64", nn::AnyModule([](const Tensor& x) {
                     return softmax(tanh(matmul(x, weights().to(Dtype::float64))), 1);
                   }),
                   [](std::int64_t rows) {
                     return Rng(4).normal({rows, 4}, 0, 1, Dtype::float64);
                   }});
  return cases;
}

}  // namespace models
