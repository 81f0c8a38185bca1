#include <algorithm>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include <xtape/core/memory.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/buffer.hpp>
#include <xtape/ops/kernels/logarithm.hpp>
#include <xtape/ops/kernels/run.hpp>
#include <xtape/ops/kernels/softmax.hpp>
#include <xtape/ops/kernels/typed.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t block_elements =
    2048;  // of the rows that are worked on together: they stay in L1
constexpr std::int64_t block_rows = 256;

/// Calls f(first, count) for blocks of rows, which threads share. Short rows go together, so that
/// exp and log see full registers.
template <class F>
void for_each_block(std::int64_t rows, std::int64_t columns, F&& f) {
  if (columns == 0) return;
  const std::int64_t together = std::clamp<std::int64_t>(block_elements / columns, 1, block_rows);
  detail::parallel_for(rows, 4 * together, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; row += together)
      f(row, std::min(together, last - row));
  });
}

/// What to subtract before exp: the greatest element, or 0 if that is -inf.
template <class T>
Lane<T> shift_for(Lane<T> greatest) {
  return where(greatest == -std::numeric_limits<T>::infinity(), 0, greatest);
}

/// What to multiply with for a sum of 1, given the sum less 1; a row of zeros stays.
template <class T>
Lane<T> scale_for(Lane<T> rest) {
  return where(rest == -1, 0, 1 / (1 + rest));
}

/// Collects the sum less 1 of powers of which the greatest are 1, with the digits of all others.
template <class T>
struct Rest {
  XTAPE_INLINE void add(Lane<T> power) {
    ones = ones + where(power == 1, 1, 0);
    others = others + where(power == 1, 0, power);
  }
  Lane<T> ones = 0, others = 0;
};

/// y = exp(x - shift) for a row, and its sum less 1.
template <class T>
T exp_row(const T* x, T* y, std::int64_t columns, Lane<T> shift) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  T places[Lane<T>::width];
  std::iota(places, places + width, T(0));
  double ones = 0, others = 0;
  for (std::int64_t j = 0; j < columns;) {
    Rest<T> rest;
    const std::int64_t end = std::min(j + chunk_size<T>, columns);
    for (; j + width <= end; j += width) {
      const Lane<T> power = exp(Lane<T>::load(x + j) - shift);
      power.store(y + j);
      rest.add(power);
    }
    if (const std::int64_t left = end - j; left > 0) {
      const Lane<T> power = exp(Lane<T>::load_first(x + j, left) - shift);
      power.store_first(y + j, left);
      rest.add(where(Lane<T>::load(places) < Lane<T>(left), power, 0));
      j = end;
    }
    ones += reduce_lanes<Sum>(rest.ones);
    others += reduce_lanes<Sum>(rest.others);
  }
  return static_cast<T>(others + (ones - 1));
}

/// y = exp(x - shift) for a block of rows, the shift of each row and its sum less 1. If `scales`
/// are asked for, what y is multiplied with, so that its sum is 1.
template <class T>
void exp_long_rows(std::int64_t rows, std::int64_t columns, const T* x, T* y, T* shifts, T* rests,
                   T* scales) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* from = x + r * columns;
    T* to = y + r * columns;
    const Lane<T> shift = shift_for(Lane<T>(reduce_run<Maximum>(from, columns)));
    rests[r] = exp_row(from, to, columns, shift);
    shifts[r] = shift.first();
    if (scales == nullptr) continue;
    const Lane<T> scale = scale_for(Lane<T>(rests[r]));
    map_run(
        columns, to, [scale](Lane<T> t) { return t * scale; }, to);
    scales[r] = scale.first();
  }
}

/// Calls f with the number of columns, as a constant if it is small: its loops are unrolled then.
template <class T, class F>
void with_columns(std::int64_t columns, F&& f) {
  constexpr auto constants = std::min(static_cast<std::int64_t>(Lane<T>::width), std::int64_t{5});
  const bool done = [&]<std::int64_t... n>(std::integer_sequence<std::int64_t, n...>) {
    return ((columns == n && (f(std::integral_constant<std::int64_t, n>()), true)) || ...);
  }
  (std::make_integer_sequence<std::int64_t, constants>());
  if (!done) f(columns);
}

/// The same for rows shorter than a register, with a row to each lane.
template <class T>
void exp_short_rows(std::int64_t rows, std::int64_t columns, const T* x, T* y, T* shifts, T* rests,
                    T* scales) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  T lanes[Lane<T>::width][block_rows];  // [column][row]
  with_columns<T>(columns, [&](auto n) {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < n; ++j) lanes[j][i] = x[i * n + j];
    }
  });
  const std::int64_t padded = (rows + width - 1) / width * width;
  for (std::int64_t j = 0; j < columns; ++j) std::fill(lanes[j] + rows, lanes[j] + padded, T{0});
  for (std::int64_t i = 0; i < rows; i += width) {
    Lane<T> greatest = Lane<T>::load(lanes[0] + i);
    for (std::int64_t j = 1; j < columns; ++j)
      greatest = maximum(greatest, Lane<T>::load(lanes[j] + i));
    const Lane<T> shift = shift_for(greatest);
    Rest<T> row;
    for (std::int64_t j = 0; j < columns; ++j) {
      const Lane<T> e = exp(Lane<T>::load(lanes[j] + i) - shift);
      row.add(e);
      e.store(lanes[j] + i);
    }
    const Lane<T> rest = row.others + (row.ones - 1);
    shift.store(shifts + i);
    rest.store(rests + i);
    if (scales == nullptr) continue;
    const Lane<T> scale = scale_for(rest);
    for (std::int64_t j = 0; j < columns; ++j)
      (Lane<T>::load(lanes[j] + i) * scale).store(lanes[j] + i);
    scale.store(scales + i);
  }
  with_columns<T>(columns, [&](auto n) {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < n; ++j) y[i * n + j] = lanes[j][i];
    }
  });
}

template <class T>
void exp_block(std::int64_t rows, std::int64_t columns, const T* x, T* y, T* shifts, T* rests,
               T* scales) {
  static_assert(block_rows % static_cast<std::int64_t>(Lane<T>::width) == 0);
  const bool short_rows = columns < static_cast<std::int64_t>(Lane<T>::width);
  (short_rows ? exp_short_rows<T> : exp_long_rows<T>)(rows, columns, x, y, shifts, rests, scales);
}

template <class T>
T dot(const T* a, const T* b, std::int64_t n) {
  constexpr std::int64_t run = 256;
  T products[run];
  Wide<T> total = 0;
  for (std::int64_t i = 0; i < n; i += run) {
    const std::int64_t count = std::min(run, n - i);
    for (std::int64_t j = 0; j < count; ++j) products[j] = a[i + j] * b[i + j];
    total += reduce_chunk<Sum>(products, count);
  }
  return static_cast<T>(total);
}

void softmax_rows(Dtype dtype, std::int64_t rows, std::int64_t columns, const std::byte* x,
                  std::byte* y) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    for_each_block(rows, columns, [&](std::int64_t first, std::int64_t count) {
      T shifts[block_rows], rests[block_rows], scales[block_rows];
      T* out = as<T>(y) + first * columns;
      exp_block(count, columns, as<T>(x) + first * columns, out, shifts, rests, scales);
    });
  });
}

void log_softmax_rows(Dtype dtype, std::int64_t rows, std::int64_t columns, const std::byte* x,
                      std::byte* y) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    for_each_block(rows, columns, [&](std::int64_t first, std::int64_t count) {
      T shifts[block_rows], rests[block_rows], logs[block_rows];
      const T* in = as<T>(x) + first * columns;
      T* out = as<T>(y) + first * columns;
      exp_block<T>(count, columns, in, out, shifts, rests, nullptr);
      map_run(
          count, logs, [](Lane<T> rest) { return where(rest == -1, 0, log1p(rest)); }, rests);
      for (std::int64_t r = 0; r < count; ++r) {
        for (std::int64_t j = r * columns; j < (r + 1) * columns; ++j)
          out[j] = in[j] - shifts[r] - logs[r];
      }
    });
  });
}

void softmax_gradient_rows(Dtype dtype, std::int64_t rows, std::int64_t columns, const std::byte* y,
                           const std::byte* g, std::byte* dx) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    detail::parallel_for_each(rows, columns, [&](std::int64_t row) {
      const T* p = as<T>(y) + row * columns;
      const T* given = as<T>(g) + row * columns;
      const T total = dot(p, given, columns);
      T* out = as<T>(dx) + row * columns;
      for (std::int64_t j = 0; j < columns; ++j) out[j] = p[j] * (given[j] - total);
    });
  });
}

void log_softmax_gradient_rows(Dtype dtype, std::int64_t rows, std::int64_t columns,
                               const std::byte* y, const std::byte* g, std::byte* dx) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    detail::parallel_for_each(rows, columns, [&](std::int64_t row) {
      const T* given = as<T>(g) + row * columns;
      const T total = static_cast<T>(reduce_run<Sum>(given, columns));
      const auto formula = [total](Lane<T> log_p, Lane<T> gradient) {
        return gradient - exp(log_p) * total;
      };
      map_run(columns, as<T>(dx) + row * columns, formula, as<T>(y) + row * columns, given);
    });
  });
}

void cross_entropy_rows(Dtype dtype, std::int64_t rows, std::int64_t columns, const std::byte* x,
                        const std::int64_t* labels, const bool* counts, std::byte* differences,
                        std::byte* loss) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    for_each_block(rows, columns, [&](std::int64_t first, std::int64_t count) {
      T shifts[block_rows], rests[block_rows], scales[block_rows], logs[block_rows];
      const T* in = as<T>(x) + first * columns;
      T* out = as<T>(differences) + first * columns;
      exp_block(count, columns, in, out, shifts, rests, scales);
      map_run(
          count, logs, [](Lane<T> rest) { return log1p(rest); }, rests);
      for (std::int64_t r = 0; r < count; ++r) {
        const std::int64_t label = r * columns + labels[first + r];
        as<T>(loss)[first + r] = logs[r] + (shifts[r] - in[label]);
        // p - 1, which where p is nearly 1 has the digits of the others
        out[label] = in[label] == shifts[r] ? -rests[r] * scales[r] : out[label] - 1;
      }
    });
    if (counts == nullptr) return;
    for (std::int64_t row = 0; row < rows; ++row) {
      if (!counts[row]) as<T>(loss)[row] = 0;
    }
  });
}

void cross_entropy_gradient_rows(Dtype dtype, std::int64_t rows, std::int64_t columns,
                                 const std::byte* differences, const bool* counts,
                                 const std::byte* g, std::int64_t g_step, std::byte* dx) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    if (g_step == 0) {
      const std::int64_t piece = 4 * block_elements;
      detail::parallel_for(rows * columns, piece, [&](std::int64_t first, std::int64_t last) {
        map_run(
            last - first, as<T>(dx) + first, [scale = *as<T>(g)](Lane<T> q) { return q * scale; },
            as<T>(differences) + first);
      });
    } else {
      detail::parallel_for_each(rows, columns, [&](std::int64_t row) {
        const T scale = as<T>(g)[row];
        const T* from = as<T>(differences) + row * columns;
        T* to = as<T>(dx) + row * columns;
        for (std::int64_t j = 0; j < columns; ++j) to[j] = from[j] * scale;
      });
    }
    if (counts == nullptr) return;
    for (std::int64_t row = 0; row < rows; ++row) {
      if (!counts[row]) std::fill_n(as<T>(dx) + row * columns, columns, T{0});
    }
  });
}

void logsumexp_rows(Dtype dtype, std::int64_t rows, std::int64_t columns, const std::byte* x,
                    std::byte* y) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    std::fill_n(as<T>(y), rows, -std::numeric_limits<T>::infinity());
    for_each_block(rows, columns, [&](std::int64_t first, std::int64_t count) {
      T shifts[block_rows], rests[block_rows];
      const Buffer<T> powers(count * columns);
      exp_block<T>(count, columns, as<T>(x) + first * columns, powers.data(), shifts, rests,
                   nullptr);
      const auto formula = [](Lane<T> rest, Lane<T> shift) {
        return where(shift == std::numeric_limits<T>::infinity(), shift, shift + log1p(rest));
      };
      map_run(count, as<T>(y) + first, formula, rests, shifts);
    });
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const SoftmaxKernels& compiled<SoftmaxKernels, Level::XTAPE_LEVEL>() {
  static constexpr SoftmaxKernels table{
      softmax_rows,   log_softmax_rows,   softmax_gradient_rows,      log_softmax_gradient_rows,
      logsumexp_rows, cross_entropy_rows, cross_entropy_gradient_rows};
  return table;
}

}  // namespace xtape::kernels
