#include <algorithm>
#include <limits>
#include <numeric>

#include <xtape/core/create.hpp>
#include <xtape/export/graph/rules.hpp>
#include <xtape/export/onnx/writer.hpp>

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
  /// Whether a margin is not below the kernel.
  bool wide() const {
    for (std::size_t axis = 0; axis < kernel.size(); ++axis)
      if (std::max(before[axis], after[axis]) >= kernel[axis]) return true;
    return false;
  }
  /// The images with their margins, where one is not below the kernel, as ONNX wants those of
  /// pools.
  string with_margins(OnnxStep& s, const string& images, double value) {
    if (!wide()) return images;
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
  std::vector<string> operands{s.in(1 - weights), s.in(weights)};
  if (s.count() == 3) operands.push_back(s.in(2));  // the bias
  s.give(s.node(transposed ? "ConvTranspose" : "Conv", operands, attributes));
}

std::int64_t product_of(const Integers& extents) {
  return std::accumulate(extents.begin(), extents.end(), std::int64_t{1}, std::multiplies<>());
}

/// Where in its channel the greatest element lies: ONNX counts over all channels and images.
void places_of_most(OnnxStep& s) {
  const Windows windows(s, s.x(0), s.y(), s.attributes().integers("window"));
  if (windows.wide()) s.refuse("places beside margins as wide as the window have no rule");
  const string places = s.nodes("MaxPool", {s.in(0)}, windows.attributes(), 2)[1];
  const std::int64_t elements = product_of(spatial_extents(s, 0));
  s.give(s("Mod", places, s.number(static_cast<double>(elements), Dtype::int64)));
}
void max_pool(OnnxStep& s) {
  if (!is_floating(s.x(0).dtype)) s.refuse("floating numbers are needed");
  if (s.y().dtype == Dtype::int64) return places_of_most(s);
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
  const auto taps = static_cast<double>(product_of(windows.kernel));
  s.give(s("Mul", s.node("AveragePool", {images}, attributes), s.number(taps)));
}

/// Of an image with its margins, as a list: where each tap of each window lies, [taps, places].
struct Columns {
  Columns(OnnxStep& s, const GraphValue& image)
      : windows(s, image, with_places(s, image), s.attributes().integers("kernel")) {
    const std::size_t axes = windows.kernel.size();
    const Integers out = s.attributes().integers("places");
    margins.assign(2 * (axes + 2), 0);
    for (std::size_t axis = 0; axis < axes; ++axis) {
      margins[axis + 2] = windows.before[axis];
      margins[axes + axis + 4] = windows.after[axis];
      padded.push_back(image.shape[axis + 2].more + windows.before[axis] + windows.after[axis]);
    }
    taps = product_of(windows.kernel);
    count = product_of(out);
    for (std::int64_t tap = 0; tap < taps; ++tap)
      for (std::int64_t place = 0; place < count; ++place)
        indices.push_back(index(tap, place, out));
  }
  std::vector<Extent> extents(const GraphValue& image) const {
    std::vector<Extent> all{image.shape[0], image.shape[1]};
    for (const std::int64_t extent : padded) all.push_back({0, extent});
    return all;
  }

  Windows windows;
  Integers margins, padded, indices;
  std::int64_t taps = 0, count = 0;

 private:
  static GraphValue with_places(OnnxStep& s, const GraphValue& image) {
    GraphValue value;
    value.dtype = image.dtype;
    value.shape = {image.shape[0], image.shape[1]};
    for (const std::int64_t extent : s.attributes().integers("places"))
      value.shape.push_back({0, extent});
    return value;
  }
  std::int64_t index(std::int64_t tap, std::int64_t place, const Integers& out) const {
    std::int64_t at = 0, stride = 1;
    for (std::size_t axis = out.size(); axis > 0;) {
      --axis;
      at += (tap % windows.kernel[axis] * windows.dilation[axis] +
             place % out[axis] * windows.stride[axis]) *
            stride;
      tap /= windows.kernel[axis];
      place /= out[axis];
      stride *= padded[axis];
    }
    return at;
  }
};
/// [n, c, in...] to [n, c taps, places]
void unfold(OnnxStep& s) {
  const GraphValue& image = s.x(0);
  const Columns of(s, image);
  const string padded = s("Pad", s.in(0), s.integers(of.margins), s.number(0));
  const string list =
      s.reshaped(padded, {image.shape[0], image.shape[1], Extent{0, product_of(of.padded)}});
  const string taken =
      s.node("Gather", {list, s.integers(of.indices)}, {{"axis", std::int64_t{2}}});
  s.give(s.reshaped(taken, s.y().shape));
}
/// What lies on one another is added.
void fold(OnnxStep& s) {
  const GraphValue& image = s.y();
  const Columns of(s, image);
  const std::vector<Extent> columns{image.shape[0], image.shape[1], Extent{0, of.taps * of.count}};
  std::vector<Extent> list = columns;
  list[2] = {0, product_of(of.padded)};
  const string none = s("Expand", s.number(0), s.extents(list));
  const string places = s("Expand", s.integers(of.indices), s.extents(columns));
  const string sums = s.node("ScatterElements", {none, places, s.reshaped(s.in(0), columns)},
                             {{"axis", std::int64_t{2}}, {"reduction", string("add")}});
  Integers margins;
  for (const std::int64_t margin : of.margins) margins.push_back(-margin);
  s.give(s("Pad", s.reshaped(sums, of.extents(image)), s.integers(margins), s.number(0)));
}

/// Along one axis: of each place the two neighbours that it lies between.
void resize(OnnxStep& s) {
  const std::int64_t axis = s.attributes().integer("axis"), from = s.extent(0, axis);
  const Neighbours of(s.attributes(), from, s.attributes().integer("size"));
  const auto taken = [&](const Integers& at) {
    return s.node("Gather", {s.in(0), s.integers(at)}, {{"axis", axis}});
  };
  const string y = taken(of.first);
  if (!of.linear) return s.give(y);
  Shape shape;
  for (std::int64_t i = axis; i < s.rank(0); ++i)
    shape.push_back(i == axis ? std::ssize(of.weights) : 1);
  const string weight = s.constant(from_vector(of.weights, shape).to(s.y().dtype));
  s.give(s("Add", y, s("Mul", s("Sub", taken(of.next), y), weight)));
}

constexpr OnnxRule rules[] = {
    {"convolution", convolution}, {"transposed_convolution", convolution},
    {"max_pool", max_pool},       {"average_pool", average_pool},
    {"upsample_nearest", resize}, {"upsample_linear", resize},
    {"unfold", unfold},           {"fold", fold},
};

}  // namespace

std::span<const OnnxRule> onnx_images() { return rules; }

}  // namespace xtape::exporting
