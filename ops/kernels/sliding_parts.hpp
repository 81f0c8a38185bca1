#pragma once
#include <algorithm>
#include <vector>

#include <xtape/core/memory.hpp>
#include <xtape/ops/kernels/convolution.hpp>
#include <xtape/ops/kernels/phases.hpp>
#include <xtape/ops/kernels/place_products.hpp>
#include <xtape/ops/kernels/sliding.hpp>

/// What convolutions as sums of shifted rows have in common: memory, kernels, and the ways between
/// images and their phases.
namespace xtape::kernels {

template <class T>
using Vector = std::vector<T, memory::Allocator<T>>;
using Offsets = Vector<std::int64_t>;

template <class T>
Vector<T> zeros(std::int64_t count) {
  return Vector<T>(static_cast<std::size_t>(count), T{0});
}

inline void pass(const SlidingSums<float>& of) { chosen<SlidingKernels>().sums_float32(of); }
inline void pass(const SlidingSums<double>& of) { chosen<SlidingKernels>().sums_float64(of); }
inline void pass(const SlidingProducts<float>& of) {
  chosen<SlidingKernels>().products_float32(of);
}
inline void pass(const SlidingProducts<double>& of) {
  chosen<SlidingKernels>().products_float64(of);
}

inline void pass(const PlaceSums<float>& of) { chosen<PlaceKernels>().sums_float32(of); }
inline void pass(const PlaceSums<double>& of) { chosen<PlaceKernels>().sums_float64(of); }
inline void pass(const PlaceProducts<float>& of) { chosen<PlaceKernels>().products_float32(of); }
inline void pass(const PlaceProducts<double>& of) { chosen<PlaceKernels>().products_float64(of); }

/// `channels`, rounded up to whole registers of T.
template <class T>
std::int64_t in_registers(std::int64_t channels) {
  const PlaceKernels& kernels = chosen<PlaceKernels>();
  const std::int64_t width =
      sizeof(T) == sizeof(float) ? kernels.width_float32 : kernels.width_float64;
  return (channels + width - 1) / width * width;
}

inline void pass(const RowCopy<float>& of) { chosen<SlidingKernels>().copy_float32(of); }
inline void pass(const RowCopy<double>& of) { chosen<SlidingKernels>().copy_float64(of); }

inline void pass(const ChannelBias<float>& of) { chosen<SlidingKernels>().bias_float32(of); }
inline void pass(const ChannelBias<double>& of) { chosen<SlidingKernels>().bias_float64(of); }

/// Adds the bias, if there is one, to the results of group `i` of those of all images.
template <class T>
void add_bias(const ConvolutionShape& shape, std::int64_t i, T* results) {
  if (shape.bias == nullptr) return;
  const std::int64_t places = shape.windows.places();
  pass(ChannelBias<T>{reinterpret_cast<const T*>(shape.bias) + i % shape.groups * shape.outputs,
                      shape.outputs, places, results + i * shape.outputs * places});
}

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
inline Offsets tap_offsets(const Phases& phases, const Windows& of, std::int64_t inputs) {
  Offsets offsets;
  for (std::int64_t input = 0; input < inputs; ++input) {
    each_tap(of, [&](std::int64_t, const Spatial& tap) {
      offsets.push_back(input * phases.channel() + phases.phase_of(tap) * phases.size +
                        phases.distance(tap));
    });
  }
  return offsets;
}

/// The rows of places from (z, y, x) on, as runs.
inline Vector<PlaceRun> place_runs(const Phases& phases, const Spatial& first,
                                   const Spatial& extents) {
  Vector<PlaceRun> runs;
  for (std::int64_t z = 0; z < extents[0]; ++z) {
    for (std::int64_t y = 0; y < extents[1]; ++y) {
      for (std::int64_t x = 0; x < extents[2]; x += places_together)
        runs.push_back({phases.place(first[0] + z, first[1] + y, first[2] + x),
                        std::min(places_together, extents[2] - x)});
    }
  }
  return runs;
}

}  // namespace xtape::kernels
