#include <algorithm>
#include <limits>
#include <vector>

#include <xtape/core/memory.hpp>
#include <xtape/ops/kernels/maxima.hpp>
#include <xtape/ops/kernels/pool.hpp>
#include <xtape/ops/kernels/pooling.hpp>
#include <xtape/ops/kernels/typed.hpp>

namespace xtape::kernels {
namespace {

/// f(place, element) for each tap of each window that meets one, tap by tap.
template <class F>
void each_meeting(const Windows& of, F f) {
  each_tap(of, [&](std::int64_t, const Spatial& tap) {
    each_run(of, tap, 0, of.places(), [&](std::int64_t place, std::int64_t count, std::int64_t at) {
      for (std::int64_t i = 0; i < count; ++i) f(place + i, at + i * of.stride[2]);
    });
  });
}

void take_greater(const RowMaxima<float, std::int32_t>& of) { chosen<MaximaKernels>().float32(of); }
void take_greater(const RowMaxima<float, std::int64_t>& of) {
  chosen<MaximaKernels>().large_float32(of);
}
void take_greater(const RowMaxima<double, std::int64_t>& of) {
  chosen<MaximaKernels>().float64(of);
}

/// What one tap meets of a plane, compared with the greatest so far.
template <class T, class Place>
void compare_tap(const Windows& of, const Spatial& tap, const T* x, T* greatest, Place* places) {
  const Inside depth(of, 0, tap[0]), height(of, 1, tap[1]), width(of, 2, tap[2]);
  if (height.first == height.last || width.first == width.last) return;
  for (std::int64_t z = depth.first; z < depth.last; ++z) {
    const std::int64_t at =
        (depth.element(z) * of.in[1] + height.element(height.first)) * of.in[2] +
        width.element(width.first);
    const std::int64_t to = (z * of.out[1] + height.first) * of.out[2] + width.first;
    take_greater({x, greatest + to, places + to, static_cast<Place>(at),
                  static_cast<Place>(of.stride[2]), static_cast<Place>(of.stride[1] * of.in[2]),
                  height.last - height.first, width.last - width.first, of.out[2]});
  }
}

template <class Place, class T>
bool maxima(const Windows& of, std::int64_t planes, const T* x, std::int64_t* to) {
  const std::int64_t count = of.places();
  std::vector<T, memory::Allocator<T>> greatest(static_cast<std::size_t>(count));
  std::vector<Place, memory::Allocator<Place>> places(static_cast<std::size_t>(count));
  bool complete = true;
  for (; planes > 0; --planes, x += of.elements(), to += count) {
    std::fill(places.begin(), places.end(), Place{-1});
    each_tap(of, [&](std::int64_t, const Spatial& tap) {
      compare_tap(of, tap, x, greatest.data(), places.data());
    });
    std::copy(places.begin(), places.end(), to);
    complete = complete && std::find(places.begin(), places.end(), Place{-1}) == places.end();
  }
  return complete;
}

}  // namespace

bool window_maxima(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::int64_t* places) {
  if (dtype == Dtype::float64)
    return maxima<std::int64_t>(windows, planes, reinterpret_cast<const double*>(x), places);
  const auto* numbers = reinterpret_cast<const float*>(x);
  if (windows.elements() > std::numeric_limits<std::int32_t>::max())
    return maxima<std::int64_t>(windows, planes, numbers, places);
  return maxima<std::int32_t>(windows, planes, numbers, places);
}

void window_sums(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                 std::byte* y) {
  constexpr std::int64_t few = 64;  // that are added up in float32
  if (windows.taps() <= few || dtype == Dtype::float64)
    return pool_kernels().sum_pool(dtype, windows, planes, x, y);
  std::vector<double, memory::Allocator<double>> sums(static_cast<std::size_t>(windows.places()));
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const auto* from = reinterpret_cast<const T*>(x);
    auto* to = reinterpret_cast<T*>(y);
    for (std::int64_t i = 0; i < planes; ++i, from += windows.elements(), to += windows.places()) {
      std::fill(sums.begin(), sums.end(), 0);
      each_meeting(windows, [from, sum = sums.data()](std::int64_t place, std::int64_t at) {
        sum[place] += static_cast<double>(from[at]);
      });
      std::transform(sums.begin(), sums.end(), to, [](double sum) { return static_cast<T>(sum); });
    }
  });
}

void spread_windows(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* y,
                    std::byte* x) {
  if (pool_kernels().sum_pool_gradient(dtype, windows, planes, y, x)) return;
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const auto* from = reinterpret_cast<const T*>(y);
    auto* to = reinterpret_cast<T*>(x);
    std::fill_n(to, planes * windows.elements(), T{0});
    for (std::int64_t i = 0; i < planes; ++i, to += windows.elements(), from += windows.places())
      each_meeting(windows, [&](std::int64_t place, std::int64_t at) { to[at] += from[place]; });
  });
}

}  // namespace xtape::kernels
