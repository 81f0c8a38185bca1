// Operations that change shapes and places.
#include <xtape/xtape.hpp>

#include "words.hpp"

using namespace xtape;

namespace {

/// Parts of the first axes, some of them backwards or empty.
std::vector<Slice> parts(const Tensor& x, const Ways& ways) {
  std::vector<Slice> slices;
  for (int axis = 0; axis < x.rank() && axis < 3; ++axis) {
    const std::uint8_t way = ways[static_cast<std::size_t>(axis)];
    switch (way % 7) {
      case 0: slices.push_back(Slice::all); break;
      case 1: slices.push_back(range({}, {}, -1)); break;
      case 2: slices.push_back(range({}, {}, 2)); break;
      case 3: slices.push_back(range(1, {})); break;
      case 4: slices.push_back(range({}, -1)); break;
      case 5: slices.push_back(Slice(way % 2 == 0 ? 0 : -1)); break;
      default: slices.push_back(range({}, 1, way % 2 == 0 ? -2 : 1));
    }
  }
  return slices;
}

std::vector<Padding> margins(const Tensor& x, const Ways& ways) {
  std::vector<Padding> widths;
  for (int axis = 0; axis < x.rank(); ++axis)
    widths.push_back({ways[static_cast<std::size_t>(axis) % 3] % 3, ways[1] % 2});
  return widths;
}

Shape reversed(const Tensor& x) {
  std::vector<std::int64_t> extents(x.shape().begin(), x.shape().end());
  return Shape(std::vector<std::int64_t>(extents.rbegin(), extents.rend()));
}

/// Indices of an axis, with repetitions, as many as given.
Tensor places(std::int64_t count, std::int64_t extent, const Ways& ways) {
  const Tensor all =
      remainder(arange(count) * (1 + ways[1] % 5) + ways[2], std::max<std::int64_t>(extent, 1));
  return ways.bit(0) ? all - extent : all;
}

}  // namespace

Shape Ways::extents(const Tensor& x) const {
  std::vector<std::int64_t> extents(x.shape().begin(), x.shape().end());
  if (bit(1)) extents.insert(extents.begin(), between(0, 0, 2));
  for (std::int64_t& extent : extents)
    if (extent == 1 && bit(2)) extent = between(1, 0, 3);
  return Shape(extents);
}

std::vector<Word> words_of_layout() {
  constexpr unsigned smooth = Word::smooth;
  const auto axis_of = [](auto f) {
    return [f](const Tensors& x, const Ways& w) { return f(x[0], w.axis(0, x[0]), w); };
  };
  return {
      {"reshape to a vector", 1, smooth, [](auto& x, auto&) { return reshape(x[0], {-1}); }},
      {"reshape reversed", 1, smooth, [](auto& x, auto&) { return reshape(x[0], reversed(x[0])); }},
      {"reshape to pairs", 1, smooth,
       [](auto& x, auto& w) {
         return reshape(x[0], {-1, w.between(0, 1, 3)});
       }},
      {"transpose", 1, smooth, [](auto& x, auto&) { return transpose(x[0]); }},
      {"swapaxes", 1, smooth,
       [](auto& x, auto& w) { return swapaxes(x[0], w.axis(0, x[0]), w.axis(1, x[0])); }},
      {"moveaxis", 1, smooth,
       [](auto& x, auto& w) { return moveaxis(x[0], w.axis(0, x[0]), w.axis(1, x[0])); }},
      {"expand_dims", 1, smooth,
       axis_of([](auto& x, auto axis, auto&) { return expand_dims(x, axis); })},
      {"squeeze", 1, smooth, [](auto& x, auto&) { return squeeze(x[0]); }},
      {"broadcast_to", 1, smooth,
       [](auto& x, auto& w) { return broadcast_to(x[0], w.extents(x[0])); }},
      {"slice", 1, smooth, [](auto& x, auto& w) { return slice(x[0], parts(x[0], w)); }},
      {"slice again", 1, smooth, [](auto& x, auto& w) { return slice(x[0], parts(x[0], w)); }},
      {"part", 1, smooth, [](auto& x, auto& w) { return x[0][w.between(0, -1, 1)]; }},
      {"flip", 1, smooth, axis_of([](auto& x, auto axis, auto&) { return flip(x, axis); })},
      {"roll", 1, smooth,
       axis_of([](auto& x, auto axis, auto& w) { return roll(x, w.between(1, -3, 3), axis); })},
      {"tile", 1, smooth,
       [](auto& x, auto& w) {
         return tile(x[0], {w.between(0, 0, 2), w.between(1, 1, 2)});
       }},
      {"pad", 1, smooth, [](auto& x, auto& w) { return pad(x[0], margins(x[0], w), w[3] % 3); }},
      {"pad by the edge", 1, smooth,
       [](auto& x, auto& w) { return pad(x[0], margins(x[0], w), PadMode::edge); }},
      {"pad by a mirror", 1, smooth,
       [](auto& x, auto& w) { return pad(x[0], margins(x[0], w), PadMode::reflect); }},
      {"repeat", 1, smooth,
       axis_of([](auto& x, auto axis, auto& w) { return repeat(x, w.between(1, 0, 3), axis); })},
      {"unbind", 1, smooth, axis_of([](auto& x, auto axis, auto& w) {
         const Tensors all = unbind(x, axis);
         return all.empty() ? x : all[w[1] % all.size()];
       })},
      {"split", 1, smooth,
       axis_of([](auto& x, auto axis, auto& w) { return split(x, w.between(1, 1, 3), axis)[0]; })},
      {"rot90", 1, smooth, [](auto& x, auto& w) { return rot90(x[0], w.between(0, -2, 3)); }},
      {"diag", 1, smooth, [](auto& x, auto& w) { return diag(x[0], w.between(0, -2, 2)); }},
      {"tril", 1, smooth, [](auto& x, auto& w) { return tril(x[0], w.between(0, -2, 2)); }},
      {"triu", 1, smooth, [](auto& x, auto& w) { return triu(x[0], w.between(0, -2, 2)); }},
      {"diagonal", 1, smooth, [](auto& x, auto& w) { return diagonal(x[0], w.between(0, -2, 2)); }},
      {"trace", 1, smooth, [](auto& x, auto& w) { return trace(x[0], w.between(0, -2, 2)); }},
      {"flatten", 1, smooth, [](auto& x, auto& w) { return flatten(x[0], w.axis(0, x[0])); }},
      {"to float32", 1, Word::none, [](auto& x, auto&) { return x[0].to(Dtype::float32); }},
      {"to float64", 1, smooth, [](auto& x, auto&) { return x[0].to(Dtype::float64); }},
      {"embed", 1, smooth,
       [](auto& x, auto& w) {
         std::vector<std::int64_t> extents(x[0].shape().begin(), x[0].shape().end());
         std::vector<Slice> slices;
         for (std::int64_t& extent : extents) {
           extent = 2 * extent + 1;
           slices.push_back(w.bit(3) ? range(1, {}, 2) : range(-2, {}, -2));
         }
         return embed(x[0], Shape(extents), slices);
       }},
      {"concatenate", 2, smooth,
       [](auto& x, auto& w) {
         return concatenate({x[0], x[1]}, w.axis(0, x[0]));
       }},
      {"concatenate thrice", 1, smooth, axis_of([](auto& x, auto axis, auto&) {
         return concatenate({x, x, x}, axis);
       })},
      {"stack", 2, smooth,
       [](auto& x, auto& w) {
         return stack({x[0], x[1]}, w.axis(0, x[0]));
       }},
      {"block", 2, smooth,
       [](auto& x, auto&) {
         return block({{x[0], x[1]}, {x[1], x[0]}});
       }},
      {"set", 2, smooth, [](auto& x, auto& w) { return set(x[0], parts(x[0], w), x[1]); }},
      {"add_at", 2, smooth, [](auto& x, auto& w) { return add_at(x[0], parts(x[0], w), x[1]); }},
      {"masked_fill", 2, Word::none,
       [](auto& x, auto& w) { return masked_fill(x[0], x[1] > 0, w[0] / 16.0); }},
      {"where", 3, Word::none, [](auto& x, auto&) { return where(x[0] > 0, x[1], x[2]); }},
      {"take", 1, Word::two_ways | smooth, axis_of([](auto& x, auto axis, auto& w) {
         return take(x, places(w.between(3, 0, 5), x.extent(axis), w), axis);
       })},
      {"take a table", 1, Word::two_ways | smooth, axis_of([](auto& x, auto axis, auto& w) {
         return take(x, reshape(places(6, x.extent(axis), w), {2, 3}), axis);
       })},
      {"scatter_add", 1, smooth,
       [](auto& x, auto& w) {
         const Shape& shape = x[0].shape();
         std::vector<std::int64_t> extents(shape.begin(), shape.end());
         if (extents.empty()) return x[0];
         extents[0] = w.between(0, 1, 4);
         return scatter_add(x[0], places(shape[0], extents[0], w), Shape(extents));
       }},
      {"take_along_axis", 2, smooth,
       [](auto& x, auto& w) {
         const std::int64_t axis = w.axis(0, x[0]);
         return take_along_axis(x[0], argsort(x[1], axis), axis);
       }},
      {"scatter_add_along_axis", 2, smooth,
       [](auto& x, auto& w) {
         const std::int64_t axis = w.axis(0, x[0]);
         return scatter_add_along_axis(x[0], argsort(x[1], axis), x[0].shape(), axis);
       }},
      {"put_along_axis", 2, smooth,
       [](auto& x, auto& w) {
         const std::int64_t axis = w.axis(0, x[0]);
         return put_along_axis(x[0], argsort(x[0], axis), x[1], axis);
       }},
      {"index_add", 2, smooth | Word::two_ways,
       [](auto& x, auto& w) {
         const std::int64_t axis = w.axis(0, x[0]);
         return index_add(x[0], places(x[1].extent(axis), x[0].extent(axis), w), x[1], axis);
       }},
      {"upsample_nearest", 1, smooth,
       [](auto& x, auto& w) { return upsample_nearest(x[0], w.between(0, 1, 5)); }},
      {"upsample_linear", 1, smooth,
       [](auto& x, auto& w) {
         return upsample_linear(x[0], w.between(0, 1, 5), {.align_corners = w.bit(0)});
       }},
      {"hooked", 1, smooth, [](auto& x, auto&) { return on_gradient(x[0], Hook()); }},
      {"detached", 1, Word::none, [](auto& x, auto&) { return x[0].detach() * 0.5; }},
      {"checkpoint", 1, smooth,
       [](auto& x, auto&) { return checkpoint([](const Tensor& y) { return sin(y) * y; }, x[0]); }},
      {"dropout", 1, Word::draws,
       [](auto& x, auto& w) { return dropout(x[0], w[0] % 5 / 4.0, w[1], w[2]); }},
  };
}
