#include <algorithm>

#include <xtape/core/kernels/transpose.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/sliding_convolution.hpp>
#include <xtape/ops/kernels/sliding_parts.hpp>

namespace xtape::kernels {
namespace {

constexpr std::int64_t workspace_bytes = std::int64_t{1} << 20;

/// The weights' gradient of each group: so many images at a time as the workspace has room for, in
/// their phases, and their results, `of_results` numbers of each, as `lay(result, to)` puts them.
/// `multiply(from, to, count, apart, results, sums)` adds up the products of taps [from, to), for
/// which there are sums [taps, row], and threads share taps `tap_piece` at a time.
template <class T, class Lay, class Multiply>
void sum_weights(const ConvolutionShape& shape, const Phases& phases, const T* data,
                 const T* result, T* weights, std::int64_t of_results, std::int64_t row,
                 std::int64_t tap_piece, Lay lay, Multiply multiply) {
  const Windows& of = shape.windows;
  const std::int64_t taps = shape.inputs * of.taps(), of_data = shape.inputs * phases.channel();
  const std::int64_t bytes = (of_data + of_results) * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t together = std::clamp<std::int64_t>(workspace_bytes / bytes, 1, shape.images);
  Vector<T> apart = zeros<T>(together * of_data + sliding_block),
            results = zeros<T>(together * of_results);
  Vector<double> sums = zeros<double>(taps * row);
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    std::fill(sums.begin(), sums.end(), 0);
    for (std::int64_t first = 0; first < shape.images; first += together) {
      const std::int64_t count = std::min(together, shape.images - first);
      detail::parallel_for(count, 1, [&](std::int64_t from, std::int64_t to) {
        for (std::int64_t i = from; i < to; ++i) {
          const std::int64_t image = (first + i) * shape.groups + group;
          take_apart(phases, of, shape.inputs, data + image * shape.inputs * of.elements(),
                     apart.data() + i * of_data);
          lay(result + image * shape.outputs * of.places(), results.data() + i * of_results);
        }
      });
      const auto products = static_cast<double>(count * of_results) * static_cast<double>(taps);
      detail::parallel_for(taps, tap_piece, detail::time_of_products(products),
                           [&](std::int64_t from, std::int64_t to) {
                             multiply(from, to, count, apart.data(), results.data(),
                                      sums.data() + from * row);
                           });
    }
    T* to = weights + group * shape.outputs * taps;
    for (std::int64_t output = 0; output < shape.outputs; ++output) {
      for (std::int64_t tap = 0; tap < taps; ++tap)
        *to++ = static_cast<T>(sums[static_cast<std::size_t>(tap * row + output)]);
    }
  }
}

/// With the places of a row in registers.
template <class T>
void weights_by_rows(const ConvolutionShape& shape, const Phases& phases, const T* data,
                     const T* result, T* weights) {
  const Windows& of = shape.windows;
  const Offsets offsets = tap_offsets(phases, of, shape.inputs);
  const std::int64_t row = sliding_rounded(phases.last_place + 1),
                     of_data = shape.inputs * phases.channel(), of_results = shape.outputs * row;
  constexpr std::int64_t tap_piece = 6;
  sum_weights(
      shape, phases, data, result, weights, of_results, shape.outputs, tap_piece,
      [&](const T* y, T* to) { to_places(phases, of, shape.outputs, y, to, row); },
      [&](auto from, auto to, auto images, const T* x, const T* y, double* sums) {
        pass(SlidingProducts<T>{x, offsets.data() + from, to - from, y, shape.outputs,
                                phases.last_place + 1, row, images, of_data, of_results, sums});
      });
}

/// With outputs in registers: no place is one of the padding, and sums need not be added up across a
/// register. Of 64 channels, 3 x 3 at 8 x 8, this takes half the time.
template <class T>
void weights_by_places(const ConvolutionShape& shape, const Phases& phases, std::int64_t row,
                       const T* data, const T* result, T* weights) {
  const Windows& of = shape.windows;
  const Offsets offsets = tap_offsets(phases, of, shape.inputs);
  const bool in_threes = of.kernel[2] % 3 == 0 && of.stride[2] == 1 && of.dilation[2] == 1;
  const std::int64_t places = of.places(), of_data = shape.inputs * phases.channel();
  const Vector<PlaceRun> runs = place_runs(phases, {}, of.out);
  sum_weights(
      shape, phases, data, result, weights, places * row, row, taps_at_a_time,
      [&](const T* y, T* to) {
        chosen<TransposeKernels<T>>().transpose(places, shape.outputs, to, row, y, places);
      },
      [&](auto from, auto to, auto images, const T* x, const T* y, double* sums) {
        pass(PlaceProducts<T>{x, offsets.data() + from, to - from, in_threes, y, runs.data(),
                              std::ssize(runs), images, of_data, row, sums});
      });
}

}  // namespace

template <class T>
void slide_weights(const ConvolutionShape& shape, const T* data, const T* result, T* weights) {
  if (is_depthwise(shape)) return depthwise_weights(shape, data, result, weights);
  const Phases phases(shape.windows);
  const std::int64_t row = in_registers<T>(shape.outputs), one = in_registers<T>(1),
                     taps = shape.inputs * shape.windows.taps();
  if (shape.outputs < one || (row == one && taps < 2 * taps_at_a_time))
    return weights_by_rows(shape, phases, data, result, weights);
  weights_by_places(shape, phases, row, data, result, weights);
}

template void slide_weights(const ConvolutionShape&, const float*, const float*, float*);
template void slide_weights(const ConvolutionShape&, const double*, const double*, double*);

}  // namespace xtape::kernels
