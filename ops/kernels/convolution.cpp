#include <algorithm>
#include <functional>
#include <type_traits>
#include <vector>

#include <xtape/core/memory.hpp>
#include <xtape/ops/kernels/convolution.hpp>
#include <xtape/ops/kernels/gemm.hpp>
#include <xtape/ops/kernels/sliding_convolution.hpp>
#include <xtape/ops/kernels/sliding_parts.hpp>

// Most convolutions are sums of shifted rows. What is left, windows of one element, few places and
// numbers that are not finite, are products of matrices: a panel of windows, unfolded, by the
// weights.
namespace xtape::kernels {
namespace {

using Doubles = std::vector<double, memory::Allocator<double>>;

constexpr std::int64_t panel_bytes = std::int64_t{384} << 10, least_places = 64;

template <class T>
constexpr Dtype dtype_of = std::is_same_v<T, float> ? Dtype::float32 : Dtype::float64;

/// The windows at places [first, last) of `channels` channels: [channels, taps, last - first].
template <class T>
void unfold_places(const Windows& of, std::int64_t channels, const T* image, std::int64_t first,
                   std::int64_t last, T* columns) {
  const std::int64_t count = last - first, step = of.stride[2];
  if (of.reach_out()) std::fill_n(columns, channels * of.taps() * count, T{0});
  for (std::int64_t channel = 0; channel < channels; ++channel, image += of.elements()) {
    each_tap(of, [&](std::int64_t, const Spatial& tap) {
      each_run(of, tap, first, last, [&](std::int64_t place, std::int64_t run, std::int64_t at) {
        T* to = columns + (place - first);
        if (step == 1) {
          std::copy_n(image + at, run, to);
        } else {
          for (std::int64_t i = 0; i < run; ++i) to[i] = image[at + i * step];
        }
      });
      columns += count;
    });
  }
}

/// The transpose: adds to the image, or to sums of it.
template <class T, class Sum>
void fold_places(const Windows& of, std::int64_t channels, const T* columns, std::int64_t first,
                 std::int64_t last, Sum* image) {
  const std::int64_t count = last - first, step = of.stride[2];
  for (std::int64_t channel = 0; channel < channels; ++channel, image += of.elements()) {
    each_tap(of, [&](std::int64_t, const Spatial& tap) {
      each_run(of, tap, first, last, [&](std::int64_t place, std::int64_t run, std::int64_t at) {
        const T* from = columns + (place - first);
        if (step == 1) {
          for (std::int64_t i = 0; i < run; ++i) image[at + i] += static_cast<Sum>(from[i]);
        } else {
          for (std::int64_t i = 0; i < run; ++i) image[at + i * step] += static_cast<Sum>(from[i]);
        }
      });
      columns += count;
    });
  }
}

/// Whether an element lies in more windows than float32 adds up well.
template <class T>
bool folds_many(const Windows& of) {
  return std::is_same_v<T, float> && of.meetings() > most_in_float;
}
/// Sums in double, as elements.
template <class T>
void rounded(const Doubles& sums, T* to) {
  std::transform(sums.begin(), sums.end(), to, [](double sum) { return static_cast<T>(sum); });
}

template <class T>
Matrix matrix(const T* data, std::int64_t stride, bool transposed = false) {
  return {reinterpret_cast<const std::byte*>(data), stride, transposed};
}

/// y = a b, or y += a b; rows of y `stride` apart.
template <class T>
void product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a, const Matrix& b, T* y,
             std::int64_t stride, bool added) {
  gemm_into(dtype_of<T>, m, n, k, a, b, reinterpret_cast<std::byte*>(y), stride, added);
}

/// A convolution's groups and panels of places, with the memory for one.
template <class T>
struct Panels {
  explicit Panels(const ConvolutionShape& of)
      : shape(of),
        rows(of.inputs * of.windows.taps()),
        places(of.windows.places()),
        plain(of.windows.are_elements()),
        width(plain ? places : panel_width()),
        columns(plain ? 0 : static_cast<std::size_t>(rows * width)) {}

  /// f(data, weights, result, first, last) for each group of each image and each panel of places.
  template <class Data, class Weights, class Result, class F>
  void each(Data* data, Weights* weights, Result* result, F f) {
    const Windows& windows = shape.windows;
    for (std::int64_t image = 0; image < shape.images; ++image) {
      for (std::int64_t group = 0; group < shape.groups; ++group) {
        Weights* const own = weights + group * shape.outputs * rows;
        for (std::int64_t first = 0; first < places; first += width)
          f(data, own, result, first, std::min(first + width, places));
        data += shape.inputs * windows.elements();
        result += shape.outputs * places;
      }
    }
  }
  /// The windows at places [first, last) as a matrix [rows, last - first].
  Matrix windows(const T* data, std::int64_t first, std::int64_t last) {
    if (plain) return matrix(data, places);
    unfold_places(shape.windows, shape.inputs, data, first, last, columns.data());
    return matrix(columns.data(), last - first);
  }

  const ConvolutionShape& shape;
  std::int64_t rows, places;
  bool plain;  // the windows are the data as it lies
  std::int64_t width;
  std::vector<T, memory::Allocator<T>> columns;

 private:
  std::int64_t panel_width() const {
    const std::int64_t fitting =
        panel_bytes / (std::max<std::int64_t>(rows, 1) * static_cast<std::int64_t>(sizeof(T)));
    return std::min(std::max(fitting, least_places), places);
  }
};

/// Whether to add up shifted rows: beyond the ends of the results, zeros meet these factors.
template <class T>
bool by_rows(const ConvolutionShape& shape, const T* factors, std::int64_t count) {
  return slides(shape) && all_finite(factors, count);
}
std::int64_t weights_in(const ConvolutionShape& shape) {
  return shape.groups * shape.outputs * shape.inputs * shape.windows.taps();
}
std::int64_t data_in(const ConvolutionShape& shape) {
  return shape.images * shape.groups * shape.inputs * shape.windows.elements();
}

std::int64_t results_in(const ConvolutionShape& shape) {
  return shape.images * shape.groups * shape.outputs * shape.windows.places();
}

/// Whether there are no products to add up.
bool is_empty(const ConvolutionShape& shape) { return shape.images == 0 || weights_in(shape) == 0; }
template <class T>
void clear(T* y, std::int64_t count) {
  std::fill_n(y, count, T{0});
}

template <class T>
void result_of(const ConvolutionShape& shape, const T* x, const T* w, T* y) {
  if (is_empty(shape)) {
    clear(y, results_in(shape));
  } else if (slides(shape)) {
    return slide_result(shape, x, w, y);  // with the bias
  } else {
    Panels<T> panels(shape);
    panels.each(x, w, y, [&](auto* data, auto* weights, auto* result, auto first, auto last) {
      product(shape.outputs, last - first, panels.rows, matrix(weights, panels.rows),
              panels.windows(data, first, last), result + first, panels.places, false);
    });
  }
  for (std::int64_t i = 0; i < shape.images * shape.groups; ++i) add_bias(shape, i, y);
}

template <class T>
void data_of(const ConvolutionShape& shape, const T* w, const T* y, T* x) {
  if (is_empty(shape)) return clear(x, data_in(shape));
  if (by_rows(shape, w, weights_in(shape))) return slide_data(shape, w, y, x);
  Panels<T> panels(shape);
  const bool many = !panels.plain && folds_many<T>(shape.windows);
  Doubles sums(many ? static_cast<std::size_t>(shape.inputs * shape.windows.elements()) : 0);
  if (!panels.plain && !many) std::fill_n(x, data_in(shape), T{0});
  panels.each(x, w, y, [&](auto* data, auto* weights, auto* result, auto first, auto last) {
    const std::int64_t count = last - first;
    T* const columns = panels.plain ? data : panels.columns.data();
    product(panels.rows, count, shape.outputs, matrix(weights, panels.rows, true),
            matrix(result + first, panels.places), columns, count, false);
    if (panels.plain) return;
    if (!many) return fold_places(shape.windows, shape.inputs, columns, first, last, data);
    if (first == 0) std::fill(sums.begin(), sums.end(), 0);
    fold_places(shape.windows, shape.inputs, columns, first, last, sums.data());
    if (last == panels.places) rounded(sums, data);
  });
}

template <class T>
void weights_of_some(const ConvolutionShape& shape, const T* x, const T* y, T* w) {
  if (!shape.windows.are_elements() && slides(shape)) {
    slide_weights(shape, x, y, w);
    // Zeros between the results meet data: what is infinite there comes through as NaN.
    if (is_depthwise(shape) || all_finite(w, weights_in(shape))) return;
  }
  Panels<T> panels(shape);
  std::fill_n(w, weights_in(shape), T{0});
  panels.each(x, w, y, [&](auto* data, auto* weights, auto* result, auto first, auto last) {
    Matrix windows = panels.windows(data, first, last);
    windows.transposed = true;
    product(shape.outputs, panels.rows, last - first, matrix(result + first, panels.places),
            windows, weights, panels.rows, true);
  });
}

/// Sums of many images in float32 go on in double.
template <class T>
void weights_of(const ConvolutionShape& shape, const T* x, const T* y, T* w) {
  constexpr std::int64_t together = 64;
  const std::int64_t weights = weights_in(shape);
  if (is_empty(shape)) return clear(w, weights);
  if (shape.images <= together || std::is_same_v<T, double>) return weights_of_some(shape, x, y, w);
  Doubles totals(static_cast<std::size_t>(weights));
  const std::int64_t data = data_in(shape) / shape.images,
                     results = results_in(shape) / shape.images;
  for (std::int64_t first = 0; first < shape.images; first += together) {
    ConvolutionShape some = shape;
    some.images = std::min(together, shape.images - first);
    weights_of_some(some, x + first * data, y + first * results, w);
    std::transform(totals.begin(), totals.end(), w, totals.begin(), std::plus<>());
  }
  rounded(totals, w);
}

/// f with the three operands as elements of their dtype.
template <class F>
void typed(Dtype dtype, const std::byte* a, const std::byte* b, std::byte* y, F f) {
  const auto of = [&]<class T>(TypeTag<T>) {
    f(reinterpret_cast<const T*>(a), reinterpret_cast<const T*>(b), reinterpret_cast<T*>(y));
  };
  dtype == Dtype::float32 ? of(TypeTag<float>{}) : of(TypeTag<double>{});
}

}  // namespace

void convolution_result(Dtype dtype, const ConvolutionShape& shape, const std::byte* data,
                        const std::byte* weights, std::byte* result) {
  typed(dtype, data, weights, result,
        [&](auto* x, auto* w, auto* y) { result_of(shape, x, w, y); });
}
void convolution_data(Dtype dtype, const ConvolutionShape& shape, const std::byte* weights,
                      const std::byte* result, std::byte* data) {
  typed(dtype, weights, result, data, [&](auto* w, auto* y, auto* x) { data_of(shape, w, y, x); });
}
void convolution_weights(Dtype dtype, const ConvolutionShape& shape, const std::byte* data,
                         const std::byte* result, std::byte* weights) {
  typed(dtype, data, result, weights,
        [&](auto* x, auto* y, auto* w) { weights_of(shape, x, y, w); });
}

void unfold(Dtype dtype, const Windows& windows, std::int64_t channels, const std::byte* image,
            std::byte* columns) {
  typed(dtype, image, nullptr, columns, [&](auto* x, auto*, auto* y) {
    unfold_places(windows, channels, x, 0, windows.places(), y);
  });
}
void fold(Dtype dtype, const Windows& windows, std::int64_t channels, const std::byte* columns,
          std::byte* image) {
  typed(dtype, columns, nullptr, image, [&]<class T>(const T* x, const T*, T* y) {
    const std::int64_t elements = windows.elements(), places = windows.places();
    if (!folds_many<T>(windows)) {
      std::fill_n(y, channels * elements, T{0});
      return fold_places(windows, channels, x, 0, places, y);
    }
    Doubles sums(static_cast<std::size_t>(elements));
    for (std::int64_t i = 0; i < channels; ++i, x += windows.taps() * places, y += elements) {
      std::fill(sums.begin(), sums.end(), 0);
      fold_places(windows, 1, x, 0, places, sums.data());
      rounded(sums, y);
    }
  });
}

}  // namespace xtape::kernels
