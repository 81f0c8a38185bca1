#include <bit>
#include <cstring>
#include <type_traits>

#include <xtape/ops/kernels/vector_sort.hpp>
#if defined(__AVX2__)
#include <xtape/ops/kernels/lane_sort.hpp>
#endif

// Quicksort that splits a register of numbers at a time. Source: Bramas, A novel hybrid quicksort
// algorithm vectorized using AVX-512 (2017).

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

#if defined(__AVX2__)

using Bits = std::uint32_t;  // a lane each

template <class T>
constexpr Bits all_lanes = (Bits{1} << Lane<T>::width) - 1;

/// Where x < pivot, or x <= pivot.
template <bool or_equal, class T>
XTAPE_INLINE Bits below(Lane<T> x, Lane<T> pivot) {
#if defined(__AVX512F__)
  constexpr int compare = or_equal ? _CMP_LE_OQ : _CMP_LT_OQ;
  if constexpr (std::is_same_v<T, float>) return _mm512_cmp_ps_mask(x.v, pivot.v, compare);
  if constexpr (std::is_same_v<T, double>) return _mm512_cmp_pd_mask(x.v, pivot.v, compare);
  if constexpr (std::is_integral_v<T>) {
    return _mm512_cmp_epi64_mask(reinterpret_cast<__m512i>(x.v), reinterpret_cast<__m512i>(pivot.v),
                                 or_equal ? _MM_CMPINT_LE : _MM_CMPINT_LT);
  }
#else
  const Mask<T> mask = or_equal ? x <= pivot : x < pivot;
  if constexpr (sizeof(T) == 4)
    return static_cast<Bits>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask.truths)));
  else
    return static_cast<Bits>(_mm256_movemask_pd(reinterpret_cast<__m256d>(mask.truths)));
#endif
}

#if !defined(__AVX512F__)
/// For each choice of lanes the numbers of the 32-bit words that they are made of.
template <std::size_t width>
struct Choices {
  std::int32_t words[std::size_t{1} << width][8]{};
  constexpr Choices() {
    constexpr std::size_t of_lane = 8 / width;
    for (std::size_t bits = 0; bits < std::size_t{1} << width; ++bits) {
      std::size_t next = 0;
      for (std::size_t lane = 0; lane < width; ++lane) {
        if ((bits >> lane & 1) == 0) continue;
        for (std::size_t word = 0; word < of_lane; ++word)
          words[bits][next++] = static_cast<std::int32_t>(lane * of_lane + word);
      }
    }
  }
};
template <std::size_t width>
constexpr Choices<width> choices;
#endif

/// The chosen lanes first.
template <class T>
XTAPE_INLINE Lane<T> compressed(Lane<T> x, Bits chosen) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>)
    return Lane<T>::of(_mm512_maskz_compress_ps(static_cast<__mmask16>(chosen), x.v));
  if constexpr (std::is_same_v<T, double>)
    return Lane<T>::of(_mm512_maskz_compress_pd(static_cast<__mmask8>(chosen), x.v));
  if constexpr (std::is_integral_v<T>) {
    const auto values = reinterpret_cast<__m512i>(x.v);
    return Lane<T>::of_bits(_mm512_maskz_compress_epi64(static_cast<__mmask8>(chosen), values));
  }
#else
  const auto* words = choices<Lane<T>::width>.words[chosen];
  const __m256i from = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
  return Lane<T>::of_bits(_mm256_permutevar8x32_epi32(reinterpret_cast<__m256i>(x.v), from));
#endif
}

/// Those below the pivot first; how many they are.
template <bool or_equal, class T>
std::int64_t split(T* x, std::int64_t n, T pivot, T* room) {
  constexpr std::int64_t width = Lane<T>::width;
  T *low = x, *high = room;
  std::int64_t i = 0;
  const Lane<T> at(pivot);
  for (; i + width <= n; i += width) {
    const Lane<T> numbers = Lane<T>::load(x + i);  // what is written to x lies before i + width
    const Bits first = below<or_equal>(numbers, at);
    const auto count = static_cast<std::int64_t>(std::popcount(first));
    compressed(numbers, first).store(low);
    compressed(numbers, ~first & all_lanes<T>).store(high);
    low += count;
    high += width - count;
  }
  if (const std::int64_t rest = n - i; rest > 0) {
    const Lane<T> numbers = Lane<T>::load_first(x + i, rest);
    const Bits there = (Bits{1} << rest) - 1, first = below<or_equal>(numbers, at) & there;
    const auto count = static_cast<std::int64_t>(std::popcount(first));
    compressed(numbers, first).store_first(low, count);
    compressed(numbers, ~first & there).store(high);
    low += count;
    high += rest - count;
  }
  std::memcpy(low, room, static_cast<std::size_t>(high - room) * sizeof(T));
  return low - x;
}

/// One that lies in the middle of some.
template <class T>
T middle_of(const T* x, std::int64_t n) {
  constexpr std::int64_t width = Lane<T>::width;
  T some[Lane<T>::width];
  for (std::int64_t i = 0; i < width; ++i) some[i] = x[(2 * i + 1) * n / (2 * width)];
  sort_registers<1>(some, width);
  return some[width / 2];
}

template <class T>
void sink(T* x, std::int64_t at, std::int64_t n) {
  const T number = x[at];
  for (std::int64_t next; (next = 2 * at + 1) < n; at = next) {
    if (next + 1 < n && x[next] < x[next + 1]) ++next;
    if (!(number < x[next])) break;
    x[at] = x[next];
  }
  x[at] = number;
}

/// In n log(n) steps whatever the numbers are.
template <class T>
void heap_sort(T* x, std::int64_t n) {
  for (std::int64_t i = n / 2; i > 0; --i) sink(x, i - 1, n);
  for (std::int64_t last = n - 1; last > 0; --last) {
    const T number = x[last];
    x[last] = x[0];
    x[0] = number;
    sink(x, 0, last);
  }
}

template <class T>
void quick_sort(T* x, std::int64_t n, T* room, int splits) {
  constexpr std::int64_t width = Lane<T>::width;
  while (n > 8 * width) {
    if (splits-- == 0) return heap_sort(x, n);
    const T pivot = middle_of(x, n);
    const std::int64_t low = split<false>(x, n, pivot, room);
    if (low > 0) quick_sort(x, low, room, splits);
    const std::int64_t done = low > 0 ? low : split<true>(x, n, pivot, room);
    x += done;
    n -= done;
  }
  if (n > 4 * width) return sort_registers<8>(x, n);
  if (n > 2 * width) return sort_registers<4>(x, n);
  if (n > width) return sort_registers<2>(x, n);
  sort_registers<1>(x, n);
}

template <class T>
void ascending(T* x, std::int64_t n, T* room) {
  quick_sort(x, n, room, 2 * static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n))));
}

/// Copies a row; whether there is a NaN in it, and a zero with a sign.
template <class T>
struct Copied {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  Word nan = 0, signed_zero = 0;

  Copied(const T* x, std::int64_t step, std::int64_t n, T* to) {
    if (step == 1) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = seen(x[i]);
    } else {
      for (std::int64_t i = 0; i < n; ++i) to[i] = seen(x[i * step]);
    }
  }

 private:
  XTAPE_INLINE T seen(T number) {
    if constexpr (std::is_floating_point_v<T>) {
      constexpr Word sign = Word{1} << (8 * sizeof(T) - 1);
      nan |= Word{number != number};
      signed_zero |= Word{std::bit_cast<Word>(number) == sign};
    }
    return number;
  }
};

/// Those that are no NaN; how many they are.
template <class T>
std::int64_t copy_numbers(const T* x, std::int64_t step, std::int64_t n, T* to) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    to[count] = x[i * step];
    count += to[count] == to[count] ? 1 : 0;
  }
  return count;
}

/// The zeros of `sorted` as they come in x, or from behind.
template <class T>
void order_zeros(const T* x, std::int64_t step, std::int64_t n, bool descending, T* sorted) {
  while (*sorted < 0) ++sorted;
  std::int64_t zeros = 0, seen = 0;
  for (std::int64_t i = 0; i < n; ++i) zeros += x[i * step] == 0 ? 1 : 0;
  for (std::int64_t i = 0; i < n; ++i) {
    if (x[i * step] != 0) continue;
    sorted[descending ? zeros - 1 - seen : seen] = x[i * step];
    ++seen;
  }
}

template <class T>
void sort_row(const T* x, std::int64_t x_step, std::int64_t n, bool descending, T* y,
              std::int64_t y_step, T* room) {
  T* const numbers = room;
  const Copied<T> row(x, x_step, n, numbers);
  const std::int64_t count = row.nan == 0 ? n : copy_numbers(x, x_step, n, numbers);
  ascending(numbers, count, room + n + 16);
  if (row.signed_zero != 0) order_zeros(x, x_step, n, descending, numbers);
  T* nan = y + (descending ? 0 : count * y_step);
  for (std::int64_t i = 0; i < n && row.nan != 0; ++i) {
    if (x[i * x_step] == x[i * x_step]) continue;
    *nan = x[i * x_step];
    nan += y_step;
  }
  if (descending) {
    for (std::int64_t i = 0; i < count; ++i) y[(n - 1 - i) * y_step] = numbers[i];
  } else if (y_step == 1) {
    std::memcpy(y, numbers, static_cast<std::size_t>(count) * sizeof(T));
  } else {
    for (std::int64_t i = 0; i < count; ++i) y[i * y_step] = numbers[i];
  }
}

constexpr SortKernels table{sort_row<float>, sort_row<double>, sort_row<std::int64_t>,
                            ascending<std::int64_t>};
#else
constexpr SortKernels table{};
#endif

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const SortKernels& compiled<SortKernels, Level::XTAPE_LEVEL>() {
  return table;
}

}  // namespace xtape::kernels
