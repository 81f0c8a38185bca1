#include <algorithm>
#include <vector>

#include <xtape/core/memory.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/depthwise.hpp>
#include <xtape/ops/kernels/sliding_convolution.hpp>
#include <xtape/ops/kernels/sliding_parts.hpp>

namespace xtape::kernels {
namespace {

template <class T>
using Buffer = std::vector<T, memory::Allocator<T>>;

constexpr std::int64_t slack = 32;  // elements that a register may read behind the last one

void pass(const PlaneSums<float>& of) { chosen<PlaneKernels>().sums_float32(of); }
void pass(const PlaneSums<double>& of) { chosen<PlaneKernels>().sums_float64(of); }
void pass(const PlaneProducts<float>& of) { chosen<PlaneKernels>().products_float32(of); }
void pass(const PlaneProducts<double>& of) { chosen<PlaneKernels>().products_float64(of); }

/// Along an axis: `in` elements behind `before` zeros, over which windows lie at `out` places.
struct Line {
  std::int64_t in, out, before, reach;  // from the first tap of a window to the last
  std::int64_t padded() const { return out + reach; }
  /// Elements that windows meet.
  std::int64_t met() const { return std::clamp<std::int64_t>(padded() - before, 0, in); }
};

/// The rows and columns of images under the windows; or of results, from where gradients come back.
struct Plane {
  explicit Plane(const Windows& of, bool back = false)
      : rows(line(of, 1, back)), columns(line(of, 2, back)) {}
  static Line line(const Windows& of, std::size_t axis, bool back) {
    const std::int64_t reach = (of.kernel[axis] - 1) * of.dilation[axis];
    if (back) return {of.out[axis], of.in[axis], reach - of.before[axis], reach};
    return {of.in[axis], of.out[axis], of.before[axis], reach};
  }
  std::int64_t size() const { return rows.padded() * columns.padded(); }

  /// Into planes whose other elements are 0, side by side; `x_plane` apart.
  template <class T>
  void put(const T* x, T* padded, std::int64_t planes = 1, std::int64_t x_plane = 0) const {
    T* const to = padded + rows.before * columns.padded() + columns.before;
    pass(RowCopy<T>{x, to, planes, x_plane, size(), rows.met(), columns.in, columns.padded(),
                    columns.met(), 1, 1});
  }

  Line rows, columns;
};

/// Each plane of x, of `channels` channels with windows of their own, into one of y.
template <class T>
void slide_planes(const ConvolutionShape& shape, const Plane& plane, const T* x, const T* weights,
                  T* y) {
  const Windows& of = shape.windows;
  const std::int64_t in = plane.rows.in * plane.columns.in,
                     out = plane.rows.out * plane.columns.out;
  constexpr std::int64_t planes = 8;  // that threads share work by
  detail::parallel_for(shape.images * shape.groups, planes, [&](auto first, auto last) {
    Buffer<T> padded(static_cast<std::size_t>(plane.size() + slack), T{0});
    for (std::int64_t i = first; i < last; ++i) {
      plane.put(x + i * in, padded.data());
      pass(PlaneSums<T>{padded.data(), plane.columns.padded(),
                        weights + i % shape.groups * of.taps(), of.kernel[1], of.kernel[2],
                        of.dilation[1], of.dilation[2], y + i * out, plane.rows.out,
                        plane.columns.out});
      add_bias(shape, i, y);
    }
  });
}

}  // namespace

bool is_depthwise(const ConvolutionShape& shape) {
  const Windows& of = shape.windows;
  const bool flat = of.in[0] == 1 && of.out[0] == 1 && of.kernel[0] == 1 && of.before[0] == 0;
  const bool steps = of.stride == Spatial{1, 1, 1};
  if (shape.inputs != 1 || shape.outputs != 1 || !flat || !steps || of.taps() == 1) return false;
  const Plane back(of, true);
  return back.rows.before >= 0 && back.columns.before >= 0;
}

template <class T>
void depthwise_result(const ConvolutionShape& shape, const T* data, const T* weights, T* result) {
  slide_planes(shape, Plane(shape.windows), data, weights, result);
}

template <class T>
void depthwise_data(const ConvolutionShape& shape, const T* weights, const T* result, T* data) {
  const std::int64_t taps = shape.windows.taps();
  Buffer<T> turned(static_cast<std::size_t>(shape.groups * taps));
  for (std::int64_t group = 0; group < shape.groups; ++group)
    std::reverse_copy(weights + group * taps, weights + (group + 1) * taps,
                      turned.data() + group * taps);
  slide_planes(shape, Plane(shape.windows, true), result, turned.data(), data);
}

template <class T>
void depthwise_weights(const ConvolutionShape& shape, const T* data, const T* result, T* weights) {
  const Windows& of = shape.windows;
  const Plane plane(of);
  constexpr std::int64_t workspace = 4096;  // elements of the planes that are taken together
  const std::int64_t size = plane.size();
  const std::int64_t together =
      std::clamp<std::int64_t>(workspace / std::max<std::int64_t>(size, 1), 1, shape.images);
  const double products = static_cast<double>(shape.images * shape.groups * of.places()) *
                          static_cast<double>(of.taps());
  detail::parallel_for(
      shape.groups, 1, detail::time_of_products(products),
      [&](std::int64_t first_group, std::int64_t last_group) {
        Buffer<T> padded(static_cast<std::size_t>(together * size + slack), T{0});
        Buffer<double> sums(static_cast<std::size_t>(of.taps()));
        for (std::int64_t group = first_group; group < last_group; ++group) {
          std::fill(sums.begin(), sums.end(), 0);
          for (std::int64_t first = 0; first < shape.images; first += together) {
            const std::int64_t count = std::min(together, shape.images - first);
            plane.put(data + (first * shape.groups + group) * of.elements(), padded.data(), count,
                      shape.groups * of.elements());
            pass(PlaneProducts<T>{padded.data(), plane.columns.padded(), size,
                                  result + (first * shape.groups + group) * of.places(),
                                  shape.groups * of.places(), count, of.out[1], of.out[2],
                                  of.kernel[1], of.kernel[2], of.dilation[1], of.dilation[2],
                                  sums.data()});
          }
          std::transform(sums.begin(), sums.end(), weights + group * of.taps(),
                         [](double sum) { return static_cast<T>(sum); });
        }
      });
}

template void depthwise_result(const ConvolutionShape&, const float*, const float*, float*);
template void depthwise_data(const ConvolutionShape&, const float*, const float*, float*);
template void depthwise_weights(const ConvolutionShape&, const float*, const float*, float*);
template void depthwise_result(const ConvolutionShape&, const double*, const double*, double*);
template void depthwise_data(const ConvolutionShape&, const double*, const double*, double*);
template void depthwise_weights(const ConvolutionShape&, const double*, const double*, double*);

}  // namespace xtape::kernels
