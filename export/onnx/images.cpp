#include <algorithm>
#include <limits>
#include <numeric>

#include <xtape/core/create.hpp>
#include <xtape/export/onnx/writer.hpp>
#include <xtape/ops/kernels/interpolate.hpp>

namespace xtape::exporting {
namespace {

using std::string;
using Integers = std::vector<std::int64_t>;

/// Windows over the axes of `image` whose places are those of `places`.
struct Windows {
  Windows(OnnxStep& s, const GraphValue& image, const GraphValue& places, Integers kernel_)
      : kernel(std::move(kernel_)),
        stride(s.attributes().integers("stride")),
        dilation(s.attributes().integers("dilation")),
        before(s.attributes().integers("padding")) {
    for (std::size_t axis = 0; axis < kernel.size(); ++axis) {
      const Extent in = image.shape[axis + 2], out = places.shape[axis + 2];
      if (!in.fixed() || !out.fixed()) s.refuse("extents must not depend on the batch");
      const std::int64_t end =
          (out.more - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 - before[axis];
      after.push_back(std::max<std::int64_t>(0, end - in.more));
      beyond.push_back(std::max<std::int64_t>(0, in.more - end));
    }
  }
  /// The images with their margins, where one is not below the kernel, as ONNX wants those of pools.
  string with_margins(OnnxStep& s, const string& images, double value) {
    bool wide = false;
    for (std::size_t axis = 0; axis < kernel.size(); ++axis)
      wide = wide || std::max(before[axis], after[axis]) >= kernel[axis];
    if (!wide) return images;
    Integers margins{0, 0};
    margins.insert(margins.end(), before.begin(), before.end());
    margins.insert(margins.end(), {0, 0});
    margins.insert(margins.end(), after.begin(), after.end());
    std::ranges::fill(before, 0);
    std::ranges::fill(after, 0);
    return s("Pad", images, s.integers(margins), s.number(value));
  }
  std::vector<OnnxAttribute> attributes(bool dilated = true) const {
    Integers pads = before;
    pads.insert(pads.end(), after.begin(), after.end());
    std::vector<OnnxAttribute> all{{"kernel_shape", kernel}, {"strides", stride}, {"pads", pads}};
    if (dilated) all.emplace_back("dilations", dilation);
    return all;
  }

  Integers kernel, stride, dilation, before, after;
  Integers beyond;  // elements behind the last window
};

Integers spatial_extents(OnnxStep& s, std::size_t i) {
  Integers extents;
  for (std::int64_t axis = 2; axis < s.rank(i); ++axis) extents.push_back(s.extent(i, axis));
  return extents;
}

/// Of images and weights; or, transposed, of weights and images.
void convolution(OnnxStep& s) {
  const bool transposed = s.attributes().text("gives") == "data";
  if (s.attributes().text("gives") == "weights") s.refuse("gradients have no place there");
  const std::size_t weights = transposed ? 0 : 1;
  const GraphValue &image = transposed ? s.y() : s.x(0), &places = transposed ? s.x(1) : s.y();
  const Windows windows(s, image, places, spatial_extents(s, weights));
  std::vector<OnnxAttribute> attributes = windows.attributes();
  attributes.emplace_back("group", s.attributes().integer("groups"));
  if (transposed) attributes.emplace_back("output_padding", windows.beyond);
  s.give(s.node(transposed ? "ConvTranspose" : "Conv", {s.in(1 - weights), s.in(weights)},
                attributes));
}

void max_pool(OnnxStep& s) {
  if (!is_floating(s.y().dtype)) s.refuse("floating numbers are needed, and no places of them");
  Windows windows(s, s.x(0), s.y(), s.attributes().integers("window"));
  const string images = windows.with_margins(s, s.in(0), -std::numeric_limits<double>::infinity());
  s.give(s.node("MaxPool", {images}, windows.attributes()));
}

/// The sums of the windows: who divides them by the number of elements comes behind.
void average_pool(OnnxStep& s) {
  Windows windows(s, s.x(0), s.y(), s.attributes().integers("window"));
  const string images = windows.with_margins(s, s.in(0), 0);
  std::vector<OnnxAttribute> attributes = windows.attributes(false);
  attributes.emplace_back("count_include_pad", std::int64_t{1});
  const std::int64_t taps = std::accumulate(windows.kernel.begin(), windows.kernel.end(),
                                            std::int64_t{1}, std::multiplies<>());
  s.give(
      s("Mul", s.node("AveragePool", {images}, attributes), s.number(static_cast<double>(taps))));
}

/// Along one axis: of each place the two neighbours that it lies between.
void resize(OnnxStep& s) {
  const std::int64_t axis = s.attributes().integer("axis"), from = s.extent(0, axis);
  const bool linear = s.attributes().flag("linear");
  const kernels::Interpolation of{from, s.attributes().integer("size"), linear,
                                  linear && s.attributes().flag("align_corners")};
  Integers places, next;
  std::vector<double> weights;
  for (const kernels::Tap& tap : of.taps()) {
    places.push_back(tap.first);
    next.push_back(std::min(tap.first + 1, from - 1));
    weights.push_back(tap.weight);
  }
  const auto taken = [&](const Integers& at) {
    return s.node("Gather", {s.in(0), s.integers(at)}, {{"axis", axis}});
  };
  const string y = taken(places);
  if (!linear) return s.give(y);
  Shape shape;
  for (std::int64_t i = axis; i < s.rank(0); ++i) shape.push_back(i == axis ? of.out : 1);
  const string weight = s.constant(from_vector(weights, shape).to(s.y().dtype));
  s.give(s("Add", y, s("Mul", s("Sub", taken(next), y), weight)));
}

constexpr OnnxRule rules[] = {
    {"convolution", convolution}, {"transposed_convolution", convolution},
    {"max_pool", max_pool},       {"average_pool", average_pool},
    {"upsample_nearest", resize}, {"upsample_linear", resize},
};

}  // namespace

std::span<const OnnxRule> onnx_images() { return rules; }

}  // namespace xtape::exporting
