#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include <xtape/core/kernels/lane.hpp>
#include <xtape/core/parallel.hpp>
#include <xtape/ops/kernels/buffer.hpp>
#include <xtape/ops/kernels/run.hpp>
#include <xtape/ops/kernels/skinny.hpp>
#include <xtape/ops/kernels/table.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

constexpr std::int64_t widest = 4;  // the largest small extent

/// A matrix of any strides.
template <class T>
struct View {
  const T* data;
  std::int64_t row, column;

  explicit View(const Matrix& matrix)
      : data(reinterpret_cast<const T*>(matrix.data)),
        row(matrix.transposed ? 1 : matrix.stride),
        column(matrix.transposed ? matrix.stride : 1) {}
  const T& operator()(std::int64_t i, std::int64_t j) const { return data[i * row + j * column]; }
  View from(std::int64_t i, std::int64_t j) const {
    View view = *this;
    view.data += i * row + j * column;
    return view;
  }
  View transposed() const {
    View view = *this;
    std::swap(view.row, view.column);
    return view;
  }
};

/// Where results go: places of any strides, to which a bias may be added, by row or by column.
template <class T>
struct Target {
  T* data;
  std::int64_t row, column;
  const T* bias;
  bool bias_by_row;

  Target from(std::int64_t i, std::int64_t j) const {
    const T* rest = bias == nullptr ? nullptr : bias + (bias_by_row ? i : j);
    return {data + i * row + j * column, row, column, rest, bias_by_row};
  }
  T bias_at(std::int64_t i, std::int64_t j) const {
    return bias == nullptr ? T{0} : bias[bias_by_row ? i : j];
  }
  void put(std::int64_t i, std::int64_t j, T value) const {
    data[i * row + j * column] = bias == nullptr ? value : value + bias_at(i, j);
  }
};

/// n elements and zeros behind them.
template <class T>
Lane<T> load_some(const T* x, std::int64_t n) {
  T padded[Lane<T>::width] = {};
  std::copy_n(x, n, padded);
  return Lane<T>::load(padded);
}

/// Calls f(0), ..., f(n - 1) with constants: what f indexes stays in registers.
template <std::size_t n, class F>
[[gnu::always_inline]] inline void unrolled(F&& f) {
  [&]<std::size_t... i>(std::index_sequence<i...>) __attribute__((always_inline)) {
    (f(std::integral_constant<std::size_t, i>()), ...);
  }
  (std::make_index_sequence<n>());
}

/// Sums of neighbouring lanes: those of a, then those of b.
template <class T, std::size_t... i>
Lane<T> add_pairs(Lane<T> a, Lane<T> b, std::index_sequence<i...>) {
  return Lane<T>::of(__builtin_shufflevector(a.v, b.v, (2 * i)...) +
                     __builtin_shufflevector(a.v, b.v, (2 * i + 1)...));
}

/// The sum of the lanes of each of `width` registers, side by side.
template <class T>
[[gnu::always_inline]] inline Lane<T> sum_lanes(Lane<T> (&x)[Lane<T>::width]) {
  constexpr auto lanes = std::make_index_sequence<Lane<T>::width>();
  constexpr auto levels = static_cast<std::size_t>(std::bit_width(Lane<T>::width) - 1);
  unrolled<levels>([&](auto level) {
    unrolled<(Lane<T>::width >> level() >> 1)>(
        [&](auto i) { x[i] = add_pairs(x[2 * i], x[2 * i + 1], lanes); });
  });
  return x[0];
}

constexpr std::size_t tile = 4;  // registers of neighbouring results that are worked on together

/// Epilogues: what becomes of a register of results, given the other elements in their places if it
/// reads any.
struct AsItIs {
  static constexpr bool reads = false;
  template <class T>
  static Lane<T> apply(Lane<T> y, const T*) {
    return y;
  }
};
struct Relu {
  static constexpr bool reads = false;
  template <class T>
  static Lane<T> apply(Lane<T> y, const T*) {
    return maximum(y, 0);
  }
};
struct WherePositive {
  static constexpr bool reads = true;
  template <class T>
  static Lane<T> apply(Lane<T> y, const T* other) {
    return where_positive(y, Lane<T>::load(other));
  }
};

/// y [m, n] = a [m, k] b [k, n] for k <= 4, and then the epilogue, whose other elements lie as
/// those of y do: a tile of columns of b stays in registers, all rows of y come of it.
template <class Then, class T, std::size_t k>
void few_terms(std::int64_t m, std::int64_t n, const View<T>& a, const View<T>& b,
               const Target<T>& y, const T* others) {
  using L = Lane<T>;
  constexpr auto columns = static_cast<std::int64_t>(tile * L::width);
  for (std::int64_t first = 0; first < n; first += columns) {
    const std::int64_t count = std::min(columns, n - first);
    T rows[k + 1][tile * L::width] = {};  // those of b, and what the sums start from
    for (std::int64_t j = 0; j < count; ++j) {
      for (std::size_t p = 0; p < k; ++p) rows[p][j] = b(static_cast<std::int64_t>(p), first + j);
      rows[k][j] = y.bias_at(0, first + j);
    }
    L b_rows[k + 1][tile];
    unrolled<k + 1>([&](auto p) {
      unrolled<tile>([&](auto t) { b_rows[p][t] = L::load(rows[p] + t * L::width); });
    });
    const auto row = [&](std::int64_t i, T* to, const T* other) {
      L sums[tile];
      unrolled<tile>([&](auto t) { sums[t] = b_rows[k][t]; });
      unrolled<k>([&](auto p) {
        const L factor(a(i, static_cast<std::int64_t>(p())));
        unrolled<tile>([&](auto t) { sums[t] = fma(factor, b_rows[p][t], sums[t]); });
      });
      unrolled<tile>([&](auto t) {
        constexpr auto place = t() * L::width;
        if constexpr (Then::reads)
          Then::apply(sums[t], other + place).store(to + place);
        else
          Then::apply(sums[t], other).store(to + place);
      });
    };
    T* to = y.data + first;
    if (count == columns) {
      for (std::int64_t i = 0; i < m; ++i)
        row(i, to + i * y.row, Then::reads ? others + first + i * y.row : nullptr);
    } else {
      T result[tile * L::width], other[tile * L::width] = {};
      for (std::int64_t i = 0; i < m; ++i) {
        if constexpr (Then::reads) std::copy_n(others + first + i * y.row, count, other);
        row(i, result, other);
        std::copy_n(result, count, to + i * y.row);
      }
    }
  }
}

/// y [m, n] = a [m, k] b [k, n] for n <= 4 and dense rows of a: dot products, as many at a time as
/// a register has lanes.
template <class T, std::size_t n>
void few_columns(std::int64_t m, std::int64_t k, const View<T>& a, const View<T>& b,
                 const Target<T>& y) {
  using L = Lane<T>;
  constexpr auto width = static_cast<std::int64_t>(L::width);
  constexpr std::size_t padded =
      n == 3 && L::width % 3 != 0 ? 4 : n;             // sums of a fourth column stay 0
  constexpr std::size_t together = L::width / padded;  // rows
  const std::int64_t length = (k + width - 1) / width * width;
  const Buffer<T> columns(static_cast<std::int64_t>(n) * length);
  for (std::size_t j = 0; j < n; ++j) {
    T* column = columns.data() + static_cast<std::int64_t>(j) * length;
    for (std::int64_t p = 0; p < k; ++p) column[p] = b(p, static_cast<std::int64_t>(j));
    std::fill(column + k, column + length, T{0});
  }
  for (std::int64_t first = 0; first < m; first += static_cast<std::int64_t>(together)) {
    std::array<const T*, together> rows;
    for (std::size_t i = 0; i < together; ++i) {
      rows[i] = a.data + std::min(first + static_cast<std::int64_t>(i), m - 1) * a.row;
    }
    L sums[L::width];
    unrolled<L::width>([&](auto i) { sums[i] = L(0); });
    const auto add = [&](std::int64_t p, auto&& load) {
      L x[together];
      unrolled<together>([&](auto i) { x[i] = load(rows[i] + p); });
      unrolled<n>([&](auto j) {
        const L column = L::load(columns.data() + static_cast<std::int64_t>(j()) * length + p);
        unrolled<together>([&](auto i) {
          L& sum = sums[i * padded + j];
          sum = fma(x[i], column, sum);
        });
      });
    };
    std::int64_t p = 0;
    for (; p + width <= k; p += width) add(p, [](const T* x) { return L::load(x); });
    if (p < k) add(p, [rest = k - p](const T* x) { return load_some(x, rest); });
    T dots[L::width];
    sum_lanes<T>(sums).store(dots);
    for (std::size_t i = 0; i < together && first + static_cast<std::int64_t>(i) < m; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        y.put(first + static_cast<std::int64_t>(i), static_cast<std::int64_t>(j),
              dots[i * padded + j]);
      }
    }
  }
}

/// y [m, n] = u [k, m]ᵀ v [k, n] for m <= 4 and dense rows of v: sums of rows of v, a tile of
/// columns in registers.
template <class T, std::size_t m>
void few_rows(std::int64_t n, std::int64_t k, const View<T>& u, const View<T>& v,
              const Target<T>& y) {
  using L = Lane<T>;
  constexpr auto columns = static_cast<std::int64_t>(tile * L::width);
  for (std::int64_t first = 0; first < n; first += columns) {
    const std::int64_t count = std::min(columns, n - first);
    L sums[m][tile];
    unrolled<m>([&](auto i) { unrolled<tile>([&](auto t) { sums[i][t] = L(0); }); });
    const auto add = [&](const T* row, const T* factors) {
      L x[tile];
      unrolled<tile>([&](auto t) { x[t] = L::load(row + t * L::width); });
      unrolled<m>([&](auto i) {
        const L factor(factors[static_cast<std::int64_t>(i()) * u.column]);
        unrolled<tile>([&](auto t) { sums[i][t] = fma(factor, x[t], sums[i][t]); });
      });
    };
    const T* row = v.data + first;
    const T* factors = u.data;
    T padded[tile * L::width] = {};
    for (std::int64_t p = 0; p < k; ++p, row += v.row, factors += u.row) {
      if (count < columns) std::copy_n(row, count, padded);
      add(count < columns ? padded : row, factors);
    }
    const bool dense = count == columns && y.column == 1 && y.bias == nullptr;
    T values[tile * L::width];
    unrolled<m>([&](auto i) {
      if (dense) {
        T* const to = y.data + static_cast<std::int64_t>(i()) * y.row + first;
        unrolled<tile>([&](auto t) { sums[i][t].store(to + t * L::width); });
        return;
      }
      unrolled<tile>([&](auto t) { sums[i][t].store(values + t * L::width); });
      for (std::int64_t j = 0; j < count; ++j)
        y.put(static_cast<std::int64_t>(i()), first + j, values[j]);
    });
  }
}

/// Calls f with `extent` as a constant.
template <class F>
void with_constant(std::int64_t extent, F&& f) {
  switch (extent) {
    case 1: return f(std::integral_constant<std::size_t, 1>());
    case 2: return f(std::integral_constant<std::size_t, 2>());
    case 3: return f(std::integral_constant<std::size_t, 3>());
    default: return f(std::integral_constant<std::size_t, 4>());
  }
}

/// Calls f(first, count) for parts of the `extent` long ones, of so many products each, that
/// threads share.
template <class F>
void shared(std::int64_t extent, std::int64_t products, const F& f) {
  constexpr std::int64_t together = 64, worth = 1 << 16;
  const std::int64_t piece = together * std::max<std::int64_t>(1, worth / (together * products));
  detail::parallel_for(extent, piece,
                       detail::time_of_products(static_cast<double>(extent * products)),
                       [&](std::int64_t first, std::int64_t last) { f(first, last - first); });
}

/// The rows of y by `few_terms`.
template <class Then, class T>
void by_terms(std::int64_t m, std::int64_t n, std::int64_t k, const View<T>& a, const View<T>& b,
              const Target<T>& y, const T* others) {
  shared(m, n * k, [&](std::int64_t row, std::int64_t rows) {
    with_constant(k, [&](auto terms) {
      few_terms<Then, T, terms()>(rows, n, a.from(row, 0), b, y.from(row, 0),
                                  Then::reads ? others + row * y.row : nullptr);
    });
  });
}

template <class T>
bool skinny(std::int64_t m, std::int64_t n, std::int64_t k, const View<T>& a, const View<T>& b,
            const Target<T>& y, const Epilogue& epilogue) {
  using Kind = Epilogue::Kind;
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  const bool few = m <= widest && n >= width && b.column == 1 && epilogue.kind == Kind::none;
  const auto by_rows = [&] {
    shared(n, m * k, [&](std::int64_t column, std::int64_t columns) {
      with_constant(m, [&](auto rows) {
        few_rows<T, rows()>(columns, k, a.transposed(), b.from(0, column), y.from(0, column));
      });
    });
  };
  if (few && k <= widest && y.bias == nullptr) {  // to the bits of what follows
    by_rows();
    return true;
  }
  if (k <= widest && n >= width && y.column == 1 && !y.bias_by_row) {
    const auto* others = reinterpret_cast<const T*>(epilogue.other);
    switch (epilogue.kind) {
      case Kind::none: by_terms<AsItIs>(m, n, k, a, b, y, others); break;
      case Kind::relu: by_terms<Relu>(m, n, k, a, b, y, others); break;
      case Kind::where_positive: by_terms<WherePositive>(m, n, k, a, b, y, others); break;
    }
    return true;
  }
  if (epilogue.kind != Kind::none) return false;
  if (n <= std::min(widest, width) && k >= width && a.column == 1) {
    shared(m, n * k, [&](std::int64_t row, std::int64_t rows) {
      with_constant(n, [&](auto columns) {
        if constexpr (columns() <= Lane<T>::width)
          few_columns<T, columns()>(rows, k, a.from(row, 0), b, y.from(row, 0));
      });
    });
  } else if (few) {
    by_rows();
  } else {
    return false;
  }
  return true;
}

template <class T>
bool skinny_typed(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a, const Matrix& b,
                  const std::byte* bias_data, std::byte* data, const Epilogue& epilogue) {
  const View<T> left(a), right(b);
  const auto* bias = reinterpret_cast<const T*>(bias_data);
  auto* y = reinterpret_cast<T*>(data);
  return skinny<T>(m, n, k, left, right, {y, n, 1, bias, false}, epilogue) ||
         skinny<T>(n, m, k, right.transposed(), left.transposed(), {y, 1, n, bias, true},
                   epilogue);  // yᵀ = bᵀ aᵀ
}

/// A lane adds up to 16 products, and what a chunk gives goes on in double.
template <class T>
double dot(const T* a, const T* b, std::int64_t n) {
  using L = Lane<T>;
  constexpr auto width = static_cast<std::int64_t>(L::width), together = 4 * width;
  constexpr std::int64_t chunk = 16 * together;
  double total = 0;
  for (; n >= together;) {
    const std::int64_t length = std::min(chunk, n / together * together);
    L sums[4];
    unrolled<4>([&](auto r) { sums[r] = L(0); });
    for (std::int64_t i = 0; i < length; i += together) {
      unrolled<4>([&](auto r) {
        const auto at = i + static_cast<std::int64_t>(r()) * width;
        sums[r] = fma(L::load(a + at), L::load(b + at), sums[r]);
      });
    }
    total += reduce_lanes<Sum>((sums[0] + sums[1]) + (sums[2] + sums[3]));
    a += length, b += length, n -= length;
  }
  for (; n > 0; --n) total += static_cast<double>(*a++) * static_cast<double>(*b++);
  return total;
}

bool skinny_gemm(Dtype dtype, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a,
                 const Matrix& b, const std::byte* bias, std::byte* y, const Epilogue& epilogue) {
  if (std::min({m, n, k}) > widest) return false;
  return dtype == Dtype::float32 ? skinny_typed<float>(m, n, k, a, b, bias, y, epilogue)
                                 : skinny_typed<double>(m, n, k, a, b, bias, y, epilogue);
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const SkinnyKernels& compiled<SkinnyKernels, Level::XTAPE_LEVEL>() {
  static constexpr SkinnyKernels table{skinny_gemm, dot<float>, dot<double>};
  return table;
}

}  // namespace xtape::kernels
