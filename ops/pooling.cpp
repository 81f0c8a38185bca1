#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/mapped.hpp>
#include <xtape/core/operation.hpp>
#include <xtape/core/require.hpp>
#include <xtape/ops/along_axis.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/indices.hpp>
#include <xtape/ops/kernels/pool_rows.hpp>
#include <xtape/ops/kernels/pooling.hpp>
#include <xtape/ops/layout.hpp>
#include <xtape/ops/pooling.hpp>
#include <xtape/ops/rearrange.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/ops/window_shape.hpp>

namespace xtape {
namespace {

using detail::Spatial;
using detail::with_spatial;
using kernels::Windows;

void show(const Windows& windows, int axes, auto& visit) {
  visit("window", detail::spatial_text(windows.kernel, axes));
  visit("stride", detail::spatial_text(windows.stride, axes));
  visit("dilation", detail::spatial_text(windows.dilation, axes));
  visit("padding", detail::spatial_text(windows.before, axes));
}

std::int64_t planes_of(const Tensor& x) { return x.extent(0) * x.extent(1); }

/// Where in its channel the greatest element of each window lies.
struct MaxPlaces {
  OpInfo info;
  int axes;
  Windows windows;
  void attributes(auto& visit) const { show(windows, axes, visit); }

  OpResult infer(const Tensor& x) const {
    return {with_spatial({x.extent(0), x.extent(1)}, windows.out, axes), Dtype::int64};
  }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    if (!kernels::window_maxima(x.dtype(), windows, planes_of(x), dense.body().data,
                                y.body().elements<std::int64_t>())) {
      throw ShapeError(std::string(info.name) + ": each window must meet an element; got " +
                       x.describe());
    }
  }
  Tensor batch(const Examples& x) const {
    return detail::parted(apply(MaxPlaces(*this), detail::joined(x[0], 0)), 0, x.count(),
                          x[0].extent(1));
  }
};

/// Bytes: which tap of each window has the greatest element.
std::uint8_t* bytes_of(const Tensor& taps) {
  return reinterpret_cast<std::uint8_t*>(taps.body().data);
}

/// Of MaxPool, fused: for backward passes that are not recorded.
struct MaxPoolGradient {
  OpInfo info;
  Windows windows;
  SavedConstant taps;
  Shape shape;  // of x

  OpResult infer(const Tensor& g) const { return {shape, g.dtype()}; }
  void run(const Tensor& dx, const Tensor& g) const {
    const Tensor dense = g.contiguous();
    kernels::spread_maxima(g.dtype(), windows, planes_of(dx), dense.body().data,
                           bytes_of(taps.get()), dx.body().data);
  }
};

/// The places in x of the taps.
struct TapPlaces {
  OpInfo info;
  Windows windows;

  OpResult infer(const Tensor& taps) const { return {taps.shape(), Dtype::int64}; }
  void run(const Tensor& places, const Tensor& taps) const {
    kernels::pool_row_kernels().places(windows, planes_of(places), bytes_of(taps),
                                       places.body().elements<std::int64_t>());
  }
};

/// The greatest element of each window, of at most `kernels::most_taps` taps.
struct MaxPool {
  OpInfo info;
  int axes;
  Windows windows;
  mutable SavedConstant taps{};  // the rule's, made by run; within vmap nothing runs, and x is kept
  SavedInput x{};
  void attributes(auto& visit) const { show(windows, axes, visit); }

  OpResult infer(const Tensor& images) const {
    return {with_spatial({images.extent(0), images.extent(1)}, windows.out, axes), images.dtype()};
  }
  void run(const Tensor& y, const Tensor& images) const {
    const NoGradGuard off;
    taps = SavedConstant(detail::make_tensor(y.shape(), Dtype::boolean, info.name));
    const Tensor dense = images.contiguous();
    if (!kernels::window_maxima(images.dtype(), windows, planes_of(images), dense.body().data,
                                y.body().data, bytes_of(taps.get()))) {
      throw ShapeError(std::string(info.name) + ": each window must meet an element; got " +
                       images.describe());
    }
  }
  void keep(const Tensor&, const Tensor& images) {
    if (!taps.get().defined()) x = SavedInput(images);
  }
  void vjp(const Tensor& g, const Send& send) const {
    const Shape& shape = send.shape(0);
    if (taps.get().defined() && detail::plain(g))
      return send(0, apply(MaxPoolGradient{info, windows, taps, shape}, g));
    const Shape flat{shape[0], shape[1], windows.elements()};
    send(0, reshape(scatter_add_along_axis(flatten(g, 2), flatten(places(), 2), flat, 2), shape));
  }
  Tensor jvp(const Tangents& t) const {
    const Tensor of_windows = places();
    return reshape(detail::taken_along(flatten(t[0], 2), flatten(of_windows, 2), 2),
                   of_windows.shape());
  }
  Tensor batch(const Examples& all) const {
    return detail::parted(apply(MaxPool{info, axes, windows}, detail::joined(all[0], 0)), 0,
                          all.count(), all[0].extent(1));
  }

 private:
  /// The elements that the taps met.
  Tensor places() const {
    if (!taps.get().defined()) return apply(MaxPlaces{info, axes, windows}, x.get().detach());
    return apply(TapPlaces{info, windows}, taps.get());
  }
};

/// The sum of each window, or the transpose of that.
struct SumWindows {
  static constexpr OpInfo info{"average_pool", true};
  int axes;
  Windows windows;
  bool back = false;
  void attributes(auto& visit) const {
    show(windows, axes, visit);
    if (back) visit("gives", std::string("gradient"));
  }

  OpResult infer(const Tensor& x) const {
    return {with_spatial({x.extent(0), x.extent(1)}, back ? windows.in : windows.out, axes),
            x.dtype()};
  }
  void run(const Tensor& y, const Tensor& x) const {
    const NoGradGuard off;
    const Tensor dense = x.contiguous();
    const auto pass = back ? kernels::spread_windows : kernels::window_sums;
    pass(x.dtype(), windows, planes_of(x), dense.body().data, y.body().data);
  }
  void vjp(const Tensor& g, const Send& send) const {
    send(0, apply(SumWindows{axes, windows, !back}, g));
  }
  Tensor batch(const Examples& x) const {
    return detail::parted(apply(SumWindows(*this), detail::joined(x[0], 0)), 0, x.count(),
                          x[0].extent(1));
  }
};

/// The number of axes of images. Throws ShapeError for another rank, DtypeError for integers.
int axes_of(const char* op, const Tensor& x) {
  detail::require_defined(op, "x", x);
  const int axes = x.rank() - 2;
  if (axes < 1 || axes > kernels::most_spatial) {
    throw ShapeError(std::string(op) +
                     ": [images, channels, extents...] of 1 to 3 axes is needed; got " +
                     x.describe());
  }
  if (!is_floating(x.dtype()))
    throw DtypeError(std::string(op) + ": floating numbers are needed; got " + x.describe());
  return axes;
}

/// The windows of a pool. Throws as `windows_over`, and ValueError for padding of more than half a
/// window.
Windows pool_windows(const char* op, const Tensor& x, const PerAxis& window, const PerAxis& stride,
                     const PerAxis& padding, const PerAxis& dilation, bool ceil_mode) {
  const int axes = axes_of(op, x);
  Windows of = detail::windows_over(op, x.shape(), window.of(op, "window", axes, 1), axes,
                                    {stride.given() ? stride : window, padding, dilation});
  for (std::size_t axis = 0; axis < of.in.size(); ++axis) {
    const std::int64_t reach = of.dilation[axis] * (of.kernel[axis] - 1) + 1;
    detail::require(2 * of.before[axis] <= reach, op, "padding", "be at most half a window",
                    of.before[axis]);
    if (!ceil_mode) continue;
    const std::int64_t next = of.out[axis] * of.stride[axis];  // one more, if it is not yet over
    const bool open = next + reach - of.stride[axis] < of.in[axis] + 2 * of.before[axis];
    if (open && next < of.in[axis] + of.before[axis]) ++of.out[axis];
  }
  return of;
}

/// How many elements each window of an average counts along an axis.
std::vector<double> counts(const Windows& of, std::size_t axis, bool include_padding) {
  std::vector<double> all;
  const std::int64_t margin = include_padding ? of.before[axis] : 0;
  for (std::int64_t place = 0; place < of.out[axis]; ++place) {
    const std::int64_t start = place * of.stride[axis] - of.before[axis];
    const std::int64_t end = std::min(start + of.kernel[axis], of.in[axis] + margin);
    all.push_back(static_cast<double>(end - std::max(start, -margin)));
  }
  return all;
}

/// The same of whole windows, [out...], or a scalar where all are equal.
Tensor divisors(const Windows& of, int axes, bool include_padding, Dtype dtype) {
  Tensor product = tensor(1.0, dtype);
  for (std::size_t axis = 0; axis < of.in.size(); ++axis) {
    const std::vector<double> along = counts(of, axis, include_padding);
    const bool equal =
        std::adjacent_find(along.begin(), along.end(), std::not_equal_to<>()) == along.end();
    Spatial shape{1, 1, 1};
    if (!equal) shape[axis] = of.out[axis];
    const Tensor numbers =
        from_vector(equal ? std::vector<double>{along[0]} : along, with_spatial({}, shape, axes));
    product = product * numbers.to(dtype);
  }
  return product;
}

/// The part of an axis that becomes the i-th of `size`.
Slice part(std::int64_t extent, std::int64_t size, std::int64_t i) {
  return range(i * extent / size, ((i + 1) * extent + size - 1) / size);
}

/// What f(part, axis) gives of the parts of each axis in turn, the last first.
template <class F>
Tensor by_axes(const char* op, Tensor x, const PerAxis& size, F f) {
  const int axes = axes_of(op, x);
  const Spatial sizes = size.of(op, "size", axes, 1);
  for (int axis = x.rank() - 1; axis >= 2; --axis) {
    const std::int64_t count = sizes[static_cast<std::size_t>(axis + 3 - x.rank())];
    const std::int64_t extent = x.extent(axis);
    if (extent == 0)
      throw ShapeError(std::string(op) + ": no elements along axis " + std::to_string(axis) +
                       "; got " + x.describe());
    std::vector<Tensor> parts;
    std::vector<Slice> slices(static_cast<std::size_t>(axis) + 1, Slice::all);
    for (std::int64_t i = 0; i < count; ++i) {
      slices.back() = part(extent, count, i);
      parts.push_back(f(slice(x, slices), axis));
    }
    x = concatenate(parts, axis);
  }
  return x;
}

}  // namespace

ValuesAndIndices max_pool_with_indices(const Tensor& x, const PerAxis& window,
                                       const MaxPoolOptions& options) {
  const char* const op = "max_pool";
  const Windows windows = pool_windows(op, x, window, options.stride, options.padding,
                                       options.dilation, options.ceil_mode);
  const Tensor places = apply(MaxPlaces{{op}, x.rank() - 2, windows}, x);
  const Tensor values = detail::taken_along(flatten(x, 2), flatten(places, 2), 2);
  return {reshape(values, places.shape()), places};
}

Tensor max_pool(const Tensor& x, const PerAxis& window, const MaxPoolOptions& options) {
  const char* const op = "max_pool";
  const Windows windows = pool_windows(op, x, window, options.stride, options.padding,
                                       options.dilation, options.ceil_mode);
  if (windows.taps() > kernels::most_taps) return max_pool_with_indices(x, window, options).values;
  return apply(MaxPool{{op}, x.rank() - 2, windows}, x);
}

Tensor average_pool(const Tensor& x, const PerAxis& window, const AveragePoolOptions& options) {
  const Windows windows = pool_windows("average_pool", x, window, options.stride, options.padding,
                                       1, options.ceil_mode);
  const int axes = x.rank() - 2;
  return apply(SumWindows{axes, windows}, x) /
         divisors(windows, axes, options.count_include_pad, x.dtype());
}

Tensor adaptive_max_pool(const Tensor& x, const PerAxis& size) {
  return by_axes("adaptive_max_pool", x, size, [](const Tensor& part, int axis) {
    return max_with_indices(part, axis, {.keep_dims = true}).values;
  });
}

Tensor adaptive_average_pool(const Tensor& x, const PerAxis& size) {
  const int axes = axes_of("adaptive_average_pool", x);
  const Spatial sizes = size.of("adaptive_average_pool", "size", axes, 1);
  if (sizes == Spatial{1, 1, 1} && x.size() > 0) {  // all of each channel
    const Tensor all = mean(flatten(x, 2), -1);
    return reshape(all, with_spatial({x.extent(0), x.extent(1)}, sizes, axes));
  }
  return by_axes("adaptive_average_pool", x, size, [](const Tensor& part, int axis) {
    return mean(part, axis, {.keep_dims = true});
  });
}

}  // namespace xtape
