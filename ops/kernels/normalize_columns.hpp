#pragma once
// Channels that have few elements each in an example, [rows, columns]: a register goes down the
// rows.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <xtape/core/memory.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/normalize.hpp>
#include <xtape/ops/kernels/run.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {

template <class T>
using Numbers = std::vector<T, memory::Allocator<T>>;

/// Sums of k formulas down the columns of arrays [rows, columns], into totals [k, columns]:
/// make(j, count) gives f(sums, x...) for the columns from j on, which adds to k registers.
template <class T, std::size_t k, class Make, class... Arrays>
void column_sums(std::int64_t rows, std::int64_t columns, const Make& make, double* totals,
                 const Arrays*... x) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  constexpr std::int64_t block = 64;  // rows that are summed in T before the sum goes on in double
  std::fill_n(totals, static_cast<std::int64_t>(k) * columns, 0.0);
  const auto strip = [&](std::int64_t j) {
    const std::int64_t count = std::min(width, columns - j);
    const auto load = [&](const T* p) {
      return count == width ? Lane<T>::load(p) : Lane<T>::load_first(p, count);
    };
    const auto f = make(j, load);
    for (std::int64_t row = 0; row < rows;) {
      Lane<T> part[k];
      for (std::size_t i = 0; i < k; ++i) part[i] = Lane<T>(0);
      for (const std::int64_t end = std::min(row + block, rows); row < end; ++row)
        f(part, load(x + row * columns + j)...);
      for (std::size_t i = 0; i < k; ++i) {
        T lanes[Lane<T>::width];
        part[i].store(lanes);
        double* const into = totals + static_cast<std::int64_t>(i) * columns + j;
        for (std::int64_t lane = 0; lane < count; ++lane)
          into[lane] += static_cast<double>(lanes[lane]);
      }
    }
  };
  const std::int64_t piece =
      width * std::max<std::int64_t>(1, 512 / std::max<std::int64_t>(rows, 1));
  detail::parallel_for(columns, piece, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t j = first; j < last; j += width) strip(j);
  });
}

/// The loops of a normalization by channel over columns, `of.inner` of them a channel.
template <class T>
struct Columns {
  explicit Columns(const Normalization& normalization)
      : of(normalization),
        columns(of.channels * of.inner),
        totals(count(2)),
        centre(count(1)),
        scale(count(1)),
        factor(count(1)),
        shift(count(1)) {}

  void forward(const T* x, const T* weight, const T* bias, T* y, T* moments) {
    if (of.outer == 0)  // no first row
      return static_cast<void>(
          std::fill_n(moments, 3 * of.parts(), std::numeric_limits<T>::quiet_NaN()));
    const auto n = static_cast<double>(of.together());
    // Around the first row: of numbers far from 0 a sum would keep few digits.
    const auto sum = [&](std::int64_t j, const auto& load) {
      return [first = load(x + j)](auto& total, Lane<T> v) { total[0] = total[0] + (v - first); };
    };
    column_sums<T, 1>(of.outer, columns, sum, totals.data(), x);
    Numbers<double> means(static_cast<std::size_t>(of.channels));
    for_channels([&](std::int64_t c) {
      double firsts = 0;
      for (std::int64_t i = 0; i < of.inner; ++i)
        firsts += static_cast<double>(x[c * of.inner + i]);
      means[at(c)] = (channel_total(0, c) + firsts * static_cast<double>(of.outer)) / n;
      spread(centre, c, static_cast<T>(means[at(c)]));
    });
    const auto squares = [&](std::int64_t j, const auto& load) {
      return [m = load(centre.data() + j)](auto& total, Lane<T> v) {
        total[0] = total[0] + (v - m) * (v - m);
      };
    };
    column_sums<T, 1>(of.outer, columns, squares, totals.data(), x);
    for_channels([&](std::int64_t c) {
      const T m = static_cast<T>(means[at(c)]);
      const double off = means[at(c)] - static_cast<double>(m);
      const double spread_out = channel_total(0, c) / n - off * off;
      const double variance = spread_out < 0 ? 0 : spread_out;  // NaN stays
      const auto r = static_cast<T>(1 / std::sqrt(variance + of.eps));
      moments[c] = m;
      moments[of.channels + c] = r;
      moments[2 * of.channels + c] = static_cast<T>(variance);
      spread(scale, c, r);
      spread(factor, c, weight == nullptr ? T{1} : weight[c]);
      spread(shift, c, bias == nullptr ? T{0} : bias[c]);
    });
    const auto formula = [](Lane<T> v, Lane<T> m, Lane<T> r, Lane<T> w, Lane<T> b) {
      return (v - m) * r * w + b;
    };
    detail::parallel_for_each(of.outer, columns, [&](std::int64_t row) {
      map_run(columns, y + row * columns, formula, x + row * columns, centre.data(), scale.data(),
              factor.data(), shift.data());
    });
  }

  void backward(const T* g, const T* x, const T* weight, const T* moments, T* dx, T* dweight,
                T* dbias) {
    for_channels([&](std::int64_t c) {
      spread(centre, c, moments[c]);
      spread(scale, c, moments[of.channels + c]);
    });
    const auto both = [&](std::int64_t j, const auto& load) {
      return [m = load(centre.data() + j), r = load(scale.data() + j)](auto& total, Lane<T> slope,
                                                                       Lane<T> v) {
        total[0] = total[0] + slope;
        total[1] = total[1] + slope * ((v - m) * r);
      };
    };
    column_sums<T, 2>(of.outer, columns, both, totals.data(), g, x);
    Numbers<T> along(count(1));
    for_channels([&](std::int64_t c) {
      const double total = channel_total(0, c), other = channel_total(1, c);
      if (dbias != nullptr) dbias[c] = static_cast<T>(total);
      if (dweight != nullptr) dweight[c] = static_cast<T>(other);
      const T w = weight == nullptr ? T{1} : weight[c];
      const double share = static_cast<double>(w) / static_cast<double>(of.together());
      spread(factor, c, w);
      spread(shift, c, static_cast<T>(share * total));
      spread(along, c, static_cast<T>(share * other));
    });
    const auto formula = [](Lane<T> slope, Lane<T> v, Lane<T> m, Lane<T> r, Lane<T> w, Lane<T> a,
                            Lane<T> b) { return r * (slope * w - a - (v - m) * r * b); };
    detail::parallel_for_each(of.outer, columns, [&](std::int64_t row) {
      map_run(columns, dx + row * columns, formula, g + row * columns, x + row * columns,
              centre.data(), scale.data(), factor.data(), shift.data(), along.data());
    });
  }

  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  std::size_t count(std::int64_t arrays) const { return at(arrays * of.channels * of.inner); }
  template <class F>
  void for_channels(const F& f) const {
    for (std::int64_t c = 0; c < of.channels; ++c) f(c);
  }
  double channel_total(std::int64_t formula, std::int64_t c) const {
    double total = 0;
    for (std::int64_t i = 0; i < of.inner; ++i)
      total += totals[at(formula * columns + c * of.inner + i)];
    return total;
  }
  void spread(Numbers<T>& numbers, std::int64_t c, T value) const {
    std::fill_n(numbers.begin() + c * of.inner, of.inner, value);
  }

  const Normalization& of;
  std::int64_t columns;
  Numbers<double> totals;
  Numbers<T> centre, scale, factor, shift;  // of each column
};

}  // namespace XTAPE_LEVEL
}  // namespace xtape::kernels
