#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/ops/kernels/pool_rows.hpp>
#include <xtape/ops/kernels/typed.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

template <class T>
using Row = std::vector<T, memory::Allocator<T>>;

template <class T>
constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);

/// Every second lane of a and b, from the first or second on; and the lanes of a and b in turn.
template <class T, std::int64_t first, std::size_t... i>
XTAPE_INLINE Lane<T> halved(Lane<T> a, Lane<T> b, std::index_sequence<i...>) {
  return Lane<T>::of(
      __builtin_shufflevector(a.v, b.v, (2 * static_cast<std::int64_t>(i) + first)...));
}
template <class T, std::size_t from, std::size_t... i>
XTAPE_INLINE Lane<T> in_turn(Lane<T> a, Lane<T> b, std::index_sequence<i...>) {
  return Lane<T>::of(__builtin_shufflevector(
      a.v, b.v, ((from + i) / 2 + ((from + i) % 2 == 0 ? 0 : Lane<T>::width))...));
}
template <class T>
constexpr auto lanes = std::make_index_sequence<Lane<T>::width>();

/// `count` numbers that lie `step` apart.
template <std::int64_t step, class T>
XTAPE_INLINE Lane<T> load_apart(const T* x, std::int64_t given, std::int64_t count) {
  if (step == 1) return count >= width<T> ? Lane<T>::load(x) : Lane<T>::load_first(x, count);
  if (step == 2) {
    // The last number is the last that may be read.
    const std::int64_t behind = 2 * std::min(count, width<T>) - 1;
    const Lane<T> a = behind >= width<T> ? Lane<T>::load(x) : Lane<T>::load_first(x, behind);
    const Lane<T> b =
        behind > width<T> ? Lane<T>::load_first(x + width<T>, behind - width<T>) : Lane<T>(0);
    return halved<T, 0>(a, b, lanes<T>);
  }
  T buffer[Lane<T>::width] = {};
  for (std::int64_t i = 0; i < std::min(count, width<T>); ++i) buffer[i] = x[i * given];
  return Lane<T>::load(buffer);
}

/// The taps of an axis that meet the image at a place.
struct Met {
  std::int64_t first, last;
};
using Axis = std::vector<Met, memory::Allocator<Met>>;

Axis met_along(const Windows& of, std::size_t axis) {
  Axis all;
  for (std::int64_t place = 0; place < of.out[axis]; ++place) {
    Met taps{0, of.kernel[axis]};
    while (taps.first < taps.last && !Inside(of, axis, taps.first).holds(place)) ++taps.first;
    while (taps.last > taps.first && !Inside(of, axis, taps.last - 1).holds(place)) --taps.last;
    all.push_back(taps);
  }
  return all;
}

/// The windows of a row of places, over one plane after the other.
template <class T>
struct PoolRows {
  explicit PoolRows(const Windows& windows)
      : of(windows), depths(met_along(of, 0)), heights(met_along(of, 1)), widths(met_along(of, 2)) {
    const auto all = [&](const Met& taps) { return taps.first == 0 && taps.last == of.kernel[2]; };
    const auto begin = std::find_if(widths.begin(), widths.end(), all);
    first = begin - widths.begin();
    last = std::find_if_not(begin, widths.end(), all) - widths.begin();
  }

  /// Gives `take` what the windows of a row meet of the plane x: take.one(place, each) for places
  /// one by one, take.block(place, count, each) for a register of them, each(f) calling f(value,
  /// number of the tap).
  template <class Take>
  void row(const T* x, std::int64_t z, std::int64_t y, const Take& take) const {
    const auto one_by_one = [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t place = from; place < to; ++place)
        take.one(place, [&](const auto& f) { each(x, z, y, place, f); });
    };
    one_by_one(0, first);
    one_by_one(last, of.out[2]);
    switch (of.stride[2]) {
      case 1: return blocks<1>(x, z, y, take);
      case 2: return blocks<2>(x, z, y, take);
      default: return blocks<0>(x, z, y, take);
    }
  }
  template <std::int64_t step, class Take>
  void blocks(const T* x, std::int64_t z, std::int64_t y, const Take& take) const {
    for (std::int64_t place = first; place < last; place += width<T>)
      take.block(place, last - place, OfBlock<step>{*this, x, z, y, place});
  }
  /// What a register of places meets.
  template <std::int64_t step>
  struct OfBlock {
    const PoolRows& rows;
    const T* x;
    std::int64_t z, y, place;

    template <class F>
    XTAPE_INLINE void operator()(const F& f) const {
      rows.template each_of_block<step>(x, z, y, place, f);
    }
  };

  const Met& depth(std::int64_t z) const { return depths[static_cast<std::size_t>(z)]; }
  const Met& height(std::int64_t y) const { return heights[static_cast<std::size_t>(y)]; }
  std::int64_t element(std::size_t axis, std::int64_t place, std::int64_t tap) const {
    return place * of.stride[axis] + tap * of.dilation[axis] - of.before[axis];
  }
  /// f(line of the plane, number of its first tap) for the lines that a row of places meets.
  template <class F>
  XTAPE_INLINE void each_line(const T* x, std::int64_t z, std::int64_t y, const F& f) const {
    for (std::int64_t i = depth(z).first; i < depth(z).last; ++i) {
      for (std::int64_t j = height(y).first; j < height(y).last; ++j) {
        const std::int64_t line = element(0, z, i) * of.in[1] + element(1, y, j);
        f(x + line * of.in[2], (i * of.kernel[1] + j) * of.kernel[2]);
      }
    }
  }
  template <class F>
  void each(const T* x, std::int64_t z, std::int64_t y, std::int64_t place, const F& f) const {
    const Met taps = widths[static_cast<std::size_t>(place)];
    each_line(x, z, y, [&](const T* from, std::int64_t start) {
      for (std::int64_t k = taps.first; k < taps.last; ++k)
        f(from[element(2, place, k)], start + k);
    });
  }
  template <std::int64_t step, class F>
  XTAPE_INLINE void each_of_block(const T* x, std::int64_t z, std::int64_t y, std::int64_t place,
                                  const F& f) const {
    each_line(x, z, y, [&](const T* from, std::int64_t start) {
      for (std::int64_t k = 0; k < of.kernel[2]; ++k)
        f(load_apart<step>(from + element(2, place, k), of.stride[2], last - place), start + k);
    });
  }

  const Windows& of;
  Axis depths, heights, widths;
  std::int64_t first, last;  // the places at which all taps of a row meet the image
};

/// A byte for each lane.
template <class T>
using Bytes [[gnu::vector_size(sizeof(std::uint8_t) * Lane<T>::width)]] = std::uint8_t;

template <class T>
XTAPE_INLINE void put(const Lane<T>& lane, T* to, std::int64_t count) {
  count >= width<T> ? lane.store(to) : lane.store_first(to, count);
}

/// The greatest of each window, and the numbers of their taps.
template <class T>
struct TakeGreatest {
  T* greatest;
  std::uint8_t* taps;
  bool& complete;  // stays so as long as each window meets something

  template <class Each>
  void one(std::int64_t place, const Each& each) const {
    T best = 0;
    std::int64_t number = -1;
    each([&](T value, std::int64_t tap) {
      if (number >= 0 && !(value > best) && !(value != value && best == best)) return;
      best = value;
      number = tap;
    });
    greatest[place] = best;
    taps[place] = static_cast<std::uint8_t>(number);
    complete = complete && number >= 0;
  }
  template <class Each>
  XTAPE_INLINE void block(std::int64_t place, std::int64_t count, const Each& each) const {
    Lane<T> best(0), number(-1);
    each([&](Lane<T> value, std::int64_t tap) __attribute__((always_inline)) {
      const auto above = (value > best) | ((value != value) & (best == best)) | (number < 0);
      best = where(above, value, best);
      number = where(above, Lane<T>(tap), number);
    });
    complete = complete && number.first() >= 0;  // all places of a block meet the same lines
    put(best, greatest + place, count);
    const auto bytes = __builtin_convertvector(number.v, Bytes<T>);
    std::memcpy(taps + place, &bytes, static_cast<std::size_t>(std::min(count, width<T>)));
  }
};

/// The sum of each window.
template <class T>
struct TakeSum {
  T* sums;

  template <class Each>
  void one(std::int64_t place, const Each& each) const {
    T total = 0;
    each([&](T value, std::int64_t) { total += value; });
    sums[place] = total;
  }
  template <class Each>
  XTAPE_INLINE void block(std::int64_t place, std::int64_t count, const Each& each) const {
    Lane<T> total(0);
    each([&](Lane<T> value, std::int64_t) { total = total + value; });
    put(total, sums + place, count);
  }
};

/// f(plane, z, y) for each row of places of each plane.
template <class F>
void each_row(const Windows& of, std::int64_t planes, const F& f) {
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t z = 0; z < of.out[0]; ++z)
      for (std::int64_t y = 0; y < of.out[1]; ++y) f(plane, z, y);
  }
}

template <class T>
bool max_pool_of(const Windows& of, std::int64_t planes, const T* x, T* y, std::uint8_t* taps) {
  const PoolRows<T> pool(of);
  bool complete = true;
  each_row(of, planes, [&](std::int64_t plane, std::int64_t z, std::int64_t row) {
    pool.row(x + plane * of.elements(), z, row, TakeGreatest<T>{y, taps, complete});
    y += of.out[2];
    taps += of.out[2];
  });
  return complete;
}

template <class T>
void sum_pool_of(const Windows& of, std::int64_t planes, const T* x, T* y) {
  const PoolRows<T> pool(of);
  each_row(of, planes, [&](std::int64_t plane, std::int64_t z, std::int64_t row) {
    pool.row(x + plane * of.elements(), z, row, TakeSum<T>{y});
    y += of.out[2];
  });
}

/// Windows of two by two elements, side by side: each element has its number at most once.
bool is_halving(const Windows& of) {
  constexpr Spatial two{1, 2, 2};
  return of.kernel == two && of.stride[1] == 2 && of.stride[2] == 2 && of.dilation[1] == 1 &&
         of.dilation[2] == 1 && of.in[0] == 1 && !of.reach_out();
}

/// Each number of a row twice, as left(i) and right(i) give it, side by side.
template <class T, class Left, class Right>
void doubled_row(std::int64_t n, const Left& left, const Right& right, T* dx) {
  for (std::int64_t i = 0; i < n; i += width<T>) {
    const std::int64_t count = std::min(width<T>, n - i);
    const Lane<T> a = left(i, count), b = right(i, count);
    put(in_turn<T, 0>(a, b, lanes<T>), dx + 2 * i, 2 * count);
    if (2 * count > width<T>)
      put(in_turn<T, Lane<T>::width>(a, b, lanes<T>), dx + 2 * i + width<T>, 2 * count - width<T>);
  }
}
template <class T>
XTAPE_INLINE Lane<T> load_some(const T* x, std::int64_t count) {
  return count >= width<T> ? Lane<T>::load(x) : Lane<T>::load_first(x, count);
}

/// Results of windows of two by two back to their elements: row(k, y, to) writes those of the k-th
/// line of a row of windows; what is left over at the ends is 0.
template <class T, class F>
void spread_halving(const Windows& of, std::int64_t planes, T* dx, const F& row) {
  const std::int64_t columns = of.in[2];
  for (std::int64_t plane = 0; plane < planes; ++plane, dx += of.elements()) {
    for (std::int64_t y = 0; y < of.out[1]; ++y) {
      for (std::int64_t k = 0; k < 2; ++k) {
        T* to = dx + (2 * y + k) * columns;
        row(k, plane * of.out[1] + y, to);
        std::fill(to + 2 * of.out[2], to + columns, T{0});
      }
    }
    std::fill(dx + 2 * of.out[1] * columns, dx + of.elements(), T{0});
  }
}

template <class T>
void spread_greatest(const Windows& of, std::int64_t planes, const T* g, const std::uint8_t* taps,
                     T* dx) {
  const std::int64_t n = of.out[2];
  Row<T> numbers(static_cast<std::size_t>(n));
  spread_halving(of, planes, dx, [&](std::int64_t k, std::int64_t y, T* to) {
    const std::uint8_t* own = taps + y * n;
    const auto as_number = [](std::uint8_t tap) { return static_cast<T>(tap); };
    if (k == 0) std::transform(own, own + n, numbers.begin(), as_number);
    const auto of_tap = [&](std::int64_t tap) {
      return [&, tap](std::int64_t i, std::int64_t count) {
        const Lane<T> slope = load_some(g + y * n + i, count);
        return where(load_some(numbers.data() + i, count) == static_cast<T>(tap), slope, 0);
      };
    };
    doubled_row(n, of_tap(2 * k), of_tap(2 * k + 1), to);
  });
}

template <class T>
bool spread_sums_of(const Windows& of, std::int64_t planes, const T* g, T* dx) {
  if (!is_halving(of)) return false;
  spread_halving(of, planes, dx, [&](std::int64_t, std::int64_t y, T* to) {
    const auto slope = [&](std::int64_t i, std::int64_t count) {
      return load_some(g + y * of.out[2] + i, count);
    };
    doubled_row(of.out[2], slope, slope, to);
  });
  return true;
}

/// f(element of the plane) for the places of a plane, in their order, of the taps that come one by
/// one.
template <class F>
const std::uint8_t* each_met(const Windows& of, const std::uint8_t* taps, const F& f) {
  std::int64_t offsets[most_taps];
  each_tap(of, [&](std::int64_t number, const Spatial& tap) {
    offsets[number] = (tap[0] * of.dilation[0] * of.in[1] + tap[1] * of.dilation[1]) * of.in[2] +
                      tap[2] * of.dilation[2];
  });
  for (std::int64_t z = 0; z < of.out[0]; ++z) {
    for (std::int64_t y = 0; y < of.out[1]; ++y) {
      const std::int64_t line =
          (z * of.stride[0] - of.before[0]) * of.in[1] + y * of.stride[1] - of.before[1];
      const std::int64_t at = line * of.in[2] - of.before[2];
      for (std::int64_t i = 0; i < of.out[2]; ++i) f(at + i * of.stride[2] + offsets[*taps++]);
    }
  }
  return taps;
}

template <class T>
void spread(const Windows& of, std::int64_t planes, const T* g, const std::uint8_t* taps, T* dx) {
  if (is_halving(of)) return spread_greatest(of, planes, g, taps, dx);
  std::fill_n(dx, planes * of.elements(), T{0});
  for (std::int64_t plane = 0; plane < planes; ++plane, dx += of.elements())
    taps = each_met(of, taps, [&](std::int64_t element) { dx[element] += *g++; });
}

void places_of(const Windows& of, std::int64_t planes, const std::uint8_t* taps,
               std::int64_t* places) {
  for (std::int64_t plane = 0; plane < planes; ++plane)
    taps = each_met(of, taps, [&](std::int64_t element) { *places++ = element; });
}

bool max_pool(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
              std::byte* y, std::uint8_t* taps) {
  return dtype == Dtype::float32 ? max_pool_of(windows, planes, as<float>(x), as<float>(y), taps)
                                 : max_pool_of(windows, planes, as<double>(x), as<double>(y), taps);
}

void max_pool_gradient(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* g,
                       const std::uint8_t* taps, std::byte* dx) {
  if (dtype == Dtype::float32)
    spread(windows, planes, as<float>(g), taps, as<float>(dx));
  else
    spread(windows, planes, as<double>(g), taps, as<double>(dx));
}

void sum_pool(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* x,
              std::byte* y) {
  with_type(dtype, [&]<class T>(TypeTag<T>) { sum_pool_of(windows, planes, as<T>(x), as<T>(y)); });
}

bool sum_pool_gradient(Dtype dtype, const Windows& windows, std::int64_t planes, const std::byte* g,
                       std::byte* dx) {
  return with_type(dtype, [&]<class T>(TypeTag<T>) {
    return spread_sums_of(windows, planes, as<T>(g), as<T>(dx));
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const PoolRowKernels& compiled<PoolRowKernels, Level::XTAPE_LEVEL>() {
  static constexpr PoolRowKernels table{max_pool, max_pool_gradient, places_of, sum_pool,
                                        sum_pool_gradient};
  return table;
}

}  // namespace xtape::kernels
