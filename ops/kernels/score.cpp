#include <algorithm>
#include <limits>
#include <utility>

#include <xtape/ops/kernels/attention.hpp>
#include <xtape/ops/kernels/exponential.hpp>
#include <xtape/ops/kernels/logarithm.hpp>
#include <xtape/ops/kernels/run.hpp>
#include <xtape/ops/kernels/typed.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

/// The lanes from the `by`-th on, then those before it.
template <std::size_t by, class T, std::size_t... i>
XTAPE_INLINE Lane<T> rotated(const Lane<T>& x, std::index_sequence<i...>) {
  return Lane<T>::of(__builtin_shufflevector(x.v, x.v, ((i + by) % Lane<T>::width)...));
}

/// f of all lanes, by halves.
template <std::size_t count, class T, class F>
XTAPE_INLINE T folded(const Lane<T>& x, const F& f) {
  if constexpr (count == 1)
    return x.first();
  else
    return folded<count / 2>(
        f(x, rotated<count / 2>(x, std::make_index_sequence<Lane<T>::width>())), f);
}

template <class T>
XTAPE_INLINE T total(const Lane<T>& lane) {
  return folded<Lane<T>::width>(lane, [](Lane<T> a, Lane<T> b) { return a + b; });
}

template <class T>
XTAPE_INLINE T greater(T a, T b) {
  return a > b || a != a ? a : b;
}

/// How many of the columns a row sees.
std::int64_t seen_by(const Attention& of, const ScoreRows& block, std::int64_t r) {
  return of.causal ? std::min(block.columns, block.first + r + 1) : block.columns;
}

/// Products of a query as scores: scaled, with the mask; gives how many columns there are to see.
template <class T>
std::int64_t score_row(const Attention& of, const ScoreRows& block, const ScoreMask& mask,
                       std::int64_t r, T* row) {
  const auto scale = static_cast<T>(of.scale);
  const std::int64_t query = block.first + r;
  const std::int64_t seen = seen_by(of, block, r);
  std::fill(row + seen, row + block.columns, -infinity<T>);
  if (mask.data == nullptr) {
    for (std::int64_t j = 0; j < seen; ++j) row[j] *= scale;
  } else if (mask.added) {
    const T* added = as<T>(mask.data) + query * mask.row;
    for (std::int64_t j = 0; j < seen; ++j) row[j] = row[j] * scale + added[j * mask.column];
  } else {
    const bool* counts = reinterpret_cast<const bool*>(mask.data) + query * mask.row;
    for (std::int64_t j = 0; j < seen; ++j)
      row[j] = counts[j * mask.column] ? row[j] * scale : -infinity<T>;
  }
  return seen;
}

template <class T>
T greatest_of(const T* row, std::int64_t count) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  Lane<T> greatest = -infinity<T>;
  std::int64_t j = 0;
  for (; j + width <= count; j += width) greatest = maximum(greatest, Lane<T>::load(row + j));
  T result = folded<Lane<T>::width>(greatest, [](Lane<T> a, Lane<T> b) { return maximum(a, b); });
  for (; j < count; ++j) result = greater(result, row[j]);
  return result;
}

/// Powers of the differences to `shift`, in place, and their sum.
template <class T>
T exp_row(T* row, std::int64_t count, T shift) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  Lane<T> sum = 0;
  std::int64_t j = 0;
  for (; j + width <= count; j += width) {
    const Lane<T> power = exp(Lane<T>::load(row + j) - shift);
    power.store(row + j);
    sum = sum + power;
  }
  T result = total(sum);
  if (j == count) return result;
  const Lane<T> power = exp(Lane<T>::load_first(row + j, count - j) - shift);
  power.store_first(row + j, count - j);
  for (; j < count; ++j) result += row[j];
  return result;
}

void powers(const Attention& of, const ScoreRows& block, const ScoreMask& mask, std::byte* scores,
            std::byte* inverses, std::byte* logs) {
  with_type(of.dtype, [&]<class T>(TypeTag<T>) {
    // One kind of work after the other, so that rows do not wait for each other.
    for (std::int64_t r = 0; r < block.rows; ++r) {
      T* row = as<T>(scores) + r * block.columns;
      const T greatest = greatest_of(row, score_row(of, block, mask, r, row));
      as<T>(logs)[r] = greatest == -infinity<T> ? 0 : greatest;
    }
    for (std::int64_t r = 0; r < block.rows; ++r) {
      T* row = as<T>(scores) + r * block.columns;
      const std::int64_t seen = seen_by(of, block, r);
      as<T>(inverses)[r] = exp_row(row, seen, as<T>(logs)[r]);
      std::fill(row + seen, row + block.columns, T{0});
    }
    T* sums = as<T>(inverses);
    map_run(
        block.rows, as<T>(logs),
        [](Lane<T> shift, Lane<T> sum) { return where(sum == 0, infinity<T>, shift + log(sum)); },
        as<T>(logs), sums);
    map_run(
        block.rows, sums, [](Lane<T> sum) { return where(sum == 0, 0, 1 / sum); }, sums);
  });
}

void scale(const Attention& of, const ScoreRows& block, const std::byte* factors, std::byte* y) {
  with_type(of.dtype, [&]<class T>(TypeTag<T>) {
    T* row = as<T>(y);
    for (std::int64_t r = 0; r < block.rows; ++r, row += of.value_width) {
      const T factor = as<T>(factors)[r];
      for (std::int64_t j = 0; j < of.value_width; ++j) row[j] *= factor;
    }
  });
}

template <class T>
T dot(const T* a, const T* b, std::int64_t count) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  Lane<T> sum = 0;
  std::int64_t j = 0;
  for (; j + width <= count; j += width) sum = fma(Lane<T>::load(a + j), Lane<T>::load(b + j), sum);
  T result = total(sum);
  for (; j < count; ++j) result += a[j] * b[j];
  return result;
}

void gradient(const Attention& of, const ScoreRows& block, const ScoreMask& mask,
              const std::byte* logs, const std::byte* y, const Rows& g, std::byte* scores,
              std::byte* differences) {
  with_type(of.dtype, [&]<class T>(TypeTag<T>) {
    constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
    const auto scaled = static_cast<T>(of.scale);
    for (std::int64_t r = 0; r < block.rows; ++r) {
      T *row = as<T>(scores) + r * block.columns, *to = as<T>(differences) + r * block.columns;
      const std::int64_t seen = score_row(of, block, mask, r, row);
      const T mean = dot(as<T>(y) + r * of.value_width, as<T>(g.data) + r * g.row, of.value_width);
      const T log = as<T>(logs)[r];
      std::int64_t j = 0;
      for (; j + width <= seen; j += width) {
        const Lane<T> p = exp(Lane<T>::load(row + j) - log);
        p.store(row + j);
        (p * (Lane<T>::load(to + j) - mean) * scaled).store(to + j);
      }
      if (j < seen) {
        const Lane<T> p = exp(Lane<T>::load_first(row + j, seen - j) - log);
        p.store_first(row + j, seen - j);
        (p * (Lane<T>::load_first(to + j, seen - j) - mean) * scaled).store_first(to + j, seen - j);
      }
      std::fill(row + seen, row + block.columns, T{0});
      std::fill(to + seen, to + block.columns, T{0});
    }
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const ScoreKernels& compiled<ScoreKernels, Level::XTAPE_LEVEL>() {
  static constexpr ScoreKernels table{powers, scale, gradient};
  return table;
}

}  // namespace xtape::kernels
