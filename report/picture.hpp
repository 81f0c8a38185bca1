#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <xtape/config.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::report {

/// Of a picture, in pixels; from 200 x 150 to 10000 x 10000.
struct Size {
  int width, height;
};

/// A picture that is done: elements of SVG, and how large it is in pixels.
class Picture {
 public:
  Picture(double width, double height, std::string elements)
      : width_(width), height_(height), elements_(std::move(elements)) {}

  double width() const { return width_; }
  double height() const { return height_; }
  const std::string& elements() const { return elements_; }

  /// The whole document.
  std::string svg() const;
  /// Writes it; the path ends in ".svg". The file appears whole or not at all. Throws ValueError
  /// for another ending, IoError for what cannot be written.
  void save(const std::string& path) const;

 private:
  double width_, height_;
  std::string elements_;
};

/// Pictures in rows of so many, as one: `report::grid({loss, accuracy}, 2)`. Throws ValueError for
/// no pictures and no columns.
Picture grid(const std::vector<Picture>& pictures, std::int64_t columns = 2);

}  // namespace xtape::report

XTAPE_EXPORT_END
