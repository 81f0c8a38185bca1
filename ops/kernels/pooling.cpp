#include <algorithm>
#include <atomic>
#include <vector>

#include <xtape/core/memory.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/pool_rows.hpp>
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

/// Calls f(first, count) for ranges of planes, which threads share.
template <class F>
void each_plane(const Windows& of, std::int64_t planes, const F& f) {
  constexpr std::int64_t worth = 8192;
  const std::int64_t piece = 1 + worth / std::max<std::int64_t>(of.elements(), 1);
  detail::parallel_for(planes, piece,
                       [&](std::int64_t first, std::int64_t last) { f(first, last - first); });
}

/// Offsets in bytes of a plane of elements, and of one of results.
std::int64_t to_elements(const Windows& of, Dtype dtype, std::int64_t plane) {
  return plane * of.elements() * static_cast<std::int64_t>(size_of(dtype));
}
std::int64_t to_places(const Windows& of, Dtype dtype, std::int64_t plane) {
  return plane * of.places() * static_cast<std::int64_t>(size_of(dtype));
}

/// Tap by tap: for windows whose taps a byte does not count.
template <class T>
bool maxima_of_many(const Windows& of, std::int64_t planes, const T* x, std::int64_t* places) {
  const std::int64_t count = of.places();
  bool complete = true;
  for (; planes > 0; --planes, x += of.elements(), places += count) {
    std::fill_n(places, count, -1);
    each_meeting(of, [&](std::int64_t place, std::int64_t at) {
      std::int64_t& own = places[place];
      const bool above = own < 0 || x[at] > x[own] || (x[at] != x[at] && x[own] == x[own]);
      if (above) own = at;
    });
    complete = complete && std::find(places, places + count, -1) == places + count;
  }
  return complete;
}

/// The sum of each window of more taps than float32 adds up well.
void sums_of_many(const Windows& of, std::int64_t planes, const float* x, float* y) {
  std::vector<double, memory::Allocator<double>> sums(static_cast<std::size_t>(of.places()));
  for (; planes > 0; --planes, x += of.elements(), y += of.places()) {
    std::fill(sums.begin(), sums.end(), 0);
    each_meeting(of, [x, sum = sums.data()](std::int64_t place, std::int64_t at) {
      sum[place] += static_cast<double>(x[at]);
    });
    std::transform(sums.begin(), sums.end(), y, [](double sum) { return static_cast<float>(sum); });
  }
}

template <class T>
void spread(const Windows& of, std::int64_t planes, const T* y, T* x) {
  std::fill_n(x, planes * of.elements(), T{0});
  for (; planes > 0; --planes, x += of.elements(), y += of.places())
    each_meeting(of, [&](std::int64_t place, std::int64_t at) { x[at] += y[place]; });
}

}  // namespace

bool window_maxima(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::byte* y, std::uint8_t* taps) {
  std::atomic<bool> complete{true};
  each_plane(windows, planes, [&](std::int64_t first, std::int64_t count) {
    const bool met = pool_row_kernels().max_pool(
        dtype, windows, count, x + to_elements(windows, dtype, first),
        y + to_places(windows, dtype, first), taps + first * windows.places());
    if (!met) complete = false;
  });
  return complete;
}

void spread_maxima(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* g,
                   const std::uint8_t* taps, std::byte* dx) {
  each_plane(windows, planes, [&](std::int64_t first, std::int64_t count) {
    pool_row_kernels().max_pool_gradient(
        dtype, windows, count, g + to_places(windows, dtype, first),
        taps + first * windows.places(), dx + to_elements(windows, dtype, first));
  });
}

bool window_maxima(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                   std::int64_t* places) {
  if (windows.taps() > most_taps) {
    return with_type(dtype, [&]<class T>(TypeTag<T>) {
      return maxima_of_many(windows, planes, as<T>(x), places);
    });
  }
  const auto count = static_cast<std::size_t>(planes * windows.places());
  std::vector<std::byte, memory::Allocator<std::byte>> values(count * size_of(dtype));
  std::vector<std::uint8_t, memory::Allocator<std::uint8_t>> taps(count);
  if (!window_maxima(dtype, windows, planes, x, values.data(), taps.data())) return false;
  pool_row_kernels().places(windows, planes, taps.data(), places);
  return true;
}

void window_sums(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
                 std::byte* y) {
  constexpr std::int64_t few = 64;  // that are added up in float32
  const bool in_float = windows.taps() <= few || dtype == Dtype::float64;
  each_plane(windows, planes, [&](std::int64_t first, std::int64_t count) {
    const std::byte* from = x + to_elements(windows, dtype, first);
    std::byte* to = y + to_places(windows, dtype, first);
    if (in_float)
      pool_row_kernels().sum_pool(dtype, windows, count, from, to);
    else
      sums_of_many(windows, count, as<float>(from), as<float>(to));
  });
}

void spread_windows(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* y,
                    std::byte* x) {
  each_plane(windows, planes, [&](std::int64_t first, std::int64_t count) {
    const std::byte* from = y + to_places(windows, dtype, first);
    std::byte* to = x + to_elements(windows, dtype, first);
    if (pool_row_kernels().sum_pool_gradient(dtype, windows, count, from, to)) return;
    with_type(dtype, [&]<class T>(TypeTag<T>) { spread(windows, count, as<T>(from), as<T>(to)); });
  });
}

}  // namespace xtape::kernels
