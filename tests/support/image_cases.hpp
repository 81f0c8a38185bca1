#pragma once
#include <fstream>
#include <iterator>
#include <string>

#include <xtape/images.hpp>

#include "errors.hpp"
#include "temporary_directory.hpp"

/// The pictures of tests/data/images, and what is said of those that are refused.
namespace image_cases {

inline const std::string folder = XTAPE_IMAGE_FILES;

inline Bytes bytes_of(const std::string& name) {
  std::ifstream file(folder + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string refusal(const std::string& path, const xtape::data::ImageOptions& options = {}) {
  return error_of<xtape::IoError>([&] { return xtape::data::read_image(path, options); });
}

}  // namespace image_cases
