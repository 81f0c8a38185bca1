#include <algorithm>
#include <vector>

#include <xtape/core/memory.hpp>
#include <xtape/ops/kernels/pooling.hpp>

namespace xtape::kernels {
namespace {

/// f(type) with the type of a floating dtype.
template <class F>
auto with_type(Dtype dtype, F f) {
  return dtype == Dtype::float32 ? f(float()) : f(double());
}

/// f(place, element) for each tap of each window that meets one, tap by tap.
template <class F>
void each_meeting(const Windows& of, F f) {
  each_tap(of, [&](std::int64_t, const Spatial& tap) {
    each_run(of, tap, 0, of.places(), [&](std::int64_t place, std::int64_t count, std::int64_t at) {
      for (std::int64_t i = 0; i < count; ++i) f(place + i, at + i * of.stride[2]);
    });
  });
}

template <class T>
bool maxima(const Windows& of, std::int64_t planes, const T* x, std::int64_t* places) {
  const std::int64_t count = of.places();
  std::vector<T, memory::Allocator<T>> greatest(static_cast<std::size_t>(count));
  bool complete = true;
  for (; planes > 0; --planes, x += of.elements(), places += count) {
    std::fill_n(places, count, -1);
    each_meeting(of, [&, best = greatest.data()](std::int64_t place, std::int64_t at) {
      const T value = x[at];
      const bool above = value > best[place] || (value != value && best[place] == best[place]);
      if (!above && places[place] >= 0) return;
      best[place] = value;
      places[place] = at;
    });
    complete = complete && std::find(places, places + count, -1) == places + count;
  }
  return complete;
}

}  // namespace

bool window_maxima(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::int64_t* places) {
  return with_type(dtype, [&]<class T>(T) {
    return maxima(windows, planes, reinterpret_cast<const T*>(x), places);
  });
}

void window_sums(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                 std::byte* y) {
  with_type(dtype, [&]<class T>(T) {
    const auto* from = reinterpret_cast<const T*>(x);
    auto* to = reinterpret_cast<T*>(y);
    std::fill_n(to, planes * windows.places(), T{0});
    for (std::int64_t i = 0; i < planes; ++i, from += windows.elements(), to += windows.places())
      each_meeting(windows, [&](std::int64_t place, std::int64_t at) { to[place] += from[at]; });
  });
}

void spread_windows(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* y,
                    std::byte* x) {
  with_type(dtype, [&]<class T>(T) {
    const auto* from = reinterpret_cast<const T*>(y);
    auto* to = reinterpret_cast<T*>(x);
    std::fill_n(to, planes * windows.elements(), T{0});
    for (std::int64_t i = 0; i < planes; ++i, to += windows.elements(), from += windows.places())
      each_meeting(windows, [&](std::int64_t place, std::int64_t at) { to[at] += from[place]; });
  });
}

}  // namespace xtape::kernels
