#include <algorithm>
#include <vector>

#include <xtape/core/kernels/transpose.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/phases.hpp>
#include <xtape/ops/kernels/place_products.hpp>
#include <xtape/ops/kernels/sliding_convolution.hpp>

namespace xtape::kernels {
namespace {

constexpr std::int64_t workspace_bytes = std::int64_t{1} << 20;

template <class T>
using Buffer = std::vector<T, memory::Allocator<T>>;
using Offsets = Buffer<std::int64_t>;

template <class T>
Buffer<T> zeros(std::int64_t count) {
  return Buffer<T>(static_cast<std::size_t>(count), T{0});
}

void pass(const SlidingSums<float>& of) { chosen<SlidingKernels>().sums_float32(of); }
void pass(const SlidingSums<double>& of) { chosen<SlidingKernels>().sums_float64(of); }
void pass(const SlidingProducts<float>& of) { chosen<SlidingKernels>().products_float32(of); }
void pass(const SlidingProducts<double>& of) { chosen<SlidingKernels>().products_float64(of); }

void pass(const PlaceProducts<float>& of) { chosen<PlaceKernels>().products_float32(of); }
void pass(const PlaceProducts<double>& of) { chosen<PlaceKernels>().products_float64(of); }

template <class T>
std::int64_t register_width() {
  const PlaceKernels& kernels = chosen<PlaceKernels>();
  return sizeof(T) == sizeof(float) ? kernels.width_float32 : kernels.width_float64;
}

void pass(const RowCopy<float>& of) { chosen<SlidingKernels>().copy_float32(of); }
void pass(const RowCopy<double>& of) { chosen<SlidingKernels>().copy_float64(of); }

/// Images [channels, in...] into their phases, the places around them being 0 already; and back.
template <class T>
void take_apart(const Phases& phases, const Windows& of, std::int64_t channels, const T* image,
                T* apart) {
  phases.each_block([&](const Phases::Block& block) {
    pass(RowCopy<T>{image + block.element, apart + block.at, channels, of.elements(),
                    phases.channel(), block.rows, block.element_row, block.at_row, block.n,
                    block.element_step, 1});
  });
}
template <class T>
void put_together(const Phases& phases, const Windows& of, std::int64_t channels, const T* apart,
                  T* image) {
  phases.each_block([&](const Phases::Block& block) {
    pass(RowCopy<T>{apart + block.at, image + block.element, channels, phases.channel(),
                    of.elements(), block.rows, block.at_row, block.element_row, block.n, 1,
                    block.element_step});
  });
}

/// Results [channels, out...] to their places in rows of a phase, which lie `stride` apart; and
/// back.
template <class T>
void to_places(const Phases& phases, const Windows& of, std::int64_t channels, const T* results,
               T* rows, std::int64_t stride) {
  phases.each_place_block([&](const Phases::Block& block) {
    pass(RowCopy<T>{results + block.element, rows + block.at, channels, of.places(), stride,
                    block.rows, block.element_row, block.at_row, block.n, 1, 1});
  });
}
template <class T>
void from_places(const Phases& phases, const Windows& of, std::int64_t channels, const T* rows,
                 std::int64_t stride, T* results) {
  phases.each_place_block([&](const Phases::Block& block) {
    pass(RowCopy<T>{rows + block.at, results + block.element, channels, stride, of.places(),
                    block.rows, block.at_row, block.element_row, block.n, 1, 1});
  });
}

/// Where in the phases of `inputs` channels the taps of a window lie, [inputs, taps].
Offsets tap_offsets(const Phases& phases, const Windows& of, std::int64_t inputs) {
  Offsets offsets;
  for (std::int64_t input = 0; input < inputs; ++input) {
    each_tap(of, [&](std::int64_t, const Spatial& tap) {
      offsets.push_back(input * phases.channel() + phases.phase_of(tap) * phases.size +
                        phases.distance(tap));
    });
  }
  return offsets;
}

/// Weights for `taps` taps and `outputs` outputs as the kernel reads them: w(tap, output).
template <class T, class W>
void pack(std::int64_t taps, std::int64_t outputs, W w, T* packed) {
  each_output_block(outputs, [&](std::int64_t first, std::int64_t together) {
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      for (std::int64_t i = 0; i < together; ++i) *packed++ = w(tap, first + i);
    }
  });
}

/// The taps that meet one phase.
struct PhaseTaps {
  Offsets numbers, distances;
};
std::vector<PhaseTaps> taps_by_phase(const Phases& phases, const Windows& of) {
  std::vector<PhaseTaps> all(static_cast<std::size_t>(phases.count));
  each_tap(of, [&](std::int64_t number, const Spatial& tap) {
    PhaseTaps& own = all[static_cast<std::size_t>(phases.phase_of(tap))];
    own.numbers.push_back(number);
    own.distances.push_back(phases.distance(tap));
  });
  return all;
}

template <class T>
bool finite(const T* x, std::int64_t count) {
  constexpr std::int64_t lanes = 16;
  T sums[lanes] = {};  // of what is 0, or NaN
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t j = 0; j < lanes; ++j) sums[j] += x[i + j] - x[i + j];
  }
  for (; i < count; ++i) sums[0] += x[i] - x[i];
  return std::all_of(sums, sums + lanes, [](T sum) { return sum == 0; });
}

}  // namespace

bool all_finite(const float* x, std::int64_t count) { return finite(x, count); }
bool all_finite(const double* x, std::int64_t count) { return finite(x, count); }

bool slides(const ConvolutionShape& shape) {
  const Windows& of = shape.windows;
  if (of.places() == 0) return false;
  if (of.are_elements()) return of.places() % sliding_block == 0;
  // Phases for strides that leave out most elements, or padding around few, would be mostly empty.
  constexpr std::int64_t most_phases = 16;
  double room = 1;
  for (std::size_t axis = 0; axis < of.in.size(); ++axis) {
    if (of.stride[axis] > most_phases) return false;
    room *= static_cast<double>((of.out[axis] - 1) * of.stride[axis] +
                                (of.kernel[axis] - 1) * of.dilation[axis] + 1);
  }
  if (room > 4096 + 4 * static_cast<double>(of.elements())) return false;
  const Phases phases(of);
  return 5 * of.places() > 2 * sliding_rounded(phases.last_place + 1);
}

namespace {

/// Calls f(first, last) for ranges of the groups of all images, which threads share.
template <class F>
void each_image(const ConvolutionShape& shape, const F& f) {
  const std::int64_t images = shape.images * shape.groups;
  const double products = static_cast<double>(images * shape.outputs * shape.windows.places()) *
                          static_cast<double>(shape.inputs * shape.windows.taps());
  detail::parallel_for(images, 1, detail::time_of_products(products), f);
}

/// Where channels begin that lie one behind the other.
Offsets channel_offsets(std::int64_t channels, std::int64_t elements) {
  Offsets offsets;
  for (std::int64_t channel = 0; channel < channels; ++channel)
    offsets.push_back(channel * elements);
  return offsets;
}

/// Windows that are elements: images by matrices [into, from] of each group, rows as they lie.
template <class T, class W>
void mix_channels(const ConvolutionShape& shape, std::int64_t from, std::int64_t into, W weight,
                  const T* x, T* y) {
  const std::int64_t elements = shape.windows.elements();
  const Offsets offsets = channel_offsets(from, elements);
  Buffer<T> packed = zeros<T>(shape.groups * from * into);
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    pack(
        from, into, [&](auto tap, auto output) { return weight(group, tap, output); },
        packed.data() + group * from * into);
  }
  each_image(shape, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      pass(SlidingSums<T>{x + i * from * elements, offsets.data(), from,
                          packed.data() + i % shape.groups * from * into, into, elements,
                          y + i * into * elements, elements});
    }
  });
}

}  // namespace

template <class T>
void slide_result(const ConvolutionShape& shape, const T* data, const T* weights, T* result) {
  if (is_depthwise(shape)) return depthwise_result(shape, data, weights, result);
  const Windows& of = shape.windows;
  if (of.are_elements()) {
    const auto weight = [&](auto group, auto input, auto output) {
      return weights[(group * shape.outputs + output) * shape.inputs + input];
    };
    return mix_channels(shape, shape.inputs, shape.outputs, weight, data, result);
  }
  const Phases phases(of);
  const Offsets offsets = tap_offsets(phases, of, shape.inputs);
  const std::int64_t taps = std::ssize(offsets), row = sliding_rounded(phases.last_place + 1);
  Buffer<T> packed = zeros<T>(shape.groups * shape.outputs * taps);
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    const T* own = weights + group * shape.outputs * taps;
    pack(
        taps, shape.outputs, [&](auto tap, auto output) { return own[output * taps + tap]; },
        packed.data() + group * shape.outputs * taps);
  }
  each_image(shape, [&](std::int64_t first, std::int64_t last) {
    Buffer<T> apart = zeros<T>(shape.inputs * phases.channel() + sliding_block),
              rows = zeros<T>(shape.outputs * row);
    for (std::int64_t i = first; i < last; ++i) {
      take_apart(phases, of, shape.inputs, data + i * shape.inputs * of.elements(), apart.data());
      const T* own = packed.data() + i % shape.groups * shape.outputs * taps;
      pass(SlidingSums<T>{apart.data(), offsets.data(), taps, own, shape.outputs,
                          phases.last_place + 1, rows.data(), row});
      from_places(phases, of, shape.outputs, rows.data(), row,
                  result + i * shape.outputs * of.places());
    }
  });
}

template <class T>
void slide_data(const ConvolutionShape& shape, const T* weights, const T* result, T* data) {
  if (is_depthwise(shape)) return depthwise_data(shape, weights, result, data);
  const Windows& of = shape.windows;
  if (of.are_elements()) {
    const auto weight = [&](auto group, auto output, auto input) {
      return weights[(group * shape.outputs + output) * shape.inputs + input];
    };
    return mix_channels(shape, shape.outputs, shape.inputs, weight, result, data);
  }
  const Phases phases(of);
  const std::vector<PhaseTaps> own_taps = taps_by_phase(phases, of);
  // A row of results has the zeros in front that the furthest tap reaches back to.
  std::int64_t lead = 0;
  for (const PhaseTaps& own : own_taps) {
    for (const std::int64_t distance : own.distances) lead = std::max(lead, distance);
  }
  const std::int64_t row = lead + phases.size + sliding_block;
  std::vector<Offsets> offsets;
  for (const PhaseTaps& own : own_taps) {
    Offsets& added = offsets.emplace_back();
    for (std::int64_t output = 0; output < shape.outputs; ++output) {
      for (const std::int64_t distance : own.distances)
        added.push_back(output * row + lead - distance);
    }
  }
  const std::int64_t weight_count = shape.outputs * shape.inputs * of.taps();
  Buffer<T> packed = zeros<T>(shape.groups * weight_count);
  T* to = packed.data();
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    const T* w = weights + group * weight_count;
    for (const PhaseTaps& own : own_taps) {
      const std::int64_t count = std::ssize(own.numbers);
      const auto weight = [&](std::int64_t tap, std::int64_t input) {
        const auto number = own.numbers[static_cast<std::size_t>(tap % count)];
        return w[(tap / count * shape.inputs + input) * of.taps() + number];
      };
      pack(shape.outputs * count, shape.inputs, weight, to);
      to += shape.outputs * count * shape.inputs;
    }
  }
  each_image(shape, [&](std::int64_t first_image, std::int64_t last_image) {
    Buffer<T> rows = zeros<T>(shape.outputs * row),
              apart = zeros<T>(shape.inputs * phases.channel() + sliding_block);
    const std::int64_t elements = shape.inputs * of.elements();
    std::fill_n(data + first_image * elements, (last_image - first_image) * elements, T{0});
    for (std::int64_t i = first_image; i < last_image; ++i) {
      to_places(phases, of, shape.outputs, result + i * shape.outputs * of.places(),
                rows.data() + lead, row);
      const T* w = packed.data() + i % shape.groups * weight_count;
      for (std::size_t phase = 0; phase < offsets.size(); ++phase) {
        const std::int64_t taps = std::ssize(offsets[phase]);
        const auto [first, count] = phases.part(static_cast<std::int64_t>(phase));
        const std::int64_t at = static_cast<std::int64_t>(phase) * phases.size + first;
        pass(SlidingSums<T>{rows.data() + first, offsets[phase].data(), taps, w, shape.inputs,
                            count, apart.data() + at, phases.channel()});
        w += taps * shape.inputs;
      }
      put_together(phases, of, shape.inputs, apart.data(), data + i * elements);
    }
  });
}

namespace {

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
  Buffer<T> apart = zeros<T>(together * of_data + sliding_block),
            results = zeros<T>(together * of_results);
  Buffer<double> sums = zeros<double>(taps * row);
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
  Buffer<PlaceRun> runs;
  for (std::int64_t z = 0; z < of.out[0]; ++z) {
    for (std::int64_t y = 0; y < of.out[1]; ++y) {
      for (std::int64_t x = 0; x < of.out[2]; x += places_together)
        runs.push_back({phases.place(z, y, x), std::min(places_together, of.out[2] - x)});
    }
  }
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
  const std::int64_t width = register_width<T>(), taps = shape.inputs * shape.windows.taps();
  const std::int64_t registers = (shape.outputs + width - 1) / width;
  if (shape.outputs < width || (registers == 1 && taps < 2 * taps_at_a_time))
    return weights_by_rows(shape, phases, data, result, weights);
  weights_by_places(shape, phases, registers * width, data, result, weights);
}

template void slide_result(const ConvolutionShape&, const float*, const float*, float*);
template void slide_data(const ConvolutionShape&, const float*, const float*, float*);
template void slide_weights(const ConvolutionShape&, const float*, const float*, float*);
template void slide_result(const ConvolutionShape&, const double*, const double*, double*);
template void slide_data(const ConvolutionShape&, const double*, const double*, double*);
template void slide_weights(const ConvolutionShape&, const double*, const double*, double*);

}  // namespace xtape::kernels
