#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace xtape::kernels {

/// The most axes that a window moves along.
constexpr int most_spatial = 3;
using Spatial = std::array<std::int64_t, most_spatial>;

/// So many numbers are added up in float32; sums of more go on in double.
constexpr std::int64_t most_in_float = 64;

constexpr std::int64_t count_of(const Spatial& extents) {
  return extents[0] * extents[1] * extents[2];
}

/// A window at each place where it lies over an image: along an axis its tap k at place o meets the
/// element o * stride + k * dilation - before, and nothing beyond the ends. Fewer axes are the last
/// ones.
struct Windows {
  Spatial in{1, 1, 1};        ///< extents of the image
  Spatial kernel{1, 1, 1};    ///< of the window
  Spatial out{1, 1, 1};       ///< how many places there are
  Spatial stride{1, 1, 1};    ///< from place to place
  Spatial dilation{1, 1, 1};  ///< from tap to tap
  Spatial before{0, 0, 0};    ///< how much of the first window lies before the image

  std::int64_t elements() const { return count_of(in); }
  std::int64_t taps() const { return count_of(kernel); }
  std::int64_t places() const { return count_of(out); }
  /// The most windows that an element lies in.
  std::int64_t meetings() const {
    std::int64_t count = 1;
    for (std::size_t axis = 0; axis < in.size(); ++axis) {
      // Of the taps of an axis every so many meet the same elements.
      const std::int64_t apart = stride[axis] / std::gcd(stride[axis], dilation[axis]);
      count *= std::min((kernel[axis] - 1) / apart + 1, out[axis]);
    }
    return count;
  }
  /// Whether the windows are the elements.
  bool are_elements() const {
    return taps() == 1 && in == out && stride == Spatial{1, 1, 1} && before == Spatial{0, 0, 0};
  }
  /// Whether some lie beyond the ends.
  bool reach_out() const {
    for (std::size_t axis = 0; axis < in.size(); ++axis) {
      const std::int64_t last =
          (out[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] - before[axis];
      if (before[axis] > 0 || last >= in[axis]) return true;
    }
    return false;
  }
};

/// Where tap `tap` of an axis meets elements: the places [first, last).
struct Inside {
  Inside(const Windows& of, std::size_t axis, std::int64_t tap)
      : shift(tap * of.dilation[axis] - of.before[axis]), stride(of.stride[axis]) {
    const std::int64_t below = shift < 0 ? (-shift + stride - 1) / stride : 0;
    const std::int64_t room = of.in[axis] - shift;
    first = std::min(below, of.out[axis]);
    last = std::clamp(room > 0 ? (room - 1) / stride + 1 : 0, first, of.out[axis]);
  }
  bool holds(std::int64_t place) const { return place >= first && place < last; }
  std::int64_t element(std::int64_t place) const { return place * stride + shift; }

  std::int64_t shift, stride, first, last;
};

/// f(place, count, element) for each run of places among [first, last), in row-major order, at
/// which a tap meets elements of the image: those from `element` on, `stride[2]` apart.
template <class F>
void each_run(const Windows& of, const Spatial& tap, std::int64_t first, std::int64_t last, F f) {
  const Inside depth(of, 0, tap[0]), height(of, 1, tap[1]), width(of, 2, tap[2]);
  for (std::int64_t place = first; place < last;) {
    const std::int64_t row = place / of.out[2], start = place % of.out[2];
    const std::int64_t end = std::min(of.out[2], start + last - place);
    const std::int64_t z = row / of.out[1], y = row % of.out[1];
    const std::int64_t from = std::max(start, width.first), to = std::min(end, width.last);
    if (depth.holds(z) && height.holds(y) && from < to) {
      const std::int64_t line = depth.element(z) * of.in[1] + height.element(y);
      f(place + from - start, to - from, line * of.in[2] + width.element(from));
    }
    place += end - start;
  }
}

/// f(number, tap) for the taps of a window in row-major order.
template <class F>
void each_tap(const Windows& of, F f) {
  std::int64_t number = 0;
  for (std::int64_t z = 0; z < of.kernel[0]; ++z) {
    for (std::int64_t y = 0; y < of.kernel[1]; ++y) {
      for (std::int64_t x = 0; x < of.kernel[2]; ++x) f(number++, Spatial{z, y, x});
    }
  }
}

}  // namespace xtape::kernels
