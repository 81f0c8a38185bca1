#include <numeric>

#include <xtape/core/body.hpp>
#include <xtape/export/onnx/writer.hpp>

namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

std::int64_t keeps(OnnxStep& s) { return s.attributes().flag("keep_dims") ? 1 : 0; }
OnnxAttribute last_axis() { return {"axis", std::int64_t{-1}}; }

/// Over no axes nothing happens.
void sum(OnnxStep& s) {
  const string x = s.in(0, s.y().dtype);
  const Integers axes = s.attributes().integers("axes");
  s.give(axes.empty() ? x : s.node("ReduceSum", {x, s.integers(axes)}, {{"keepdims", keeps(s)}}));
}
/// To a shape that broadcasts to that of x.
void sum_to(OnnxStep& s) {
  const std::vector<Extent>&from = s.x(0).shape, &to = s.y().shape;
  const std::size_t beyond = from.size() - to.size();
  Integers axes;
  for (std::size_t i = 0; i < from.size(); ++i)
    if (i < beyond || to[i - beyond] != from[i]) axes.push_back(static_cast<std::int64_t>(i));
  const string x = s.in(0, s.y().dtype);
  if (axes.empty()) return s.give(x);
  s.give(
      s.reshaped(s.node("ReduceSum", {x, s.integers(axes)}, {{"keepdims", std::int64_t{0}}}), to));
}
void reduced(OnnxStep& s) {
  const bool truths = s.y().dtype == Dtype::boolean;
  const string x = s.in(0, truths ? Dtype::int64 : s.y().dtype);
  const Integers axes = s.attributes().integers("axes");
  if (axes.empty()) return s.give(s.in(0, s.y().dtype));
  const string y = s.node(s.onnx, {x}, {{"axes", axes}, {"keepdims", keeps(s)}});
  s.give(truths ? s.cast(y, Dtype::boolean) : y);
}
/// Of the last axes, so many.
void norm(OnnxStep& s) {
  Integers axes(static_cast<std::size_t>(s.attributes().integer("axes")));
  std::iota(axes.begin(), axes.end(), s.rank(0) - std::ssize(axes));
  s.give(s.node("ReduceSumSquare", {s.in(0)}, {{"axes", axes}, {"keepdims", std::int64_t{0}}}));
}
/// The dtype that an operand is ordered in: truths as numbers.
Dtype ordered(OnnxStep& s) { return s.x(0).dtype == Dtype::boolean ? Dtype::int64 : s.x(0).dtype; }
void argument(OnnxStep& s) {
  s.give(s.node(s.onnx, {s.in(0, ordered(s))},
                {{"axis", s.attributes().integer("axis")}, {"keepdims", keeps(s)}}));
}
void along_rows(OnnxStep& s) { s.give(s.node(s.onnx, {s.in(0)}, {last_axis()})); }

/// (x - mean) / sqrt(variance + eps) over axes.
string standardized(OnnxStep& s, const string& x, const Integers& axes, bool centred) {
  const OnnxAttribute along{"axes", axes}, keep{"keepdims", std::int64_t{1}};
  const string apart = centred ? s("Sub", x, s.node("ReduceMean", {x}, {along, keep})) : x;
  const string variance = s.node("ReduceMean", {s("Mul", apart, apart)}, {along, keep});
  return s("Div", apart, s("Sqrt", s("Add", variance, s.number(s.attributes().number("eps")))));
}

/// The axes at the end that hold so many elements.
Integers axes_of(OnnxStep& s, std::int64_t elements) {
  Integers axes;
  std::int64_t axis = s.rank(0);
  for (std::int64_t count = 1; axis > 0 && (count < elements || axes.empty()); --axis) {
    count *= s.extent(0, axis - 1);
    axes.insert(axes.begin(), axis - 1);
  }
  return axes;
}
template <bool centred>
void by_rows(OnnxStep& s) {
  const std::int64_t axes = s.count() > 1 ? s.rank(1) : 0;
  if (centred && s.count() == 3) {
    const auto eps = static_cast<float>(s.attributes().number("eps"));
    return s.give(s.node("LayerNormalization", {s.in(0), s.in(1), s.in(2)},
                         {{"axis", -axes}, {"epsilon", eps}}));
  }
  Integers along = axes_of(s, s.attributes().integer("channels"));
  if (axes > 0) {
    along.resize(static_cast<std::size_t>(axes));
    std::iota(along.begin(), along.end(), s.rank(0) - axes);
  }
  const string y = standardized(s, s.in(0), along, centred);
  s.give(s.count() > 1 ? s("Mul", y, s.in(1)) : y);
}

/// A value for each channel, to go beside [n, channels, ...].
string beside(OnnxStep& s, std::size_t i) {
  std::vector<Extent> shape(static_cast<std::size_t>(s.rank(0)) - 1, Extent{0, 1});
  shape[0] = {0, s.extent(i, 0)};
  return s.reshaped(s.in(i), shape);
}
void with_affine(OnnxStep& s, string y) {
  if (s.count() > 1) y = s("Mul", y, beside(s, 1));
  if (s.count() > 2) y = s("Add", y, beside(s, 2));
  s.give(y);
}
void group_norm(OnnxStep& s) {
  const std::int64_t groups = s.attributes().has("groups") ? s.attributes().integer("groups") : 1;
  std::int64_t each = 1;
  for (std::int64_t axis = 1; axis < s.rank(0); ++axis) each *= s.extent(0, axis);
  const string rows =
      s.reshaped(s.in(0), {s.x(0).shape[0], Extent{0, groups}, Extent{0, each / groups}});
  with_affine(s, s.reshaped(standardized(s, rows, {2}, true), s.y().shape));
}
/// By the batch's own moments.
void batch_norm(OnnxStep& s) {
  Integers axes(static_cast<std::size_t>(s.rank(0)) - 1);
  std::iota(axes.begin(), axes.end(), 1);
  axes[0] = 0;
  with_affine(s, standardized(s, s.in(0), axes, true));
}

constexpr OnnxRule rules[] = {
    {"sum", sum},
    {"sum_to", sum_to},
    {"prod", reduced, "ReduceProd"},
    {"amax", reduced, "ReduceMax"},
    {"amin", reduced, "ReduceMin"},
    {"logsumexp", reduced, "ReduceLogSumExp"},
    {"norm", norm},
    {"argmax", argument, "ArgMax"},
    {"argmin", argument, "ArgMin"},
    {"softmax", along_rows, "Softmax"},
    {"log_softmax", along_rows, "LogSoftmax"},
    {"layer_norm", by_rows<true>},
    {"rms_norm", by_rows<false>},
    {"group_norm", group_norm},
    {"batch_norm", batch_norm},
};

}  // namespace

std::span<const OnnxRule> onnx_reductions() { return rules; }

}  // namespace xtape::exporting
