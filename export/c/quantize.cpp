#include <algorithm>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/export/c/quantize.hpp>
#include <xtape/export/kernels/constants.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>

namespace xtape::exporting {
namespace {

constexpr std::int64_t most_terms = 130000;  // of 127 * 127, in int32

bool is_product(const GraphStep& step) {
  return step.operation == "linear" || step.operation == "matmul" ||
         step.operation == "convolution";
}

double greatest(const Tensor& x) { return x.size() == 0 ? 0 : amax(abs(x.detach())).item(); }

}  // namespace

CRanges calibrated(const Graph& graph, const Recording& recording) {
  if (recording.steps.size() != graph.steps.size())
    throw ValueError("export_c: the model must do the same for the calibration as for the example");
  CRanges ranges;
  for (const int i : graph.needed) {
    const GraphStep& step = graph.step(i);
    const RecordedStep& same = recording.steps[static_cast<std::size_t>(i)];
    if (same.operation != step.operation || same.operands != step.operands)
      throw ValueError(
          "export_c: the model must do the same for the calibration as for the example");
    if (!is_product(step) || !graph.value(step.operands[1]).constant.defined()) continue;
    const int x = step.operands[0];
    ranges[x] = greatest(recording.values[static_cast<std::size_t>(x)].tensor);
  }
  return ranges;
}

std::optional<CBytes> quantized(CStep& s, std::int64_t outputs, bool rows) {
  const Tensor& weights = s.value(1).constant;
  const double* range = s.range(0);
  if (range == nullptr || !weights.defined() || s.result().dtype != Dtype::float32) return {};
  const std::int64_t each = weights.size() / std::max<std::int64_t>(1, outputs);
  if (each == 0 || each > most_terms) return {};

  const ByteWeights of = in_bytes(weights, outputs, rows);
  std::vector<double> scales;
  for (const double step : of.steps) scales.push_back(step * step_of(*range));
  const CView x = s.x(0), q = s.room(Dtype::boolean, x.extents);
  const CLoops all = s.loops("i", x.extents);
  s.line("const float a = $x * $inverse;",
         {{"x", x.at(all.at)}, {"inverse", c_number(1 / step_of(*range), Dtype::float32)}});
  s.line("$q = (unsigned char)(128 + (int)(a > 127 ? 127 : a >= -127 ? rintf(a) : -127));",
         {{"q", q.at(all.at)}});
  s.close(all);
  return CBytes{q, s.bytes(of.bytes), s.constant("scales", from_vector(scales).to(Dtype::float32))};
}

}  // namespace xtape::exporting
