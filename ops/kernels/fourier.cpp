#include <algorithm>

#include <xtape/ops/kernels/fourier.hpp>
#include <xtape/ops/kernels/fourier_passes.hpp>

namespace xtape::kernels {
inline namespace XTAPE_LEVEL {
namespace {

template <class T>
void take_apart(const T* pairs, std::int64_t n, Parts<T> parts) {
  for (std::int64_t k = 0; k < n; ++k) {
    parts.re[k] = pairs[2 * k];
    parts.im[k] = pairs[2 * k + 1];
  }
}
template <class T>
void put_together(Parts<T> parts, std::int64_t n, T* pairs) {
  for (std::int64_t k = 0; k < n; ++k) {
    pairs[2 * k] = parts.re[k];
    pairs[2 * k + 1] = parts.im[k];
  }
}

template <class T>
void complex(const T* x, T* y, std::int64_t n, std::int64_t rows, bool inverse) {
  with_transform<T>(n, [&](auto& by) {
    Split<T> row(n);
    for (std::int64_t i = 0; i < rows; ++i, x += 2 * n, y += 2 * n) {
      take_apart(x, n, row.parts());
      by.transform(row, inverse);
      put_together(row.parts(), n, y);
    }
  });
}

/// Of an even row the even and odd elements are real and imaginary parts of half as many numbers, and
/// their transforms are told apart by symmetry.
template <class T>
void even_to_half(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight) {
  const std::int64_t half = n / 2;
  const Split<T> roots = roots_of_unity<T>(n);
  const Parts<const T> turn = roots.parts();
  with_transform<T>(half, [&](auto& by) {
    Split<T> row(half);
    for (std::int64_t i = 0; i < rows; ++i, x += n, y += 2 * (half + 1)) {
      take_apart(x, half, row.parts());
      by.transform(row, false);
      const auto [re, im] = row.parts();
      y[0] = re[0] + im[0], y[1] = 0;
      y[2 * half] = re[0] - im[0], y[2 * half + 1] = 0;
      const T scale = weight / 2;
      for (std::int64_t k = 1; k < half; ++k) {
        const T even_r = re[k] + re[half - k], even_i = im[k] - im[half - k];
        const T odd_r = im[k] + im[half - k], odd_i = re[half - k] - re[k];
        y[2 * k] = scale * (even_r + turn.re[k] * odd_r - turn.im[k] * odd_i);
        y[2 * k + 1] = scale * (even_i + turn.re[k] * odd_i + turn.im[k] * odd_r);
      }
    }
  });
}

template <class T>
void half_to_even(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight) {
  const std::int64_t half = n / 2;
  const Split<T> roots = roots_of_unity<T>(n);
  const Parts<const T> turn = roots.parts();
  with_transform<T>(half, [&](auto& by) {
    Split<T> row(half);
    for (std::int64_t i = 0; i < rows; ++i, x += 2 * (half + 1), y += n) {
      const auto [in_re, in_im] = row.parts();
      in_re[0] = x[0] + x[2 * half], in_im[0] = x[0] - x[2 * half];
      const T scale = weight / 2;
      for (std::int64_t k = 1; k < half; ++k) {
        const T *const near = x + 2 * k, *const far = x + 2 * (half - k);
        const T even_r = near[0] + far[0], even_i = near[1] - far[1];
        const T odd_r = near[0] - far[0], odd_i = near[1] + far[1];
        in_re[k] = scale * (even_r - (turn.re[k] * odd_i - turn.im[k] * odd_r));
        in_im[k] = scale * (even_i + (turn.re[k] * odd_r + turn.im[k] * odd_i));
      }
      by.transform(row, true);
      put_together(row.parts(), half, y);
    }
  });
}

template <class T>
void real_to_half(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight) {
  if (n % 2 == 0) return even_to_half(x, y, n, rows, weight);
  const std::int64_t count = n / 2 + 1;
  with_transform<T>(n, [&](auto& by) {
    Split<T> row(n);
    for (std::int64_t i = 0; i < rows; ++i, x += n, y += 2 * count) {
      std::copy_n(x, n, row.parts().re);
      std::fill_n(row.parts().im, n, T{0});
      by.transform(row, false);
      const auto [re, im] = row.parts();
      y[0] = re[0], y[1] = 0;
      for (std::int64_t k = 1; k < count; ++k)
        y[2 * k] = weight * re[k], y[2 * k + 1] = weight * im[k];
    }
  });
}

template <class T>
void half_to_real(const T* x, T* y, std::int64_t n, std::int64_t rows, T weight) {
  if (n % 2 == 0) return half_to_even(x, y, n, rows, weight);
  const std::int64_t count = n / 2 + 1;
  with_transform<T>(n, [&](auto& by) {
    Split<T> row(n);
    for (std::int64_t i = 0; i < rows; ++i, x += 2 * count, y += n) {
      const auto [in_re, in_im] = row.parts();
      in_re[0] = x[0], in_im[0] = 0;
      for (std::int64_t k = 1; k < count; ++k)
        in_re[k] = weight * x[2 * k], in_im[k] = weight * x[2 * k + 1];
      std::fill(in_re + count, in_re + n, T{0});
      std::fill(in_im + count, in_im + n, T{0});
      by.transform(row, true);
      std::copy_n(row.parts().re, n, y);
    }
  });
}

}  // namespace
}  // namespace XTAPE_LEVEL

template <>
const FourierKernels& compiled<FourierKernels, Level::XTAPE_LEVEL>() {
  static constexpr FourierKernels table{
      {complex<float>, real_to_half<float>, half_to_real<float>},
      {complex<double>, real_to_half<double>, half_to_real<double>}};
  return table;
}

}  // namespace xtape::kernels
