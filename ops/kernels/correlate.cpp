#include <algorithm>
#include <type_traits>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/wraps.hpp>
#include <xtape/ops/kernels/buffer.hpp>
#include <xtape/ops/kernels/correlate.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

// Sums of more products go on in y, those of float32 in double.
constexpr std::int64_t most_products = 64;
template <class T>
using Sum = std::conditional_t<std::is_same_v<T, float>, double, T>;

template <class T>
XTAPE_INLINE Lane<T> multiply_add(Lane<T> a, Lane<T> b, Lane<T> sum) {
  if constexpr (std::is_integral_v<T>)
    return a * b + sum;
  else
    return fma(a, b, sum);
}

template <class T>
XTAPE_WRAPS T added(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  else
    return a + b;
}

template <class T>
T sum_of(Lane<T> lane) {
  T sum = 0;
  for (std::size_t i = 0; i < Lane<T>::width; ++i) sum = added<T>(sum, lane.v[i]);
  return sum;
}

/// y += of `registers` registers of results, of j in [first, last): each of v meets as many of x,
/// which begins at the first result's.
template <std::size_t registers, class T>
void in_columns(const T* x, const T* v, std::int64_t first, std::int64_t last, Sum<T>* y) {
  constexpr std::size_t width = Lane<T>::width;
  for (std::int64_t from = first; from < last; from += most_products) {
    const std::int64_t to = std::min(from + most_products, last);
    Lane<T> sums[registers];
    for (std::size_t r = 0; r < registers; ++r) sums[r] = 0;
    for (std::int64_t j = from; j < to; ++j) {
      const Lane<T> factor = v[j];
      for (std::size_t r = 0; r < registers; ++r)
        sums[r] = multiply_add(Lane<T>::load(x + j + r * width), factor, sums[r]);
    }
    T block[registers * width];
    for (std::size_t r = 0; r < registers; ++r) sums[r].store(block + r * width);
    for (std::size_t i = 0; i < registers * width; ++i)
      y[i] = added<Sum<T>>(y[i], static_cast<Sum<T>>(block[i]));
  }
}

/// y += of `results` results, each a sum along registers.
template <std::size_t results, class T>
void in_rows(const T* x, const T* v, std::int64_t first, std::int64_t last, Sum<T>* y) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  for (std::int64_t from = first; from < last; from += most_products * width) {
    const std::int64_t to = std::min(from + most_products * width, last);
    Lane<T> sums[results];
    for (std::size_t r = 0; r < results; ++r) sums[r] = 0;
    std::int64_t j = from;
    for (; j + width <= to; j += width) {
      const Lane<T> factor = Lane<T>::load(v + j);
      for (std::size_t r = 0; r < results; ++r)
        sums[r] = multiply_add(Lane<T>::load(x + j + r), factor, sums[r]);
    }
    for (std::size_t r = 0; j < to && r < results; ++r)
      sums[r] = multiply_add(Lane<T>::load_first(x + j + r, to - j),
                             Lane<T>::load_first(v + j, to - j), sums[r]);
    for (std::size_t r = 0; r < results; ++r)
      y[r] = added<Sum<T>>(y[r], static_cast<Sum<T>>(sum_of(sums[r])));
  }
}

/// The results in blocks, with zeros around x.
template <class T>
void in_blocks(const Correlation<T>& of) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  constexpr std::int64_t wide = 8 * width;
  const std::int64_t blocks = (of.count + wide - 1) / wide * wide;
  const Buffer<T> around(blocks + of.m);
  const Buffer<Sum<T>> results(blocks);
  std::fill_n(around.data(), blocks + of.m, T{0});
  std::fill_n(results.data(), blocks, Sum<T>{0});
  const std::int64_t skipped = std::max<std::int64_t>(-of.before, 0);
  const std::int64_t start = std::max<std::int64_t>(of.before, 0);
  const std::int64_t room = blocks + of.m - start;
  if (skipped < of.n && room > 0)
    std::copy_n(of.x + skipped, std::min(of.n - skipped, room), around.data() + start);

  const auto block = [&]<std::size_t size>(auto kernel, std::int64_t i) {
    constexpr auto many = static_cast<std::int64_t>(size);
    const std::int64_t first = std::max<std::int64_t>(of.before - i - many + 1, 0);
    const std::int64_t last = std::min(of.n + of.before - i, of.m);
    if (first < last) kernel(around.data() + i, of.v, first, last, results.data() + i);
  };
  std::int64_t i = 0;
  for (; i + wide <= of.count; i += wide)
    block.template operator()<8 * Lane<T>::width>(in_columns<8, T>, i);
  if (of.m >= 4 * width) {
    for (; i + 4 <= of.count; i += 4) block.template operator()<4>(in_rows<4, T>, i);
    for (; i < of.count; ++i) block.template operator()<1>(in_rows<1, T>, i);
  }
  for (; i < of.count; i += width) block.template operator()<Lane<T>::width>(in_columns<1, T>, i);
  for (std::int64_t k = 0; k < of.count; ++k) of.y[k] = static_cast<T>(results.data()[k]);
}

/// The products that meet x alone.
template <class T>
void one_by_one(const Correlation<T>& of) {
  std::fill_n(of.y, of.count, T{0});
  for (std::int64_t j = 0; j < of.m; ++j) {
    const std::int64_t first = std::max<std::int64_t>(of.before - j, 0);
    const std::int64_t last = std::min(of.n + of.before - j, of.count);
    for (std::int64_t i = first; i < last; ++i) of.y[i] += of.x[i + j - of.before] * of.v[j];
  }
}

template <class T>
void correlate(const Correlation<T>& of) {
  if constexpr (!std::is_integral_v<T>) {
    // Beside a zero these would not be nothing.
    const bool finite = std::all_of(of.v, of.v + of.m, [](T value) { return value - value == 0; });
    if (!finite) return one_by_one(of);
  }
  in_blocks(of);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const CorrelateKernels& compiled<CorrelateKernels, Level::XTAPE_LEVEL>() {
  static constexpr CorrelateKernels table{correlate<float>, correlate<double>,
                                          correlate<std::int64_t>};
  return table;
}

}  // namespace xtape::kernels
