#include <string>
#include <utility>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/nn/flatten.hpp>
#include <xtape/ops/layout.hpp>

namespace xtape::nn {
namespace {

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t extent : shape)
    text += (text.empty() ? "" : ", ") + xtape::detail::text(extent);
  return "[" + text + "]";
}

}  // namespace

Unflatten::Unflatten(std::int64_t axis, std::vector<std::int64_t> shape)
    : axis_(axis), shape_(std::move(shape)) {
  if (shape_.empty()) throw ShapeError("unflatten: an extent is needed; got none");
  describe("Unflatten", xtape::detail::text(axis) + ", " + text_of(shape_));
}

Tensor Unflatten::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) {
    xtape::detail::require_defined("unflatten", "x", in);
    const int at = normalize_axis("unflatten", axis_, in.rank());
    std::int64_t known = 1, open = 0;
    for (const std::int64_t extent : shape_) {
      open += extent == -1 ? 1 : 0;
      if (extent != -1) known *= extent;
    }
    const std::int64_t whole = in.extent(at);
    const bool fits = open == 0 ? known == whole : open == 1 && known > 0 && whole % known == 0;
    if (!fits) {
      throw ShapeError("unflatten: " + text_of(shape_) + " must make up the axis; got " +
                       in.describe());
    }
    std::vector<std::int64_t> shape;
    for (int axis = 0; axis < in.rank(); ++axis) {
      if (axis != at) {
        shape.push_back(in.extent(axis));
        continue;
      }
      for (const std::int64_t extent : shape_)
        shape.push_back(extent == -1 ? whole / known : extent);
    }
    return reshape(in, shape);
  });
}

Flatten::Flatten(std::int64_t first, std::int64_t last) : first_(first), last_(last) {
  describe("Flatten", xtape::detail::text(first) + ", " + xtape::detail::text(last));
}

Tensor Flatten::operator()(const Tensor& x) const {
  return call(x, [&](const Tensor& in) { return flatten(in, first_, last_); });
}

Tensor Identity::operator()(const Tensor& x) const {
  return call(x, [](const Tensor& in) { return in; });
}

}  // namespace xtape::nn
