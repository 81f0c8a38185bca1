#include "operation_table.hpp"

#include <xtape/xtape.hpp>

#include <cmath>

using namespace xtape;

namespace bench {
namespace {

using Tensors = Operation::Tensors;
using Kind = Input::Kind;

const Shape rows{100, 1000};

Input matrix(double low = -2, double high = 2) { return {low, high, rows}; }
Input indices(double count, const Shape& shape) { return {0, count, shape, Kind::integer}; }
Input mask(const Shape& shape = rows) { return {0, 1, shape, Kind::boolean}; }
Input constants(double low = -2, double high = 2, const Shape& shape = rows) {
  return {low, high, shape, Kind::constant};
}

std::vector<Operation> reductions() {
  const std::vector<Input> x{matrix()};
  const std::vector<Input> near_1{matrix(0.99, 1.01)};
  const std::vector<Input> masked{matrix(), mask()};
  return {
      {"sum", x, [](auto& v) { return sum(v[0]); }},
      {"sum: rows", x, [](auto& v) { return sum(v[0], 1); }},
      {"sum: columns", x, [](auto& v) { return sum(v[0], 0); }},
      {"mean: rows", x, [](auto& v) { return mean(v[0], 1); }},
      {"prod: rows", near_1, [](auto& v) { return prod(v[0], 1); }},
      {"amax: rows", x, [](auto& v) { return amax(v[0], 1); }},
      {"amax: columns", x, [](auto& v) { return amax(v[0], 0); }},
      {"amin", x, [](auto& v) { return amin(v[0]); }},
      {"argmax: rows", x, [](auto& v) { return argmax(v[0], 1); }},
      {"argmin: columns", x, [](auto& v) { return argmin(v[0], 0); }},
      {"logsumexp: rows", x, [](auto& v) { return logsumexp(v[0], 1); }},
      {"var: rows", x, [](auto& v) { return var(v[0], 1); }},
      {"stddev: columns", x, [](auto& v) { return stddev(v[0], 0); }},
      {"norm: rows", x, [](auto& v) { return norm(v[0], 1); }},
      {"norm: of order 1", x, [](auto& v) { return norm(v[0], 1, {.order = 1}); }},
      {"any: rows", x, [](auto& v) { return any(v[0], 1); }},
      {"all: rows", x, [](auto& v) { return all(v[0], 1); }},
      {"count_nonzero", x, [](auto& v) { return count_nonzero(v[0]); }},
      {"ptp: rows", x, [](auto& v) { return ptp(v[0], 1); }},
      {"median: rows", x, [](auto& v) { return median(v[0], 1); }},
      {"quantile: rows", x, [](auto& v) { return quantile(v[0], 0.3, 1); }},
      {"nansum: rows", x, [](auto& v) { return nansum(v[0], 1); }},
      {"nanmean: rows", x, [](auto& v) { return nanmean(v[0], 1); }},
      {"masked_sum: rows", masked, [](auto& v) { return masked_sum(v[0], v[1], 1); }},
      {"masked_mean: rows", masked, [](auto& v) { return masked_mean(v[0], v[1], 1); }},
      {"masked_amax: rows", masked, [](auto& v) { return masked_amax(v[0], v[1], 1); }},
      {"masked_softmax: rows", masked, [](auto& v) { return masked_softmax(v[0], v[1]); }},
      {"softmax: rows", x, [](auto& v) { return softmax(v[0]); }},
      {"softmax: columns", x, [](auto& v) { return softmax(v[0], 0); }},
      {"log_softmax: rows", x, [](auto& v) { return log_softmax(v[0]); }},
      {"cumsum: rows", x, [](auto& v) { return cumsum(v[0], 1); }},
      {"cumsum: columns", x, [](auto& v) { return cumsum(v[0], 0); }},
      {"cumprod: rows", near_1, [](auto& v) { return cumprod(v[0], 1); }},
      {"logcumsumexp: rows", x, [](auto& v) { return logcumsumexp(v[0], 1); }},
      {"cummax: rows", x, [](auto& v) { return cummax(v[0], 1); }},
      {"cummin: rows", x, [](auto& v) { return cummin(v[0], 1); }},
      {"masked_amin: rows", masked, [](auto& v) { return masked_amin(v[0], v[1], 1); }},
      {"isnan", x, [](auto& v) { return isnan(v[0]); }},
      {"isfinite", x, [](auto& v) { return isfinite(v[0]); }},
      {"isinf", x, [](auto& v) { return isinf(v[0]); }},
      {"logical_not", x, [](auto& v) { return logical_not(v[0]); }},
      {"bitwise_and",
       {indices(1000, rows), indices(1000, rows)},
       [](auto& v) { return bitwise_and(v[0], v[1]); }},
      {"left_shift",
       {indices(1000, rows), indices(9, rows)},
       [](auto& v) { return left_shift(v[0], v[1]); }},
      {"isin",
       {indices(1000, {100'000}), indices(1000, {30})},
       [](auto& v) { return isin(v[0], v[1]); }},
      {"diff: rows", x, [](auto& v) { return diff(v[0]); }},
      {"trapezoid: rows", x, [](auto& v) { return trapezoid(v[0]); }},
      {"sort: rows", x, [](auto& v) { return sort(v[0]); }},
      {"argsort: rows", x, [](auto& v) { return argsort(v[0]); }},
      {"topk: 10 of rows", x, [](auto& v) { return topk(v[0], 10).values; }},
      {"unique", {{-2, 2}}, [](auto& v) { return unique(v[0]).values; }},
      {"searchsorted",
       {{-2, 2, {100'000}, Kind::constant}},
       [](auto& v) {
         const static Tensor edges = linspace(-2, 2, 1000, Dtype::float64);
         return searchsorted(edges.to(v[0].dtype()), v[0]);
       }},
      {"interp",
       {{-2, 2, {100'000}, Kind::constant}, {-2, 2, {1000}}},
       [](auto& v) { return interp(v[0], linspace(-2, 2, 1000, v[0].dtype()), v[1]); }},
      {"bincount: weights",
       {indices(1000, {100'000}), {}},
       [](auto& v) { return bincount(v[0], v[1], 1000); }},
      {"histogram",
       {{-2, 2, {100'000}, Kind::constant}},
       [](auto& v) { return histogram(v[0], 100, {.range = std::pair(-2.0, 2.0)}).counts; }},
  };
}

std::vector<Operation> layouts() {
  const std::vector<Input> x{matrix()}, two{matrix(), matrix()};
  return {
      {"transpose, contiguous", x, [](auto& v) { return transpose(v[0]).contiguous(); }},
      {"flip, contiguous", x, [](auto& v) { return flip(v[0], 1).contiguous(); }},
      {"slice of every other column, contiguous",
       {{-2, 2, {100, 2000}}},
       [](auto& v) {
         return slice(v[0], {Slice::all, range({}, {}, 2)}).contiguous();
       }},
      {"concatenate: columns", two,
       [](auto& v) {
         return concatenate({v[0], v[1]}, 1);
       }},
      {"stack: a last axis", two,
       [](auto& v) {
         return stack({v[0], v[1]}, -1);
       }},
      {"roll", x, [](auto& v) { return roll(v[0], 7, 1); }},
      {"tile",
       {{-2, 2, {100, 250}}},
       [](auto& v) {
         return tile(v[0], {2, 2});
       }},
      {"pad", x,
       [](auto& v) {
         return pad(v[0], {{1, 1}, {2, 2}});
       }},
      {"pad: by a mirror", x,
       [](auto& v) {
         return pad(v[0], {{0, 0}, {2, 2}}, PadMode::reflect);
       }},
      {"repeat: columns", {{-2, 2, {100, 250}}}, [](auto& v) { return repeat(v[0], 4, 1); }},
      {"tril", x, [](auto& v) { return tril(v[0]); }},
      {"trace", {{-2, 2, {316, 316}}}, [](auto& v) { return trace(v[0]); }},
      {"set: a part",
       {matrix(), {-2, 2, {50, 1000}}},
       [](auto& v) { return set(v[0], {range({}, {}, 2)}, v[1]); }},
      {"add_at: a part",
       {matrix(), {-2, 2, {50, 1000}}},
       [](auto& v) { return add_at(v[0], {range({}, {}, 2)}, v[1]); }},
      {"masked_fill", {matrix(), mask()}, [](auto& v) { return masked_fill(v[0], v[1], 0); }},
      {"where", {mask(), matrix(), matrix()}, [](auto& v) { return where(v[0], v[1], v[2]); }},
      {"clip", x, [](auto& v) { return clip(v[0], -1, 1); }},
      {"to: the other floating dtype", x,
       [](auto& v) {
         return v[0].to(v[0].dtype() == Dtype::float32 ? Dtype::float64 : Dtype::float32);
       }},
      {"take: rows", {matrix(), indices(100, {100})}, [](auto& v) { return take(v[0], v[1]); }},
      {"take: columns",
       {matrix(), indices(1000, {1000})},
       [](auto& v) { return take(v[0], v[1], 1); }},
      {"take_along_axis: rows",
       {matrix(), indices(1000, rows)},
       [](auto& v) { return take_along_axis(v[0], v[1]); }},
      {"scatter_add_along_axis: rows",
       {matrix(), indices(1000, rows)},
       [](auto& v) { return scatter_add_along_axis(v[0], v[1], rows); }},
      {"put_along_axis: rows",
       {matrix(), indices(1000, {100, 100}), {-2, 2, {100, 100}}},
       [](auto& v) { return put_along_axis(v[0], v[1], v[2]); }},
      {"scatter_add: rows",
       {matrix(), indices(100, {100})},
       [](auto& v) { return scatter_add(v[0], v[1], rows); }},
      {"diag", {{-2, 2, {316}}}, [](auto& v) { return diag(v[0]); }},
      {"index_add: rows",
       {matrix(), indices(100, {100}), matrix()},
       [](auto& v) { return index_add(v[0], v[1], v[2]); }},
      {"take_at: elements",
       {matrix(), indices(100, {100'000}), indices(1000, {100'000})},
       [](auto& v) {
         return take_at(v[0], {v[1], v[2]});
       }},
      {"masked_select", {matrix(), mask()}, [](auto& v) { return masked_select(v[0], v[1]); }},
      {"argwhere", {mask()}, [](auto& v) { return argwhere(v[0]); }},
      {"one_hot", {indices(100, {1000})}, [](auto& v) { return one_hot(v[0], 100); }},
      {"dropout", x, [](auto& v) { return dropout(v[0], 0.5, 7, 1); }, true},
      {"lerp", {matrix(), matrix(), matrix(0, 1)}, [](auto& v) { return lerp(v[0], v[1], v[2]); }},
      {"gammainc",
       {constants(0.5, 4, {1000}), {0.1, 6, {1000}}},
       [](auto& v) { return gammainc(v[0], v[1]); }},
      {"leaky_relu: the customary slope", x, [](auto& v) { return leaky_relu(v[0]); }},
      {"elu: the customary alpha", x, [](auto& v) { return elu(v[0]); }},
      {"gammaincc",
       {constants(0.5, 4, {1000}), {0.1, 6, {1000}}},
       [](auto& v) { return gammaincc(v[0], v[1]); }},
      {"betainc",
       {constants(0.5, 4, {1000}), constants(0.5, 4, {1000}), {0.1, 0.9, {1000}}},
       [](auto& v) { return betainc(v[0], v[1], v[2]); }},
      {"reciprocal", {matrix(0.5, 2)}, [](auto& v) { return reciprocal(v[0]); }},
      {"deg2rad", x, [](auto& v) { return deg2rad(v[0]); }},
      {"nan_to_num", x, [](auto& v) { return nan_to_num(v[0]); }},
  };
}

std::vector<Operation> losses() {
  const Input logits{-3, 3, {1000, 100}}, targets = constants(0, 1);
  return {
      {"cross_entropy",
       {logits, indices(100, {1000})},
       [](auto& v) { return nn::cross_entropy(v[0], v[1]); }},
      {"binary_cross_entropy_with_logits",
       {matrix(), targets},
       [](auto& v) { return nn::binary_cross_entropy_with_logits(v[0], v[1]); }},
      {"binary_cross_entropy",
       {matrix(0.1, 0.9), targets},
       [](auto& v) { return nn::binary_cross_entropy(v[0], v[1]); }},
      {"mean_squared_error",
       {matrix(), constants()},
       [](auto& v) { return nn::mean_squared_error(v[0], v[1]); }},
      {"mean_absolute_error",
       {matrix(), constants()},
       [](auto& v) { return nn::mean_absolute_error(v[0], v[1]); }},
      {"huber_loss", {matrix(), constants()}, [](auto& v) { return nn::huber_loss(v[0], v[1]); }},
  };
}

}  // namespace

std::vector<Operation> elementwise_operations() {
  std::vector<Operation> all;
  constexpr auto order_or = [](bool differentiable) {
    return differentiable ? Kind::differentiable : Kind::whole;
  };
  const auto has = [](const std::string& derivative) { return derivative != "none"; };
#define XTAPE_UNARY(name, domain, value, dx, low, high) \
  all.push_back({#name, {{low, high}}, [](auto& v) { return name(v[0]); }});
#define XTAPE_BINARY(name, domain, value, da, db, a_low, a_high, b_low, b_high)     \
  all.push_back({#name,                                                             \
                 {{a_low, a_high, {100'000}, order_or(has(#da))}, {b_low, b_high}}, \
                 [](auto& v) { return name(v[0], v[1]); }});
#define XTAPE_TERNARY(...)
#define XTAPE_COMPARE(name, value)                                                         \
  all.push_back({#name,                                                                    \
                 {{-2, 2, {100'000}, Kind::constant}, {-2, 2, {100'000}, Kind::constant}}, \
                 [](auto& v) { return xtape::name(v[0], v[1]); }});
#include <xtape/ops/elementwise.def>
#include <xtape/ops/functions.def>
#include <xtape/ops/special.def>
#undef XTAPE_UNARY
#undef XTAPE_BINARY
#undef XTAPE_TERNARY
#undef XTAPE_COMPARE
  return all;
}

std::vector<Operation> operations() {
  std::vector<Operation> all = elementwise_operations();
  for (const auto& some : {reductions(), layouts(), matrix_operations(), losses()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace bench
