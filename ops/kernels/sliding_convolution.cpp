#include <algorithm>
#include <vector>

#include <xtape/core/kernels/transpose.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/sliding_convolution.hpp>
#include <xtape/ops/kernels/sliding_parts.hpp>

namespace xtape::kernels {
namespace {

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
  Vector<T> packed = zeros<T>(shape.groups * from * into);
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
      add_bias(shape, i, y);
    }
  });
}

/// Whether to sum up with outputs in registers, place by place, instead of the `count` places of
/// padded rows: of 64 channels, 3 x 3 at 8 x 8, that takes 0.86 of the time; of 32 at 16 x 16, with
/// 0.89 of the places, the same.
template <class T>
bool by_places(std::int64_t outputs, std::int64_t taps, const Vector<PlaceRun>& runs,
               std::int64_t count) {
  constexpr std::int64_t most_taps = 1024;  // beyond these float32 is too narrow
  const std::int64_t row = in_registers<T>(outputs);
  if (row < 2 * in_registers<T>(1) || taps > most_taps) return false;
  std::int64_t places = 0;
  for (const PlaceRun& run : runs) places += chosen<PlaceKernels>().summed(run.count);
  return 100 * places * row <= 85 * sliding_rounded(count) * outputs;
}

/// Sums over taps for all groups, each with weights w(group, tap, output), of what
/// `lay(image, to)` puts into `elements` numbers; results [images, outputs, places of the runs].
template <class T, class W, class Lay>
void sum_places(const ConvolutionShape& shape, std::int64_t outputs, const Offsets& offsets,
                const Vector<PlaceRun>& runs, std::int64_t places, std::int64_t elements, W w,
                Lay lay, T* results) {
  const std::int64_t taps = std::ssize(offsets), row = in_registers<T>(outputs);
  Vector<T> packed = zeros<T>(shape.groups * taps * row);
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      for (std::int64_t i = 0; i < outputs; ++i)
        packed[static_cast<std::size_t>((group * taps + tap) * row + i)] = w(group, tap, i);
    }
  }
  each_image(shape, [&](std::int64_t first, std::int64_t last) {
    Vector<T> laid = zeros<T>(elements), sums = zeros<T>((places + most_at_a_time) * row);
    for (std::int64_t i = first; i < last; ++i) {
      lay(i, laid.data());
      pass(PlaceSums<T>{laid.data(), offsets.data(), taps,
                        packed.data() + i % shape.groups * taps * row, runs.data(),
                        std::ssize(runs), row, sums.data()});
      chosen<TransposeKernels<T>>().transpose(outputs, places, results + i * outputs * places,
                                              places, sums.data(), row);
      add_bias(shape, i, results);
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
  const Vector<PlaceRun> runs = place_runs(phases, {}, of.out);
  if (by_places<T>(shape.outputs, taps, runs, phases.last_place + 1)) {
    return sum_places(
        shape, shape.outputs, offsets, runs, of.places(),
        shape.inputs * phases.channel() + sliding_block,
        [&](auto group, auto tap, auto output) {
          return weights[(group * shape.outputs + output) * taps + tap];
        },
        [&](std::int64_t i, T* to) {
          take_apart(phases, of, shape.inputs, data + i * shape.inputs * of.elements(), to);
        },
        result);
  }
  Vector<T> packed = zeros<T>(shape.groups * shape.outputs * taps);
  for (std::int64_t group = 0; group < shape.groups; ++group) {
    const T* own = weights + group * shape.outputs * taps;
    pack(
        taps, shape.outputs, [&](auto tap, auto output) { return own[output * taps + tap]; },
        packed.data() + group * shape.outputs * taps);
  }
  each_image(shape, [&](std::int64_t first, std::int64_t last) {
    Vector<T> apart = zeros<T>(shape.inputs * phases.channel() + sliding_block),
              rows = zeros<T>(shape.outputs * row);
    for (std::int64_t i = first; i < last; ++i) {
      take_apart(phases, of, shape.inputs, data + i * shape.inputs * of.elements(), apart.data());
      const T* own = packed.data() + i % shape.groups * shape.outputs * taps;
      pass(SlidingSums<T>{apart.data(), offsets.data(), taps, own, shape.outputs,
                          phases.last_place + 1, rows.data(), row});
      from_places(phases, of, shape.outputs, rows.data(), row,
                  result + i * shape.outputs * of.places());
      add_bias(shape, i, result);
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
  const Vector<PlaceRun> runs = place_runs(phases, of.before, of.in);
  if (phases.count == 1 &&
      by_places<T>(shape.inputs, std::ssize(offsets[0]), runs, phases.part(0).count)) {
    return sum_places(
        shape, shape.inputs, offsets[0], runs, of.elements(), shape.outputs * row + sliding_block,
        [&](auto group, auto tap, auto input) {
          const std::int64_t output = tap / of.taps();
          return weights[group * weight_count + (output * shape.inputs + input) * of.taps() +
                         tap % of.taps()];
        },
        [&](std::int64_t i, T* to) {
          to_places(phases, of, shape.outputs, result + i * shape.outputs * of.places(), to + lead,
                    row);
        },
        data);
  }
  Vector<T> packed = zeros<T>(shape.groups * weight_count);
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
    Vector<T> rows = zeros<T>(shape.outputs * row),
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

template void slide_result(const ConvolutionShape&, const float*, const float*, float*);
template void slide_data(const ConvolutionShape&, const float*, const float*, float*);
template void slide_result(const ConvolutionShape&, const double*, const double*, double*);
template void slide_data(const ConvolutionShape&, const double*, const double*, double*);

}  // namespace xtape::kernels
