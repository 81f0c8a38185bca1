#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/nn/channels.hpp>
#include <xtape/report/color.hpp>
#include <xtape/report/picture.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

struct ImageGridOptions {
  std::string title = {};
  std::vector<std::string> labels = {};  ///< below the images, in as many lines as they have
  std::int64_t columns = 0;              ///< 0: as many as make the grid about square
  std::int64_t image_width = 96;         ///< in pixels of the picture
  /// What is black and what is white. By default 0 and 1, of int64 0 and 255; if there are numbers
  /// outside, the least and the greatest of all images.
  std::optional<double> low = {}, high = {};
  Colormap map = Colormap::gray;              ///< of images of one channel
  std::optional<nn::Channels> channels = {};  ///< by default last, if there are 1 or 3
};

/// Images in a grid, their pixels as they are; NaN is white.
///   images [n, height, width], [n, height, width, 1 or 3] or [n, 1 or 3, height, width]
/// Throws ShapeError for others and labels that are not as many as the images, ValueError unless
/// low lies below high.
Picture image_grid(const Tensor& images, const ImageGridOptions& options = {});

struct MistakesOptions {
  std::string title = {};
  std::vector<std::string> names = {};  ///< of the classes; by default their numbers
  std::int64_t count = 24;              ///< at most so many
  std::int64_t columns = 0;
  std::int64_t image_width = 96;
  std::optional<nn::Channels> channels = {};
};

/// The images whose labels a classifier took for least probable, worst first, of those that it took
/// for something else: "true" above "not predicted". None: a picture that says so.
///   images as image_grid   logits [n, classes]   labels int64 [n] or one-hot
/// Throws as image_grid and `accuracy`.
Picture mistakes(const Tensor& images, const Tensor& logits, const Tensor& labels,
                 const MistakesOptions& options = {});

/// Writes an image as PNG: the numbers of `ImageGridOptions`, a pixel for each.
///   image [height, width], [height, width, 1 or 3] or [1 or 3, height, width]
/// Throws ShapeError, ValueError for a path that does not end in ".png", IoError.
void save_png(const std::string& path, const Tensor& image, std::optional<double> low = {},
              std::optional<double> high = {}, Colormap map = Colormap::gray);

}  // namespace xtape::report

XTAPE_EXPORT_END
