#pragma once
#include <cstdint>
#include <string>

#include <xtape/config.hpp>
#include <xtape/data/dataset.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

struct IdxDatasetOptions {
  std::int64_t classes = 10;
  Dtype dtype = default_dtype();  ///< of the images
  double center = 127.5;  ///< pixels become (pixel - center) / scale: bytes lie in [-1, 1] then
  double scale = 127.5;
};

/// Images and labels from a directory in the form of MNIST, which Fashion-MNIST and
/// Kuzushiji-MNIST share: IDX files named train-images-idx3-ubyte, train-labels-idx1-ubyte,
/// t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, or so with .gz behind.
///   x [n, rows, columns], of `dtype`   y int64 [n]
/// Throws IoError, naming the file, if one is missing or damaged (see `read_idx`), if there are not
/// as many labels as images, the images of train and test differ in size, or a label lies outside
/// the classes; ValueError, DtypeError for options that do not fit.
Split load_idx_dataset(const std::string& directory, const IdxDatasetOptions& options = {});

}  // namespace xtape::data

XTAPE_EXPORT_END
