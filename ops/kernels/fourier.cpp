#include <algorithm>

#include <xtape/core/kernels/square.hpp>
#include <xtape/ops/kernels/fourier.hpp>
#include <xtape/ops/kernels/fourier_transforms.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

/// Calls f(first, rows, group) for groups of neighbouring rows, each a work space for them side by
/// side.
template <class T, class F>
void in_groups(std::int64_t n, std::int64_t lanes, std::int64_t rows, F&& f) {
  Split<T> group(n * lanes);
  for (std::int64_t first = 0; first < rows; first += lanes)
    f(first, std::min(lanes, rows - first), group);
}

/// Of pairs where the next element of a row lies, and the next row.
struct Steps {
  std::int64_t element, row;
};

/// Calls f(square, k) for the elements of as many rows as a register has lanes, `half` from the k-th
/// on at a time, as long as there are so many; one(k, i) for those that are left.
template <class T, class F, class G>
void in_squares(Steps step, std::int64_t n, std::int64_t rows, std::int64_t lanes, F&& f, G&& one) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width), half = width / 2;
  std::int64_t start = 0;
  if (step.element == 1 && rows == width && lanes == width) {
    for (; start + half <= n; start += half) {
      Lane<T> square[Lane<T>::width];
      f(square, start);
    }
  }
  for_each_of_rows(n - start, rows,
                   [=](std::int64_t behind, std::int64_t i) { one(start + behind, i); });
}

/// Rows of n pairs to or from a group of them.
template <class T>
void take_apart(const T* pairs, Steps step, std::int64_t n, std::int64_t rows, Parts<T> parts,
                std::int64_t lanes) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  const auto squares = [=](Lane<T>(&square)[Lane<T>::width], std::int64_t k) {
    for (std::int64_t i = 0; i < width; ++i)
      square[i] = Lane<T>::load(pairs + 2 * (i * step.row + k));
    turn(square);
    for (std::int64_t j = 0; j < width; j += 2) {
      square[j].store(parts.re + (k + j / 2) * width);
      square[j + 1].store(parts.im + (k + j / 2) * width);
    }
  };
  in_squares<T>(step, n, rows, lanes, squares, [=](std::int64_t k, std::int64_t i) {
    const T* const pair = pairs + 2 * (i * step.row + k * step.element);
    parts.re[k * lanes + i] = pair[0];
    parts.im[k * lanes + i] = pair[1];
  });
}
template <class T>
void put_together(Parts<T> parts, std::int64_t lanes, std::int64_t n, std::int64_t rows, Steps step,
                  T* pairs) {
  constexpr auto width = static_cast<std::int64_t>(Lane<T>::width);
  const auto squares = [=](Lane<T>(&square)[Lane<T>::width], std::int64_t k) {
    for (std::int64_t j = 0; j < width; j += 2) {
      square[j] = Lane<T>::load(parts.re + (k + j / 2) * width);
      square[j + 1] = Lane<T>::load(parts.im + (k + j / 2) * width);
    }
    turn(square);
    for (std::int64_t i = 0; i < width; ++i) square[i].store(pairs + 2 * (i * step.row + k));
  };
  in_squares<T>(step, n, rows, lanes, squares, [=](std::int64_t k, std::int64_t i) {
    T* const pair = pairs + 2 * (i * step.row + k * step.element);
    pair[0] = parts.re[k * lanes + i];
    pair[1] = parts.im[k * lanes + i];
  });
}

template <class T>
void complex(const T* x, T* y, std::int64_t outer, std::int64_t n, std::int64_t inner,
             bool inverse) {
  const bool lying = inner == 1;  // row behind row, and all of them in one group of blocks
  const std::int64_t blocks = lying ? 1 : outer, rows = lying ? outer : inner;
  const Steps step = lying ? Steps{1, n} : Steps{inner, 1};
  with_transform<T>(n, outer * inner, [&](auto& by) {
    const auto lanes = by.lanes();
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::int64_t start = 2 * block * n * inner;
      in_groups<T>(n, lanes, rows, [&](std::int64_t first, std::int64_t count, Split<T>& group) {
        const std::int64_t at = start + 2 * first * step.row;
        take_apart(x + at, step, n, count, group.parts(), lanes);
        by.transform(group, inverse);
        put_together(group.parts(), lanes, n, count, step, y + at);
      });
    }
  });
}

/// Of an even row the even and odd elements are real and imaginary parts of half as many numbers,
/// and their transforms are told apart by symmetry.
template <class T>
void even_to_half(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight) {
  const std::int64_t half = n / 2;
  const Split<T> roots = roots_of_unity<T>(n);
  const Parts<const T> turn = roots.parts();
  with_transform<T>(half, rows, [&](auto& by) {
    const auto lanes = by.lanes();
    in_groups<T>(half, lanes, rows, [&](std::int64_t first, std::int64_t count, Split<T>& group) {
      take_apart(x + n * first, {1, half}, half, count, group.parts(), lanes);
      by.transform(group, false);
      const Parts<T> of = group.parts();
      T* const to = y + 2 * (half + 1) * first;
      for (std::int64_t i = 0; i < count; ++i) {
        T* const row = to + 2 * (half + 1) * i;
        row[0] = of.re[i] + of.im[i], row[1] = 0;
        row[2 * half] = of.re[i] - of.im[i], row[2 * half + 1] = 0;
      }
      const T scale = weight / 2;
      for_each_of_rows(half - 1, count, [=](std::int64_t before, std::int64_t i) {
        const std::int64_t k = before + 1, near = k * lanes + i, far = (half - k) * lanes + i;
        const T even_r = of.re[near] + of.re[far], even_i = of.im[near] - of.im[far];
        const T odd_r = of.im[near] + of.im[far], odd_i = of.re[far] - of.re[near];
        T* const pair = to + 2 * ((half + 1) * i + k);
        pair[0] = scale * (even_r + turn.re[k] * odd_r - turn.im[k] * odd_i);
        pair[1] = scale * (even_i + turn.re[k] * odd_i + turn.im[k] * odd_r);
      });
    });
  });
}

template <class T>
void half_to_even(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight) {
  const std::int64_t half = n / 2;
  const Split<T> roots = roots_of_unity<T>(n);
  const Parts<const T> turn = roots.parts();
  with_transform<T>(half, rows, [&](auto& by) {
    const auto lanes = by.lanes();
    in_groups<T>(half, lanes, rows, [&](std::int64_t first, std::int64_t count, Split<T>& group) {
      const Parts<T> in = group.parts();
      const T* const from = x + 2 * (half + 1) * first;
      for (std::int64_t i = 0; i < count; ++i) {
        const T* const row = from + 2 * (half + 1) * i;
        in.re[i] = row[0] + row[2 * half], in.im[i] = row[0] - row[2 * half];
      }
      const T scale = weight / 2;
      for_each_of_rows(half - 1, count, [=](std::int64_t before, std::int64_t i) {
        const std::int64_t k = before + 1, at = k * lanes + i;
        const T* const near = from + 2 * ((half + 1) * i + k);
        const T* const far = from + 2 * ((half + 1) * i + half - k);
        const T even_r = near[0] + far[0], even_i = near[1] - far[1];
        const T odd_r = near[0] - far[0], odd_i = near[1] + far[1];
        in.re[at] = scale * (even_r - (turn.re[k] * odd_i - turn.im[k] * odd_r));
        in.im[at] = scale * (even_i + (turn.re[k] * odd_r + turn.im[k] * odd_i));
      });
      by.transform(group, true);
      put_together(group.parts(), lanes, half, count, {1, half}, y + n * first);
    });
  });
}

template <class T>
void real_to_half(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight) {
  if (n % 2 == 0) return even_to_half(x, y, n, rows, weight);
  const std::int64_t half = n / 2 + 1;
  with_transform<T>(n, rows, [&](auto& by) {
    const auto lanes = by.lanes();
    in_groups<T>(n, lanes, rows, [&](std::int64_t first, std::int64_t count, Split<T>& group) {
      const Parts<T> in = group.parts();
      std::fill_n(in.im, n * lanes, T{0});
      for_each_of_rows(n, count, [=, from = x + n * first](std::int64_t k, std::int64_t i) {
        in.re[k * lanes + i] = from[n * i + k];
      });
      by.transform(group, false);
      const Parts<T> of = group.parts();
      for_each_of_rows(half, count, [=, to = y + 2 * half * first](std::int64_t k, std::int64_t i) {
        T* const pair = to + 2 * (half * i + k);
        const std::int64_t at = k * lanes + i;
        pair[0] = k == 0 ? of.re[at] : weight * of.re[at];
        pair[1] = k == 0 ? T{0} : weight * of.im[at];
      });
    });
  });
}

template <class T>
void half_to_real(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight) {
  if (n % 2 == 0) return half_to_even(x, y, n, rows, weight);
  const std::int64_t half = n / 2 + 1;
  with_transform<T>(n, rows, [&](auto& by) {
    const auto lanes = by.lanes();
    in_groups<T>(n, lanes, rows, [&](std::int64_t first, std::int64_t count, Split<T>& group) {
      const Parts<T> in = group.parts();
      for_each_of_rows(half, count,
                       [=, from = x + 2 * half * first](std::int64_t k, std::int64_t i) {
                         const T* const pair = from + 2 * (half * i + k);
                         in.re[k * lanes + i] = k == 0 ? pair[0] : weight * pair[0];
                         in.im[k * lanes + i] = k == 0 ? T{0} : weight * pair[1];
                       });
      std::fill(in.re + half * lanes, in.re + n * lanes, T{0});
      std::fill(in.im + half * lanes, in.im + n * lanes, T{0});
      by.transform(group, true);
      const Parts<T> of = group.parts();
      for_each_of_rows(n, count, [=, to = y + n * first](std::int64_t k, std::int64_t i) {
        to[n * i + k] = of.re[k * lanes + i];
      });
    });
  });
}

template <class T>
void product(const T* a, const T* b, T* y, std::int64_t n, bool conjugate) {
  const T sign = conjugate ? T{-1} : T{1};
  for (std::int64_t i = 0; i < 2 * n; i += 2) {
    const T re = b[i], im = sign * b[i + 1];
    const T product_re = a[i] * re - a[i + 1] * im, product_im = a[i] * im + a[i + 1] * re;
    y[i] = product_re;
    y[i + 1] = product_im;
  }
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const FourierKernels& compiled<FourierKernels, Level::XTAPE_LEVEL>() {
  static constexpr FourierKernels table{
      {complex<float>, real_to_half<float>, half_to_real<float>, product<float>},
      {complex<double>, real_to_half<double>, half_to_real<double>, product<double>}};
  return table;
}

}  // namespace xtape::kernels
