#include <algorithm>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/watch.hpp>
#include <xtape/export/c/quantize.hpp>
#include <xtape/export/graph/rules.hpp>
#include <xtape/export/kernels/constants.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::exporting {
namespace {

constexpr std::int64_t most_terms = 130000;  // of 127 * 127, in int32
constexpr double least_range = 1e-30;        // of which float has the inverse of a step

/// The operands of a product that bytes can do, and its weights as [outputs, terms].
struct Product {
  std::size_t data, weights;
  Tensor rows;
};

/// [inputs, outputs / groups, taps...] as [outputs, inputs / groups, taps...].
Tensor turned(const Tensor& weights, std::int64_t groups) {
  const std::int64_t inputs = weights.extent(0), each = weights.extent(1);
  const Tensor grouped = reshape(weights, {groups, inputs / groups, each, -1});
  return reshape(transpose(grouped, {0, 2, 1, 3}), {groups * each, -1});
}

std::optional<Product> product_of(const Graph& graph, const GraphStep& step) {
  const bool convolves =
      step.operation == "convolution" || step.operation == "transposed_convolution";
  const bool linear = step.operation == "linear" || step.operation == "matmul";
  if ((!convolves && !linear) || graph.value(step.result).dtype != Dtype::float32) return {};
  const std::string gives = convolves ? step.attributes.text("gives") : "";
  if (gives == "weights") return {};
  const bool transposed = gives == "data";
  Product product{transposed ? 1U : 0U, transposed ? 0U : 1U, {}};
  const Tensor& weights = graph.value(step.operands[product.weights]).constant;
  if (!weights.defined() || weights.size() == 0 || (linear && weights.rank() != 2)) return {};
  product.rows = linear       ? transpose(weights)
                 : transposed ? turned(weights, step.attributes.integer("groups"))
                              : reshape(weights, {weights.extent(0), -1});
  if (product.rows.extent(1) > most_terms) return {};
  return product;
}

/// Those that weights are, where they are a parameter that was only moved.
const GraphValue& origin(const Graph& graph, int weights) {
  const GraphValue& value = graph.value(weights);
  return value.moves_parameter ? origin(graph, graph.step(value.made_by).operands[0]) : value;
}

void check_weights(const Graph& graph, const GraphStep& step, int weights) {
  const GraphValue& of = origin(graph, weights);
  const std::string bad = detail::first_not_finite(of.constant);
  if (bad.empty()) return;
  refuse_step("export_c", step,
              "weights must be finite to be bytes; " +
                  (of.name.empty() ? "they have " : "\"" + of.name + "\" has ") + bad);
}

double range_of(const GraphStep& step, const Tensor& data) {
  const std::string rule = "what it multiplies must be finite, and not 0 throughout, for the " +
                           std::string("calibration; got ");
  if (const std::string bad = detail::first_not_finite(data); !bad.empty())
    refuse_step("export_c", step, rule + bad);
  const double most = amax(abs(data.detach())).item();
  if (most < least_range)
    refuse_step("export_c", step,
                rule + "at most " + detail::text(most) + " in " + data.describe());
  return most;
}

}  // namespace

CRanges calibrated(const Graph& graph) {
  CRanges ranges;
  for (const int i : graph.needed) {
    const GraphStep& step = graph.step(i);
    const std::optional<Product> product = product_of(graph, step);
    if (!product) continue;
    check_weights(graph, step, step.operands[product->weights]);
    const int x = step.operands[product->data];
    const Tensor& data = graph.value(x).calibrated;
    if (data.size() > 0) ranges[x] = range_of(step, data);
  }
  return ranges;
}

std::optional<CBytes> quantized(CStep& s) {
  const std::optional<Product> product = product_of(s.graph(), s.step());
  const double* range = product ? s.range(product->data) : nullptr;
  if (range == nullptr) return {};

  const ByteWeights of = in_bytes(product->rows);
  std::vector<double> scales;
  for (const double step : of.steps) scales.push_back(step * step_of(*range));
  const CView x = s.x(product->data), q = s.room(Dtype::boolean, x.extents);
  CView weights;
  weights.base = s.bytes(product->weights, of.bytes);
  s.line("int lost = 0;");
  const CLoops all = s.loops("i", x.extents);
  s.line("const float a = $x * $inverse;",
         {{"x", x.at(all.at)}, {"inverse", c_number(1 / step_of(*range), Dtype::float32)}});
  s.line("lost |= a != a;");
  s.line(
      "$q = (unsigned char)(a != a ? 0 : 128 + (int)(a > 127 ? 127 : a >= -127 ? rintf(a) : "
      "-127));",
      {{"q", q.at(all.at)}});
  s.close(all);
  return CBytes{q, weights.reshaped({product->rows.extent(0), product->rows.extent(1)}),
                s.constant("scales", from_vector(scales).to(Dtype::float32))};
}

}  // namespace xtape::exporting
