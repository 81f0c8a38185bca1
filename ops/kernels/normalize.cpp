#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/buffer.hpp>
#include <xtape/ops/kernels/normalize_columns.hpp>
#include <xtape/ops/kernels/typed.hpp>

// Each pass over memory does all that it can: the moments take one, a run at a time out of the
// cache, normalizing one more; so do the sums of the gradient, and the gradient.

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

template <class T>
constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);

/// The sum of the lanes, four at a time: one addition follows slowly on another.
template <class T>
XTAPE_INLINE double lane_sum(Lane<T> x) {
  constexpr std::size_t together = std::min<std::size_t>(4, Lane<T>::width);
  T lanes[Lane<T>::width];
  x.store(lanes);
  double totals[together] = {};
#pragma GCC unroll 16
  for (std::size_t i = 0; i < Lane<T>::width; ++i)
    totals[i % together] += static_cast<double>(lanes[i]);
  double total = 0;
  for (const double part : totals) total += part;
  return total;
}

/// Sums of k formulas over a run: f(sums, x...) adds to k registers, and must add 0 where all x are
/// 0, or where `counts`, a register of ones but in lanes behind the end, is.
template <class T, std::size_t k, class F, class... Runs>
std::array<double, k> sums(std::int64_t n, const F& f, const Runs*... x) {
  std::array<double, k> totals{};
  const auto collect = [&](const Lane<T>(&part)[k]) {
    for (std::size_t i = 0; i < k; ++i) totals[i] += lane_sum(part[i]);
  };
  std::int64_t i = 0;
  while (i + width<T> <= n) {
    Lane<T> even[k], odd[k];
    for (std::size_t j = 0; j < k; ++j) even[j] = odd[j] = Lane<T>(0);
    const std::int64_t end = std::min(i + chunk_size<T>, n);
    for (; i + 2 * width<T> <= end; i += 2 * width<T>) {
      f(even, Lane<T>(1), Lane<T>::load(x + i)...);
      f(odd, Lane<T>(1), Lane<T>::load(x + i + width<T>)...);
    }
    if (i + width<T> <= end) {
      f(even, Lane<T>(1), Lane<T>::load(x + i)...);
      i += width<T>;
    }
    for (std::size_t j = 0; j < k; ++j) even[j] = even[j] + odd[j];
    collect(even);
  }
  if (i < n) {
    T ones[Lane<T>::width] = {};
    std::fill_n(ones, n - i, T{1});
    Lane<T> rest[k];
    for (std::size_t j = 0; j < k; ++j) rest[j] = Lane<T>(0);
    f(rest, Lane<T>::load(ones), Lane<T>::load_first(x + i, n - i)...);
    collect(rest);
  }
  return totals;
}

/// Mean and sum of squares around it, of so many numbers; those of others are taken in.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void take(const Moments& other) {
    if (other.count == 0) return;
    const double all = count + other.count, apart = other.mean - mean;
    squares += other.squares + apart * apart * (count * other.count / all);
    mean += apart * (other.count / all);
    count = all;
  }
};

template <class T>
double squares_around(const T* x, std::int64_t n, double centre) {
  const Lane<T> c(static_cast<T>(centre));
  const auto formula = [&](auto& total, Lane<T> counts, Lane<T> v) {
    const Lane<T> apart = (v - c) * counts;
    total[0] = total[0] + apart * apart;
  };
  return sums<T, 1>(n, formula, x)[0];
}

/// Around the first number: of those far from 0 a sum would keep few digits.
template <class T>
double mean_of(const T* x, std::int64_t n) {
  const Lane<T> first(*x);
  const auto formula = [&](auto& total, Lane<T> counts, Lane<T> v) {
    total[0] = total[0] + (v - first) * counts;
  };
  return static_cast<double>(*x) + sums<T, 1>(n, formula, x)[0] / static_cast<double>(n);
}

/// Of a run, in pieces that stay in the cache between the mean and the squares.
template <class T>
Moments moments_of(const T* x, std::int64_t n, bool centred) {
  constexpr std::int64_t piece = 4096;
  Moments all;
  for (std::int64_t i = 0; i < n; i += piece) {
    const std::int64_t count = std::min(piece, n - i);
    const auto number = static_cast<double>(count);
    if (!centred) {
      all.count += number;
      all.squares += squares_around(x + i, count, 0);
      continue;
    }
    // The sum of squares around a rounded mean is too large by the square of what was rounded off.
    const double mean = mean_of(x + i, count);
    const double off = mean - static_cast<double>(static_cast<T>(mean));
    const double squares = squares_around(x + i, count, mean) - number * off * off;
    all.take({number, mean, squares < 0 ? 0 : squares});  // NaN stays
  }
  return all;
}

/// The numbers of a part in the result: mean, 1 / sqrt(variance + eps), variance.
template <class T>
struct Part {
  T mean, scale, variance;
};

template <class T>
Part<T> part_of(const Moments& moments, double eps) {
  const double mean = moments.count == 0 ? NAN : moments.mean;  // of nothing
  const double variance = moments.squares / moments.count;
  return {static_cast<T>(mean), static_cast<T>(1 / std::sqrt(variance + eps)),
          static_cast<T>(variance)};
}

/// Calls f(part) for all that are normalized together.
template <class F>
void each_part(const Normalization& of, const F& f) {
  detail::parallel_for_each(of.parts(), of.together(), f);
}

/// Arrays of [outer, channels, inner] and their moments.
template <class T>
struct Forward {
  const Normalization& of;
  const T *x, *weight, *bias;
  T *y, *moments;

  void put(std::int64_t part, const Part<T>& numbers) const {
    moments[part] = numbers.mean;
    moments[of.parts() + part] = numbers.scale;
    moments[2 * of.parts() + part] = numbers.variance;
  }
  /// A run of one channel.
  void run(std::int64_t offset, std::int64_t n, const Part<T>& numbers,
           std::int64_t channel) const {
    const Lane<T> m(numbers.mean), r(numbers.scale);
    const Lane<T> w(weight == nullptr ? T{1} : weight[channel]);
    const Lane<T> b(bias == nullptr ? T{0} : bias[channel]);
    map_run(
        n, y + offset, [&](Lane<T> v) { return (v - m) * r * w + b; }, x + offset);
  }
  /// A run of channels with one element each.
  void across(std::int64_t offset, std::int64_t n, const Part<T>& numbers,
              std::int64_t channel) const {
    const Lane<T> m(numbers.mean), r(numbers.scale);
    const T* in = x + offset;
    const T* w = weight == nullptr ? nullptr : weight + channel;
    const T* b = bias == nullptr ? nullptr : bias + channel;
    T* const out = y + offset;
    if (weight == nullptr)
      map_run(
          n, out, [&](Lane<T> v) { return (v - m) * r; }, in);
    else if (bias == nullptr)
      map_run(
          n, out, [&](Lane<T> v, Lane<T> s) { return (v - m) * r * s; }, in, w);
    else
      map_run(
          n, out, [&](Lane<T> v, Lane<T> s, Lane<T> t) { return (v - m) * r * s + t; }, in, w, b);
  }

  void groups() const {
    const std::int64_t together = of.together(),
                       channels = together / std::max<std::int64_t>(of.inner, 1);
    each_part(of, [&](std::int64_t part) {
      const std::int64_t begin = part * together, channel = part % of.groups * channels;
      const Part<T> numbers = part_of<T>(moments_of(x + begin, together, of.centred), of.eps);
      put(part, numbers);
      if (of.inner == 1) {
        across(begin, together, numbers, channel);
      } else {
        for (std::int64_t c = 0; c < channels; ++c)
          run(begin + c * of.inner, of.inner, numbers, channel + c);
      }
    });
  }
  void channels() const {
    each_part(of, [&](std::int64_t c) {
      const auto place = [&](std::int64_t i) { return (i * of.channels + c) * of.inner; };
      Moments all;
      for (std::int64_t i = 0; i < of.outer; ++i)
        all.take(moments_of(x + place(i), of.inner, true));
      const Part<T> numbers = part_of<T>(all, of.eps);
      put(c, numbers);
      for (std::int64_t i = 0; i < of.outer; ++i) run(place(i), of.inner, numbers, c);
    });
  }
};

/// The same backwards.
template <class T>
struct Backward {
  const Normalization& of;
  const T *g, *x, *weight, *moments;
  T *dx, *dweight, *dbias;

  Part<T> part(std::int64_t i) const { return {moments[i], moments[of.parts() + i], 0}; }
  T weight_of(std::int64_t channel) const { return weight == nullptr ? T{1} : weight[channel]; }

  /// The sums of g and of g times the normalized x.
  std::array<double, 2> run_sums(std::int64_t offset, std::int64_t n,
                                 const Part<T>& numbers) const {
    const Lane<T> m(numbers.mean), r(numbers.scale);
    const auto formula = [&](auto& total, Lane<T>, Lane<T> slope, Lane<T> v) {
      total[0] = total[0] + slope;
      total[1] = total[1] + slope * ((v - m) * r);
    };
    return sums<T, 2>(n, formula, g + offset, x + offset);
  }
  /// dx = r (g w - a - n b), n being the normalized x
  void run(std::int64_t offset, std::int64_t n, const Part<T>& numbers, T w, double a,
           double b) const {
    const Lane<T> m(numbers.mean), r(numbers.scale), factor(w);
    const Lane<T> all(static_cast<T>(a)), along(static_cast<T>(b));
    const auto formula = [&](Lane<T> slope, Lane<T> v) {
      return r * (slope * factor - all - (v - m) * r * along);
    };
    map_run(n, dx + offset, formula, g + offset, x + offset);
  }

  void channels() const {
    const double share = 1 / static_cast<double>(std::max<std::int64_t>(of.together(), 1));
    each_part(of, [&](std::int64_t c) {
      const auto place = [&](std::int64_t i) { return (i * of.channels + c) * of.inner; };
      const Part<T> numbers = part(c);
      double total = 0, along = 0;
      for (std::int64_t i = 0; i < of.outer; ++i) {
        const auto [one, other] = run_sums(place(i), of.inner, numbers);
        total += one, along += other;
      }
      if (dweight != nullptr) dweight[c] = static_cast<T>(along);
      if (dbias != nullptr) dbias[c] = static_cast<T>(total);
      const T w = weight_of(c);
      const double factor = static_cast<double>(w) * share;
      for (std::int64_t i = 0; i < of.outer; ++i)
        run(place(i), of.inner, numbers, w, factor * total, factor * along);
    });
  }

  /// Groups of channels that have several elements each.
  void groups() const {
    const std::int64_t channels = of.channels / of.groups;
    const double share = 1 / static_cast<double>(std::max<std::int64_t>(of.together(), 1));
    const Buffer<double> of_runs(2 * of.outer * of.channels);
    each_part(of, [&](std::int64_t i) {
      const Part<T> numbers = part(i);
      const std::int64_t begin = i * of.together(), first = i % of.groups * channels;
      double* own = of_runs.data() + 2 * i * channels;
      double total = 0, along = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto [one, other] = run_sums(begin + c * of.inner, of.inner, numbers);
        const double w = static_cast<double>(weight_of(first + c));
        total += w * one, along += w * other;
        *own++ = other;
        *own++ = one;
      }
      if (!of.centred) total = 0;
      for (std::int64_t c = 0; c < channels; ++c)
        run(begin + c * of.inner, of.inner, numbers, weight_of(first + c), share * total,
            share * along);
    });
    Numbers<double> totals(static_cast<std::size_t>(2 * of.channels));
    for (std::int64_t i = 0; i < of.outer * of.channels; ++i) {
      const std::int64_t c = i % of.channels;
      totals[static_cast<std::size_t>(c)] += of_runs.data()[2 * i];
      totals[static_cast<std::size_t>(of.channels + c)] += of_runs.data()[2 * i + 1];
    }
    put(totals);
  }

  /// Groups of channels with one element each: rows, for whose weights columns are summed.
  void rows() const {
    constexpr std::int64_t block =
        64;  // rows that are summed in T before the sum goes on in double
    const std::int64_t n = of.together();
    const double share = 1 / static_cast<double>(std::max<std::int64_t>(n, 1));
    const std::int64_t sums = 2 * of.channels, together = block * of.groups,
                       blocks = (of.parts() + together - 1) / together;
    Numbers<T> partial(static_cast<std::size_t>(blocks * sums));
    detail::parallel_for(blocks, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first * together; i < std::min(last * together, of.parts()); ++i)
        row(i * n, n, part(i), i % of.groups * n, share, partial.data() + i / together * sums);
    });
    Numbers<double> totals(static_cast<std::size_t>(sums));
    for (std::int64_t i = 0; i < blocks * sums; ++i)
      totals[static_cast<std::size_t>(i % sums)] +=
          static_cast<double>(partial[static_cast<std::size_t>(i)]);
    put(totals);
  }
  void row(std::int64_t begin, std::int64_t n, const Part<T>& numbers, std::int64_t channel,
           double share, T* partial) const {
    const Lane<T> m(numbers.mean), r(numbers.scale);
    const T *slopes = g + begin, *in = x + begin;
    const T* const w = weight == nullptr ? slopes : weight + channel;  // read, but of no effect
    const bool weighted = weight != nullptr;
    const auto formula = [&](auto& total, Lane<T>, Lane<T> slope, Lane<T> v, Lane<T> factor) {
      const Lane<T> s = weighted ? slope * factor : slope;
      total[0] = total[0] + s;
      total[1] = total[1] + s * ((v - m) * r);
    };
    const auto [total, along_all] = sums<T, 2>(n, formula, slopes, in, w);
    const Lane<T> all(of.centred ? static_cast<T>(share * total) : T{0}),
        along(static_cast<T>(share * along_all));
    const auto gradient = [&](Lane<T> slope, Lane<T> v, Lane<T> factor) {
      return r * ((weighted ? slope * factor : slope) - all - (v - m) * r * along);
    };
    map_run(n, dx + begin, gradient, slopes, in, w);
    if (dweight == nullptr && dbias == nullptr) return;
    T* const of_weight = partial + channel;
    T* const of_bias = partial + of.channels + channel;
    map_run(
        n, of_weight,
        [&](Lane<T> sum, Lane<T> slope, Lane<T> v) { return sum + slope * ((v - m) * r); },
        of_weight, slopes, in);
    if (dbias != nullptr)
      map_run(
          n, of_bias, [](Lane<T> sum, Lane<T> slope) { return sum + slope; }, of_bias, slopes);
  }

  void put(const Numbers<double>& totals) const {
    for (std::int64_t c = 0; c < of.channels; ++c) {
      if (dweight != nullptr) dweight[c] = static_cast<T>(totals[static_cast<std::size_t>(c)]);
      if (dbias != nullptr)
        dbias[c] = static_cast<T>(totals[static_cast<std::size_t>(of.channels + c)]);
    }
  }
};

/// Runs that would leave most of a register empty.
bool in_columns(const Normalization& of) { return of.by_channel && of.inner < 128; }

void normalize(Dtype dtype, const Normalization& of, const std::byte* x, const std::byte* weight,
               const std::byte* bias, std::byte* y, std::byte* moments) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const Forward<T> forward{of, as<T>(x), as<T>(weight), as<T>(bias), as<T>(y), as<T>(moments)};
    if (in_columns(of))
      Columns<T>(of).forward(forward.x, forward.weight, forward.bias, forward.y, forward.moments);
    else
      of.by_channel ? forward.channels() : forward.groups();
  });
}

void normalize_gradient(Dtype dtype, const Normalization& of, const std::byte* g,
                        const std::byte* x, const std::byte* weight, const std::byte* moments,
                        std::byte* dx, std::byte* dweight, std::byte* dbias) {
  with_type(dtype, [&]<class T>(TypeTag<T>) {
    const Backward<T> backward{
        of,        as<T>(g),       as<T>(x),    as<T>(weight), as<T>(moments),
        as<T>(dx), as<T>(dweight), as<T>(dbias)};
    if (in_columns(of))
      Columns<T>(of).backward(as<T>(g), as<T>(x), as<T>(weight), as<T>(moments), as<T>(dx),
                              as<T>(dweight), as<T>(dbias));
    else if (of.by_channel)
      backward.channels();
    else if (of.inner == 1)
      backward.rows();
    else
      backward.groups();
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const NormalizeKernels& compiled<NormalizeKernels, Level::XTAPE_LEVEL>() {
  static constexpr NormalizeKernels table{normalize, normalize_gradient};
  return table;
}

}  // namespace xtape::kernels
