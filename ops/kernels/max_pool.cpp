#include <algorithm>
#include <limits>
#include <vector>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/memory.hpp>
#include <xtape/ops/kernels/max_pool.hpp>
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

/// The windows over one plane after the other.
template <class T>
struct MaxPool {
  explicit MaxPool(const Windows& windows)
      : of(windows), depths(met_along(of, 0)), heights(met_along(of, 1)), widths(met_along(of, 2)) {
    const auto all = [&](const Met& taps) { return taps.first == 0 && taps.last == of.kernel[2]; };
    const auto begin = std::find_if(widths.begin(), widths.end(), all);
    first = begin - widths.begin();
    last = std::find_if_not(begin, widths.end(), all) - widths.begin();
  }

  /// A row of places over the plane x: the greatest, and the numbers of the taps. False if one meets nothing.
  bool row(const T* x, std::int64_t z, std::int64_t y, T* greatest, T* numbers) const {
    bool complete = true;
    const auto one_by_one = [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t place = from; place < to; ++place)
        complete = one(x, z, y, place, greatest[place], numbers[place]) && complete;
    };
    one_by_one(0, first);
    one_by_one(last, of.out[2]);
    if (depth(z).first == depth(z).last || height(y).first == height(y).last) return of.out[2] == 0;
    for (std::int64_t place = first; place < last; place += width<T>) {
      switch (of.stride[2]) {
        case 1: block<1>(x, z, y, place, greatest, numbers); break;
        case 2: block<2>(x, z, y, place, greatest, numbers); break;
        default: block<0>(x, z, y, place, greatest, numbers);
      }
    }
    return complete;
  }

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
  bool one(const T* x, std::int64_t z, std::int64_t y, std::int64_t place, T& greatest,
           T& number) const {
    bool any = false;
    const Met taps = widths[static_cast<std::size_t>(place)];
    each_line(x, z, y, [&](const T* from, std::int64_t start) {
      for (std::int64_t k = taps.first; k < taps.last; ++k) {
        const T value = from[element(2, place, k)];
        if (any && !(value > greatest) && !(value != value && greatest == greatest)) continue;
        greatest = value;
        number = static_cast<T>(start + k);
        any = true;
      }
    });
    return any;
  }
  template <std::int64_t step>
  XTAPE_INLINE void block(const T* x, std::int64_t z, std::int64_t y, std::int64_t place,
                          T* greatest, T* numbers) const {
    const std::int64_t count = last - place;
    Lane<T> best(0), number(-1);
    each_line(x, z, y, [&](const T* from, std::int64_t start) {
      for (std::int64_t k = 0; k < of.kernel[2]; ++k) {
        const Lane<T> value = load_apart<step>(from + element(2, place, k), of.stride[2], count);
        const auto above = (value > best) | ((value != value) & (best == best)) | (number < 0);
        best = where(above, value, best);
        number = where(above, Lane<T>(start + k), number);
      }
    });
    if (count >= width<T>) {
      best.store(greatest + place);
      number.store(numbers + place);
    } else {
      best.store_first(greatest + place, count);
      number.store_first(numbers + place, count);
    }
  }

  const Windows& of;
  Axis depths, heights, widths;
  std::int64_t first, last;  // the places at which all taps of a row meet the image
};

template <class T>
bool max_pool_of(const Windows& of, std::int64_t planes, const T* x, T* y, std::uint8_t* taps) {
  const MaxPool<T> pool(of);
  Row<T> numbers(static_cast<std::size_t>(of.out[2]));
  bool complete = true;
  for (std::int64_t plane = 0; plane < planes; ++plane, x += of.elements()) {
    for (std::int64_t row = 0; row < of.out[0] * of.out[1];
         ++row, y += of.out[2], taps += of.out[2]) {
      complete = pool.row(x, row / of.out[1], row % of.out[1], y, numbers.data()) && complete;
      std::transform(numbers.begin(), numbers.end(), taps,
                     [](T number) { return static_cast<std::uint8_t>(static_cast<int>(number)); });
    }
  }
  return complete;
}

/// Windows of two by two elements, side by side: each element has its number at most once.
bool is_halving(const Windows& of) {
  constexpr Spatial two{1, 2, 2};
  return of.kernel == two && of.stride[1] == 2 && of.stride[2] == 2 && of.dilation[1] == 1 &&
         of.dilation[2] == 1 && of.in[0] == 1 && !of.reach_out();
}

template <class T>
void halving_row(const T* g, const T* numbers, std::int64_t n, T first, T* dx) {
  std::int64_t i = 0;
  for (; i + width<T> <= n; i += width<T>) {
    const Lane<T> slope = Lane<T>::load(g + i), number = Lane<T>::load(numbers + i);
    const Lane<T> left = where(number == first, slope, 0),
                  right = where(number == first + 1, slope, 0);
    in_turn<T, 0>(left, right, lanes<T>).store(dx + 2 * i);
    in_turn<T, Lane<T>::width>(left, right, lanes<T>).store(dx + 2 * i + width<T>);
  }
  if (i == n) return;
  const std::int64_t rest = 2 * (n - i);
  const Lane<T> slope = Lane<T>::load_first(g + i, n - i),
                number = Lane<T>::load_first(numbers + i, n - i);
  const Lane<T> left = where(number == first, slope, 0),
                right = where(number == first + 1, slope, 0);
  in_turn<T, 0>(left, right, lanes<T>).store_first(dx + 2 * i, std::min(rest, width<T>));
  if (rest > width<T>)
    in_turn<T, Lane<T>::width>(left, right, lanes<T>)
        .store_first(dx + 2 * i + width<T>, rest - width<T>);
}

template <class T>
void spread_halving(const Windows& of, std::int64_t planes, const T* g, const std::uint8_t* taps,
                    T* dx) {
  const std::int64_t n = of.out[2], columns = of.in[2];
  Row<T> numbers(static_cast<std::size_t>(n));
  for (std::int64_t plane = 0; plane < planes; ++plane, dx += of.elements()) {
    for (std::int64_t row = 0; row < of.out[1]; ++row, g += n, taps += n) {
      std::transform(taps, taps + n, numbers.begin(),
                     [](std::uint8_t tap) { return static_cast<T>(tap); });
      for (std::int64_t k = 0; k < 2; ++k) {
        T* to = dx + (2 * row + k) * columns;
        halving_row(g, numbers.data(), n, static_cast<T>(2 * k), to);
        std::fill(to + 2 * n, to + columns, T{0});
      }
    }
    std::fill(dx + 2 * of.out[1] * columns, dx + of.elements(), T{0});
  }
}

/// f(element of the plane) for the places of a plane, in their order, of the taps that come one by one.
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
  if (is_halving(of)) return spread_halving(of, planes, g, taps, dx);
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

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const MaxPoolKernels& compiled<MaxPoolKernels, Level::XTAPE_LEVEL>() {
  static constexpr MaxPoolKernels table{max_pool, max_pool_gradient, places_of};
  return table;
}

}  // namespace xtape::kernels
