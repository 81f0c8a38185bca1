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

/// Whether so many numbers of the dtype are added up as they are.
bool adds_in_float(std::int64_t count, Dtype dtype) {
  return count <= most_in_float || dtype == Dtype::float64;
}

using Doubles = std::vector<double, memory::Allocator<double>>;

/// Sums in double, as elements.
void rounded(const Doubles& sums, float* to) {
  std::transform(sums.begin(), sums.end(), to, [](double sum) { return static_cast<float>(sum); });
}

/// The sum of each window of more taps than float32 adds up well.
void sums_of_many(const Windows& of, std::int64_t planes, const float* x, float* y) {
  Doubles sums(static_cast<std::size_t>(of.places()));
  for (; planes > 0; --planes, x += of.elements(), y += of.places()) {
    std::fill(sums.begin(), sums.end(), 0);
    each_meeting(of, [x, sum = sums.data()](std::int64_t place, std::int64_t at) {
      sum[place] += static_cast<double>(x[at]);
    });
    rounded(sums, y);
  }
}

template <class T>
void spread(const Windows& of, std::int64_t planes, const T* y, T* x) {
  std::fill_n(x, planes * of.elements(), T{0});
  for (; planes > 0; --planes, x += of.elements(), y += of.places())
    each_meeting(of, [&](std::int64_t place, std::int64_t at) { x[at] += y[place]; });
}

/// The same where an element lies in more windows than float32 adds up well.
void spread_many(const Windows& of, std::int64_t planes, const float* y, float* x) {
  Doubles sums(static_cast<std::size_t>(of.elements()));
  for (; planes > 0; --planes, x += of.elements(), y += of.places()) {
    std::fill(sums.begin(), sums.end(), 0);
    each_meeting(of, [y, sum = sums.data()](std::int64_t place, std::int64_t at) {
      sum[at] += static_cast<double>(y[place]);
    });
    rounded(sums, x);
  }
}

/// Each g to the element that its tap met.
void spread_many_maxima(const Windows& of, std::int64_t planes, const float* g,
                        const std::uint8_t* taps, float* dx) {
  Doubles sums(static_cast<std::size_t>(of.elements()));
  std::vector<std::int64_t, memory::Allocator<std::int64_t>> places(
      static_cast<std::size_t>(of.places()));
  for (; planes > 0; --planes, taps += of.places(), dx += of.elements()) {
    std::fill(sums.begin(), sums.end(), 0);
    pool_row_kernels().places(of, 1, taps, places.data());
    for (const std::int64_t place : places)
      sums[static_cast<std::size_t>(place)] += static_cast<double>(*g++);
    rounded(sums, dx);
  }
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
  const bool in_float = adds_in_float(windows.meetings(), dtype);
  each_plane(windows, planes, [&](std::int64_t first, std::int64_t count) {
    const std::byte* from = g + to_places(windows, dtype, first);
    const std::uint8_t* own = taps + first * windows.places();
    std::byte* to = dx + to_elements(windows, dtype, first);
    if (in_float)
      pool_row_kernels().max_pool_gradient(dtype, windows, count, from, own, to);
    else
      spread_many_maxima(windows, count, as<float>(from), own, as<float>(to));
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
  const bool in_float = adds_in_float(windows.taps(), dtype);
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
  const bool in_float = adds_in_float(windows.meetings(), dtype);
  each_plane(windows, planes, [&](std::int64_t first, std::int64_t count) {
    const std::byte* from = y + to_places(windows, dtype, first);
    std::byte* to = x + to_elements(windows, dtype, first);
    if (!in_float) return spread_many(windows, count, as<float>(from), as<float>(to));
    if (pool_row_kernels().sum_pool_gradient(dtype, windows, count, from, to)) return;
    with_type(dtype, [&]<class T>(TypeTag<T>) { spread(windows, count, as<T>(from), as<T>(to)); });
  });
}

}  // namespace xtape::kernels
