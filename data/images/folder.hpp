#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <xtape/config.hpp>
#include <xtape/core/tensor.hpp>
#include <xtape/data/dataset.hpp>
#include <xtape/data/images/image.hpp>

XTAPE_EXPORT_BEGIN

namespace xtape::data {

struct ImageFolderOptions {
  std::int64_t height = 0, width = 0;  ///< that all are brought to; 0, both: as they are
  Pixels pixels = Pixels::rgb;
  nn::Channels channels = nn::Channels::last;
  Dtype dtype = default_dtype();
  double center = 127.5;  ///< bytes become (byte - center) / scale: they lie in [-1, 1] then
  double scale = 127.5;
  std::int64_t max_pixels = std::int64_t{1} << 27;  ///< a picture of more is refused
};

/// Pictures in folders, one for each class: FOLDER/cat/1.jpg. As a function of the number of a
/// picture it makes a loader, which reads each when it is needed:
/// `Loader loader(pictures.size(), pictures, {.batch_size = 32, .shuffle = true, .prefetch = 2});`
///   x [height, width, channels], floating   y int64 [], the class
/// Classes are the folders in the order of their names; pictures, the files in them and in folders
/// below that end in .png, .jpg or .jpeg, are in the order of their paths. Hidden files and folders
/// are passed over. A link to a picture, or to the folder of a class, counts as what it points to;
/// other links to folders are not followed.
class ImageFolder {
 public:
  /// Throws IoError if a folder cannot be read, has no folders, or one of them no pictures;
  /// ValueError for a height without a width, or negative ones, and a scale of 0; DtypeError unless
  /// the dtype is floating.
  explicit ImageFolder(const std::string& path, const ImageFolderOptions& options = {});

  std::int64_t size() const { return static_cast<std::int64_t>(files_.size()); }
  /// Throws IndexError for one that is not there, and as `read_image`.
  Dataset operator()(std::int64_t picture) const;

  /// int64 [size], without reading a picture: for `stratified_split` and `Sampler::balanced`.
  const Tensor& labels() const { return labels_; }
  const std::vector<std::string>& class_names() const& { return names_; }
  std::vector<std::string> class_names() && { return names_; }
  const std::vector<std::string>& files() const& { return files_; }
  std::vector<std::string> files() && { return files_; }

 private:
  friend ImageFolder rows(const ImageFolder& folder, const Tensor& indices);

  std::vector<std::string> files_, names_;
  Tensor labels_;
  ImageFolderOptions options_;
};

/// These pictures, of the same classes. Throws as `rows` of a dataset.
ImageFolder rows(const ImageFolder& folder, const Tensor& indices);

}  // namespace xtape::data

XTAPE_EXPORT_END
