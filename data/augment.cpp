#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <xtape/core/body.hpp>
#include <xtape/core/error.hpp>
#include <xtape/core/number.hpp>
#include <xtape/core/require.hpp>
#include <xtape/data/augment.hpp>
#include <xtape/data/checks.hpp>
#include <xtape/ops/elementwise.hpp>

namespace xtape::data::augment {
namespace {

/// The extents of a batch of images; one channel if they have no axis for it.
struct Extents {
  std::int64_t count, rows, columns, channels;

  std::int64_t row_size() const { return columns * channels; }
  std::int64_t image_size() const { return rows * row_size(); }
};

Extents checked_extents(const char* op, const Tensor& images) {
  if (images.rank() != 3 && images.rank() != 4) {
    throw ShapeError(std::string(op) +
                     ": images must be [n, rows, columns] or [n, rows, columns, channels]; got " +
                     images.describe());
  }
  detail::check_floating(op, images.dtype());
  const Shape& shape = images.shape();
  return {shape[0], shape[1], shape[2], shape.rank() == 4 ? shape[3] : 1};
}

/// Images made one by one: `make(index, from, to)` is called with the first elements of image
/// `index` and of the one to be made of it.
template <class F>
Tensor each_image(const Tensor& images, const Shape& shape, F make,
                  const char* op = __builtin_FUNCTION()) {
  const Tensor dense = images.detach().contiguous();
  Tensor y = xtape::detail::make_tensor(shape, images.dtype(), op);
  const std::int64_t count = shape[0];
  if (y.size() == 0) return y;
  const auto run = [&]<class T>(TypeTag<T>) {
    const T* from = dense.body().elements<const T>();
    T* to = y.body().elements<T>();
    for (std::int64_t i = 0; i < count; ++i) {
      make(i, from + i * (dense.size() / count), to + i * (y.size() / count));
    }
  };
  images.dtype() == Dtype::float32 ? run(TypeTag<float>()) : run(TypeTag<double>());
  return y;
}

/// The part of an image, and of `fill` all around it, that begins at row `top` and column `left`.
template <class T>
void copy_window(const Extents& from, const T* image, std::int64_t top, std::int64_t left,
                 const Extents& to, T* part, T fill) {
  const std::int64_t first = std::clamp<std::int64_t>(-left, 0, to.columns);
  const std::int64_t last = std::clamp<std::int64_t>(from.columns - left, first, to.columns);
  for (std::int64_t i = 0; i < to.rows; ++i, part += to.row_size()) {
    const std::int64_t row = top + i;
    if (row < 0 || row >= from.rows || first == last) {
      std::fill_n(part, to.row_size(), fill);
      continue;
    }
    const T* source = image + row * from.row_size() + (left + first) * from.channels;
    T* next = std::fill_n(part, first * to.channels, fill);
    next = std::copy_n(source, (last - first) * to.channels, next);
    std::fill(next, part + to.row_size(), fill);
  }
}

/// An image with its rows and columns in reverse order, or one of them.
template <class T>
void copy_mirrored(const Extents& extents, const T* from, T* to, bool left_right, bool up_down) {
  for (std::int64_t i = 0; i < extents.rows; ++i) {
    const T* row = from + (up_down ? extents.rows - 1 - i : i) * extents.row_size();
    if (!left_right) {
      to = std::copy_n(row, extents.row_size(), to);
      continue;
    }
    for (std::int64_t j = extents.columns; j-- > 0;) {
      for (std::int64_t k = 0; k < extents.channels; ++k) *to++ = row[j * extents.channels + k];
    }
  }
}

struct Turn {
  double cosine, sine;
};

/// Exact for quarter turns.
Turn turn_by(double degrees) {
  int quarters;
  const double rest = std::remquo(degrees, 90, &quarters) * (std::numbers::pi / 180);
  const double c = std::cos(rest), s = std::sin(rest);
  switch (quarters & 3) {
    case 0: return {c, s};
    case 1: return {-s, c};
    case 2: return {-c, -s};
    default: return {s, -c};
  }
}

/// Between two values; one without weight is not read: it may be infinite.
template <class T>
double between(T a, T b, double weight) {
  return weight == 0 ? static_cast<double>(a)
                     : (1 - weight) * static_cast<double>(a) + weight * static_cast<double>(b);
}

/// Each pixel from the four around the place that it comes from, by linear interpolation along rows
/// and along columns. A border of `fill`, one pixel wide and two behind, stands for all outside.
template <class T>
void copy_turned(const Extents& extents, const T* from, T* to, const Turn& turn, T fill) {
  const auto [count, rows, columns, channels] = extents;
  const Extents bordered{1, rows + 3, columns + 3, channels};
  std::vector<T> image(static_cast<std::size_t>(bordered.image_size()));
  copy_window(extents, from, -1, -1, bordered, image.data(), fill);
  const double middle_row = static_cast<double>(rows - 1) / 2;
  const double middle_column = static_cast<double>(columns - 1) / 2;
  for (std::int64_t i = 0; i < rows; ++i) {
    const double y = static_cast<double>(i) - middle_row;
    for (std::int64_t j = 0; j < columns; ++j) {
      const double x = static_cast<double>(j) - middle_column;
      const double row = middle_row + x * turn.sine + y * turn.cosine;
      const double column = middle_column + x * turn.cosine - y * turn.sine;
      const double down = std::clamp(row, -1.0, static_cast<double>(rows)) + 1;
      const double right = std::clamp(column, -1.0, static_cast<double>(columns)) + 1;
      const auto above = static_cast<std::int64_t>(down), before = static_cast<std::int64_t>(right);
      const double row_weight = down - static_cast<double>(above);
      const double column_weight = right - static_cast<double>(before);
      const T* near = image.data() + above * bordered.row_size() + before * channels;
      for (std::int64_t k = 0; k < channels; ++k, ++near) {
        const T* below = near + bordered.row_size();
        *to++ =
            static_cast<T>(between(between(near[0], near[channels], column_weight),
                                   between(below[0], below[channels], column_weight), row_weight));
      }
    }
  }
}

}  // namespace

Tensor shift(const Tensor& images, const ShiftOptions& options, Rng& rng) {
  const Extents extents = checked_extents("shift", images);
  const std::int64_t rows = options.max_rows, columns = options.max_columns;
  xtape::detail::require_in<std::int64_t>("shift", "max_rows", rows, 0, extents.rows);
  xtape::detail::require_in<std::int64_t>("shift", "max_columns", columns, 0, extents.columns);
  Number(options.fill).check("shift", images.dtype());
  return each_image(images, images.shape(), [&]<class T>(std::int64_t, const T* from, T* to) {
    const std::int64_t down = rng.integer(-rows, rows + 1);
    const std::int64_t right = rng.integer(-columns, columns + 1);
    copy_window(extents, from, -down, -right, extents, to, static_cast<T>(options.fill));
  });
}

Tensor flip(const Tensor& images, const FlipOptions& options, Rng& rng) {
  const Extents extents = checked_extents("flip", images);
  xtape::detail::require_in("flip", "left_right", options.left_right, 0.0, 1.0);
  xtape::detail::require_in("flip", "up_down", options.up_down, 0.0, 1.0);
  return each_image(images, images.shape(), [&]<class T>(std::int64_t, const T* from, T* to) {
    const bool left_right = rng.uniform() < options.left_right;
    const bool up_down = rng.uniform() < options.up_down;
    copy_mirrored(extents, from, to, left_right, up_down);
  });
}

Tensor crop(const Tensor& images, const CropOptions& options, Rng& rng) {
  const Extents extents = checked_extents("crop", images);
  const std::int64_t padding = options.padding;
  xtape::detail::require_in<std::int64_t>("crop", "padding", padding, 0,
                                          std::max(extents.rows, extents.columns));
  const std::int64_t rows = extents.rows + 2 * padding, columns = extents.columns + 2 * padding;
  xtape::detail::require_in<std::int64_t>("crop", "rows", options.rows, 1, rows);
  xtape::detail::require_in<std::int64_t>("crop", "columns", options.columns, 1, columns);
  Number(options.fill).check("crop", images.dtype());
  const Extents part{extents.count, options.rows, options.columns, extents.channels};
  Shape shape = images.shape();
  shape[1] = part.rows;
  shape[2] = part.columns;
  return each_image(images, shape, [&]<class T>(std::int64_t, const T* from, T* to) {
    const std::int64_t top = rng.integer(0, rows - part.rows + 1) - padding;
    const std::int64_t left = rng.integer(0, columns - part.columns + 1) - padding;
    copy_window(extents, from, top, left, part, to, static_cast<T>(options.fill));
  });
}

Tensor rotate(const Tensor& images, const RotateOptions& options, Rng& rng) {
  const Extents extents = checked_extents("rotate", images);
  const double most = options.max_degrees;
  xtape::detail::require_in("rotate", "max_degrees", most, 0.0, 180.0);
  Number(options.fill).check("rotate", images.dtype());
  return rotate(images, rng.uniform({extents.count}, -most, most, Dtype::float64), options.fill);
}

Tensor rotate(const Tensor& images, const Tensor& degrees, double fill) {
  const Extents extents = checked_extents("rotate", images);
  if (degrees.shape() != Shape{extents.count}) {
    throw ShapeError("rotate: there must be an angle for each image; got " + degrees.describe() +
                     " for " + images.describe());
  }
  Number(fill).check("rotate", images.dtype());
  const std::vector<double> angle = degrees.to_vector<double>();
  for (const double given : angle) {
    xtape::detail::require(std::isfinite(given), "rotate", "angles", "be finite", given);
  }
  return each_image(images, images.shape(), [&]<class T>(std::int64_t i, const T* from, T* to) {
    const Turn turn = turn_by(angle[static_cast<std::size_t>(i)]);
    copy_turned(extents, from, to, turn, static_cast<T>(fill));
  });
}

Tensor noise(const Tensor& x, const NoiseOptions& options, Rng& rng) {
  detail::check_floating("noise", x.dtype());
  xtape::detail::require_not_negative("noise", "stddev", options.stddev);
  Number(options.stddev).check("noise", x.dtype());
  return x.detach() + rng.normal(x.shape(), 0, options.stddev, x.dtype());
}

}  // namespace xtape::data::augment
