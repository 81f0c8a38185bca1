#pragma once
#include <cstdint>

#include <xtape/config.hpp>
#include <xtape/core/rng.hpp>
#include <xtape/core/tensor.hpp>

XTAPE_EXPORT_BEGIN

/// Random changes of images that leave what they show recognisable: more to learn from.
///   images [n, rows, columns] or [n, rows, columns, channels], floating   ->   the same dtype
/// Each image draws its own change, in order. Results are constants: nothing is recorded. The
/// generator must be given, so that no thread falls back on one of its own unawares.
/// All throw ShapeError for another rank, DtypeError unless floating, ValueError for a `fill` that
/// does not fit in the dtype.
namespace xtape::data::augment {

struct ShiftOptions {
  std::int64_t max_rows = 0, max_columns = 0;
  double fill = 0;  ///< of the pixels that become vacant
};

/// Images moved by whole pixels: down by one of -max_rows ... max_rows, then to the right by one of
/// -max_columns ... max_columns, all as likely.
/// Throws ValueError for a distance that is negative or greater than the image.
Tensor shift(const Tensor& images, const ShiftOptions& options, Rng& rng);

struct FlipOptions {
  double left_right = 0.5;  ///< probability that left and right change places
  double up_down = 0;       ///< probability that up and down do
};

/// Images mirrored. Each draws a number for left and right, and one for up and down.
/// Throws ValueError for a probability outside [0, 1].
Tensor flip(const Tensor& images, const FlipOptions& options, Rng& rng);

struct CropOptions {
  std::int64_t rows = 0, columns = 0;  ///< of the result
  std::int64_t padding = 0;            ///< pixels put around the image first, on each side
  double fill = 0;                     ///< of the padding
};

/// A part of each image, [n, options.rows, options.columns, ...]: the first row is drawn, then the
/// first column, all places as likely.
/// Throws ValueError for extents below 1 or above those of the padded image, or a padding that is
/// negative or greater than the image.
Tensor crop(const Tensor& images, const CropOptions& options, Rng& rng);

struct RotateOptions {
  double max_degrees = 0;
  double fill = 0;  ///< of what lies outside the image
};

/// Images turned about their centre by angles from [-max_degrees, max_degrees].
/// Throws ValueError unless 0 <= max_degrees <= 180.
Tensor rotate(const Tensor& images, const RotateOptions& options, Rng& rng);

/// Each image turned anticlockwise about its centre by its own angle, as seen with row 0 on top. A
/// pixel is interpolated between the four around the place that it comes from; quarter turns of
/// square images only move pixels.
///   degrees [n]
/// Throws ShapeError for another number of angles, ValueError unless they are finite.
Tensor rotate(const Tensor& images, const Tensor& degrees, double fill = 0);

struct NoiseOptions {
  double stddev = 0;
};

/// x + stddev randn, for x of any shape.
/// Throws ValueError unless stddev is finite and not negative.
Tensor noise(const Tensor& x, const NoiseOptions& options, Rng& rng);

}  // namespace xtape::data::augment

XTAPE_EXPORT_END
